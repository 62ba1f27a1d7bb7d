/**
 * Where the sides of a collision meet: after the verdict, for what collides and is not explained yet,
 * in a few processes for all pairs together, whatever their number.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { CollisionRegion, RegionSide } from '../../contract/snapshot';
import type { GitRunner } from '../reads/git-runner';
import { type BlobHeader, blobContents, blobHeaders } from './blob-batch';
import {
  alignLines,
  type LineRange,
  linesOf,
  locateHunks,
  type MergedFile,
  readMergedFile,
} from './conflict-hunks';
import type { StageEntry, TrialConflict, TrialMerge } from './merge-tree-output';
import type { SideHistory } from './side-history';

export interface ExplainedSide {
  /** What was merged: a commit of the person's, or one that stands for a working tree. */
  readonly commit: string;
  /** The person's commit below it: the same, when nothing was uncommitted. */
  readonly head: string;
}

export interface PairToExplain {
  readonly ours: ExplainedSide;
  readonly theirs: ExplainedSide;
  readonly merge: TrialMerge;
}

export interface Explanation {
  readonly regions: readonly CollisionRegion[];
  readonly regionsLeftOut: number;
}

export interface RegionsQuestion {
  readonly git: Pick<GitRunner, 'run' | 'runBinary'>;
  readonly commonDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null when it can't be told: then nobody's work is named. */
  readonly history: SideHistory | null;
  readonly signal: AbortSignal;
}

/** Every snapshot carries them all, and a face shows the first three. */
const MOST_REGIONS = 4;
const MOST_FILES = 12;
/** A larger file is named, not read. */
const MOST_BYTES = 1024 * 1024;
/** What is read at a time, over all pairs. */
const MOST_BYTES_TOGETHER = 32 * 1024 * 1024;

type SideName = 'ours' | 'theirs';
const sides: readonly SideName[] = ['ours', 'theirs'];

/** A conflict, and what its merged file says once it was read. */
interface Looked {
  readonly pair: PairToExplain;
  readonly conflict: TrialConflict;
  readonly merged: MergedFile | null;
}

interface Known {
  readonly headers: ReadonlyMap<string, BlobHeader | null>;
  readonly contents: ReadonlyMap<string, string>;
}

/**
 * One explanation per pair, in their order; null when git can't tell or it was cancelled.
 * @param most regions told of each pair; the others are counted
 */
export async function explainPairs(
  question: RegionsQuestion,
  pairs: readonly PairToExplain[],
  most = MOST_REGIONS,
): Promise<readonly Explanation[] | null> {
  const unread = pairs.map((pair) =>
    pair.merge.conflicts.slice(0, MOST_FILES).map((conflict): Looked => ({ pair, conflict, merged: null })),
  );
  let known = await readBlobs(question, { headers: new Map(), contents: new Map() }, unread.flat());
  if (known === null) return null;

  const looked: Looked[][] = [];
  for (const conflicts of unread) {
    const read: Looked[] = [];
    for (const one of conflicts) {
      read.push({ ...one, merged: mergedFileOf(one, known) });
      await yieldToOthers();
    }
    looked.push(read);
  }
  // Where a side has the file under another name, only the merged file's markers said so.
  known = await readBlobs(question, known, looked.flat());
  if (known === null) return null;

  const explained: Explanation[] = [];
  for (const [at, conflicts] of looked.entries()) {
    const regions: CollisionRegion[] = [];
    let leftOut = (pairs[at]?.merge.conflicts.length ?? 0) - conflicts.length;
    for (const one of conflicts) {
      const found = regionsOf(one, known, question.history, most - regions.length);
      regions.push(...found);
      leftOut += (one.merged?.hunks.length ?? 1) - found.length;
      await yieldToOthers();
      if (question.signal.aborted) return null;
    }
    explained.push({ regions, regionsLeftOut: leftOut });
  }
  return explained;
}

const hasLines = ({ kind, ours, theirs }: TrialConflict): boolean =>
  (kind === 'content' || kind === 'add-add') && ours !== null && theirs !== null;

/** The file's name on a side: its own, where the markers say that it is another. */
function ownPath({ conflict, merged }: Looked, side: SideName): string {
  const name = (side === 'ours' ? merged?.ourName : merged?.theirName) ?? null;
  if (name !== null) return Buffer.from(name, 'latin1').toString('utf8');
  return conflict[side]?.path ?? conflict.path;
}

const SUBMODULE = '160000';
/** What a side's own commit has there; null when the side is that commit, so nothing is uncommitted. */
function inHead(looked: Looked, side: SideName): string | null {
  const { commit, head } = looked.pair[side];
  if (commit === head || looked.conflict[side]?.mode === SUBMODULE) return null;
  return `${head}:${ownPath(looked, side)}`;
}

function namesOf(looked: Looked): readonly string[] {
  const { pair, conflict } = looked;
  const names = sides.flatMap((side) => inHead(looked, side) ?? []);
  if (!hasLines(conflict)) return names;
  return [
    ...names,
    `${pair.merge.tree}:${conflict.path}`,
    ...sides.flatMap((side) => conflict[side]?.oid ?? []),
  ];
}

/** `known`, and what these conflicts need besides. */
async function readBlobs(
  question: RegionsQuestion,
  known: Known,
  conflicts: readonly Looked[],
): Promise<Known | null> {
  const unknown = new Set(conflicts.flatMap(namesOf).filter((name) => !known.headers.has(name)));
  if (unknown.size === 0) return known;
  const found = await blobHeaders(question.git, [...unknown], question);
  if (found === null || question.signal.aborted) return null;
  const headers = new Map([...known.headers, ...found]);
  const wanted = new Set<string>();
  let bytes = 0;
  for (const one of conflicts) {
    if (!hasLines(one.conflict)) continue;
    const needed = namesOf(one).flatMap((name) => headers.get(name) ?? []);
    const fresh = needed.filter(({ oid }) => !wanted.has(oid) && !known.contents.has(oid));
    const more = fresh.reduce((sum, header) => sum + header.bytes, 0);
    if (needed.some((header) => header.type !== 'blob' || header.bytes > MOST_BYTES)) continue;
    if (bytes + more > MOST_BYTES_TOGETHER) continue;
    bytes += more;
    for (const { oid } of fresh) wanted.add(oid);
  }
  const contents = await blobContents(question.git, [...wanted], question);
  if (contents === null || question.signal.aborted) return null;
  return { headers, contents: new Map([...known.contents, ...contents]) };
}

function mergedFileOf({ pair, conflict }: Looked, { headers, contents }: Known): MergedFile | null {
  if (!hasLines(conflict)) return null;
  const text = contents.get(headers.get(`${pair.merge.tree}:${conflict.path}`)?.oid ?? '');
  const ours = contents.get(conflict.ours?.oid ?? '');
  const theirs = contents.get(conflict.theirs?.oid ?? '');
  if (text === undefined || ours === undefined || theirs === undefined) return null;
  return readMergedFile(
    linesOf(text),
    { ours: pair.ours.commit, theirs: pair.theirs.commit },
    { ours: linesOf(ours), theirs: linesOf(theirs) },
  );
}

function regionsOf(
  looked: Looked,
  known: Known,
  history: SideHistory | null,
  most: number,
): readonly CollisionRegion[] {
  if (most <= 0) return [];
  const { pair, conflict, merged } = looked;
  const sideOf = (side: SideName, at: LineRange | null): RegionSide => {
    const file = ownPath(looked, side);
    const uncommitted = isUncommitted(looked, side, at, known);
    const other = pair[side === 'ours' ? 'theirs' : 'ours'];
    return {
      file,
      lines: at === null ? null : { from: at.from + 1, to: at.to },
      uncommitted,
      subject: uncommitted
        ? null
        : (history?.lastSubject(pair[side].head, other.head, [file, ...conflict.names]) ?? null),
    };
  };
  const { file, kind } = conflict;
  if (merged === null) return [{ file, kind, ours: sideOf('ours', null), theirs: sideOf('theirs', null) }];
  const [ours = [], theirs = []] = sides.map((side) =>
    locateHunks(linesOf(known.contents.get(conflict[side]?.oid ?? '') ?? ''), merged, side, most),
  );
  return ours.map((range, at) => ({
    file,
    kind,
    ours: sideOf('ours', range),
    theirs: sideOf('theirs', theirs[at] ?? null),
  }));
}

/** Whether a side's part of a conflict is other than in its last commit. */
function isUncommitted(
  looked: Looked,
  side: SideName,
  at: LineRange | null,
  { headers, contents }: Known,
): boolean {
  const name = inHead(looked, side);
  if (name === null) return false;
  const entry: StageEntry | null = looked.conflict[side];
  const committed = headers.get(name) ?? null;
  if (entry === null || committed === null) return (entry === null) !== (committed === null);
  if (entry.oid === committed.oid) return false;
  const [now, then] = [contents.get(entry.oid), contents.get(committed.oid)];
  if (at === null || now === undefined || then === undefined) return true;
  const [lines, before] = [linesOf(now), linesOf(then)];
  const counterparts = alignLines(lines, before);
  // The same lines between the same neighbours: nothing was put in, changed or taken out here.
  const placed = (line: number) =>
    line < 0 ? -1 : line >= lines.length ? before.length : (counterparts[line] ?? -1);
  const above = placed(at.from - 1);
  if (at.from > 0 && above < 0) return true;
  for (let line = at.from; line <= at.to; line++)
    if (placed(line) !== above + 1 + (line - at.from)) return true;
  return false;
}
