/**
 * Reads the conflicts out of a file that git merged, and finds where each side of them stands in that
 * side's own version. Text comes and goes as lines without their line feeds.
 */

export interface ConflictHunk {
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

export interface MergedFile {
  /** One more than there are hunks: what stands before, between and after them. */
  readonly clean: readonly (readonly string[])[];
  readonly hunks: readonly ConflictHunk[];
  /** What each side calls the file, where git says so because the names differ. */
  readonly ourName: string | null;
  readonly theirName: string | null;
}

/** A range of lines, from 0, the end not included. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Git ends a side's last line in a conflict even where the file does not, in the file's own way. */
const sameLine = (line: string | undefined, shown: string | undefined): boolean =>
  line !== undefined && shown !== undefined && (line === shown || `${line}\r` === shown);

/**
 * Markers are told from content by the commits that name them: whatever their length (the attribute
 * `conflict-marker-size`, a rename on one side), and however much content looks like one. The line
 * between the sides has no name, so where there are several, the one decides that leaves both sides
 * with lines that they really have.
 * Null when the markers don't make sense.
 * @param labels the names given to the merge
 */
export function readMergedFile(
  merged: readonly string[],
  labels: { readonly ours: string; readonly theirs: string },
  sides: { readonly ours: readonly string[]; readonly theirs: readonly string[] },
): MergedFile | null {
  const clean: (readonly string[])[] = [];
  const hunks: ConflictHunk[] = [];
  let ourName: string | null = null;
  let theirName: string | null = null;
  let from = 0;
  for (let at = 0; at < merged.length; at++) {
    const opening = markerOf(merged[at], '<', labels.ours);
    if (opening === null) continue;
    let end = at + 1;
    let closing: Marker | null = null;
    for (; end < merged.length; end++) {
      closing = markerOf(merged[end], '>', labels.theirs);
      if (closing?.size === opening.size) break;
      closing = null;
    }
    if (closing === null) return null;
    ourName ??= opening.name;
    theirName ??= closing.name;
    const between = merged.slice(at + 1, end);
    const [before, after] = [merged[at - 1], merged[end + 1]];
    const hunk = divide(between, opening.size, sides, before, after);
    if (hunk === null) return null;
    clean.push(merged.slice(from, at));
    hunks.push(hunk);
    from = end + 1;
    at = end;
  }
  if (hunks.length === 0) return null;
  clean.push(merged.slice(from));
  return { clean, hunks, ourName, theirName };
}

interface Marker {
  readonly size: number;
  readonly name: string | null;
}

function markerOf(line: string | undefined, sign: '<' | '>', label: string): Marker | null {
  if (line === undefined || line[0] !== sign) return null;
  let size = 1;
  while (line[size] === sign) size++;
  const rest = line.endsWith('\r') ? line.slice(size, -1) : line.slice(size);
  if (rest === ` ${label}`) return { size, name: null };
  return rest.startsWith(` ${label}:`) ? { size, name: rest.slice(label.length + 2) } : null;
}

function divide(
  between: readonly string[],
  size: number,
  sides: { readonly ours: readonly string[]; readonly theirs: readonly string[] },
  before: string | undefined,
  after: string | undefined,
): ConflictHunk | null {
  const rule = '='.repeat(size);
  const found: ConflictHunk[] = [];
  between.forEach((line, at) => {
    if (line === rule || line === `${rule}\r`)
      found.push({ ours: between.slice(0, at), theirs: between.slice(at + 1) });
  });
  if (found.length < 2) return found[0] ?? null;
  return (
    found.find(
      ({ ours, theirs }) =>
        stands(sides.ours, ours, before, after) && stands(sides.theirs, theirs, before, after),
    ) ?? null
  );
}

function stands(
  lines: readonly string[],
  shown: readonly string[],
  before: string | undefined,
  after: string | undefined,
): boolean {
  for (let start = 0; start + shown.length <= lines.length; start++)
    if (standsAt(lines, start, shown, before, after)) return true;
  return false;
}

/**
 * Whether `shown` may be these lines. The line above a conflict and the one below it are the same on
 * both sides: git makes one conflict of changes that touch (xdl_do_merge in xdiff/xmerge.c). `before`
 * and `after` are undefined at the file's ends.
 */
function standsAt(
  lines: readonly string[],
  start: number,
  shown: readonly string[],
  before: string | undefined,
  after: string | undefined,
): boolean {
  const end = start + shown.length;
  if (start < 0 || end > lines.length) return false;
  if (before === undefined ? start !== 0 : lines[start - 1] !== before) return false;
  if (after === undefined ? end !== lines.length : !sameLine(lines[end], after)) return false;
  for (let at = 0; at < shown.length; at++) {
    const last = start + at === lines.length - 1;
    if (last ? !sameLine(lines[start + at], shown[at]) : lines[start + at] !== shown[at]) return false;
  }
  return true;
}

/**
 * Where each hunk's side stands in that side's own file; null for one that can't be told.
 * The merged file is not the side's: it holds what the other side changed elsewhere. So the rest of it
 * is aligned with the side's lines, which says about where to look, and the lines themselves say where.
 * @param most looks for so many of the first hunks
 */
export function locateHunks(
  side: readonly string[],
  merged: MergedFile,
  which: 'ours' | 'theirs',
  most = Number.POSITIVE_INFINITY,
): readonly (LineRange | null)[] {
  const view: string[] = [];
  const starts: number[] = [];
  merged.hunks.forEach((hunk, at) => {
    view.push(...(merged.clean[at] ?? []));
    starts.push(view.length);
    view.push(...hunk[which]);
  });
  view.push(...(merged.clean.at(-1) ?? []));
  const aligned = alignLines(view, side);
  const found: (LineRange | null)[] = [];
  let lowest = 0;
  merged.hunks.slice(0, most).forEach((hunk, at) => {
    const shown = hunk[which];
    const start = starts[at] ?? 0;
    const end = start + shown.length;
    const above = start === 0 ? -1 : (aligned[start - 1] ?? -1);
    const below = aligned[end] ?? -1;
    const guess =
      start === 0
        ? 0
        : above >= 0
          ? above + 1
          : below >= 0
            ? below - shown.length
            : Math.round((start / view.length) * side.length);
    const range = nearest(side, guess, lowest, shown, view[start - 1], view[end]);
    if (range !== null) lowest = range.to;
    found.push(range);
  });
  return found;
}

function nearest(
  side: readonly string[],
  guess: number,
  lowest: number,
  shown: readonly string[],
  before: string | undefined,
  after: string | undefined,
): LineRange | null {
  for (let away = 0; away <= side.length; away++)
    for (const start of away === 0 ? [guess] : [guess - away, guess + away])
      if (start >= lowest && standsAt(side, start, shown, before, after))
        return { from: start, to: start + shown.length };
  return null;
}

/**
 * Where the same lines stand between the same neighbours in another version of the file; null when
 * something was put in, changed or taken out there.
 */
export function sameRangeIn(
  lines: readonly string[],
  other: readonly string[],
  { from, to }: LineRange,
): LineRange | null {
  const counterparts = alignLines(lines, other);
  const placed = (line: number) =>
    line < 0 ? -1 : line >= lines.length ? other.length : (counterparts[line] ?? -1);
  const above = placed(from - 1);
  if (from > 0 && above < 0) return null;
  for (let line = from; line <= to; line++) if (placed(line) !== above + 1 + (line - from)) return null;
  return { from: above + 1, to: above + 1 + (to - from) };
}

/** Of the gaps between lines that are sure, those up to this many comparisons are worked out in full. */
const MOST_COMPARED = 40_000;

/**
 * For each line of `one`, its counterpart in `other`, or -1; counterparts only ever go up. Lines that
 * occur once on both sides are sure, what joins them follows, and small gaps are worked out, so that
 * the cost stays near the number of lines whatever was changed.
 */
export function alignLines(one: readonly string[], other: readonly string[]): Int32Array {
  const found = new Int32Array(one.length).fill(-1);
  const waiting: [number, number, number, number][] = [[0, one.length, 0, other.length]];
  for (let gap = waiting.pop(); gap !== undefined; gap = waiting.pop()) {
    let [fromOne, toOne, fromOther, toOther] = gap;
    while (fromOne < toOne && fromOther < toOther && one[fromOne] === other[fromOther])
      found[fromOne++] = fromOther++;
    while (fromOne < toOne && fromOther < toOther && one[toOne - 1] === other[toOther - 1])
      found[--toOne] = --toOther;
    if (fromOne === toOne || fromOther === toOther) continue;
    const anchors = sureLines(one, other, [fromOne, toOne, fromOther, toOther]);
    if (anchors.length === 0) {
      if ((toOne - fromOne) * (toOther - fromOther) <= MOST_COMPARED)
        longestCommon(one, other, [fromOne, toOne, fromOther, toOther], found);
      continue;
    }
    let [above, aboveOther] = [fromOne, fromOther];
    for (const [at, atOther] of anchors) {
      found[at] = atOther;
      waiting.push([above, at, aboveOther, atOther]);
      [above, aboveOther] = [at + 1, atOther + 1];
    }
    waiting.push([above, toOne, aboveOther, toOther]);
  }
  return found;
}

type Gap = readonly [fromOne: number, toOne: number, fromOther: number, toOther: number];

/** Lines that occur once in either part, the longest run of them that goes up on both sides. */
function sureLines(
  one: readonly string[],
  other: readonly string[],
  [fromOne, toOne, fromOther, toOther]: Gap,
): readonly (readonly [number, number])[] {
  const REPEATED = -1;
  const places = (lines: readonly string[], from: number, to: number) => {
    const known = new Map<string, number>();
    for (let at = from; at < to; at++) {
      const line = lines[at] ?? '';
      known.set(line, known.has(line) ? REPEATED : at);
    }
    return known;
  };
  const others = places(other, fromOther, toOther);
  const pairs: [number, number][] = [];
  for (const [line, at] of places(one, fromOne, toOne)) {
    const atOther = others.get(line) ?? REPEATED;
    if (at !== REPEATED && atOther !== REPEATED) pairs.push([at, atOther]);
  }
  pairs.sort(([a], [b]) => a - b);
  // Patience sorting: the last pair of the best run of each length, and what came before each pair.
  const ends: number[] = [];
  const previous: number[] = [];
  pairs.forEach(([, atOther], index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < atOther) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : (ends[low - 1] ?? -1);
    ends[low] = index;
  });
  const run: [number, number][] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = previous[at] ?? -1) {
    const pair = pairs[at];
    if (pair !== undefined) run.push(pair);
  }
  return run.reverse();
}

function longestCommon(
  one: readonly string[],
  other: readonly string[],
  [fromOne, toOne, fromOther, toOther]: Gap,
  found: Int32Array,
): void {
  const width = toOther - fromOther + 1;
  const lengths = new Uint16Array((toOne - fromOne + 1) * width);
  const lengthAt = (a: number, b: number) => lengths[(a - fromOne) * width + (b - fromOther)] ?? 0;
  for (let a = toOne - 1; a >= fromOne; a--)
    for (let b = toOther - 1; b >= fromOther; b--)
      lengths[(a - fromOne) * width + (b - fromOther)] =
        one[a] === other[b] ? lengthAt(a + 1, b + 1) + 1 : Math.max(lengthAt(a + 1, b), lengthAt(a, b + 1));
  for (let a = fromOne, b = fromOther; a < toOne && b < toOther; )
    if (one[a] === other[b]) found[a++] = b++;
    else if (lengthAt(a + 1, b) >= lengthAt(a, b + 1)) a++;
    else b++;
}
