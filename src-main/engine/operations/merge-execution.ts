/** The transaction behind a merge: each step journalled before it is done, all of it taken back on failure. */
import { z } from 'zod';
import { describeFailure } from '../../contract/failure-texts';
import type { CleanupFailure, MergeFailure, UndoFailure } from '../../contract/failures';
import type { OperationId, WorktreeId } from '../../contract/ids';
import type { CleanupDone, MergeDone } from '../../contract/plans';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { CleanupChoices } from '../../domain/cleanup-plan';
import type { MergeChoices, MergeDecision, ValidationCommand } from '../../domain/merge-plan';
import { asRepositoryCommand, sessionInTheWay } from '../../domain/merge-plan';
import { undoUntil } from '../../domain/undo-rules';
import type {
  FoundWorktree,
  JournalEntry,
  JournalRecord,
  Landing,
  MergeProgress,
  MergeSurvey,
  MergeWork,
  OutputFile,
  RepositoryLocation,
} from '../ports';
import { stillApproved } from './approvals';
import type { RunningOperation } from './running-operations';
import type { TransactionDeps } from './transaction-deps';
import type { Turn } from './turn';
import type { Reversal } from './undo';

export interface MergeExecutionDeps extends TransactionDeps {
  readonly landing: Landing;
  /** Milliseconds that one validation command may take. */
  readonly validationLimitMs?: number;
  /** Quick's cleanup after its merge, under the same lock. */
  cleanupMerged(found: FoundWorktree, choices: CleanupChoices): Promise<Result<CleanupDone, CleanupFailure>>;
}

const VALIDATION_MS = 30 * 60_000;

const mergeWork = z.object({
  version: z.literal(1),
  only: z.enum(['merge', 'rebase']),
  operation: z.string(),
  worktreeId: z.string(),
  path: z.string(),
  branch: z.string(),
  tip: z.string(),
  task: z.string().nullable(),
  base: z.string(),
  baseLocal: z.string().nullable(),
  baseTip: z.string(),
  upstream: z
    .object({ remote: z.string(), remoteRef: z.string(), trackingRef: z.string(), commit: z.string() })
    .nullable(),
  baseCheckout: z.string().nullable(),
  strategy: z.enum(['merge', 'ff', 'squash', 'pr']),
  update: z.enum(['rebase', 'merge']).nullable(),
  push: z.boolean(),
  branchOnRemote: z.object({ remote: z.string(), ref: z.string(), seen: z.string().nullable() }).nullable(),
});

const mergeRecord = z.object({
  work: mergeWork,
  progress: z.object({ updated: z.string(), landed: z.string().nullable(), pushed: z.boolean() }),
});

const announced = z.object({ to: z.string() });
/** A validation command, so that one which outlives a crash is found again. */
const PROCESS = 'process';
const processData = z.object({ pid: z.number().int().positive(), identity: z.string() });

const silent = async () => ok(undefined);

const inWords = (failure: UndoFailure): string =>
  failure.kind === 'undo-blocked' ? `${failure.reason}. ${failure.wayOut}` : failure.kind;

const notYet = (work: MergeWork, why: string): string =>
  `The ${work.only} of ${work.branch} was interrupted and can’t be taken back yet: ${why}`;

export interface MergeExecution {
  run(
    found: FoundWorktree,
    survey: MergeSurvey,
    decision: MergeDecision,
    validation: readonly ValidationCommand[],
    choices: MergeChoices,
    only: 'merge' | 'rebase',
    under: { readonly id: OperationId; readonly turn: Turn },
  ): Promise<Result<MergeDone, MergeFailure>>;
  recover(
    location: RepositoryLocation,
    record: JournalRecord & { readonly entry: JournalEntry },
  ): Promise<string | null>;
}

export function createMergeReversal(landing: Landing): Reversal {
  return {
    async takeBack(location, record, options) {
      const parsed = mergeRecord.safeParse(record.work);
      if (!parsed.success) return fail({ kind: 'not-found', what: 'operation', name: record.operation });
      const { work, progress } = parsed.data;
      const blocked = await landing.blocker(location, work, progress);
      if (blocked !== null) return fail(blocked);
      return landing.takeBack(location, work, progress, options.announce);
    },
    async settle(location, record, steps, since) {
      const parsed = mergeRecord.safeParse(record.work);
      if (!parsed.success) return ok([]);
      const { work, progress } = parsed.data;
      const moves = [
        ...(progress.landed === null || work.baseLocal === null
          ? []
          : [{ step: 'restore-base', branch: work.base, from: progress.landed, to: work.baseLocal }]),
        { step: 'restore-branch', branch: work.branch, from: progress.updated, to: work.tip },
      ];
      // What was not begun may hold somebody's changes.
      const begun = moves.filter(({ step }) => steps.includes(step));
      return landing.settle(location, work, begun, since);
    },
    async discard(location, record) {
      await landing.discard(location, record.operation);
      return ok(undefined);
    },
    diskBytes: async () => null,
    tidy: async () => undefined,
  };
}

export function createMergeExecution(deps: MergeExecutionDeps): MergeExecution {
  const { fleet, landing, clock, log } = deps;

  const summaryOf = (work: MergeWork) =>
    work.only === 'rebase'
      ? `Rebased ${work.branch} onto ${work.base}`
      : work.strategy === 'pr'
        ? `Pushed ${work.branch} for a pull request into ${work.base}`
        : `Merged ${work.branch} into ${work.base}`;

  const record = async (location: RepositoryLocation, work: MergeWork, progress: MergeProgress) => {
    const at = clock.now();
    if (work.only === 'merge' && work.strategy === 'pr') {
      // Out on the remote: closing it there is the way back, so nothing is kept for undo here.
      await landing.discard(location, work.operation);
      return ok(undefined);
    }
    return deps.records.write(location, {
      version: 1,
      operation: work.operation,
      kind: 'merge',
      summary: summaryOf(work),
      at,
      until: undoUntil(at),
      work: { work, progress },
    });
  };

  const rollBack = async (
    location: RepositoryLocation,
    work: MergeWork,
    progress: MergeProgress,
    entry: JournalEntry,
  ): Promise<string | null> => {
    const back = await landing.takeBack(location, work, progress, silent);
    if (!back.ok) {
      log.warn('merge.not-taken-back', { operation: work.operation, failure: back.error });
      return inWords(back.error);
    }
    await entry.finish('rolled-back');
    return null;
  };

  /** What the repository itself says knows better than what its lock file tells. */
  const setupOf = async (location: RepositoryLocation): Promise<string | null> => {
    const config = await deps.configs.read(location);
    return config.ok ? config.value.setup : null;
  };

  const validate = async (
    location: RepositoryLocation,
    work: MergeWork,
    commands: readonly ValidationCommand[],
    operation: RunningOperation,
    output: OutputFile,
    entry: JournalEntry,
  ): Promise<Result<void, MergeFailure>> => {
    for (const [at, command] of commands.entries()) {
      const step = `validate-${at}`;
      operation.step(step, 'running');
      // The one before may have changed what this one does, and so may anybody else.
      const text = await deps.hooks.said(work.path, command.run);
      const approved = stillApproved(deps.approvals, location.id, [
        asRepositoryCommand({ ...command, text }),
      ]);
      if (!approved.ok) return approved;
      output.write(`\n$ ${command.run}\n`);
      const before = clock.now();
      let naming: Promise<void> = Promise.resolve();
      const outcome = await deps.runner.run(command.run, work.path, {
        signal: operation.signal,
        limitMs: deps.validationLimitMs ?? VALIDATION_MS,
        env: { CI: '1' },
        onOutput(text) {
          output.write(text);
          operation.output(step, text);
        },
        onStart(pid) {
          naming = deps.leftProcesses.identify(pid).then(async (identity) => {
            if (identity !== null) await entry.step(PROCESS, { pid, identity });
          });
        },
      });
      await naming;
      const seconds = ((clock.now() - before) / 1_000).toFixed(1);
      const ending = outcome.reason === 'exited' ? `exit code ${outcome.exitCode}` : outcome.reason;
      const line = `[${command.run}: ${ending}, ${seconds} s]\n`;
      output.write(line);
      operation.output(step, line);
      if (outcome.reason === 'cancelled') return fail({ kind: 'cancelled' });
      if (outcome.exitCode !== 0) {
        operation.step(step, 'failed');
        const missing = await landing.missingSetup(work.path);
        return fail({
          kind: 'validation-failed',
          command: command.run,
          exitCode: outcome.exitCode,
          ...(missing === null
            ? {}
            : { setup: { command: (await setupOf(location)) ?? missing, path: work.path } }),
        });
      }
      operation.step(step, 'done');
    }
    return ok(undefined);
  };

  const run: MergeExecution['run'] = async (
    found,
    survey,
    decision,
    validation,
    choices,
    only,
    { id, turn },
  ) => {
    const { location, worktree } = found;
    const { facts } = survey;
    if (facts.branch === null || facts.tip === null) return fail({ kind: 'detached', path: facts.path });
    const work: MergeWork = {
      version: 1,
      only,
      operation: id,
      worktreeId: worktree.id,
      path: facts.path,
      branch: facts.branch,
      tip: facts.tip,
      task: worktree.record?.task ?? null,
      base: facts.base,
      baseLocal: facts.baseLocal,
      baseTip: survey.baseTip,
      upstream: survey.upstream,
      baseCheckout: facts.baseCheckouts[0]?.path ?? null,
      strategy: choices.strategy,
      update: decision.update,
      push: choices.push,
      branchOnRemote: survey.branchOnRemote,
    };
    const operation = deps.running.begin({
      id,
      kind: only,
      repositoryId: location.id,
      worktreeId: worktree.id,
      title: only === 'rebase' ? `Rebase ${work.branch}` : `Merge ${work.branch}`,
      steps: decision.steps,
    });
    const begun = await deps.journal.begin(location, { operation: id, kind: only, data: work });
    if (!begun.ok) {
      operation.finish(begun.error, 'Nothing was done.');
      return begun;
    }
    const entry = begun.value;
    const output = await landing.openLog(location, id);
    let progress: MergeProgress = { updated: work.tip, landed: null, pushed: false };
    let pullRequest: string | null = null;
    let current = 'pin';

    const go = async (): Promise<Result<void, MergeFailure>> => {
      const { signal } = operation;
      /** Announces a step; nothing of it is done before this answered ok. */
      const begin = async (
        step: string,
        data?: unknown,
        touchesWorktree = false,
      ): Promise<Result<void, MergeFailure>> => {
        current = step;
        if (signal.aborted) return fail({ kind: 'cancelled' });
        const busy = touchesWorktree ? sessionInTheWay(work.path, await fleet.sessions(worktree.id)) : null;
        if (busy !== null) return fail(busy);
        operation.step(step, 'running');
        return entry.step(step, data);
      };
      /** Hooks come with the very commit that a step brings in: asked about it, right before. */
      const trusted = async (name: 'update' | 'push-branch' | 'land' | 'push', commit: string) =>
        stillApproved(deps.approvals, location.id, await landing.hooksOf(location, work, name, commit));
      const io = {
        signal,
        onOutput(text: string) {
          output.write(text);
          operation.output(current, text);
        },
      };

      let step = await begin('pin');
      if (!step.ok) return step;
      step = await landing.pin(location, work);
      if (!step.ok) return step;
      operation.step('pin', 'done');

      if (work.update !== null) {
        operation.step('update', 'running');
        current = 'update';
        const built = await landing.buildUpdate(location, work, signal);
        if (!built.ok) return built;
        // Known before the branch moves, so that a crash in between can be told from one after.
        progress = { ...progress, updated: built.value };
        step = await trusted('update', built.value);
        if (!step.ok) return step;
        step = await begin('update', { to: built.value }, true);
        if (!step.ok) return step;
        step = await landing.moveBranch(location, work, built.value);
        if (!step.ok) return step;
        operation.step('update', 'done');
      }
      if (only === 'rebase') return ok(undefined);

      if (validation.length > 0) {
        step = await begin('validate-0');
        if (!step.ok) return step;
        await turn.say('running its tests');
        // Nothing of it touches a branch: who spawns meanwhile need not wait.
        step = await turn.withoutNames(() => validate(location, work, validation, operation, output, entry));
        await turn.say(null);
        if (!step.ok) return step;
      }
      // Also without validation: a session may have gone on in the meantime.
      step = await landing.stillAt(location, work, progress.updated);
      if (!step.ok) return step;

      if (work.strategy === 'pr') {
        step = await trusted('push-branch', progress.updated);
        if (!step.ok) return step;
        step = await begin('push-branch', { to: progress.updated });
        if (!step.ok) return step;
        step = await landing.pushBranch(location, work, progress.updated, io);
        if (!step.ok) return step;
        progress = { ...progress, pushed: true };
        operation.step('push-branch', 'done');
        step = await begin('pull-request');
        // The branch is out: from here on there is no way back, only the page to go on with.
        const opened = await landing.openPullRequest(location, work, progress.updated, signal);
        pullRequest = opened.url;
        operation.step('pull-request', opened.url === null ? 'failed' : 'done');
        return ok(undefined);
      }

      current = 'land';
      const built = await landing.build(location, work, progress.updated, signal);
      if (!built.ok) return built;
      step = await trusted('land', built.value);
      if (!step.ok) return step;
      step = await begin('land', { to: built.value });
      if (!step.ok) return step;
      progress = { ...progress, landed: built.value };
      step = await landing.land(location, work, built.value);
      if (!step.ok) return step;
      operation.step('land', 'done');

      if (work.push) {
        step = await trusted('push', built.value);
        if (!step.ok) return step;
        step = await begin('push', { to: built.value });
        if (!step.ok) return step;
        step = await landing.push(location, work, built.value, io);
        if (!step.ok) return step;
        progress = { ...progress, pushed: true };
        operation.step('push', 'done');
      }
      return ok(undefined);
    };

    const went = await go();
    await output.close();
    const refuse = async (failure: MergeFailure): Promise<Result<MergeDone, MergeFailure>> => {
      operation.step(current, 'failed');
      const stuck = await rollBack(location, work, progress, entry);
      operation.finish(
        failure,
        stuck === null ? 'Everything is as it was.' : `Not all could be put back: ${stuck}`,
      );
      await fleet.changed(location.id);
      return fail(failure);
    };
    if (!went.ok) return refuse(went.error);

    const recorded = await record(location, work, progress);
    const finished = recorded.ok ? await entry.finish('done') : recorded;
    if (!finished.ok) {
      // What is pushed can't be taken back by us; the next start finds it landed and records it.
      if (!progress.pushed) {
        await deps.records.remove(location, id);
        return refuse(finished.error);
      }
      log.warn('merge.not-recorded', { operation: id, failure: finished.error });
    }
    const done = await afterwards(found, work, progress, pullRequest);
    operation.finish(null, `${summaryOf(work)}.`);
    await fleet.changed(location.id);
    return ok(done);
  };

  /** Siblings that collide with what landed: by their commits now, and by what they had not committed. */
  const siblingsBehind = async (
    found: FoundWorktree,
    landed: string,
    base: string,
  ): Promise<readonly WorktreeId[]> => {
    const committed = await landing.collidingWith(found, landed, base);
    const live = (found.collisions ?? []).filter(({ certainty }) => certainty === 'decided');
    // The main worktree's own edits are merged by nobody; what goes elsewhere stays where it is.
    const waiting = found.siblings.filter(
      (sibling) => !sibling.isMain && (sibling.record?.base ?? sibling.base) === base,
    );
    const colliding = new Set([...committed, ...live].map((one) => one.with));
    return waiting.map(({ id }) => id).filter((id) => colliding.has(id));
  };

  /** Siblings to point to "rebase now", and quick's own cleanup. */
  const afterwards = async (
    found: FoundWorktree,
    work: MergeWork,
    progress: MergeProgress,
    pullRequest: string | null,
  ): Promise<MergeDone> => {
    const { landed } = progress;
    const rebaseNow = landed === null ? [] : await siblingsBehind(found, landed, work.base);
    let removed: string | null = null;
    const warnings: string[] = [];
    // With a pull request, quick's cleanup waits until that is merged.
    if (landed !== null && found.worktree.record?.quick === true) {
      const fresh = await fleet.worktree(found.worktree.id);
      const cleaned =
        fresh === null
          ? null
          : await deps.cleanupMerged(fresh, { abandon: null, keepBranch: false, deleteRemote: false });
      if (cleaned?.ok === true) removed = cleaned.value.removed;
      else if (cleaned !== null)
        warnings.push(`It was not cleaned up by itself. ${describeFailure(cleaned.error).message}`);
    }
    return {
      operation: work.operation,
      landed: landed === null ? null : { sha: landed, base: work.base },
      pullRequest,
      removed,
      rebaseNow,
      ...(warnings.length > 0 ? { warnings } : {}),
    };
  };

  const recover: MergeExecution['recover'] = async (location, unfinished) => {
    if (unfinished.kind !== 'merge' && unfinished.kind !== 'rebase') return null;
    const parsed = mergeWork.safeParse(unfinished.data);
    if (!parsed.success) return `The merge ${unfinished.operation} can’t be read; it was left as it is.`;
    const work: MergeWork = parsed.data;
    for (const { step, data } of unfinished.steps) {
      const left = processData.safeParse(data);
      if (step === PROCESS && left.success) await deps.leftProcesses.end(left.data.pid, left.data.identity);
    }
    const to = (step: string) => {
      const found = announced.safeParse(unfinished.steps.find((one) => one.step === step)?.data);
      return found.success ? found.data.to : null;
    };
    const told = unfinished.damaged ? await landing.foundMoves(location, work) : null;
    const updated = to('update') ?? told?.updated ?? work.tip;
    const landed = to('land') ?? told?.landed ?? null;
    // Nobody says where git was going to: what was planned says it, and its tree is all that is needed.
    const planned = async () => {
      if (updated !== work.tip || work.update === null) return updated;
      const built = await landing.buildUpdate(location, work, new AbortController().signal);
      return built.ok ? built.value : updated;
    };
    const going = told === null ? updated : await planned();
    const arriving = landed ?? (told === null || work.only === 'rebase' ? null : `${going}^{tree}`);
    const settled = await landing.settle(
      location,
      work,
      [
        { branch: work.branch, from: work.tip, to: going },
        ...(arriving === null || work.baseLocal === null
          ? []
          : [{ branch: work.base, from: work.baseLocal, to: arriving }]),
      ],
      unfinished.begunAt,
    );
    if (!settled.ok) return notYet(work, inWords(settled.error));
    const kept =
      settled.value.length === 0
        ? ''
        : ` What somebody else had written there meanwhile is kept in ${settled.value.join(', ')}.`;
    const finish = async (progress: MergeProgress, words: string): Promise<string | null> => {
      const recorded = await record(location, work, progress);
      return recorded.ok && (await unfinished.entry.finish('done')).ok ? words : null;
    };
    if (landed !== null && (await landing.hasLanded(location, work, landed))) {
      // A merge that was to be pushed is whole when it is pushed; nobody else has it before.
      const pushed =
        work.push && to('push') !== null ? await landing.isPushed(location, work, landed) : !work.push;
      const unpushed =
        pushed === false && (await landing.blocker(location, work, { updated, landed, pushed })) === null;
      const said = unpushed
        ? null
        : await finish(
            { updated, landed, pushed: work.push && pushed === true },
            `The merge of ${work.branch} was interrupted after it had landed in ${work.base}; it is kept${
              work.push && pushed === true
                ? ', and pushed.'
                : `, and orch undo ${work.operation} takes it back.${
                    pushed === null
                      ? ' Whether it was pushed is not known.'
                      : work.push
                        ? ' It was not pushed.'
                        : ''
                  }`
            }${kept}`,
          );
      if (said !== null) return said;
    }
    const pushed = to('push-branch');
    if (pushed !== null && (await landing.isBranchPushed(location, work, pushed))) {
      const said = await finish(
        { updated, landed: null, pushed: true },
        `${work.branch} was pushed when it was interrupted; merge again with --strategy pr to open its pull request.${kept}`,
      );
      if (said !== null) return said;
    }
    const stuck = await rollBack(location, work, { updated, landed, pushed: false }, unfinished.entry);
    return stuck === null
      ? `Took back the ${work.only} of ${work.branch} that was interrupted.${kept}`
      : `${notYet(work, stuck)}${kept}`;
  };

  return { run, recover };
}
