/**
 * Clean up, the fourth phase: a plan that names every loss, then one transaction that can be taken
 * back for 7 days. Each step is journalled before it is done; a crash is finished or rolled back.
 */
import { z } from 'zod';
import { describeFailure } from '../../contract/failure-texts';
import type { CleanupFailure, FailureOf, RepositoryCommand, UndoFailure } from '../../contract/failures';
import type { OperationId } from '../../contract/ids';
import type { CleanupDone, CleanupPlan } from '../../contract/plans';
import type { Answer, Input } from '../../contract/requests';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { CleanupChoices, CleanupDecision } from '../../domain/cleanup-plan';
import { decideCleanup } from '../../domain/cleanup-plan';
import { HOOKS_OF } from '../../domain/hook-events';
import { PLAN_MS, undoUntil } from '../../domain/undo-rules';
import type {
  CleanupStep,
  CleanupSurvey,
  CleanupWork,
  FoundWorktree,
  JournalEntry,
  JournalRecord,
  Removal,
  RepositoryLocation,
} from '../ports';
import { askedAbout, coveredBy, stillApproved, unapprovedOf } from './approvals';
import type { RunningOperation } from './running-operations';
import type { TransactionDeps } from './transaction-deps';
import { inTurn, waitingOperation } from './turn';

export interface CleanerDeps extends TransactionDeps {
  readonly removal: Removal;
  /** Finishes or rolls back what a crash left; called under the repository's lock, before anything else. */
  recover(location: RepositoryLocation): Promise<void>;
}

export interface Cleaner {
  planCleanup(input: Input<'worktree.planCleanup'>): Promise<Answer<'worktree.planCleanup'>>;
  cleanup(input: Input<'worktree.cleanup'>): Promise<Answer<'worktree.cleanup'>>;
  /** For quick: cleans up right after its merge, under the lock that the caller holds. */
  cleanupMerged(found: FoundWorktree, choices: CleanupChoices): Promise<Result<CleanupDone, CleanupFailure>>;
  /** Finishes or rolls back one unfinished cleanup; null when the journal entry is not a cleanup. */
  recover(
    location: RepositoryLocation,
    record: JournalRecord & { readonly entry: JournalEntry },
  ): Promise<string | null>;
  /** Resolves when what is removed in the background is removed. */
  settled(): Promise<void>;
}

const TEARDOWN_MS = 120_000;
const FREE_AFTER_MS = 250;

const planData = z.object({
  fingerprint: z.string(),
  /** Fingerprints of the commands that the plan asked to approve. */
  asked: z.array(z.string()).readonly(),
  choices: z.object({
    abandon: z.string().nullable(),
    keepBranch: z.boolean(),
    deleteRemote: z.boolean(),
  }),
});

export const cleanupWork = z.object({
  version: z.literal(1),
  operation: z.string(),
  worktreeId: z.string(),
  path: z.string(),
  entry: z.string().regex(/^[^/\\]+$/),
  missing: z.boolean(),
  head: z.string().nullable(),
  branch: z.string().nullable(),
  deleteBranch: z.boolean(),
  releaseLock: z.boolean(),
  remote: z.object({ remote: z.string(), ref: z.string(), seen: z.string() }).nullable(),
  notes: z.array(z.string()),
  notesTarget: z.string().nullable(),
  abandon: z.string().nullable(),
  task: z.string().nullable(),
  notKept: z.array(z.string()),
  trash: z.string(),
  places: z.array(z.string()),
});

/** `text` is what was approved: the command, and what the tree makes of it. */
interface Teardown extends RepositoryCommand {
  readonly run: string;
}

interface Looked {
  readonly survey: CleanupSurvey;
  readonly decision: CleanupDecision;
  readonly teardown: Teardown | null;
  /** What runs only after the person read and approved it. */
  readonly unapproved: readonly RepositoryCommand[];
}

export function createCleaner(deps: CleanerDeps): Cleaner {
  const { fleet, removal, clock, log } = deps;
  const inBackground = new Set<Promise<void>>();
  const toFree: CleanupWork[] = [];
  const never = new AbortController().signal;

  const teardownIn = async (found: FoundWorktree, run: string): Promise<Teardown> => ({
    purpose: 'teardown',
    text: await deps.hooks.said(found.worktree.path, run),
    run,
  });
  const hooksOf = ({ location }: FoundWorktree, step: 'delete-branch' | 'delete-remote') =>
    deps.hooks.inTree(location, {
      directory: location.root,
      events: step === 'delete-branch' ? HOOKS_OF.ref : HOOKS_OF.push,
      coming: [],
    });

  const look = async (
    found: FoundWorktree,
    choices: CleanupChoices,
    signal: AbortSignal,
  ): Promise<Result<Looked, CleanupFailure>> => {
    const survey = await removal.survey(found, choices, signal);
    if (!survey.ok) return survey;
    const decision = decideCleanup(survey.value.facts, await fleet.sessions(found.worktree.id), choices);
    const config = await deps.configs.read(found.location);
    if (!config.ok) return config;
    const run = survey.value.facts.missing ? null : config.value.teardown;
    const teardown = run === null ? null : await teardownIn(found, run);
    const commands = [
      ...(teardown === null ? [] : [teardown]),
      ...(decision.deleteBranch ? await hooksOf(found, 'delete-branch') : []),
      ...(decision.deleteRemote ? await hooksOf(found, 'delete-remote') : []),
    ];
    const unapproved = unapprovedOf(deps.approvals, found.location.id, commands);
    return ok({ survey: survey.value, decision, teardown, unapproved });
  };

  const stepsOf = ({ decision, teardown }: Looked) => [
    ...(teardown === null ? [] : [{ id: 'teardown', text: `Run ${teardown.run}` }]),
    ...decision.steps,
  ];

  const refusalOf = ({ decision, unapproved }: Looked): CleanupFailure | null =>
    decision.refusal ?? (unapproved.length > 0 ? { kind: 'approval-needed', commands: unapproved } : null);

  const runTeardown = async (
    found: FoundWorktree,
    command: Teardown,
    operation: RunningOperation,
  ): Promise<Result<string | null, FailureOf<'cancelled' | 'approval-needed'>>> => {
    operation.step('teardown', 'running');
    const approved = stillApproved(deps.approvals, found.location.id, [await teardownIn(found, command.run)]);
    if (!approved.ok) return approved;
    const outcome = await deps.runner.run(command.run, found.worktree.path, {
      signal: operation.signal,
      limitMs: TEARDOWN_MS,
      env: {},
      onOutput: (text) => operation.output('teardown', text),
    });
    if (outcome.reason === 'cancelled') return fail({ kind: 'cancelled' });
    const fine = outcome.exitCode === 0;
    operation.step('teardown', fine ? 'done' : 'failed');
    // What it would have taken down stays up; that is no reason to keep the worktree.
    return ok(fine ? null : `“${command.run}” ended with ${outcome.exitCode ?? outcome.reason}.`);
  };

  /** Puts everything back and says so in the journal; a blocked way back stays for the next start. */
  const rollBack = async (
    location: RepositoryLocation,
    work: CleanupWork,
    entry: JournalEntry,
  ): Promise<boolean> => {
    const back = await removal.takeBack(location, work, {
      restoreRemote: false,
      announce: async () => ok(undefined),
    });
    if (!back.ok) {
      log.warn('cleanup.not-taken-back', { operation: work.operation, failure: back.error });
      return false;
    }
    await entry.finish('rolled-back');
    return true;
  };

  const record = (location: RepositoryLocation, work: CleanupWork) => {
    const at = clock.now();
    return deps.records.write(location, {
      version: 1,
      operation: work.operation,
      kind: 'cleanup',
      summary: `Cleaned up ${work.branch ?? work.entry}`,
      at,
      until: undoUntil(at),
      work,
    });
  };

  /** Removing thousands of files would hold up the answer, and the lock's release, if it began at once. */
  const freeInBackground = (work: CleanupWork) => {
    if (work.notKept.length === 0) return;
    toFree.push(work);
    clock.schedule(FREE_AFTER_MS, freeNow);
  };
  const freeNow = () => {
    for (const work of toFree.splice(0)) {
      const freeing = removal.free(work).finally(() => inBackground.delete(freeing));
      inBackground.add(freeing);
    }
  };

  const execute = async (
    found: FoundWorktree,
    looked: Looked,
    choices: CleanupChoices,
    id: OperationId,
  ): Promise<Result<CleanupDone, CleanupFailure>> => {
    const { location, worktree } = found;
    const { decision } = looked;
    const work = removal.workFor(found, looked.survey, id, {
      ...choices,
      deleteBranch: decision.deleteBranch,
      deleteRemote: decision.deleteRemote,
      releaseLock: decision.releaseLock,
    });
    const name = work.branch ?? work.entry;
    const operation = deps.running.begin({
      id,
      kind: 'cleanup',
      repositoryId: location.id,
      worktreeId: worktree.id,
      title: `Clean up ${name}`,
      steps: stepsOf(looked),
    });
    const warnings: string[] = [];
    const refuse = (failure: CleanupFailure, taken: boolean): Result<CleanupDone, CleanupFailure> => {
      operation.finish(
        failure,
        taken ? `${name} is as it was.` : `${name} could not be put back; see orch doctor.`,
      );
      return fail(failure);
    };

    if (looked.teardown !== null) {
      const ran = await runTeardown(found, looked.teardown, operation);
      if (!ran.ok) return refuse(ran.error, true);
      if (ran.value !== null) warnings.push(ran.value);
    }
    const begun = await deps.journal.begin(location, { operation: id, kind: 'cleanup', data: work });
    if (!begun.ok) return refuse(begun.error, true);
    const entry = begun.value;

    for (const { id: step } of decision.steps) {
      const stop = await inTheWay(found, operation.signal);
      if (stop !== null) return refuse(stop, await rollBack(location, work, entry));
      operation.step(step, 'running');
      const approved =
        step === 'delete-branch' || step === 'delete-remote'
          ? stillApproved(deps.approvals, location.id, await hooksOf(found, step))
          : ok(undefined);
      const announced = approved.ok ? await entry.step(step) : approved;
      const done = announced.ok
        ? await removal.perform(location, work, step as CleanupStep, operation.signal)
        : announced;
      if (done.ok) operation.step(step, 'done');
      else if (step === 'delete-remote') {
        // Everything here is done and can be undone; the remote's no is told, not obeyed.
        operation.step(step, 'failed');
        warnings.push(`The branch on the remote stays: ${wordsOf(done.error)}`);
        log.warn('cleanup.remote-stays', { operation: id, failure: done.error });
      } else {
        operation.step(step, 'failed');
        return refuse(done.error, await rollBack(location, work, entry));
      }
    }
    const recorded = await record(location, work);
    const finished = recorded.ok ? await entry.finish('done') : recorded;
    if (!finished.ok) {
      await deps.records.remove(location, id);
      return refuse(finished.error, await rollBack(location, work, entry));
    }
    operation.finish(null, `${name} is in trash; undo it within 7 days.`);
    await fleet.changed(location.id);
    freeInBackground(work);
    return ok({
      operation: id,
      removed: work.path,
      undoUntil: new Date(undoUntil(clock.now())).toISOString(),
      ...(warnings.length > 0 ? { warnings } : {}),
    });
  };

  const inTheWay = async (
    found: FoundWorktree,
    signal: AbortSignal,
  ): Promise<FailureOf<'cancelled' | 'session-live'> | null> => {
    if (signal.aborted) return { kind: 'cancelled' };
    const live = (await fleet.sessions(found.worktree.id)).find(
      (session) => session.state !== 'ended' && session.state !== 'crashed',
    );
    return live === undefined ? null : { kind: 'session-live', path: found.worktree.path, pid: live.pid };
  };

  return {
    async planCleanup({ worktreeId, ...choices }) {
      const found = await fleet.worktree(worktreeId);
      if (found === null) return fail({ kind: 'not-found', what: 'worktree', name: worktreeId });
      const looked = await look(found, choices, never);
      if (!looked.ok) return looked;
      const { survey, decision } = looked.value;
      const refusal = refusalOf(looked.value);
      const now = clock.now();
      const token = await deps.plans.keep(found.location, {
        version: 1,
        kind: 'cleanup',
        worktreeId,
        repositoryId: found.location.id,
        madeAt: now,
        expiresAt: now + PLAN_MS,
        data: {
          fingerprint: survey.fingerprint,
          asked: refusal?.kind === 'approval-needed' ? askedAbout(refusal.commands) : [],
          choices,
        } satisfies z.infer<typeof planData>,
      });
      if (!token.ok) return token;
      const plan: CleanupPlan = {
        token: token.value,
        worktreeId,
        path: survey.facts.path,
        branch: survey.facts.branch,
        merged: survey.facts.merged.how,
        mergedHow: survey.facts.merged.text,
        steps: stepsOf(looked.value),
        losses: decision.losses,
        notKept: decision.notKept,
        warnings: decision.warnings,
        refusal,
      };
      return ok(plan);
    },

    async cleanup({ token, approve }) {
      const kept = await deps.plans.find(await fleet.repositories(), token);
      if (kept === null || kept.plan.kind !== 'cleanup')
        return fail({ kind: 'not-found', what: 'plan', name: token });
      const data = planData.safeParse(kept.plan.data);
      if (!data.success) return fail({ kind: 'not-found', what: 'plan', name: token });
      const { choices, fingerprint, asked } = data.data;
      const { location } = kept;
      const name = (await fleet.worktree(kept.plan.worktreeId))?.worktree.name ?? 'a worktree';
      const id = deps.records.newId('cleanup');
      const waiting = waitingOperation(deps.running, {
        id,
        kind: 'cleanup',
        repositoryId: location.id,
        worktreeId: kept.plan.worktreeId,
        title: `Clean up ${name}`,
        steps: [],
      });
      const { signal, onWait } = waiting;
      const what = `the cleanup of ${name}`;
      const turned = await inTurn<CleanupDone, CleanupFailure>(
        deps.lock,
        location,
        { scope: 'landing', what, signal, onWait },
        async () => {
          await deps.recover(location);
          const found = await fleet.worktree(kept.plan.worktreeId);
          if (found === null) return fail({ kind: 'plan-outdated', changed: 'The worktree went away' });
          const looked = await look(found, choices, never);
          if (!looked.ok) return looked;
          const { decision, unapproved, survey } = looked.value;
          if (survey.fingerprint !== fingerprint)
            return fail({ kind: 'plan-outdated', changed: `${found.worktree.name} changed` });
          if (decision.refusal !== null) return fail(decision.refusal);
          if (unapproved.length > 0) {
            if (!coveredBy(asked, unapproved))
              return fail({ kind: 'plan-outdated', changed: 'The repository’s own commands have changed' });
            if (!approve) return fail({ kind: 'approval-needed', commands: unapproved });
            const approved = await deps.approvals.approve(location.id, unapproved);
            if (!approved.ok) return approved;
          }
          const done = await execute(found, looked.value, choices, id);
          if (done.ok) await deps.plans.forget(location, token);
          return done;
        },
      );
      // What a roll-back let go.
      await removal.empty(location);
      waiting.over(turned.ok ? null : turned.error);
      return turned;
    },

    async cleanupMerged(found, choices) {
      const looked = await look(found, choices, never);
      if (!looked.ok) return looked;
      const refusal = refusalOf(looked.value);
      return refusal === null
        ? execute(found, looked.value, choices, deps.records.newId('cleanup'))
        : fail(refusal);
    },

    async recover(location, unfinished) {
      if (unfinished.kind !== 'cleanup') return null;
      const parsed = cleanupWork.safeParse(unfinished.data);
      if (!parsed.success) return `The cleanup ${unfinished.operation} can’t be read; it was left as it is.`;
      const work: CleanupWork = parsed.data;
      const name = work.branch ?? work.entry;
      const settled = await removal.settle(location, work, unfinished.begunAt);
      if (!settled.ok) return `The cleanup of ${name} was interrupted and waits: ${wordsOf(settled.error)}`;
      if (await removal.isRemoved(location, work)) {
        // Each piece again: a crash came between some of them.
        const rest: readonly CleanupStep[] = work.deleteBranch
          ? ['move-entry', 'delete-branch']
          : ['move-entry'];
        let done: Result<void, CleanupFailure> = ok(undefined);
        for (const step of rest) if (done.ok) done = await removal.perform(location, work, step, never);
        const recorded = done.ok ? await record(location, work) : done;
        if (recorded.ok && (await unfinished.entry.finish('done')).ok) {
          freeInBackground(work);
          return `Finished the cleanup of ${name} that was interrupted; orch undo ${work.operation} takes it back.`;
        }
        await deps.records.remove(location, work.operation);
      }
      return (await rollBack(location, work, unfinished.entry))
        ? `Took back the cleanup of ${name} that was interrupted.`
        : `The cleanup of ${name} was interrupted and can’t be taken back yet; its trash is in ${work.trash}.`;
    },

    async settled() {
      freeNow();
      await Promise.all(inBackground);
    },
  };
}

/** Git's own last line where there is one, else the sentence that every face says. */
const wordsOf = (failure: CleanupFailure | UndoFailure): string => {
  const { message, details } = describeFailure(failure);
  return details?.trim().split('\n').at(-1) || message;
};
