/** The landing order in sentences: what to merge first and why, and what it means for each one. */
import {
  clustersOf,
  collide,
  type LandingCandidate,
  type Ordered,
  orderLandings,
  rebasesIfNext,
  sharedFiles,
} from './landing-order';

const MOST_NAMED = 3;

/** "a", "a and b", "a, b and c", "a, b and 4 more". */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  const shown = names.length > MOST_NAMED ? names.slice(0, MOST_NAMED - 1) : names.slice(0, -1);
  const rest = names.length - shown.length;
  return `${shown.join(', ')} and ${rest === 1 ? names.at(-1) : `${rest} more`}`;
}

/** One file by its name, several by their number. */
export const filesText = (files: readonly string[]): string =>
  files.length === 1 ? (files[0] ?? '') : `${files.length} files`;

const labels = (candidates: readonly LandingCandidate[]) => listed(candidates.map(({ label }) => label));
const verb = (candidates: readonly unknown[], one: string, several: string) =>
  candidates.length === 1 ? one : several;

/** Why the first of two goes first, where anything but the name tells them apart. */
function whyBefore(first: LandingCandidate, second: LandingCandidate): string | null {
  if (first.ready && !second.ready) return 'is ready';
  return first.ready === second.ready && first.ahead > second.ahead ? 'has more commits' : null;
}

function describe(cluster: readonly LandingCandidate[]): string {
  const [first, second] = cluster;
  if (first === undefined || second === undefined) return '';
  const why = second.conflictsWithBase ? null : whyBefore(first, second);
  const also = why === null ? '' : `, and ${first.label} ${why}`;
  if (cluster.length === 2)
    return `${first.label} and ${second.label} both change ${filesText(sharedFiles(first, second))}${also}`;
  const crowdOf = (one: LandingCandidate) => cluster.filter((other) => other !== one && collide(one, other));
  const edges = cluster.reduce((sum, one) => sum + crowdOf(one).length, 0) / 2;
  const centre = cluster.find((one) => crowdOf(one).length === cluster.length - 1);
  if (centre !== undefined && edges === cluster.length - 1)
    return `${centre.label} collides with ${labels(crowdOf(centre))}, which do not collide with each other`;
  const all = labels(cluster);
  if (edges === (cluster.length * (cluster.length - 1)) / 2)
    return `${all} all collide with one another${also}`;
  return `${all} collide with one another in ${edges} pairs`;
}

/**
 * "Merge feat-a first: it collides with nothing waiting; feat-b and feat-c both change src/x.ts, and
 * feat-b is ready. Then only feat-c needs a rebase." Null when every order costs the same.
 */
export function orderText({ order, rebases }: Ordered, base: string): string | null {
  const [first] = order;
  // Collisions among those that need a rebase anyway change nothing.
  const matters = clustersOf(order).filter(
    (cluster) => cluster.length > 1 && cluster.some(({ conflictsWithBase }) => !conflictsWithBase),
  );
  if (first === undefined || matters.length === 0) return null;
  const reasons = [
    ...(matters.some((cluster) => cluster.includes(first)) ? [] : ['it collides with nothing waiting']),
    ...matters.slice(0, 2).map((cluster) => describe(cluster)),
  ];
  const more = matters.slice(2).flat().length;
  if (more > 0) reasons.push(`${more} more collide`);
  return `Merge ${first.label} first${first.ready ? '' : ', once it is ready'}: ${reasons.join('; ')}. ${consequence(order, rebases, base)}`;
}

function consequence(order: readonly LandingCandidate[], rebases: Ordered['rebases'], base: string): string {
  const fresh = order.filter(({ id, conflictsWithBase }) => rebases.has(id) && !conflictsWithBase);
  const anyway = order.filter(({ conflictsWithBase }) => conflictsWithBase);
  const already = `${labels(anyway)}, which ${verb(anyway, 'conflicts', 'conflict')} with ${base} already`;
  if (fresh.length === 0) return `Then nothing needs a rebase but ${already}.`;
  const needs = `Then only ${labels(fresh)} ${verb(fresh, 'needs', 'need')} a rebase`;
  return anyway.length === 0 ? `${needs}.` : `${needs}, besides ${already}.`;
}

/** What landing this one next would mean for the others; null when it would mean nothing to them. */
export function placeText(ordered: Ordered, one: LandingCandidate): string | null {
  const { order, rebases, exact } = ordered;
  if (one.conflictsWithBase) return null;
  const crowd = order.filter((other) => collide(one, other) && !other.conflictsWithBase);
  if (crowd.length === 0) return null;
  if (!rebases.has(one.id))
    return `A good one to merge ${one.ready ? 'now' : 'once it is ready'}: after it ${labels(crowd)} ${verb(crowd, 'needs', 'need')} a rebase${
      exact ? ', and no order asks for fewer' : ''
    }.`;
  const before = crowd.filter(({ id }) => !rebases.has(id));
  const why = before.length === 1 && before[0] !== undefined ? whyBefore(before[0], one) : null;
  // Where the best can't be tried out, no number is promised.
  const now = exact ? rebasesIfNext(order, one) : rebases.size;
  const sum =
    now > rebases.size
      ? `, ${now} ${now === 1 ? 'rebase' : 'rebases'} in all instead of ${rebases.size}`
      : '';
  return `Better merge ${labels(before)} first${why === null ? '' : `, which ${why}`}: merging this one now makes ${labels(crowd)} rebase${sum}.`;
}

/** Everything about the order of these, as a face shows it; null when every order costs the same. */
export function landingOrderOf(candidates: readonly LandingCandidate[], base: string) {
  const ordered = orderLandings(candidates);
  const text = orderText(ordered, base);
  if (text === null) return null;
  return {
    base,
    text,
    places: ordered.order.map((one) => ({
      worktree: one.id,
      needsRebase: ordered.rebases.has(one.id),
      ready: one.ready,
      text: placeText(ordered, one),
    })),
  };
}
