import type { Clock } from '../../src-main/engine/ports';

/** The machine's time, for tests with real processes. */
export const realClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
