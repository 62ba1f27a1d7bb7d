import type { Preload, SpawnPlan } from '@contract/plans';
import type { Snapshot } from '@contract/snapshot';
import { useMemo, useState } from 'react';
import { Button, Check, Field, Segments } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { CancelButton, Progress } from '../ui/progress';
import { TroubleBox } from '../ui/trouble-box';
import { useExecution } from '../ui/use-execution';
import { usePlan } from '../ui/use-plan';
import { SpawnPlanPanel, spawnBlocked, spawnCommands } from './spawn-plan';
import { SpawnedPage } from './spawned';

const PLAN_WAIT_MS = 350;
const preloads: readonly { readonly value: Preload; readonly label: string; readonly title: string }[] = [
  { value: 'none', label: 'Nothing', title: 'Only the task' },
  { value: 'brain', label: 'Brain', title: '/brain:load before the task' },
  { value: 'gsd', label: 'GSD', title: '/gsd:discuss before the task' },
  { value: 'gsd-quick', label: 'GSD quick', title: '/gsd:quick before the task' },
];

interface SpawnViewProps {
  readonly snapshot: Snapshot;
  readonly repositoryId: string | null;
}

export function SpawnView({ snapshot, repositoryId: given }: SpawnViewProps) {
  const { back } = useOrchard();
  const { repositories } = snapshot;
  const [task, setTask] = useState('');
  const [repositoryId, setRepositoryId] = useState(given ?? busiest(snapshot));
  const [base, setBase] = useState('');
  const [name, setName] = useState('');
  const [preload, setPreload] = useState<Preload>('none');
  const [quick, setQuick] = useState(false);
  const [open, setOpen] = useState(true);
  const [approved, setApproved] = useState<string | null>(null);
  const [force, setForce] = useState(false);

  const repository = repositories.find(({ id }) => id === repositoryId) ?? null;
  const branches = useMemo(
    () => [...new Set(repository?.worktrees.flatMap(({ branch }) => (branch === null ? [] : [branch])))],
    [repository],
  );
  const asked = repository !== null && (quick || task.trim() !== '');
  const { plan, trouble, pending, again } = usePlan(
    'repository.planSpawn',
    asked
      ? {
          repositoryId: repository.id,
          task: task.trim(),
          name: emptyToNull(name),
          base: emptyToNull(base),
          preload,
          quick,
        }
      : null,
    PLAN_WAIT_MS,
  );
  const execution = useExecution('repository.spawn', ['spawn'], repository?.id ?? null);

  // What was approved is these exact texts: any other text asks again.
  const commands = plan === null ? '' : commandTexts(plan);
  const approve = approved !== null && approved === commands;
  const ready = plan !== null && !pending && spawnBlocked(plan, { approve, force }) === null;
  const submit = () => {
    if (ready) execution.run({ token: plan.token, force, approve, open });
  };

  if (execution.state === 'done' && execution.done !== null)
    return <SpawnedPage done={execution.done} title={task.trim() || 'Quick session'} />;
  if (execution.state !== 'idle')
    return (
      <Page
        title={execution.state === 'running' ? 'Spawning' : 'Not spawned'}
        subtitle={task.trim()}
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
                Back to the form
              </Button>
            )}
          </>
        }
      >
        <Progress operation={execution.operation} />
        {execution.trouble !== null && <TroubleBox trouble={execution.trouble} />}
      </Page>
    );

  return (
    <Page
      title="Spawn a session"
      stage="form"
      footer={
        <>
          <span className="footer-note" />
          <Button onClick={() => back()}>Cancel</Button>
          <Button kind="primary" submit form="spawn" disabled={!ready}>
            Spawn
          </Button>
        </>
      }
    >
      <form
        id="spawn"
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            submit();
          }
        }}
      >
        <Field
          label="Task"
          hint="One clear task. Worth it when you would wait 30 minutes; under 5, use the session you have."
        >
          {(ids) => (
            <textarea
              {...ids}
              data-first-focus
              dir="auto"
              rows={2}
              maxLength={4000}
              placeholder="What should the session do?"
              value={task}
              onChange={(event) => setTask(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Repository">
          {(ids) => (
            <select
              {...ids}
              value={repositoryId ?? ''}
              onChange={(event) => setRepositoryId(event.currentTarget.value)}
            >
              {repositories.map(({ id, name: label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Check
          label="Quick"
          hint="Needs no task or name, and cleans itself up after its merge."
          checked={quick}
          onChange={setQuick}
        />
        <details className="options">
          <summary>More options</summary>
          <div className="form">
            <div className="pair">
              <Field label="Base">
                {(ids) => (
                  <>
                    <input
                      {...ids}
                      list="spawn-branches"
                      spellCheck={false}
                      maxLength={200}
                      placeholder={repository?.base ?? 'default branch'}
                      value={base}
                      onChange={(event) => setBase(event.currentTarget.value)}
                    />
                    <datalist id="spawn-branches">
                      {branches.map((branch) => (
                        <option key={branch} value={branch} />
                      ))}
                    </datalist>
                  </>
                )}
              </Field>
              <Field label="Name">
                {(ids) => (
                  <input
                    {...ids}
                    spellCheck={false}
                    maxLength={200}
                    placeholder="from the task"
                    value={name}
                    onChange={(event) => setName(event.currentTarget.value)}
                  />
                )}
              </Field>
            </div>
            <Segments<Preload> label="Run first" value={preload} options={preloads} onChange={setPreload} />
            <Check label="Open a terminal with Claude" checked={open} onChange={setOpen} />
          </div>
        </details>
      </form>
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {plan !== null && (
        <SpawnPlanPanel
          plan={plan}
          pending={pending}
          approve={approve}
          force={force}
          onApprove={(yes) => setApproved(yes ? commands : null)}
          onForce={setForce}
        />
      )}
      {plan === null && pending && <p className="hint">Working out what will be made…</p>}
    </Page>
  );
}

const emptyToNull = (text: string) => (text.trim() === '' ? null : text.trim());
const commandTexts = (plan: SpawnPlan) =>
  JSON.stringify(spawnCommands(plan).map(({ command }) => command.text));

/** The repository where most happens now is the likeliest place for the next task. */
function busiest({ repositories }: Snapshot): string | null {
  const live = (id: string) =>
    repositories
      .find((repository) => repository.id === id)
      ?.worktrees.flatMap(({ sessions }) => sessions)
      .filter(({ state }) => state !== 'ended').length ?? 0;
  return [...repositories].sort((a, b) => live(b.id) - live(a.id))[0]?.id ?? null;
}
