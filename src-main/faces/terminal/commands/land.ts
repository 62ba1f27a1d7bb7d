/** `orch merge`, `orch rebase`, `orch cleanup`, `orch undo`: a plan, a yes, and every step in sight. */
import type { Failure, FailureOf, RepositoryCommand } from '../../../contract/failures';
import type { MergePlan, MergeStrategy, UpdateStrategy } from '../../../contract/plans';
import { fail, ok, type Result } from '../../../contract/result';
import type { Snapshot } from '../../../contract/snapshot';
import type { Orchard } from '../../../engine/orchard';
import { cleanupPlanJson, mergeDoneJson, mergePlanJson } from '../json';
import { cleanupPlanText, mergePlanText, rebasePlanText, worktreeNames } from '../plan-words';
import { clean } from '../text';
import { undoLine } from '../undo-words';
import {
  answered,
  approve,
  type Context,
  confirmed,
  type Outcome,
  operate,
  request,
  scopeOf,
  unlessInterrupted,
  warn,
  withOrchard,
  withWorktree,
} from './context';

export interface ExecuteOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** The token of a dry run: exactly that plan was seen, and is executed without asking again. */
  readonly plan: string | null;
  readonly approve: string | undefined;
}
export interface MergeOptions extends ExecuteOptions {
  readonly strategy: MergeStrategy;
  readonly update: UpdateStrategy;
  /** Another base than the worktree's own; null is its own. */
  readonly base: string | null;
  readonly skipValidation: boolean;
  readonly push: boolean;
}
export interface CleanupOptions extends ExecuteOptions {
  readonly abandon: string | null;
  readonly keepBranch: boolean;
  readonly deleteRemote: boolean;
}

/**
 * Executes; when commands of the repository turn out to need approval, asks for it and tries once more
 * with exactly those approved.
 */
async function execute<T, E extends Failure>(
  context: Context,
  orchard: Orchard,
  given: string | undefined,
  known: readonly RepositoryCommand[],
  run: (approved: boolean) => Promise<Result<T, E>>,
): Promise<Result<T, Failure>> {
  if (known.length > 0) {
    const approved = await approve(context, known, given);
    if (!approved.ok) return approved;
  }
  const done = await operate(context, orchard, () => run(known.length > 0));
  if (done.ok || done.error.kind !== 'approval-needed' || known.length > 0) return done;
  const approved = await approve(context, (done.error as FailureOf<'approval-needed'>).commands, given);
  return approved.ok ? operate(context, orchard, () => run(true)) : approved;
}

const unapproved = (plan: MergePlan): readonly RepositoryCommand[] => {
  // The refusal names everything that would run: validation, and hooks besides.
  const commands = plan.refusal?.kind === 'approval-needed' ? [...plan.refusal.commands] : [];
  for (const { command, approved } of plan.validation)
    if (!approved && command.purpose !== 'detected' && !commands.some(({ text }) => text === command.text))
      commands.push(command);
  return commands;
};

export async function merge(context: Context, name: string | null, options: MergeOptions): Promise<Outcome> {
  if (options.plan !== null) return mergePlanned(context, name, options, options.plan);
  return withWorktree(context, name, async (orchard, worktree, snapshot) => {
    const { strategy, update, base, skipValidation, push } = options;
    // Who collides, uncommitted work included, and who had better land first: verdicts, not guesses.
    const settled = await unlessInterrupted(context, answered(orchard.settled()));
    if (!settled.ok) return settled;
    const planned = await unlessInterrupted(
      context,
      request(orchard, 'worktree.planMerge', {
        worktreeId: worktree.id,
        strategy,
        update,
        ...(base === null ? {} : { base }),
        skipValidation,
        push,
      }),
    );
    if (!planned.ok) return planned;
    const plan = planned.value;
    const names = worktreeNames(snapshot);
    if (options.dryRun)
      return ok({
        text: `${mergePlanText(plan, names, context.io.out.style)}${tokenHint('merge', plan)}`,
        json: mergePlanJson(plan),
      });
    if (plan.refusal !== null && plan.refusal.kind !== 'approval-needed') return fail(plan.refusal);
    const { err } = context.io;
    err.write(`${mergePlanText({ ...plan, refusal: null }, names, err.style)}\n\n`);
    const yes = await confirmed(context, options.yes, 'Merge?', `Merging ${plan.branch} into ${plan.base}`);
    if (!yes.ok) return yes;
    const done = await execute(context, orchard, options.approve, unapproved(plan), (approved) =>
      request(orchard, 'worktree.merge', { token: plan.token, approve: approved }),
    );
    if (!done.ok) return done;
    const line = await undoLine(context, done.value.operation, rootOf(snapshot, worktree.id), snapshot);
    return merged(context, done.value, names, line);
  });
}

async function mergePlanned(
  context: Context,
  name: string | null,
  options: MergeOptions,
  token: string,
): Promise<Outcome> {
  const scope = await scopeOf(context, name);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value }, async (orchard, snapshot) => {
    const done = await execute(context, orchard, options.approve, [], (approved) =>
      request(orchard, 'worktree.merge', { token, approve: approved }),
    );
    if (!done.ok) return done;
    const line = await undoLine(context, done.value.operation, onlyRoot(snapshot), snapshot);
    return merged(context, done.value, worktreeNames(snapshot), line);
  });
}

function merged(
  context: Context,
  done: Parameters<typeof mergeDoneJson>[0],
  names: ReadonlyMap<string, string>,
  line: string,
): Outcome {
  const { style } = context.io.out;
  warn(context, done.warnings ?? []);
  const siblings = done.rebaseNow.map((id) => names.get(id) ?? id).map(clean);
  const lines = [
    done.landed === null
      ? null
      : `Landed on ${style.bold(clean(done.landed.base))} at ${done.landed.sha.slice(0, 9)}.`,
    done.pullRequest === null ? null : `Pull request: ${clean(done.pullRequest)}`,
    done.removed === null ? null : `Cleaned up ${clean(done.removed)}.`,
    siblings.length === 0 ? null : `Rebase now: ${siblings.join(', ')}.`,
    `To take it back: ${style.cyan(line)}`,
  ];
  return ok({ text: lines.filter((line) => line !== null).join('\n'), json: mergeDoneJson(done) });
}

/** Brings the base in: the merge's own update, planned and executed in the same way. */
export async function rebase(
  context: Context,
  name: string | null,
  options: ExecuteOptions,
): Promise<Outcome> {
  const run = (orchard: Orchard, token: string, known: readonly RepositoryCommand[]) =>
    execute(context, orchard, options.approve, known, (approved) =>
      request(orchard, 'worktree.merge', { token, approve: approved, only: 'rebase' }),
    );
  const { plan: given } = options;
  if (given !== null) {
    const scope = await scopeOf(context, name);
    if (!scope.ok) return scope;
    return withOrchard(context, { repositories: scope.value }, async (orchard, snapshot) => {
      const done = await run(orchard, given, []);
      if (!done.ok) return done;
      const line = await undoLine(context, done.value.operation, onlyRoot(snapshot), snapshot);
      return rebased(context, null, done.value, line);
    });
  }
  return withWorktree(context, name, async (orchard, worktree, snapshot) => {
    const planned = await unlessInterrupted(
      context,
      request(orchard, 'worktree.planRebase', { worktreeId: worktree.id }),
    );
    if (!planned.ok) return planned;
    const plan = planned.value;
    const { out, err } = context.io;
    if (options.dryRun)
      return ok({
        text: `${rebasePlanText(plan, out.style)}${tokenHint('rebase', plan)}`,
        json: mergePlanJson(plan),
      });
    if (plan.refusal !== null && plan.refusal.kind !== 'approval-needed') return fail(plan.refusal);
    err.write(`${rebasePlanText({ ...plan, refusal: null }, err.style)}\n\n`);
    const yes = await confirmed(context, options.yes, 'Rebase?', `Rebasing ${plan.branch} onto ${plan.base}`);
    if (!yes.ok) return yes;
    const done = await run(orchard, plan.token, unapproved(plan));
    if (!done.ok) return done;
    const line = await undoLine(context, done.value.operation, rootOf(snapshot, worktree.id), snapshot);
    return rebased(context, `${plan.branch} stands on ${plan.base}`, done.value, line);
  });
}

function rebased(
  context: Context,
  what: string | null,
  done: Parameters<typeof mergeDoneJson>[0],
  line: string,
): Outcome {
  const { style } = context.io.out;
  warn(context, done.warnings ?? []);
  return ok({
    text: `${what === null ? 'Rebased' : clean(what)}.\nTo take it back: ${style.cyan(line)}`,
    json: mergeDoneJson(done),
  });
}

const tokenHint = (
  verb: 'merge' | 'rebase' | 'cleanup',
  plan: { readonly token: string; readonly refusal: Failure | null },
): string =>
  plan.refusal !== null && plan.refusal.kind !== 'approval-needed'
    ? ''
    : `\n\nTo do exactly this: orch ${verb} --plan ${plan.token}`;

export async function cleanup(
  context: Context,
  name: string | null,
  options: CleanupOptions,
): Promise<Outcome> {
  if (options.plan !== null) return cleanupPlanned(context, name, options, options.plan);
  return withWorktree(context, name, async (orchard, worktree, snapshot) => {
    const { abandon, keepBranch, deleteRemote } = options;
    const planned = await unlessInterrupted(
      context,
      request(orchard, 'worktree.planCleanup', {
        worktreeId: worktree.id,
        abandon,
        keepBranch,
        deleteRemote,
      }),
    );
    if (!planned.ok) return planned;
    const plan = planned.value;
    if (options.dryRun)
      return ok({
        text: `${cleanupPlanText(plan, context.io.out.style)}${tokenHint('cleanup', plan)}`,
        json: cleanupPlanJson(plan),
      });
    if (plan.refusal !== null && plan.refusal.kind !== 'approval-needed') return fail(plan.refusal);
    const { err } = context.io;
    err.write(`${cleanupPlanText({ ...plan, refusal: null }, err.style)}\n\n`);
    const yes = await confirmed(context, options.yes, 'Clean up?', `Cleaning up ${plan.path}`);
    if (!yes.ok) return yes;
    const known = plan.refusal?.kind === 'approval-needed' ? plan.refusal.commands : [];
    const done = await execute(context, orchard, options.approve, known, (approved) =>
      request(orchard, 'worktree.cleanup', { token: plan.token, approve: approved }),
    );
    if (!done.ok) return done;
    const line = await undoLine(context, done.value.operation, rootOf(snapshot, worktree.id), snapshot);
    return cleaned(context, done.value, line);
  });
}

/** The root of the repository that has this worktree. */
const rootOf = (snapshot: Snapshot, worktree: string): string | null =>
  snapshot.repositories.find(({ worktrees }) => worktrees.some(({ id }) => id === worktree))?.root ?? null;

/** The only repository that was looked at; null when a plan's could be any. */
const onlyRoot = (snapshot: Snapshot): string | null =>
  snapshot.repositories.length === 1 ? (snapshot.repositories[0]?.root ?? null) : null;

async function cleanupPlanned(
  context: Context,
  name: string | null,
  options: CleanupOptions,
  token: string,
): Promise<Outcome> {
  const scope = await scopeOf(context, name);
  if (!scope.ok) return scope;
  return withOrchard(context, { repositories: scope.value }, async (orchard, snapshot) => {
    const done = await execute(context, orchard, options.approve, [], (approved) =>
      request(orchard, 'worktree.cleanup', { token, approve: approved }),
    );
    if (!done.ok) return done;
    const line = await undoLine(context, done.value.operation, onlyRoot(snapshot), snapshot);
    return cleaned(context, done.value, line);
  });
}

function cleaned(
  context: Context,
  done: { readonly operation: string; readonly removed: string; readonly undoUntil: string },
  line: string,
): Outcome {
  const { style } = context.io.out;
  return ok({
    text: `Cleaned up ${style.bold(clean(done.removed))}; kept until ${done.undoUntil.slice(0, 10)}.\nTo take it back: ${style.cyan(line)}`,
    json: { operation: done.operation, landed: null, removed: done.removed, undoUntil: done.undoUntil },
  });
}
