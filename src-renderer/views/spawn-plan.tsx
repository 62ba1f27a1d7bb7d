import type { Failure } from '@contract/failures';
import type { SpawnPlan } from '@contract/plans';
import { Check } from '../ui/controls';
import {
  type AskedCommand,
  askedCommands,
  Commands,
  needsApproval,
  PlanLine,
  PlanList,
} from '../ui/plan-parts';
import { TroubleBox } from '../ui/trouble-box';

/** Every command that the plan would run, from wherever it names it. */
export const spawnCommands = (plan: SpawnPlan): readonly AskedCommand[] =>
  askedCommands([...(plan.setup === null ? [] : [plan.setup]), ...plan.hooks], plan.refusal);

interface Given {
  readonly approve: boolean;
  readonly force: boolean;
}

/** Why the plan can't run as it stands, the person's answers taken into account. */
export function spawnBlocked(plan: SpawnPlan, { approve, force }: Given): Failure | null {
  const { refusal } = plan;
  if (refusal === null) return null;
  if (refusal.kind === 'too-many-worktrees' && force) return null;
  if (refusal.kind === 'approval-needed' && approve) return null;
  return refusal;
}

interface SpawnPlanPanelProps extends Given {
  readonly plan: SpawnPlan;
  readonly pending: boolean;
  onApprove(approve: boolean): void;
  onForce(force: boolean): void;
}

export function SpawnPlanPanel({ plan, pending, approve, force, onApprove, onForce }: SpawnPlanPanelProps) {
  const { refusal } = plan;
  const commands = spawnCommands(plan);
  const yieldsToYes =
    refusal?.kind === 'too-many-worktrees' ||
    (refusal?.kind === 'approval-needed' && commands.some(needsApproval));
  return (
    <section
      className={pending ? 'panel pending' : 'panel'}
      aria-label="What will be made"
      aria-busy={pending}
    >
      {refusal !== null && !yieldsToYes && <TroubleBox trouble={refusal} />}
      <dl className="plan">
        <PlanLine label="Folder">
          <bdi>{plan.path}</bdi>
        </PlanLine>
        <PlanLine label="Branch">
          <bdi>{plan.branch}</bdi>
        </PlanLine>
        <PlanLine label="From">
          <bdi>{plan.base}</bdi> <code>{plan.baseCommit.slice(0, 7)}</code>{' '}
          <span className="soft" dir="auto">
            {plan.baseSubject} ({plan.freshness})
          </span>
        </PlanLine>
        {plan.copies.length > 0 && (
          <PlanLine label="Copies">
            <bdi>{plan.copies.slice(0, 4).join(', ')}</bdi>
            {plan.copies.length > 4 && (
              <span className="soft" title={plan.copies.slice(4).join('\n')}>
                {' '}
                and {plan.copies.length - 4} more
              </span>
            )}
          </PlanLine>
        )}
        {plan.firstPrompt !== null && (
          <PlanLine label="Says">
            <span dir="auto">“{plan.firstPrompt}”</span>
          </PlanLine>
        )}
      </dl>
      <Commands commands={commands} approved={approve} onApprove={onApprove} />
      <PlanList title="Mind this" items={plan.warnings} />
      {plan.commands.length > 0 && (
        <details className="options">
          <summary>The same by hand</summary>
          <code className="exact" dir="ltr">
            {plan.commands.join('\n')}
          </code>
        </details>
      )}
      {refusal?.kind === 'too-many-worktrees' && (
        <Check
          label={`Yes, a ${ordinal(refusal.count + 1)} worktree`}
          hint={`There are ${refusal.count} beside the main one. Beyond ${refusal.limit}, switching costs more than it gains.`}
          checked={force}
          onChange={onForce}
        />
      )}
    </section>
  );
}

const ordinals = [
  'zeroth',
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
];
const ordinal = (count: number) => ordinals[count] ?? `${count}th`;
