import type { LandingOrder, WorktreeView } from '../contract/snapshot';
import { isBusy } from './cleanup-plan';
import type { WorktreeFacts } from './facts';
import type { LandingCandidate } from './landing-order';
import { landingOrderOf } from './landing-words';

/** A worktree as it is shown, with what Orchard recorded when it made it. */
export interface RecordedWorktree {
  readonly view: WorktreeView;
  readonly record: WorktreeFacts['record'];
}

/** Waits to land: a live worktree beside the main one, on a branch of its own, with work in it. */
function waits({
  isMain,
  missing,
  stale,
  merged,
  branch,
  base,
  head,
  ahead,
  changes,
  problem,
}: WorktreeView): boolean {
  if (isMain || missing || stale || merged !== null || problem !== null) return false;
  if (branch === null || base === null || branch === base || head === null) return false;
  return ahead > 0 || changes.staged + changes.changed + changes.untracked + changes.conflicted > 0;
}

/** How many untracked entries the copies made at spawn and the brain notes can account for. */
function explained({ view, record }: RecordedWorktree): number {
  const tops = new Set(Object.keys(record?.copies ?? {}).map((path) => path.split('/')[0]));
  if (view.note !== null) tops.add('.planning');
  return tops.size;
}

function isReady(one: RecordedWorktree): boolean {
  const { ahead, changes, ongoing, sessions } = one.view;
  return (
    ahead > 0 &&
    ongoing === null &&
    changes.staged + changes.changed + changes.conflicted === 0 &&
    changes.untracked <= explained(one) &&
    !sessions.some(
      ({ pid, state, attention }) => pid !== null && (attention === 'needs-you' || isBusy({ state })),
    )
  );
}

function candidateOf(one: RecordedWorktree, label: string, besides: ReadonlySet<string>): LandingCandidate {
  const { view, record } = one;
  const decided = view.collisions.filter(
    ({ certainty, files }) => certainty === 'decided' && files.length > 0,
  );
  const since = record === null ? Number.NaN : Date.parse(record.spawnedAt);
  return {
    id: view.id,
    label,
    ahead: view.ahead,
    ready: isReady(one),
    since: Number.isNaN(since) ? null : since,
    collides: new Map(
      decided.flatMap(({ with: other, files }) => (besides.has(other) ? [[other, files] as const] : [])),
    ),
    conflictsWithBase: decided.some(({ with: other }) => other === 'base'),
  };
}

/** Branches without the prefix that they share with all others ("feature/"), where that names no two alike. */
function labelsOf(waiting: readonly RecordedWorktree[]): readonly string[] {
  const branches = waiting.map(({ view }) => view.branch ?? view.name);
  const short = branches.map((branch) => branch.replace(/^[^/]+\//, ''));
  return new Set(short).size === short.length ? short : branches;
}

/** The landing orders of one repository: one for each base where the order matters. */
export function landingOrdersOf(worktrees: readonly RecordedWorktree[]): readonly LandingOrder[] {
  const byBase = new Map<string, RecordedWorktree[]>();
  for (const one of worktrees) {
    const { base } = one.view;
    if (base === null || !waits(one.view)) continue;
    const there = byBase.get(base);
    if (there === undefined) byBase.set(base, [one]);
    else there.push(one);
  }
  return [...byBase]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([base, waiting]) => {
      const labels = labelsOf(waiting);
      const ids = new Set(waiting.map(({ view }) => view.id));
      const order = landingOrderOf(
        waiting.map((one, at) => candidateOf(one, labels[at] ?? '', ids)),
        base,
      );
      return order === null ? [] : [order];
    });
}
