/** `orch spawn` and `orch quick`. */
import type { RepositoryCommand } from '../../../contract/failures';
import type { Preload, SpawnPlan } from '../../../contract/plans';
import { fail, ok } from '../../../contract/result';
import { approvalJson } from '../approval';
import { worktreeJson } from '../json';
import { clean } from '../text';
import {
  approve,
  type Context,
  type Outcome,
  operate,
  request,
  scopeOf,
  unlessInterrupted,
  viewOf,
  warn,
  withOrchard,
} from './context';

export interface SpawnOptions {
  readonly task: string;
  readonly name: string | null;
  readonly base: string | null;
  readonly preload: Preload;
  readonly quick: boolean;
  readonly open: boolean;
  readonly print: boolean;
  readonly force: boolean;
  readonly approve: string | undefined;
}

export async function spawn(context: Context, options: SpawnOptions): Promise<Outcome> {
  const scope = await scopeOf(context);
  if (!scope.ok) return scope;
  if (scope.value === 'all') return fail({ kind: 'not-a-repository', path: context.cwd });
  const [directory = context.cwd] = scope.value;
  return withOrchard(context, { repositories: scope.value }, async (orchard, snapshot) => {
    const repository = snapshot.repositories[0];
    if (repository === undefined) return fail({ kind: 'not-a-repository', path: directory });
    const { task, name, base, preload, quick, force } = options;
    const planned = await unlessInterrupted(
      context,
      request(orchard, 'repository.planSpawn', {
        repositoryId: repository.id,
        task,
        name,
        base,
        preload,
        quick,
      }),
    );
    if (!planned.ok) return planned;
    const plan = planned.value;
    const { refusal } = plan;
    const yields =
      refusal === null ||
      refusal.kind === 'approval-needed' ||
      (refusal.kind === 'too-many-worktrees' && force);
    if (!yields) return fail(refusal);
    warn(context, plan.warnings);
    if (options.print) {
      const { commands } = plan;
      return ok({ text: commands.join('\n'), json: { worktree: null, commands, plan: planJson(plan) } });
    }
    const commands = unapproved(plan);
    if (commands.length > 0) {
      const approved = await approve(context, commands, options.approve);
      if (!approved.ok) return approved;
    }
    const spawned = await operate(context, orchard, () =>
      request(orchard, 'repository.spawn', {
        token: plan.token,
        force,
        approve: commands.length > 0,
        open: options.open,
      }),
    );
    if (!spawned.ok) return spawned;
    const done = spawned.value;
    warn(
      context,
      done.warnings.filter((warning) => !plan.warnings.includes(warning)),
    );
    const view = context.options.json ? await viewOf(orchard, done.worktreeId) : null;
    const { style } = context.io.out;
    const made = `Made ${style.bold(clean(done.path))} on ${style.bold(clean(done.branch))}, from ${clean(plan.base)}.`;
    return ok({
      text:
        done.opened === null
          ? [
              made,
              'To start there:',
              ...done.commands.map((command) => `  ${style.cyan(clean(command))}`),
            ].join('\n')
          : `${made}\nOpened in ${clean(done.opened.terminal)}.`,
      json: {
        worktree: view === null ? null : worktreeJson(view),
        commands: done.commands,
        opened: done.opened,
        warnings: done.warnings,
      },
    });
  });
}

const unapproved = (plan: SpawnPlan): readonly RepositoryCommand[] =>
  [...(plan.setup === null ? [] : [plan.setup]), ...plan.hooks]
    .filter(({ approved }) => !approved)
    .map(({ command }) => command);

const planJson = (plan: SpawnPlan) => ({ ...planFields(plan), approval: approvalJson(unapproved(plan)) });

const planFields = ({
  name,
  path,
  branch,
  base,
  baseCommit,
  freshness,
  copies,
  firstPrompt,
  warnings,
}: SpawnPlan) => ({
  name,
  path,
  branch,
  base,
  baseCommit,
  freshness,
  copies,
  firstPrompt,
  warnings,
});
