/** What a crash left in a repository is finished or rolled back, and said, before anything else there. */
import type {
  Journal,
  JournalEntry,
  JournalRecord,
  Log,
  RepositoryLocation,
  RepositoryLock,
  RepositoryLockHeld,
} from '../ports';

/** The lock of whoever died with it half written counts as dead by then. */
const AT_START_MS = 2_000;

export type RecoverOne = (
  location: RepositoryLocation,
  record: JournalRecord & { readonly entry: JournalEntry },
) => Promise<string | null>;

/** Whose lock a line in the journal is written under. */
export type JournalOwner = 'landing' | 'spawn';

export interface Recovery {
  /**
   * Under the repository's lock, which the caller holds, with the one of `mine` if it has that too. What
   * belongs to somebody alive is left to them. Newest first: what came last goes back first.
   */
  underLock(location: RepositoryLocation, mine?: JournalOwner): Promise<readonly string[]>;
  /** Once the lock is released: removes what was let go under it. */
  afterLock(location: RepositoryLocation): Promise<void>;
  /** At the start of a process: takes the lock if nobody has it, recovers and empties old trash. */
  atStart(location: RepositoryLocation): Promise<readonly string[]>;
  /** The same for a command that only looks: where a crash left nothing, nothing is written. */
  ifNeeded(location: RepositoryLocation): Promise<readonly string[]>;
}

export function createRecovery(deps: {
  readonly journal: Journal;
  readonly lock: RepositoryLock;
  readonly log: Log;
  /** Each answers null for a kind that is not its own. */
  readonly recoverers: readonly RecoverOne[];
  /** Removes what killed processes left half written or for themselves only. */
  dropLeft(location: RepositoryLocation): Promise<void>;
  /** Lets go of old trash; under the lock, so it takes no time. */
  /** What an operation was pinned with, from before anything was done; null without a pin. */
  pinnedWork(location: RepositoryLocation, operation: string): Promise<unknown>;
  collect(location: RepositoryLocation): Promise<readonly string[]>;
  /** These remove files, and need no lock. */
  tidy(location: RepositoryLocation): Promise<void>;
  empty(location: RepositoryLocation): Promise<void>;
}): Recovery {
  /** A record of which nothing can be read: what was pinned before anything was done says what it was. */
  const fromPin: (...asked: Parameters<RecoverOne>) => Promise<string> = async (location, record) => {
    const setAside = `The record of ${record.operation} could not be read and was set aside in .git/orchard/journal.`;
    const data = await deps.pinnedWork(location, record.operation);
    if (data !== null)
      for (const recover of deps.recoverers) {
        const words = await recover(location, { ...record, data });
        if (words !== null) return `${setAside} ${words}`;
      }
    await record.entry.finish('rolled-back');
    return setAside;
  };
  // By its name, which a record has even when nothing in it can be read.
  const ownerOf = ({ operation }: JournalRecord): JournalOwner =>
    operation.startsWith('spawn') ? 'spawn' : 'landing';

  const underLock = async (location: RepositoryLocation, mine: JournalOwner | null = null) => {
    const left = [...(await deps.journal.unfinished(location)), ...(await deps.journal.unreadable(location))];
    const scopes = new Set(left.map(ownerOf));
    const dead = new Set<JournalOwner>(mine === null ? [] : [mine]);
    const locks: RepositoryLockHeld[] = [];
    try {
      for (const scope of scopes) {
        if (scope === mine) continue;
        const held = await deps.lock.acquire(location, 'recovery', { waitMs: 0, scope });
        // Whoever has it is alive, and in the middle of what the journal says.
        if (!held.ok) continue;
        locks.push(held.value);
        dead.add(scope);
      }
      return await recoverAll(location, dead);
    } finally {
      for (const held of locks) await held.release();
    }
  };

  const recoverAll = async (location: RepositoryLocation, dead: ReadonlySet<JournalOwner>) => {
    const said: string[] = [];
    await deps.dropLeft(location);
    // Read anew: one that was under way a moment ago may be finished by now.
    for (const record of [...(await deps.journal.unfinished(location))].reverse()) {
      if (!dead.has(ownerOf(record))) continue;
      for (const recover of deps.recoverers) {
        const words = await recover(location, record);
        if (words === null) continue;
        said.push(words);
        deps.log.warn('recovered', { repository: location.root, operation: record.operation, words });
        break;
      }
    }
    for (const record of [...(await deps.journal.unreadable(location))].reverse()) {
      if (!dead.has(ownerOf(record))) continue;
      const words = await fromPin(location, record);
      said.push(words);
      deps.log.warn('recovered', { repository: location.root, operation: record.operation, words });
    }
    return said;
  };
  const recover = async (location: RepositoryLocation, andCollect: boolean) => {
    const held = await deps.lock.acquire(location, 'recovery', { waitMs: andCollect ? AT_START_MS : 0 });
    // Somebody is at work there, and recovers before that.
    if (!held.ok) return [];
    let said: readonly string[] = [];
    try {
      said = await underLock(location);
      if (andCollect) await deps.collect(location);
    } finally {
      await held.value.release();
    }
    await deps.empty(location);
    if (andCollect) await deps.tidy(location);
    return said;
  };
  return {
    underLock,
    afterLock: deps.empty,
    async atStart(location) {
      if (await deps.journal.anyTrace(location)) return recover(location, true);
      // Most repositories are only looked at: not even a lock is left behind there.
      await deps.dropLeft(location);
      return [];
    },
    async ifNeeded(location) {
      const [unfinished, unreadable] = await Promise.all([
        deps.journal.unfinished(location),
        deps.journal.unreadable(location),
      ]);
      return unfinished.length + unreadable.length === 0 ? [] : recover(location, false);
    },
  };
}
