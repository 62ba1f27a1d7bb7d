import type { CleanupDone, CleanupPlan } from '@contract/plans';
import type { WorktreeView } from '@contract/snapshot';
import { useState } from 'react';
import { exactTime } from '../model/ages';
import { titleOf } from '../model/rows';
import { Button, Check, Field } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { askedCommands, Commands, PlanLine, PlanList, PlanSteps } from '../ui/plan-parts';
import { CancelButton, Progress } from '../ui/progress';
import { TroubleBox } from '../ui/trouble-box';
import { useExecution } from '../ui/use-execution';
import { usePlan } from '../ui/use-plan';
import { Outcome } from './landed';
import { mendedInTerminal, OpenTerminal } from './open-terminal';
import { UndoButton } from './undo-button';

/** Typing a reason asks for a new plan only when the typing stops. */
const REASON_WAIT_MS = 400;

interface CleanupViewProps {
  readonly worktreeId: string;
  readonly worktree: WorktreeView | null;
}

export function CleanupView({ worktreeId, worktree }: CleanupViewProps) {
  const { back } = useOrchard();
  const [subject] = useState(() => ({
    title: worktree === null ? 'Worktree' : titleOf(worktree),
    repositoryId: worktree?.repositoryId ?? null,
  }));
  const [reason, setReason] = useState('');
  const [abandoning, setAbandoning] = useState(false);
  const [keepBranch, setKeepBranch] = useState(false);
  const [deleteRemote, setDeleteRemote] = useState(false);
  const [approved, setApproved] = useState<string | null>(null);
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
  // A teardown or a hook of the repository: shown word by word, asked before it runs.
  const commands = askedCommands([], refusal);
  const commandTexts = JSON.stringify(commands.map(({ command }) => command.text));
  const approve = commands.length > 0 && approved === commandTexts;
  const ready =
    plan !== null && !pending && (refusal === null || approve) && (!abandoning || abandon !== null);

  if (execution.state === 'done' && execution.done !== null)
    return <CleanedPage done={execution.done} title={subject.title} remoteDeleted={deleteRemote} />;
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
            onClick={() => plan !== null && execution.run({ token: plan.token, approve })}
          >
            {abandoning ? 'Abandon and clean up' : 'Clean up'}
          </Button>
        </>
      }
    >
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {refusal !== null && refusal.kind !== 'approval-needed' && !(abandonable && abandoning) && (
        <TroubleBox trouble={refusal}>
          {mendedInTerminal(refusal) && <OpenTerminal worktreeId={worktreeId} />}
        </TroubleBox>
      )}
      <Commands
        commands={commands}
        approved={approve}
        onApprove={(yes) => setApproved(yes ? commandTexts : null)}
      />
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

interface CleanedPageProps {
  readonly done: CleanupDone;
  readonly title: string;
  readonly remoteDeleted: boolean;
}
function CleanedPage({ done, title, remoteDeleted }: CleanedPageProps) {
  const { back } = useOrchard();
  const [restored, setRestored] = useState<readonly string[] | null>(null);
  return (
    <Page
      title={restored === null ? 'Cleaned up' : 'Taken back'}
      subtitle={title}
      stage={restored === null ? 'done' : 'undone'}
      footer={
        <>
          {restored === null && (
            <UndoButton operation={done.operation} restoreRemote={remoteDeleted} onUndone={setRestored} />
          )}
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
