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

export interface Side {
  readonly id: WorktreeId | 'base';
  readonly commit: string;
}
export interface Pair {
  readonly a: Side;
  readonly b: Side;
}

/** Every two worktrees, and each against its base's tip; pairs at the same commit can't conflict. */
export function pairsOf(
  live: readonly { readonly id: WorktreeId; readonly commit: string; readonly baseTip: string | null }[],
): readonly Pair[] {
  const pairs: Pair[] = [];
  live.forEach((one, index) => {
    if (one.baseTip !== null && one.baseTip !== one.commit)
      pairs.push({ a: { id: one.id, commit: one.commit }, b: { id: 'base', commit: one.baseTip } });
    for (const other of live.slice(index + 1))
      if (other.commit !== one.commit)
        pairs.push({ a: { id: one.id, commit: one.commit }, b: { id: other.id, commit: other.commit } });
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

/** Each collision on both of its rows; worktrees without one are in the map with an empty list. */
export function collisionsByWorktree(
  worktrees: readonly WorktreeId[],
  decided: readonly { readonly pair: Pair; readonly verdict: Verdict }[],
): ReadonlyMap<WorktreeId, readonly Collision[]> {
  const map = new Map<WorktreeId, Collision[]>(worktrees.map((id) => [id, []]));
  const put = (on: WorktreeId | 'base', other: WorktreeId | 'base', verdict: Verdict) => {
    if (on !== 'base') map.get(on)?.push({ with: other, certainty: 'decided', ...verdict });
  };
  for (const { pair, verdict } of decided) {
    if (verdict.files.length === 0) continue;
    put(pair.a.id, pair.b.id, verdict);
    put(pair.b.id, pair.a.id, seenFromTheOther(verdict));
  }
  return map;
}
