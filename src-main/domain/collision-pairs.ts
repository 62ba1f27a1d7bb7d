import type { WorktreeId } from '../contract/ids';
import type { Collision, CollisionKind, CollisionRegion } from '../contract/snapshot';
import type { WorktreeFacts } from './facts';

/** In the matrix: it has work that is not in its base, committed or not, whatever its age. */
export function hasOwnWork({ ahead, changes, missing, stale, head, ongoing }: WorktreeFacts): boolean {
  if (missing || stale || head === null) return false;
  return (
    ahead > 0 ||
    ongoing !== null ||
    changes.staged + changes.changed + changes.untracked + changes.conflicted > 0
  );
}

/** What can change a worktree's verdicts, as far as facts can tell; equal stamps need no new look. */
export const liveStamp = ({ head, changes, lastActivityAt, ongoing }: WorktreeFacts): string =>
  JSON.stringify([head, changes, lastActivityAt, ongoing]);

/** A worktree's work as it stands. */
export interface LiveSide {
  readonly id: WorktreeId;
  /** All of it: its HEAD, or a commit that stands for it with what is uncommitted. */
  readonly commit: string;
  readonly head: string;
  readonly baseTip: string | null;
}
/** The same while it may not be known yet what is uncommitted. */
export interface SideSoFar extends Omit<LiveSide, 'commit'> {
  readonly commit: string | null;
}
export interface Side {
  readonly id: WorktreeId | 'base';
  readonly commit: string;
  readonly head: string;
}
export interface Pair {
  readonly a: Side & { readonly id: WorktreeId };
  readonly b: Side;
}

/** Every two worktrees, and each against its base's tip; pairs at the same commit can't conflict. */
export function pairsOf(live: readonly LiveSide[]): readonly Pair[] {
  const pairs: Pair[] = [];
  live.forEach((a, index) => {
    if (a.baseTip !== null && a.baseTip !== a.commit)
      pairs.push({ a, b: { id: 'base', commit: a.baseTip, head: a.baseTip } });
    for (const b of live.slice(index + 1)) if (b.commit !== a.commit) pairs.push({ a, b });
  });
  return pairs;
}

export interface Verdict {
  readonly files: readonly string[];
  readonly kinds: readonly CollisionKind[];
  /** As the pair's first side sees them. */
  readonly regions: readonly CollisionRegion[];
  readonly regionsLeftOut: number;
}

const seenFromTheOther = (verdict: Verdict): Verdict => ({
  ...verdict,
  regions: verdict.regions.map(({ ours, theirs, ...region }) => ({ ...region, ours: theirs, theirs: ours })),
});

/** What is said of two worktrees, or of one and its base, until something better is known. */
export interface PairWord {
  readonly one: WorktreeId;
  readonly other: WorktreeId | 'base';
  readonly certainty: Collision['certainty'];
  readonly verdict: Verdict;
}

export interface OpenPair {
  readonly one: SideSoFar;
  readonly other: Omit<SideSoFar, 'id'> & { readonly id: WorktreeId | 'base' };
}

/**
 * What was said of each two before, and the pairs of which nothing was.
 * @param words verdicts by both ids, as `pairsOf` orders them
 */
export function knownWords(
  sides: readonly SideSoFar[],
  words: ReadonlyMap<string, Verdict>,
): { readonly said: readonly PairWord[]; readonly open: readonly OpenPair[] } {
  const said: PairWord[] = [];
  const open: OpenPair[] = [];
  sides.forEach((one, at) => {
    const { baseTip } = one;
    const base =
      baseTip === null ? [] : [{ id: 'base' as const, head: baseTip, commit: baseTip, baseTip: null }];
    for (const other of [...base, ...sides.slice(at + 1)]) {
      // At the same commit there is nothing to be said.
      if (one.commit !== null && one.commit === other.commit) continue;
      const verdict = words.get(`${one.id} ${other.id}`);
      if (verdict === undefined) open.push({ one, other });
      else said.push({ one: one.id, other: other.id, certainty: 'decided', verdict });
    }
  });
  return { said, open };
}

/** Each collision on both of its rows; worktrees without one are in the map with an empty list. */
export function collisionsByWorktree(
  worktrees: readonly WorktreeId[],
  words: readonly PairWord[],
): ReadonlyMap<WorktreeId, readonly Collision[]> {
  const map = new Map<WorktreeId, Collision[]>(worktrees.map((id) => [id, []]));
  for (const { one, other, certainty, verdict } of words) {
    if (verdict.files.length === 0) continue;
    map.get(one)?.push({ with: other, certainty, ...verdict });
    if (other !== 'base') map.get(other)?.push({ with: one, certainty, ...seenFromTheOther(verdict) });
  }
  return map;
}

/**
 * A verdict whose regions are not known yet, with those of the one before it: the lines are a moment old,
 * and don't blink. Files that collide no more are not spoken of.
 */
export const withEarlierRegions = (verdict: Verdict, earlier: Verdict | undefined): Verdict =>
  earlier === undefined
    ? verdict
    : {
        ...verdict,
        regions: earlier.regions.filter(({ file }) => verdict.files.includes(file)),
        regionsLeftOut: earlier.regionsLeftOut,
      };
