import type { MergeStrategy, UpdateStrategy } from '@contract/plans';
import type { Snapshot, WorktreeView } from '@contract/snapshot';
import { useState } from 'react';
import { titleOf } from '../model/rows';
import { Button, Check, Segments } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { CancelButton, Progress } from '../ui/progress';
import { TroubleBox } from '../ui/trouble-box';
import { useExecution } from '../ui/use-execution';
import { usePlan } from '../ui/use-plan';
import { Landed } from './landed';
import { MergeSteps, MergeVerdict, mergeBlocked, mergeCommandTexts } from './merge-plan';
import { mendedInTerminal, OpenTerminal } from './open-terminal';

const strategies: readonly {
  readonly value: MergeStrategy;
  readonly label: string;
  readonly title: string;
}[] = [
  { value: 'merge', label: 'Merge', title: 'A merge commit on the base' },
  { value: 'ff', label: 'Fast-forward', title: 'The base moves to the branch’s tip' },
  { value: 'squash', label: 'Squash', title: 'All of it as one commit' },
  { value: 'pr', label: 'Pull request', title: 'Push the branch and ask for a review' },
];
const updates: readonly { readonly value: UpdateStrategy; readonly label: string; readonly title: string }[] =
  [
    { value: 'merge', label: 'Merge it in', title: 'If the base has moved, merge it into the branch first' },
    {
      value: 'rebase',
      label: 'Rebase onto it',
      title: 'If the base has moved, rebase the branch onto it first',
    },
  ];
const confirmWords = (strategy: MergeStrategy, base: string) =>
  strategy === 'pr'
    ? 'Push and open it'
    : strategy === 'ff'
      ? `Fast-forward ${base}`
      : strategy === 'squash'
        ? `Squash into ${base}`
        : `Merge into ${base}`;

const workingWords = {
  merge: { running: 'Merging', failed: 'Not merged' },
  rebase: { running: 'Rebasing', failed: 'Not rebased' },
} as const;

interface MergeViewProps {
  readonly mode: 'merge' | 'rebase';
  readonly snapshot: Snapshot;
  readonly worktreeId: string;
  readonly worktree: WorktreeView | null;
}

export function MergeView({ mode, snapshot, worktreeId, worktree }: MergeViewProps) {
  const { back } = useOrchard();
  // The row may go while this is open (a quick one cleans itself up): what it was called stays.
  const [subject] = useState(() => ({
    title: worktree === null ? 'Worktree' : titleOf(worktree),
    repositoryId: worktree?.repositoryId ?? null,
  }));
  const [strategy, setStrategy] = useState<MergeStrategy>('merge');
  const [update, setUpdate] = useState<UpdateStrategy>('merge');
  const [skipValidation, setSkipValidation] = useState(false);
  const [push, setPush] = useState(false);
  const [approved, setApproved] = useState<string | null>(null);

  const merge = usePlan(
    'worktree.planMerge',
    mode === 'merge' ? { worktreeId, strategy, update, skipValidation, push } : null,
    0,
  );
  const rebase = usePlan('worktree.planRebase', mode === 'rebase' ? { worktreeId } : null, 0);
  const { plan, trouble, pending, again } = mode === 'merge' ? merge : rebase;
  const execution = useExecution('worktree.merge', ['merge', 'rebase'], subject.repositoryId);

  const commands = plan === null ? '' : mergeCommandTexts(plan);
  const approve = approved !== null && approved === commands;
  const ready = plan !== null && !pending && mergeBlocked(plan, approve) === null;
  const words = new Map(plan?.steps.map(({ id, text }) => [id, text]));
  const title = mode === 'merge' ? 'Merge' : 'Rebase';

  if (execution.state === 'done' && execution.done !== null)
    return (
      <Landed
        done={execution.done}
        mode={mode}
        title={subject.title}
        base={plan?.base ?? worktree?.base ?? 'its base'}
        worktreeId={worktreeId}
        snapshot={snapshot}
      />
    );
  if (execution.state !== 'idle')
    return (
      <Page
        title={workingWords[mode][execution.state === 'running' ? 'running' : 'failed']}
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
        <Progress operation={execution.operation} words={words} />
        {execution.trouble !== null && (
          <TroubleBox trouble={execution.trouble}>
            {mendedInTerminal(execution.trouble) && (
              <OpenTerminal worktreeId={worktreeId} conflict={execution.trouble.kind === 'conflict'} />
            )}
          </TroubleBox>
        )}
      </Page>
    );

  return (
    <Page
      title={title}
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
            kind="primary"
            disabled={!ready}
            onClick={() => plan !== null && execution.run({ token: plan.token, approve })}
          >
            {mode === 'rebase'
              ? 'Rebase now'
              : confirmWords(strategy, plan?.base ?? worktree?.base ?? 'the base')}
          </Button>
        </>
      }
    >
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {plan !== null && <MergeVerdict plan={plan} pending={pending} snapshot={snapshot} mode={mode} />}
      {plan === null && pending && <p className="hint">Looking at the branch, its base and its siblings…</p>}
      {mode === 'merge' && trouble?.kind !== 'not-available' && (
        <div className="form">
          <Segments<MergeStrategy>
            label="Land as"
            value={strategy}
            options={strategies}
            onChange={setStrategy}
          />
          <details className="options">
            <summary>More options</summary>
            <div className="form">
              <Segments<UpdateStrategy>
                label="If the base has moved"
                value={update}
                options={updates}
                onChange={setUpdate}
              />
              <div className="checks">
                <Check
                  label="Skip validation"
                  hint="Nothing is built or tested before it lands."
                  checked={skipValidation}
                  onChange={setSkipValidation}
                />
                <Check
                  label="Push the base afterwards"
                  checked={push}
                  disabled={strategy === 'pr'}
                  onChange={setPush}
                />
              </div>
            </div>
          </details>
        </div>
      )}
      {worktree !== null && mode === 'merge' && plan !== null && <SaveFirst worktree={worktree} />}
      {plan !== null && (
        <MergeSteps
          plan={plan}
          pending={pending}
          approve={approve}
          onApprove={(yes) => setApproved(yes ? commands : null)}
        />
      )}
    </Page>
  );
}

const savings = ['/brain:save', '/rules:ship'] as const;

/** A live session can still write down what it learned: Orchard copies the command, and never types it. */
function SaveFirst({ worktree }: { readonly worktree: WorktreeView }) {
  const { ask, copy, say } = useOrchard();
  const [said, setSaid] = useState<string | null>(null);
  const session = worktree.sessions.find(({ state }) => state !== 'ended' && state !== 'crashed');
  if (session === undefined) return null;
  const offer = async (command: string) => {
    const copied = await copy(command);
    const opened = await ask('worktree.open', { worktreeId: worktree.id, sessionId: session.id });
    const text = copied
      ? `${command} is copied${opened.ok ? '; paste it there' : ''}`
      : `Type ${command} there`;
    setSaid(text);
    say(text);
  };
  return (
    <div className="save-first">
      <p>A session is live here. Have it save what it learned first, so that it is merged too:</p>
      <div className="actions">
        {savings.map((command) => (
          <Button key={command} icon="copy" onClick={() => void offer(command)}>
            {command}
          </Button>
        ))}
      </div>
      {said !== null && <p className="hint">{said}</p>}
    </div>
  );
}
