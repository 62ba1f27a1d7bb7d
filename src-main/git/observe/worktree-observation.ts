/** One worktree under observation: its watch, its pending work, and the reads that answer it. */
import type { Unwatched } from '../../domain/facts';
import type { Clock, Log, Refresh } from '../../engine/ports';
import type { GitRunner } from '../run/git-runner';
import { createCoalescer } from './coalescer';
import { worktreeSignature } from './sweep-signature';
import { relativePath, type WatchFunction } from './watch/directory-watches';
import { remoteFileSystem } from './watch/file-system-kind';
import type { WatchBudget } from './watch/watch-budget';
import { createWorktreeWatch, type WorktreeWatch } from './watch/worktree-watch';
import { MOST_PATHS, type WorktreeReader } from './worktree-reader';

/** A refused watch is tried again after this, and after twice as long each time. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 15 * 60_000;

interface TreeWork {
  readonly full: boolean;
  readonly paths: ReadonlySet<string>;
  /** Directories that appeared and are not watched yet. */
  readonly fresh: ReadonlySet<string>;
  /** What is ignored may have changed: find the directories to watch anew. */
  readonly rearm: boolean;
  readonly operation: boolean;
  readonly note: boolean;
}

const NOTHING: TreeWork = {
  full: false,
  paths: new Set(),
  fresh: new Set(),
  rearm: false,
  operation: false,
  note: false,
};

/** What watching files takes; absent for one look without. */
export interface Watching {
  readonly watch: WatchFunction;
  readonly budget: WatchBudget;
  /** Does this when it is its turn: setting watches up must not crowd out everything else. */
  readonly inTurn: (work: () => Promise<void>) => void;
  readonly afterFirstLooks: () => Promise<void>;
}

export interface WorktreeObservationDeps {
  readonly reader: WorktreeReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly runner: GitRunner;
  readonly watching: Watching | null;
  readonly nested: () => readonly string[];
  readonly onChange: () => void;
  readonly onRoot: () => void;
  readonly onBaseFile: () => void;
  readonly readNote: () => Promise<void>;
  readonly after: () => void;
  readonly noteRefresh: (refresh: Refresh) => void;
}

export type WorktreeObservation = ReturnType<typeof createWorktreeObservation>;

export function createWorktreeObservation(deps: WorktreeObservationDeps) {
  const { reader, clock, log } = deps;
  let watch: WorktreeWatch | null = null;
  let watching = false;
  let disposed = false;
  let seen = '';
  let events = 0;
  let refreshes = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let refusal: Unwatched | null = null;
  /** When to try again to watch, and how long to wait after that. */
  let retryAt = Number.POSITIVE_INFINITY;
  let retryPause = FIRST_RETRY_MS;
  let beginning = false;
  /** The full look that is under way, while it may still be given up for a newer one. */
  let looking: AbortController | null = null;
  let givenUp = false;

  const nestedPaths = () => deps.nested().map((path) => relativePath(reader.listed.path, path));

  const work = createCoalescer<TreeWork>({
    clock,
    log,
    name: 'git.worktree',
    add: (pending, more) =>
      pending === null
        ? more
        : {
            full: pending.full || more.full,
            // Beyond the limit a full look follows anyway; the names need not pile up in a storm.
            paths:
              pending.paths.size > MOST_PATHS ? pending.paths : new Set([...pending.paths, ...more.paths]),
            fresh:
              pending.fresh.size > MOST_PATHS ? pending.fresh : new Set([...pending.fresh, ...more.fresh]),
            rearm: pending.rearm || more.rearm,
            operation: pending.operation || more.operation,
            note: pending.note || more.note,
          },
    run: read,
    after: deps.after,
  });

  async function read(todo: TreeWork): Promise<void> {
    refreshes++;
    const begun = clock.now();
    const { full, paths } = await arm(todo);
    const before = JSON.stringify(reader.privateFacts);
    const problemBefore = reader.problem;
    const noteToo = full || todo.note || [...paths].some((path) => path.startsWith('.planning/brain'));
    let changed = false;
    let superseded = false;
    if (full) {
      seen = await worktreeSignature(reader.listed.gitDir);
      lookedAt = clock.now();
    }
    const status = async () => {
      if (!full && paths.size === 0) return;
      const partly = full ? null : await reader.readPaths(paths, nestedPaths());
      looking = partly === null && !givenUp && reader.status !== null ? new AbortController() : null;
      const outcome = partly ?? (await reader.readAll(nestedPaths(), looking?.signal));
      looking = null;
      superseded = outcome === null;
      if (outcome !== null) givenUp = false;
      changed = outcome?.changed ?? false;
    };
    // A new reader has just read them.
    const privateToo = todo.operation || (full && refreshes > 1);
    await Promise.all([
      status(),
      privateToo ? reader.readPrivate() : undefined,
      noteToo ? deps.readNote() : undefined,
    ]);
    deps.noteRefresh({
      at: begun,
      path: reader.listed.path,
      what: full ? 'status' : paths.size > 0 ? 'paths' : 'operation',
      paths: full ? 0 : paths.size,
      tookMs: clock.now() - begun,
    });
    // The look that it was given up for is about to begin, and tells.
    if (superseded) return;
    if (
      changed ||
      noteToo ||
      paths.size > 0 ||
      before !== JSON.stringify(reader.privateFacts) ||
      problemBefore !== reader.problem
    )
      deps.onChange();
  }

  /** Watches what is new before it is looked at, so that nothing written meanwhile is missed. */
  async function arm(todo: TreeWork): Promise<{ full: boolean; paths: ReadonlySet<string> }> {
    const crowd = todo.paths.size > MOST_PATHS || todo.fresh.size > MOST_PATHS;
    const full = todo.full || todo.rearm || crowd;
    if (watch === null || (todo.fresh.size === 0 && !todo.rearm)) return { full, paths: todo.paths };
    // Many at once, or a checkout: one walk is cheaper than asking about each.
    const armed = await watch.arm(full ? null : [...todo.fresh]);
    if (armed.state === 'refused') {
      if (full || armed.because.kind !== 'unreadable') refused(armed.because);
    } else if (full && armed.state === 'watching') reader.learnTracked(armed.tracked);
    return { full, paths: todo.paths };
  }

  function refused(because: Unwatched): void {
    if (disposed) return;
    watch?.dispose();
    watch = null;
    watching = false;
    // Said once: a try that fails again is no news.
    if (refusal?.why !== because.why)
      log.warn('git.watch-files', { worktree: reader.listed.path, problem: because.why });
    refusal = because;
    // A try takes a walk, and for its time the very watches that others may be waiting for.
    retryAt = because.kind === 'remote' ? Number.POSITIVE_INFINITY : clock.now() + retryPause;
    retryPause = Math.min(2 * retryPause, LONGEST_RETRY_MS);
    deps.onChange();
    deps.after();
  }

  async function begin(): Promise<void> {
    if (beginning) return;
    beginning = true;
    await beginWatching().finally(() => {
      beginning = false;
    });
  }

  async function beginWatching(): Promise<void> {
    if (deps.watching === null || disposed || watch !== null || reader.listed.missing) return;
    const remote = await remoteFileSystem(reader.listed.path, deps.platform);
    if (disposed) return;
    if (remote !== null) {
      refused({ kind: 'remote', why: `it is on ${remote}, whose changes are not announced` });
      return;
    }
    const mine = createWorktreeWatch({
      root: reader.listed.path,
      platform: deps.platform,
      watch: deps.watching.watch,
      runner: deps.runner,
      budget: deps.watching.budget,
      nested: deps.nested,
      onPath(path, directory) {
        events++;
        if (path === '.orchard.json' && reader.listed.isMain) deps.onBaseFile();
        work.push({ ...NOTHING, paths: new Set([path]), fresh: new Set(directory ? [path] : []) });
      },
      onEverything(rules) {
        events++;
        work.push({ ...NOTHING, full: true, rearm: rules });
      },
      onRoot: deps.onRoot,
      onRefused: refused,
    });
    watch = mine;
    const indexBefore = await worktreeSignature(reader.listed.gitDir);
    const armed = await mine.arm(null);
    if (disposed || watch !== mine) return;
    if (armed.state === 'refused') refused(armed.because);
    if (armed.state !== 'watching') return;
    watching = true;
    if (refusal !== null) log.info('git.watch-files', { worktree: reader.listed.path, again: true });
    refusal = null;
    retryAt = Number.POSITIVE_INFINITY;
    retryPause = FIRST_RETRY_MS;
    // What changed between the first look and now was announced to nobody.
    work.push({ ...NOTHING, full: true });
    await work.flush();
    // The same index all along: what was listed from it is as good as what the status saw.
    if (seen === indexBefore) reader.learnTracked(armed.tracked);
  }

  /**
   * HEAD, the index or a branch moved: what a look under way will answer is past. Once between two that
   * came to their end, and not in a storm: a person must see something in the meantime.
   */
  function readAnew(): void {
    if (looking !== null && work.calm) {
      givenUp = true;
      looking.abort();
      looking = null;
    }
    work.push({ ...NOTHING, full: true });
  }

  return {
    reader,
    readAll: readAnew,
    readPrivate: () => work.push({ ...NOTHING, operation: true }),
    /** Exclude rules of the repository: other directories may be worth watching now. */
    rulesChanged: () => work.push({ ...NOTHING, full: true, rearm: true }),
    /** Something happened in here that no watch may have told. */
    hint: () => work.push({ ...NOTHING, full: !watching, note: true }),
    watch: () => deps.watching?.inTurn(begin),
    /** Tries again to watch what was refused: when it is time, or at once when there are more to have. */
    watchAgain(moreToHave: boolean): void {
      if (refusal === null || refusal.kind === 'remote' || beginning) return;
      if (moreToHave || clock.now() >= retryAt) deps.watching?.inTurn(begin);
    },
    /** A full look now and then, to find what was missed; a difference is a bug of ours. */
    async verify(): Promise<void> {
      if (work.busy || disposed) return;
      const before = reader.status;
      const eventsBefore = events;
      work.push({ ...NOTHING, full: true });
      await work.flush();
      const after = reader.status;
      if (!watching || before === null || after === null) return;
      const differing = [...new Set([...before.entries.keys(), ...after.entries.keys()])].filter(
        (path) => before.entries.get(path) !== after.entries.get(path),
      );
      if (differing.length === 0) return;
      // The event of a change in this very moment may still be on its way.
      clock.schedule(1_000, () => {
        if (events === eventsBefore && !disposed)
          log.bug('git.missed-change', new Error(`no event came for: ${differing.slice(0, 5).join(', ')}`));
      });
    },
    flush: () => work.flush(),
    get busy() {
      return work.busy;
    },
    get soon() {
      return work.soon;
    },
    get watched(): 'files' | 'git-only' {
      return watching ? 'files' : 'git-only';
    },
    get watchFacts() {
      return { watched: this.watched, unwatched: refusal };
    },
    /** Why its files are not watched; null when they are, or are not meant to be yet. */
    get refusal() {
      return refusal?.why ?? null;
    },
    get watches() {
      return watch?.size ?? 0;
    },
    get seen() {
      return seen;
    },
    get refreshes() {
      return refreshes;
    },
    get lookedAt() {
      return lookedAt;
    },
    async dispose(): Promise<void> {
      disposed = true;
      watch?.dispose();
      watch = null;
      looking?.abort();
      reader.cancel();
      await work.dispose();
    },
  };
}
