/**
 * An operation's turn in a repository. What waits says for what, at once, and can be cancelled; and
 * while something long runs that touches no branch and no worktree's place (validation, setup), others
 * may touch them.
 */
import type { FailureOf, FileFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation, RepositoryLock, RepositoryLockHeld } from '../ports';
import type { RunningOperation, RunningOperations } from './running-operations';

type TurnFailure = FailureOf<'busy' | 'cancelled'> | FileFailure;

export interface Turn {
  /** What it does just now, to whoever waits: "running its tests"; null for nothing in particular. */
  say(doing: string | null): Promise<void>;
  /** Lets go of the names; they are not needed any more. */
  leaveNames(): Promise<void>;
  /** Does something long without the names, and has them again afterwards. */
  withoutNames<T, E>(work: () => Promise<Result<T, E>>): Promise<Result<T, E | TurnFailure>>;
}

/** By then everybody else has long let go: the names are held for moments only. */
const AGAIN_MS = 60_000;

/** @param wait how long for each lock, ms; the lock's own patience unless given */
export async function inTurn<T, E>(
  lock: RepositoryLock,
  location: RepositoryLocation,
  options: {
    readonly scope: 'landing' | 'spawn';
    /** "the merge of feature/a". */
    readonly what: string;
    readonly signal: AbortSignal;
    readonly waitMs?: number;
    onWait(what: string): void;
  },
  work: (turn: Turn) => Promise<Result<T, E>>,
): Promise<Result<T, E | TurnFailure>> {
  const { what, signal, onWait, scope } = options;
  const take = async (
    of: 'names' | 'landing' | 'spawn',
    waitMs = options.waitMs,
  ): Promise<Result<RepositoryLockHeld, TurnFailure>> => {
    const held = await lock.acquire(location, what, {
      scope: of,
      signal,
      onWait,
      ...(waitMs === undefined ? {} : { waitMs }),
    });
    if (!signal.aborted) return held;
    if (held.ok) await held.value.release();
    return fail({ kind: 'cancelled' });
  };
  const own = await take(scope);
  if (!own.ok) return own;
  let names: RepositoryLockHeld | null = null;
  const leaveNames = async () => {
    const held = names;
    names = null;
    await held?.release();
  };
  try {
    const first = await take('names');
    if (!first.ok) return first;
    names = first.value;
    return await work({
      async say(doing) {
        const words = doing === null ? what : `${what}, ${doing}`;
        await own.value.say?.(words);
        await names?.say?.(words);
      },
      leaveNames,
      async withoutNames(long) {
        await leaveNames();
        const done = await long();
        if (!done.ok) return done;
        const again = await take('names', AGAIN_MS);
        if (!again.ok) return again;
        names = again.value;
        return ok(done.value);
      },
    });
  } finally {
    await leaveNames();
    await own.value.release();
  }
}

/** An operation that shows itself only when it has to wait; by the same id it goes on afterwards. */
export function waitingOperation(
  running: RunningOperations,
  begin: Parameters<RunningOperations['begin']>[0],
): {
  readonly signal: AbortSignal;
  onWait(what: string): void;
  /** Ends it, unless it went on and ended by itself. */
  over(failure: Parameters<RunningOperation['finish']>[0]): void;
} {
  const stop = new AbortController();
  let waiting: RunningOperation | null = null;
  return {
    signal: stop.signal,
    onWait(what) {
      if (waiting === null) {
        waiting = running.begin(begin);
        waiting.signal.addEventListener('abort', () => stop.abort(), { once: true });
      }
      waiting.waits(what);
    },
    over(failure) {
      waiting?.finish(failure, failure === null ? 'Done.' : 'Nothing was done.');
    },
  };
}
