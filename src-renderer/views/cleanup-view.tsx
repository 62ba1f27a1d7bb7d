import type { CleanupDone, CleanupPlan } from '@contract/plans';
import type { WorktreeView } from '@contract/snapshot';
import { useState } from 'react';
import { exactTime } from '../model/ages';
import { titleOf } from '../model/rows';
import { Button, Check, Field } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { PlanLine, PlanList, PlanSteps } from '../ui/plan-parts';
import { CancelButton, Progress } from '../ui/progress';
import { TroubleBox } from '../ui/trouble-box';
import { useExecution } from '../ui/use-execution';
import { usePlan } from '../ui/use-plan';
import { Outcome } from './landed';
import { UndoButton } from './undo-button';

/** Typing a reason asks for a new plan only when the typing stops. */
const REASON_WAIT_MS = 400;

interface CleanupViewProps {
  readonly worktreeId: string;
  readonly worktree: WorktreeView | null;
}

export function CleanupView({ worktreeId, worktree }: CleanupViewProps) {
  const { back, ask, say } = useOrchard();
  const [subject] = useState(() => ({
    title: worktree === null ? 'Worktree' : titleOf(worktree),
    repositoryId: worktree?.repositoryId ?? null,
  }));
  const [reason, setReason] = useState('');
  const [abandoning, setAbandoning] = useState(false);
  const [keepBranch, setKeepBranch] = useState(false);
  const [deleteRemote, setDeleteRemote] = useState(false);
  const abandon = abandoning && reason.trim() !== '' ? reason.trim() : null;
  const { plan, trouble, pending, again } = usePlan(
    'worktree.planCleanup',
    { worktreeId, abandon, keepBranch, deleteRemote },
    abandon === null ? 0 : REASON_WAIT_MS,
  );
  const execution = useExecution('worktree.cleanup', ['cleanup'], subject.repositoryId);
  const refusal = plan?.refusal ?? null;
  const abandonable = refusal?.kind === 'not-merged' || refusal?.kind === 'unsaved-work';
  if (abandonable && !abandoning) setAbandoning(true);
  const ready = plan !== null && !pending && refusal === null && (!abandoning || abandon !== null);

  if (execution.state === 'done' && execution.done !== null)
    return <CleanedPage done={execution.done} title={subject.title} />;
  if (execution.state !== 'idle')
    return (
      <Page
        title={execution.state === 'running' ? 'Cleaning up' : 'Not cleaned up'}
        subtitle={subject.title}
        stage={execution.state}
        footer={
          <>
            <span className="footer-note" />
            {execution.state === 'running' ? (
              <CancelButton operation={execution.operation} />
            ) : (
              <Button
                data-first-focus
                onClick={() => {
                  execution.reset();
                  again();
                }}
              >
                Plan again
              </Button>
            )}
          </>
        }
      >
        <Progress
          operation={execution.operation}
          words={new Map(plan?.steps.map(({ id, text }) => [id, text]))}
        />
        {execution.trouble !== null && <TroubleBox trouble={execution.trouble} />}
      </Page>
    );

  const openTerminal = async () => {
    const answer = await ask('worktree.open', { worktreeId, sessionId: null });
    say(answer.ok ? `Opened in ${answer.value.terminal}` : 'The terminal did not open');
  };
  return (
    <Page
      title="Clean up"
      subtitle={subject.title}
      stage="plan"
      footer={
        <>
          <Button kind="quiet" onClick={again}>
            Plan again
          </Button>
          <span className="footer-note" />
          <Button onClick={() => back()}>Cancel</Button>
          <Button
            kind={abandoning ? 'danger' : 'primary'}
            disabled={!ready}
            onClick={() => plan !== null && execution.run({ token: plan.token, approve: false })}
          >
            {abandoning ? 'Abandon and clean up' : 'Clean up'}
          </Button>
        </>
      }
    >
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {refusal !== null && !(abandonable && abandoning) && (
        <TroubleBox trouble={refusal}>
          {refusal.kind === 'session-live' && (
            <Button icon="terminal" onClick={() => void openTerminal()}>
              Open terminal
            </Button>
          )}
        </TroubleBox>
      )}
      {abandoning && (
        <Field
          label="Why is it abandoned?"
          hint="Kept as a note, so that the next one knows. Everything stays in trash for 7 days."
        >
          {(ids) => (
            <textarea
              {...ids}
              dir="auto"
              rows={2}
              maxLength={4000}
              placeholder="One sentence"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {plan !== null && <CleanupPlanPanel plan={plan} pending={pending} />}
      {plan === null && pending && <p className="hint">Looking for anything that could be lost…</p>}
      <div className="checks">
        <Check label="Keep the local branch" checked={keepBranch} onChange={setKeepBranch} />
        <Check
          label="Delete the remote branch too"
          hint="Only if it is still at the commit seen here."
          checked={deleteRemote}
          onChange={setDeleteRemote}
        />
      </div>
    </Page>
  );
}

function CleanupPlanPanel({ plan, pending }: { readonly plan: CleanupPlan; readonly pending: boolean }) {
  return (
    <section className={pending ? 'panel pending' : 'panel'} aria-label="The plan" aria-busy={pending}>
      <dl className="plan">
        <PlanLine label="Folder">
          <bdi>{plan.path}</bdi>
        </PlanLine>
        {plan.branch !== null && (
          <PlanLine label="Branch">
            <bdi>{plan.branch}</bdi>
          </PlanLine>
        )}
        <PlanLine label="Merged">
          <span dir="auto">{plan.mergedHow}</span>
        </PlanLine>
      </dl>
      <PlanList title="Only here, kept in trash for 7 days" items={plan.losses} tone="needs" />
      <PlanList title="Not kept, can be made again" items={plan.notKept} />
      <PlanSteps steps={plan.steps.map(({ text }) => text)} />
      <PlanList title="Mind this" items={plan.warnings} />
    </section>
  );
}

function CleanedPage({ done, title }: { readonly done: CleanupDone; readonly title: string }) {
  const { back } = useOrchard();
  const [restored, setRestored] = useState<readonly string[] | null>(null);
  return (
    <Page
      title={restored === null ? 'Cleaned up' : 'Taken back'}
      subtitle={title}
      stage={restored === null ? 'done' : 'undone'}
      footer={
        <>
          {restored === null && <UndoButton operation={done.operation} onUndone={setRestored} />}
          <span className="footer-note" />
          <Button kind="primary" data-first-focus onClick={() => back()}>
            Done
          </Button>
        </>
      }
    >
      {restored === null ? (
        <Outcome
          lines={[`Removed ${done.removed}.`, `It can be taken back until ${exactTime(done.undoUntil)}.`]}
        />
      ) : (
        <Outcome lines={['Everything is back:', ...restored]} />
      )}
    </Page>
  );
}
