import type { Failure } from '@contract/failures';
import type { MergePlan } from '@contract/plans';
import type { Snapshot } from '@contract/snapshot';
import { titleOf } from '../model/rows';
import { CollisionRegions } from '../ui/collision-regions';
import { Icon } from '../ui/glyphs';
import {
  type AskedCommand,
  askedCommands,
  Commands,
  needsApproval,
  PlanList,
  PlanSteps,
} from '../ui/plan-parts';
import { TroubleBox } from '../ui/trouble-box';
import { mendedInTerminal, OpenTerminal } from './open-terminal';

/** Every command that the plan would run, from wherever it names it. */
const mergeCommands = (plan: MergePlan): readonly AskedCommand[] =>
  askedCommands([...plan.validation, ...(plan.hooks ?? [])], plan.refusal);

/** Why the plan can't run as it stands, the person's approval taken into account. */
export function mergeBlocked(plan: MergePlan, approve: boolean): Failure | null {
  if (plan.refusal !== null && plan.refusal.kind !== 'approval-needed') return plan.refusal;
  const unapproved = mergeCommands(plan).filter(needsApproval);
  if (approve || (unapproved.length === 0 && plan.refusal === null)) return null;
  return {
    kind: 'approval-needed',
    commands: unapproved.map(({ command: { purpose, text } }) => ({
      purpose: purpose === 'detected' ? 'validate' : purpose,
      text,
    })),
  };
}

export const mergeCommandTexts = (plan: MergePlan): string =>
  JSON.stringify(mergeCommands(plan).map(({ command }) => command.text));

interface MergePlanProps {
  readonly plan: MergePlan;
  readonly pending: boolean;
}

interface MergeVerdictProps extends MergePlanProps {
  readonly snapshot: Snapshot;
  readonly mode: 'merge' | 'rebase';
}
/** Where it would go, and what stands against it. */
export function MergeVerdict({ plan, pending, snapshot, mode }: MergeVerdictProps) {
  const { refusal } = plan;
  const nameOf = (id: string) => {
    const other = snapshot.repositories.flatMap(({ worktrees }) => worktrees).find((one) => one.id === id);
    return other === undefined ? plan.base : titleOf(other);
  };
  return (
    <section className={pending ? 'verdict pending' : 'verdict'} aria-label="Verdict">
      <p className="from-to">
        <bdi>{plan.branch}</bdi>
        {mode === 'rebase' ? (
          <span>onto</span>
        ) : (
          <>
            <span aria-hidden="true">→</span>
            <span className="visually-hidden">into</span>
          </>
        )}
        <bdi>{plan.base}</bdi>
      </p>
      {refusal !== null && refusal.kind !== 'approval-needed' && (
        <TroubleBox trouble={refusal}>
          {mendedInTerminal(refusal) && (
            <OpenTerminal worktreeId={plan.worktreeId} conflict={refusal.kind === 'conflict'} />
          )}
        </TroubleBox>
      )}
      {refusal?.kind !== 'conflict' && (
        <PlanList title="Conflicts with the base" items={plan.conflicts} tone="needs" />
      )}
      <PlanCollisions plan={plan} nameOf={nameOf} />
      {plan.order !== null && (
        <p className="plan-order" dir="auto">
          {plan.order}
        </p>
      )}
      <PlanList title="Will be lost" items={plan.losses} tone="needs" />
    </section>
  );
}

const MOST_COLLISIONS = 5;
function PlanCollisions({ plan, nameOf }: { readonly plan: MergePlan; nameOf(id: string): string }) {
  const { collisions } = plan;
  if (collisions.length === 0) return null;
  const rest = collisions.length - MOST_COLLISIONS;
  return (
    <section className="plan-list needs">
      <h2>
        <Icon name="warning" />
        Another worktree changes the same
      </h2>
      <ul>
        {collisions.slice(0, MOST_COLLISIONS).map((collision) => (
          <li key={collision.with} dir="auto">
            {`${nameOf(collision.with)}: ${collision.files.join(', ')}`}
            <CollisionRegions collision={collision} />
          </li>
        ))}
        {rest > 0 && <li>{`and ${rest} more`}</li>}
      </ul>
    </section>
  );
}

interface MergeStepsProps extends MergePlanProps {
  readonly approve: boolean;
  onApprove(approve: boolean): void;
}
/** What would be done, and the exact text of every command in it. */
export function MergeSteps({ plan, pending, approve, onApprove }: MergeStepsProps) {
  return (
    <section className={pending ? 'panel pending' : 'panel'} aria-label="The plan" aria-busy={pending}>
      <PlanSteps steps={plan.steps.map(({ text }) => text)} />
      <Commands commands={mergeCommands(plan)} approved={approve} onApprove={onApprove} />
      <PlanList title="Differs from the base, carry over by hand" items={plan.carryOver} />
      <PlanList title="Mind this" items={plan.warnings} />
    </section>
  );
}
