/** One line of the table: what was measured, against what, and whether it is good enough. */
export type Verdict = 'ok' | 'missed' | 'shown' | 'not measured';

export interface Row {
  readonly what: string;
  /** What was measured, with the milliseconds behind a ratio. */
  readonly measured: string;
  /** What it has to reach; empty for a row that only informs. */
  readonly bar: string;
  readonly verdict: Verdict;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The median of the ratios round by round: what slows the machine slows both sides of a round. */
export const pairedRatio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((one, at) => one / (theirs[at] ?? Number.NaN)));

export const ms = (value: number): string =>
  `${value < 10 ? value.toFixed(value < 1 ? 2 : 1) : Math.round(value)} ms`;
export const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ×`;

/** Ours in relation to theirs, which may be at most (or, for `faster`, theirs to ours at least) `limit`. */
export function ratioRow(
  what: string,
  ours: readonly number[],
  theirs: readonly number[],
  limit: { readonly atMost: number } | { readonly fasterBy: number },
): Row {
  const faster = 'fasterBy' in limit;
  const ratio = faster ? pairedRatio(theirs, ours) : pairedRatio(ours, theirs);
  const good = faster ? ratio >= limit.fasterBy : ratio <= limit.atMost;
  return {
    what,
    measured: `${times(ratio)}${faster ? ' faster' : ''} (${ms(median(ours))} : ${ms(median(theirs))})`,
    bar: faster ? `≥ ${limit.fasterBy} ×` : `≤ ${limit.atMost} ×`,
    verdict: good ? 'ok' : 'missed',
  };
}

export const limitRow = (what: string, measured: string, bar: string, good: boolean): Row => ({
  what,
  measured,
  bar,
  verdict: good ? 'ok' : 'missed',
});

export const shownRow = (what: string, measured: string): Row => ({
  what,
  measured,
  bar: '',
  verdict: 'shown',
});

export const notMeasured = (what: string, why: string, bar = ''): Row => ({
  what,
  measured: why,
  bar,
  verdict: 'not measured',
});
