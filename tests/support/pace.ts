/**
 * How fast this machine is just now, for assertions on elapsed time: a test that passes on a calm machine
 * has to pass, only slower, on one with a load of twenty. On a calm one the pace is 1 and every bar as
 * strict as it is written.
 */
import { readFileSync } from 'node:fs';

/** Milliseconds so far for which this thread had a processor, and waited for one; null where it is not told. */
export function threadTimes(): { readonly workedMs: number; readonly waitedMs: number } | null {
  try {
    // https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    const [worked, waited] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number);
    return { workedMs: (worked ?? 0) / 1e6, waitedMs: (waited ?? 0) / 1e6 };
  } catch {
    return null;
  }
}

/**
 * Begins to measure; the answer says how many times longer this thread's work took than on a processor of
 * its own, at least 1. Whatever it waited for meanwhile, of other processes too, was slowed down so.
 */
export function followPace(): () => number {
  const before = threadTimes();
  return () => {
    const now = threadTimes();
    if (before === null || now === null) return 1;
    const worked = now.workedMs - before.workedMs;
    return worked <= 0 ? 1 : (worked + now.waitedMs - before.waitedMs) / worked;
  };
}

/** The 95th of a hundred. */
export function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? Number.NaN;
}
