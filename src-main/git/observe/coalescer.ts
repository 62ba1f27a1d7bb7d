/**
 * Turns a burst of events into few runs: the first one waits 10 ms, one runs and one is pending, and
 * while a storm lasts the waits grow. A 500-file rewrite in 2 s cost 50 runs at a constant 10 ms. A
 * few changes close together are no storm: they wait a tenth of a second at most, and the first ones
 * not even that, because what a person does once (a commit) is several changes.
 */
import type { Cancel, Clock, Log } from '../../engine/ports';

export const LEADING_MS = 10;
/** So many runs on the heels of another wait no longer than a first one. */
export const QUICK_RUNS = 2;
/**
 * More runs than these on each other's heels go on for too long for "a few changes": a build that writes
 * a file twenty times a second would be one process after the other for as long as it lasts.
 */
export const PROMPT_RUNS = 8;
/** The wait after a run that ended just now; the further ones only while a storm lasts. */
export const FOLLOWING_WAITS_MS: readonly number[] = [100, 1_000, 2_000];
/** This many events between the beginnings of two runs are a storm. */
const STORM_EVENTS = 16;
/** Quiet for this long after a run: the next event is a first one again. */
const QUIET_MS = 250;

export interface Coalescer<T> {
  push(work: T): void;
  /** Runs what is pending without waiting; resolves when all that was pushed before has been run. */
  flush(): Promise<void>;
  readonly busy: boolean;
  /** Not in a storm: what is pending runs at once when what runs now has ended. */
  readonly calm: boolean;
  /** At work, or about to be: its result is worth waiting a moment for. */
  readonly soon: boolean;
  dispose(): Promise<void>;
}

export function createCoalescer<T>(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  readonly add: (pending: T | null, work: T) => T;
  readonly run: (work: T) => Promise<void>;
  /** After each run, when it no longer counts as running. */
  readonly after: () => void;
}): Coalescer<T> {
  let pending: T | null = null;
  let running: Promise<void> | null = null;
  let timer: Cancel | null = null;
  let level = 0;
  let quick = 0;
  let events = 0;
  let eventsBefore = 0;
  let lastEnd = Number.NEGATIVE_INFINITY;
  let disposed = false;

  const start = () => {
    timer?.();
    timer = null;
    if (pending === null || running !== null || disposed) return;
    const work = pending;
    pending = null;
    eventsBefore = events;
    events = 0;
    running = deps
      .run(work)
      .catch((error) => void deps.log.bug(deps.name, error))
      .then(() => {
        running = null;
        lastEnd = deps.clock.now();
        if (pending !== null) wait();
        if (!disposed) deps.after();
      });
  };

  const wait = () => {
    if (timer !== null || running !== null || disposed) return;
    const follows = deps.clock.now() - lastEnd < QUIET_MS;
    const storm = Math.max(events, eventsBefore) >= STORM_EVENTS;
    quick = follows ? quick + 1 : 0;
    if (!follows) level = 0;
    else if (storm) level = Math.min(level + 1, FOLLOWING_WAITS_MS.length);
    else if (quick > PROMPT_RUNS) level = Math.max(level, 2);
    else level = quick <= QUICK_RUNS ? 0 : 1;
    timer = deps.clock.schedule(FOLLOWING_WAITS_MS[level - 1] ?? LEADING_MS, start);
  };

  return {
    push(work) {
      if (disposed) return;
      pending = deps.add(pending, work);
      events++;
      wait();
    },
    async flush() {
      // Not until nothing is left: while a storm lasts there is always something.
      await running;
      start();
      await running;
    },
    get busy() {
      return pending !== null || running !== null;
    },
    get calm() {
      return level === 0;
    },
    get soon() {
      return running !== null || (pending !== null && level <= 1);
    },
    async dispose() {
      disposed = true;
      timer?.();
      timer = null;
      pending = null;
      await running;
    },
  };
}
