/** Plans as a person reads them before a yes. */
import type { CleanupPlan, MergePlan } from '../../contract/plans';
import type { Snapshot } from '../../contract/snapshot';
import { regionLines } from './collision-text';
import { failureWords } from './failure-words';
import type { Style } from './style';
import { clean } from './text';

const strategies: { readonly [S in MergePlan['strategy']]: string } = {
  merge: 'as a merge commit',
  ff: 'by fast-forward',
  squash: 'squashed into one commit',
  pr: 'as a pull request',
};

const numbered = (steps: readonly { readonly text: string }[]): string[] =>
  steps.map(({ text }, i) => `${String(i + 1).padStart(3)}. ${clean(text)}`);

function listed(title: string, items: readonly string[], most = 12): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, most).map((item) => `  - ${clean(item)}`);
  const rest = items.length - shown.length;
  return ['', title, ...shown, ...(rest > 0 ? [`  - and ${rest} more`] : [])];
}

/** `names` turns the ids of colliding worktrees into their names. */
export function mergePlanText(plan: MergePlan, names: ReadonlyMap<string, string>, style: Style): string {
  return [
    style.bold(`Merge ${clean(plan.branch)} into ${clean(plan.base)}, ${strategies[plan.strategy]}`),
    '',
    ...numbered(plan.steps),
    ...listed(style.red(`Conflicts with ${clean(plan.base)}:`), plan.conflicts),
    ...collisionLines(plan, names, style),
    ...(plan.order === null ? [] : ['', clean(plan.order)]),
    ...listed('Carry over by hand (copied files that differ from the base’s):', plan.carryOver),
    ...listed(style.yellow('Would be lost:'), plan.losses),
    ...listed(style.yellow('Note:'), plan.warnings),
    ...refusal(plan, style),
  ].join('\n');
}

export function rebasePlanText(plan: MergePlan, style: Style): string {
  return [
    style.bold(`Rebase ${clean(plan.branch)} onto ${clean(plan.base)}`),
    '',
    ...numbered(plan.steps),
    ...listed(style.red(`Conflicts with ${clean(plan.base)}:`), plan.conflicts),
    ...listed(style.yellow('Note:'), plan.warnings),
    ...refusal(plan, style),
  ].join('\n');
}

const MOST_COLLISIONS = 12;

/** Each with where it is: this is what a person weighs before they say yes. */
function collisionLines(plan: MergePlan, names: ReadonlyMap<string, string>, style: Style): string[] {
  if (plan.collisions.length === 0) return [];
  const shown = plan.collisions.slice(0, MOST_COLLISIONS).flatMap((collision) => {
    const { with: other, files } = collision;
    const name = clean(other === 'base' ? plan.base : (names.get(other) ?? other));
    const more = files.length > 4 ? ` and ${files.length - 4} more` : '';
    return [
      `  - ${name}: ${files.slice(0, 4).map(clean).join(', ')}${more}`,
      ...regionLines(collision, name).map((line) => style.dim(`      ${line}`)),
    ];
  });
  const rest = plan.collisions.length - MOST_COLLISIONS;
  return [
    '',
    style.yellow('Will conflict afterwards with:'),
    ...shown,
    ...(rest > 0 ? [`  - and ${rest} more`] : []),
  ];
}

export function cleanupPlanText(plan: CleanupPlan, style: Style): string {
  return [
    style.bold(`Clean up ${clean(plan.path)}${plan.branch === null ? '' : ` (${clean(plan.branch)})`}`),
    clean(plan.mergedHow),
    '',
    ...numbered(plan.steps),
    ...listed(style.yellow('Not in the base (kept in the trash for 7 days):'), plan.losses),
    ...listed('Can be made again and is not kept:', plan.notKept),
    ...listed(style.yellow('Note:'), plan.warnings),
    ...refusal(plan, style),
  ].join('\n');
}

const refusal = (plan: MergePlan | CleanupPlan, style: Style): string[] =>
  plan.refusal === null ? [] : ['', failureWords(plan.refusal, style)];

export const worktreeNames = (snapshot: Snapshot): ReadonlyMap<string, string> =>
  new Map(
    snapshot.repositories.flatMap(({ worktrees }) => worktrees.map(({ id, name }) => [id, name] as const)),
  );
