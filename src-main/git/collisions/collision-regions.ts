/**
 * Where the sides of a collision meet: after the verdict, for what collides and is not explained yet,
 * in a few processes for all pairs together, whatever their number.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { CollisionRegion, RegionSide } from '../../contract/snapshot';
import type { StageEntry, TrialConflict, TrialMerge } from '../facts/merge-tree-output';
import type { GitRunner } from '../run/git-runner';
import { type BlobHeader, blobContents, blobHeaders } from './blob-batch';
import {
  type LineRange,
  linesOf,
  locateHunks,
  type MergedFile,
  readMergedFile,
  sameRangeIn,
} from './conflict-hunks';
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
/** So many of a side's last commits to a file are looked at for who wrote its lines. */
const MOST_VERSIONS = 6;
/** A larger file is named, not read. */
const MOST_BYTES = 1024 * 1024;
/** What is read at a time, over all pairs. */
const MOST_BYTES_TOGETHER = 32 * 1024 * 1024;

type SideName = 'ours' | 'theirs';
const sides: readonly SideName[] = ['ours', 'theirs'];

type Commits = ReturnType<SideHistory['commitsTo']>;

/** A conflict, and what its merged file says once it was read. */
interface Looked {
  readonly pair: PairToExplain;
  readonly conflict: TrialConflict;
  readonly merged: MergedFile | null;
  /** Each side's own commits to the file, newest first. */
  readonly commits: { readonly [S in SideName]: Commits };
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
    pair.merge.conflicts.slice(0, MOST_FILES).map(
      (conflict): Looked => ({
        pair,
        conflict,
        merged: null,
        commits: { ours: [], theirs: [] },
      }),
    ),
  );
  let known = await readBlobs(question, { headers: new Map(), contents: new Map() }, unread.flat());
  if (known === null) return null;

  const looked: Looked[][] = [];
  for (const conflicts of unread) {
    const read: Looked[] = [];
    for (const one of conflicts) {
      const merged = mergedFileOf(one, known);
      const commits = (side: SideName) => commitsOf({ ...one, merged }, side, question.history);
      read.push({ ...one, merged, commits: { ours: commits('ours'), theirs: commits('theirs') } });
      await yieldToOthers();
    }
    looked.push(read);
  }
  // Where a side has the file under another name, only the merged file's markers said so; and only where
  // several commits may have written the lines, their versions of the file are wanted.
  known = await readBlobs(question, known, looked.flat());
  if (known === null) return null;

  const explained: Explanation[] = [];
  for (const [at, conflicts] of looked.entries()) {
    const regions: CollisionRegion[] = [];
    let leftOut = (pairs[at]?.merge.conflicts.length ?? 0) - conflicts.length;
    for (const one of conflicts) {
      const found = regionsOf(one, known, most - regions.length);
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

function commitsOf(looked: Looked, side: SideName, history: SideHistory | null): Commits {
  const { pair, conflict } = looked;
  const other = pair[side === 'ours' ? 'theirs' : 'ours'];
  return history?.commitsTo([ownPath(looked, side), ...conflict.names], pair[side].head, other.head) ?? [];
}

const versionName = (looked: Looked, side: SideName, id: string) => `${id}:${ownPath(looked, side)}`;

function namesOf(looked: Looked): readonly string[] {
  const { pair, conflict, commits } = looked;
  const names = sides.flatMap((side) => inHead(looked, side) ?? []);
  if (!hasLines(conflict)) return names;
  return [
    ...names,
    ...sides.flatMap((side) =>
      commits[side].length < 2
        ? []
        : commits[side].slice(0, MOST_VERSIONS).map(({ id }) => versionName(looked, side, id)),
    ),
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

function regionsOf(looked: Looked, known: Known, most: number): readonly CollisionRegion[] {
  if (most <= 0) return [];
  const { conflict, merged } = looked;
  const sideOf = (side: SideName, at: LineRange | null): RegionSide => {
    const file = ownPath(looked, side);
    const uncommitted = isUncommitted(looked, side, at, known);
    return {
      file,
      lines: at === null ? null : { from: at.from + 1, to: at.to },
      uncommitted,
      subject: uncommitted ? null : subjectOf(looked, side, at, known),
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
  return sameRangeIn(linesOf(now), linesOf(then), at) === null;
}

/**
 * The subject of the commit that wrote these lines, or took out what was there: going back, the first
 * one before which they were not so. Without lines the last commit to the file. Null when it lies
 * further back than was looked.
 */
function subjectOf(
  looked: Looked,
  side: SideName,
  at: LineRange | null,
  { headers, contents }: Known,
): string | null {
  const commits = looked.commits[side];
  const [newest] = commits;
  if (newest === undefined || commits.length === 1 || at === null) return newest?.subject ?? null;
  const now = contents.get(looked.conflict[side]?.oid ?? '');
  if (now === undefined) return newest.subject;
  let lines = linesOf(now);
  let range = at;
  let author = newest;
  for (const commit of commits.slice(0, MOST_VERSIONS)) {
    const header = headers.get(versionName(looked, side, commit.id)) ?? null;
    // The file has another name there: the commit after it is the one that brought it here.
    if (header === null) return author.subject;
    const text = contents.get(header.oid);
    // Too large, or too much at once.
    if (text === undefined) return null;
    const version = linesOf(text);
    const there = sameRangeIn(lines, version, range);
    if (there === null) return author.subject;
    [lines, range, author] = [version, there, commit];
  }
  return commits.length <= MOST_VERSIONS ? author.subject : null;
}
