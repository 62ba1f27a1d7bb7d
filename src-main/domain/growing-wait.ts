/**
 * How long something that keeps dying (a page, a helper process) is left alone before it is started
 * again, and when a person is told. Pure: whoever starts it keeps `Deaths` and a monotonic clock.
 */

/** Deaths since it last lived long enough to count as well. */
export interface Deaths {
  readonly inARow: number;
}
export const noDeaths: Deaths = { inARow: 0 };

/** One that lived this long was well; what ends it is a new story. */
export const STEADY_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** The first death is made good in silence, the second may be chance. */
const TOLD_AT = 3;

export interface AfterDeath {
  readonly deaths: Deaths;
  /** Milliseconds before the next start: none after the first death, then doubling up to five minutes. */
  readonly waitMs: number;
  /** True once in a row of deaths. */
  readonly tell: boolean;
}

/** After it died `livedMs` milliseconds after its start. */
export function afterDeath(before: Deaths, livedMs: number): AfterDeath {
  const inARow = livedMs >= STEADY_MS ? 1 : before.inARow + 1;
  const waitMs = inARow === 1 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (inARow - 2), LONGEST_WAIT_MS);
  return { deaths: { inARow }, waitMs, tell: inARow === TOLD_AT };
}
