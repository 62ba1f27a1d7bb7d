import type { Clock } from '../engine/ports';

/** The longest delay `setTimeout` keeps; beyond it Node fires at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** The machine's clock. Its timers never keep a process alive by themselves. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    schedule(delayMs, run) {
      const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_DELAY_MS));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

/**
 * For spans: `now` counts milliseconds from some moment on and never goes back, whatever is done to the
 * machine's time. It says nothing about the time of day.
 */
export function createMonotonicClock(): Clock {
  return { ...createSystemClock(), now: () => performance.now() };
}
