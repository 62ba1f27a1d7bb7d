/**
 * Which worktree to land first, so that the fewest siblings have to be rebased by hand.
 *
 * Landing one makes every sibling that still waits and collides with it conflict with the base. A
 * sibling counts once, however many land before it: it is rebased in its own turn, on all of them
 * together. So a sibling is spared exactly when nothing that it collides with lands before it, and the
 * spared ones never collide with each other: the most that can be spared is a largest independent set
 * of the collision graph, and landing that set first spares all of it. What conflicts with the base
 * already is rebased in any order; it is never spared and costs nothing more.
 */
import type { WorktreeId } from '../contract/ids';

/** A worktree that waits to land on its base. Nothing in it may change with time alone. */
export interface LandingCandidate {
  readonly id: WorktreeId;
  readonly label: string;
  readonly ahead: number;
  /** All committed, and nobody at work there. */
  readonly ready: boolean;
  /** When it was made, milliseconds since the epoch; null when nobody knows. */
  readonly since: number | null;
  /** Files of decided collisions, by the worktree on the other side. */
  readonly collides: ReadonlyMap<WorktreeId, readonly string[]>;
  /** It conflicts with its base as that is now. */
  readonly conflictsWithBase: boolean;
}

export interface Ordered {
  /** All of them, the first to land first. */
  readonly order: readonly LandingCandidate[];
  /** Those of them that need a rebase in this order. */
  readonly rebases: ReadonlySet<WorktreeId>;
  /** False where so many collide in one cluster that the order is a good one, not proven the best. */
  readonly exact: boolean;
}

/** Beyond so many in one cluster, trying all sets costs more than a person waits for. */
const MOST_EXACT = 16;

/** Whether two collide; each pair is known from both rows, and one is enough. */
export const collide = (a: LandingCandidate, b: LandingCandidate): boolean =>
  a.collides.has(b.id) || b.collides.has(a.id);

/** The files that two collide in, as one list. */
export const sharedFiles = (a: LandingCandidate, b: LandingCandidate): readonly string[] =>
  [...new Set([...(a.collides.get(b.id) ?? []), ...(b.collides.get(a.id) ?? [])])].sort();

type Crowds = ReadonlyMap<LandingCandidate, ReadonlySet<LandingCandidate>>;

/** Whom each of them collides with, looked up once. */
export function crowdsOf(candidates: readonly LandingCandidate[]): Crowds {
  const byId = new Map(candidates.map((one) => [one.id, one]));
  const crowds = new Map(candidates.map((one) => [one, new Set<LandingCandidate>()]));
  for (const one of candidates)
    for (const id of one.collides.keys()) {
      const other = byId.get(id);
      if (other === undefined || other === one) continue;
      crowds.get(one)?.add(other);
      crowds.get(other)?.add(one);
    }
  return crowds;
}

const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Ready ones, then those with more to carry over, then the older, then by name: a total order. */
export function byReadiness(a: LandingCandidate, b: LandingCandidate): number {
  const oldest = (one: LandingCandidate) => one.since ?? Number.MAX_SAFE_INTEGER;
  return (
    Number(b.ready) - Number(a.ready) ||
    b.ahead - a.ahead ||
    oldest(a) - oldest(b) ||
    text(a.label, b.label) ||
    text(a.id, b.id)
  );
}

/** Who needs a rebase when they land in this order: whoever collides with something before it, or with the base. */
export function rebasesIn(order: readonly LandingCandidate[]): ReadonlySet<WorktreeId> {
  const crowds = crowdsOf(order);
  const landed = new Set<LandingCandidate>();
  const rebases = new Set<WorktreeId>();
  for (const one of order) {
    if (one.conflictsWithBase || [...(crowds.get(one) ?? [])].some((other) => landed.has(other)))
      rebases.add(one.id);
    landed.add(one);
  }
  return rebases;
}

/** An order in which the fewest need a rebase; among those, the one that lands what is ready first. */
export function orderLandings(candidates: readonly LandingCandidate[]): Ordered {
  const ranked = [...candidates].sort(byReadiness);
  const free = ranked.filter(({ conflictsWithBase }) => !conflictsWithBase);
  const spared = new Set<LandingCandidate>();
  let exact = true;
  for (const cluster of clustersOf(free)) {
    exact &&= cluster.length <= MOST_EXACT;
    for (const one of cluster.length <= MOST_EXACT ? largestIndependent(cluster) : manyIndependent(cluster))
      spared.add(one);
  }
  const crowds = crowdsOf(ranked);
  const alone = (one: LandingCandidate) => crowds.get(one)?.size === 0;
  const turn = (one: LandingCandidate) => {
    if (!spared.has(one)) return one.conflictsWithBase ? 4 : 3;
    // Waiting for one that nobody waits for would be no advice.
    return one.ready ? 0 : alone(one) ? 2 : 1;
  };
  const order = [0, 1, 2, 3, 4].flatMap((which) => ranked.filter((one) => turn(one) === which));
  return { order, rebases: rebasesIn(order), exact };
}

/** How many need a rebase in all when this one lands next, and everything after it as well as can be. */
export function rebasesIfNext(candidates: readonly LandingCandidate[], next: LandingCandidate): number {
  const rest = candidates
    .filter(({ id }) => id !== next.id)
    .map((one) => (collide(one, next) ? { ...one, conflictsWithBase: true } : one));
  return orderLandings(rest).rebases.size + (next.conflictsWithBase ? 1 : 0);
}

/** Those that hang together by collisions, in the order given. */
export function clustersOf(
  candidates: readonly LandingCandidate[],
): readonly (readonly LandingCandidate[])[] {
  const crowds = crowdsOf(candidates);
  const left = new Set(candidates);
  const clusters: LandingCandidate[][] = [];
  for (const start of candidates) {
    if (!left.delete(start)) continue;
    const cluster = new Set([start]);
    // A set being walked yields what is added to it meanwhile.
    for (const one of cluster)
      for (const other of crowds.get(one) ?? []) if (left.delete(other)) cluster.add(other);
    clusters.push(candidates.filter((one) => cluster.has(one)));
  }
  return clusters;
}

/** The largest set of which no two collide; of several, the one whose members come first in the list. */
function largestIndependent(cluster: readonly LandingCandidate[]): readonly LandingCandidate[] {
  const neighbours = cluster.map((one) =>
    cluster.reduce((mask, other, at) => (collide(one, other) ? mask | (1 << at) : mask), 0),
  );
  const known = new Map<number, number>();
  const sizeOf = (mask: number): number => {
    if (mask === 0) return 0;
    const found = known.get(mask);
    if (found !== undefined) return found;
    const at = 31 - Math.clz32(mask & -mask);
    const without = mask & ~(1 << at);
    const crowd = neighbours[at] ?? 0;
    const taking = 1 + sizeOf(without & ~crowd);
    // One that collides with nothing left is always taken.
    const size = (mask & crowd) === 0 ? taking : Math.max(taking, sizeOf(without));
    known.set(mask, size);
    return size;
  };
  const taken: LandingCandidate[] = [];
  let mask = (1 << cluster.length) - 1;
  cluster.forEach((one, at) => {
    if ((mask & (1 << at)) === 0) return;
    const after = mask & ~(1 << at) & ~(neighbours[at] ?? 0);
    if (1 + sizeOf(after) === sizeOf(mask)) {
      taken.push(one);
      mask = after;
    } else mask &= ~(1 << at);
  });
  return taken;
}

/** A set of which no two collide, by always taking the one that collides with the fewest that are left. */
function manyIndependent(cluster: readonly LandingCandidate[]): readonly LandingCandidate[] {
  const crowds = crowdsOf(cluster);
  const taken: LandingCandidate[] = [];
  const left = new Set(cluster);
  const crowding = (one: LandingCandidate) =>
    [...(crowds.get(one) ?? [])].filter((other) => left.has(other)).length;
  const counts = new Map(cluster.map((one) => [one, crowding(one)]));
  while (left.size > 0) {
    let next: LandingCandidate | null = null;
    // The first of the least crowded, in the order given.
    for (const one of left) if (next === null || (counts.get(one) ?? 0) < (counts.get(next) ?? 0)) next = one;
    if (next === null) break;
    taken.push(next);
    left.delete(next);
    for (const out of crowds.get(next) ?? [])
      if (left.delete(out))
        for (const beside of crowds.get(out) ?? []) counts.set(beside, (counts.get(beside) ?? 0) - 1);
  }
  return taken;
}
