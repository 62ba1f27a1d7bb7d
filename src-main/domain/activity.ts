import type { Activity } from '../contract/snapshot';

const HOUR_MS = 3_600_000;

/**
 * A worktree's activity from the newest sign of life in it: a commit, a file change or a turn.
 * Without any sign it is stale.
 * @param lastSignAt milliseconds since the epoch, or null
 * @param thresholds hours
 */
export function activityOf(
  lastSignAt: number | null,
  now: number,
  thresholds: { readonly idleHours: number; readonly staleHours: number },
): Activity {
  if (lastSignAt === null) return 'stale';
  const age = now - lastSignAt;
  if (age >= thresholds.staleHours * HOUR_MS) return 'stale';
  return age >= thresholds.idleHours * HOUR_MS ? 'idle' : 'active';
}

/** The newest of several times, any of which may be unknown. */
export function newest(...times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((time) => time !== null && time !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}
