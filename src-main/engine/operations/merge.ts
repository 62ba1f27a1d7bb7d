/**
 * Merge, the third phase: plan, one confirmation, then one transaction. The branch is brought up to
 * its base, validated as it will land, and one ref moves; any failure before that puts everything back.
 */
import { z } from 'zod';
import type { MergeFailure } from '../../contract/failures';
import type { OperationId } from '../../contract/ids';
import type { MergeDone, MergePlan } from '../../contract/plans';
import type { Answer, Input } from '../../contract/requests';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { MergeChoices, MergeDecision, ValidationCommand } from '../../domain/merge-plan';
import { asRepositoryCommand, decideMerge } from '../../domain/merge-plan';
import { PLAN_MS } from '../../domain/undo-rules';
import type { FoundWorktree, JournalEntry, JournalRecord, MergeSurvey, RepositoryLocation } from '../ports';
import { askedAbout, coveredBy, unapprovedOf } from './approvals';
import { createMergeExecution, type MergeExecutionDeps } from './merge-execution';
import { inTurn, type Turn, waitingOperation } from './turn';

export interface Merger {
  planMerge(input: Input<'worktree.planMerge'>): Promise<Answer<'worktree.planMerge'>>;
  planRebase(input: Input<'worktree.planRebase'>): Promise<Answer<'worktree.planRebase'>>;
  merge(input: Input<'worktree.merge'>): Promise<Answer<'worktree.merge'>>;
  /** Finishes or rolls back one unfinished merge; null when the journal entry is no merge. */
  recover(
    location: RepositoryLocation,
    record: JournalRecord & { readonly entry: JournalEntry },
  ): Promise<string | null>;
}

export interface MergerDeps extends MergeExecutionDeps {
  /** Finishes or rolls back what a crash left; called under the repository's lock, before anything else. */
  recover(location: RepositoryLocation): Promise<void>;
}

const planData = z.object({
  /** Null for a plan that was refused before everything could be looked at. */
  fingerprint: z.string().nullable(),
  baseLocal: z.string().nullable(),
  baseTip: z.string().nullable(),
  /** Fingerprints of the commands that the plan asked to approve. */
  asked: z.array(z.string()).readonly(),
  choices: z.object({
    strategy: z.enum(['merge', 'ff', 'squash', 'pr']),
    update: z.enum(['rebase', 'merge']),
    base: z.string().nullish(),
    skipValidation: z.boolean(),
    push: z.boolean(),
  }),
});

interface Looked {
  readonly survey: MergeSurvey;
  readonly decision: MergeDecision;
  readonly validation: readonly { readonly command: ValidationCommand; readonly approved: boolean }[];
  readonly unapproved: readonly ReturnType<typeof asRepositoryCommand>[];
}

export function createMerger(deps: MergerDeps): Merger {
  const { fleet, landing, clock } = deps;
  const execution = createMergeExecution(deps);
  const never = new AbortController().signal;

  const look = async (
    found: FoundWorktree,
    choices: MergeChoices,
    only: 'merge' | 'rebase',
    fetch: boolean,
  ): Promise<Result<Looked, MergeFailure>> => {
    const config = await deps.configs.read(found.location);
    if (!config.ok) return config;
    const survey = await landing.survey(found, choices, {
      only,
      fetch,
      configured: config.value.validate,
      signal: never,
    });
    if (!survey.ok) return survey;
    const sessions = await fleet.sessions(found.worktree.id);
    const runs = choices.skipValidation ? [] : survey.value.validation;
    const decision = decideMerge(survey.value.facts, sessions, runs, choices, only);
    const { id } = found.location;
    const validation = runs.map((command) => ({
      command,
      approved: deps.approvals.isApproved(id, asRepositoryCommand(command)),
    }));
    const commands = [...runs.map(asRepositoryCommand), ...survey.value.hooks];
    const unapproved = unapprovedOf(deps.approvals, id, commands);
    return ok({ survey: survey.value, decision, validation, unapproved });
  };

  const plan = async (
    worktreeId: string,
    choices: MergeChoices,
    only: 'merge' | 'rebase',
  ): Promise<Answer<'worktree.planMerge'>> => {
    const found = await fleet.worktree(worktreeId);
    if (found === null) return fail({ kind: 'not-found', what: 'worktree', name: worktreeId });
    const looked = await look(found, choices, only, true);
    // A refusal is a plan too: it says why, and what to do.
    const known = looked.ok ? looked.value : null;
    const refusal = looked.ok
      ? (looked.value.decision.refusal ??
        (looked.value.unapproved.length > 0
          ? ({ kind: 'approval-needed', commands: looked.value.unapproved } as const)
          : null))
      : looked.error;
    const now = clock.now();
    const token = await deps.plans.keep(found.location, {
      version: 1,
      kind: only,
      worktreeId,
      repositoryId: found.location.id,
      madeAt: now,
      expiresAt: now + PLAN_MS,
      data: {
        fingerprint: known?.survey.fingerprint ?? null,
        baseLocal: known?.survey.facts.baseLocal ?? null,
        baseTip: known?.survey.baseTip ?? null,
        asked: refusal?.kind === 'approval-needed' ? askedAbout(refusal.commands) : [],
        choices,
      } satisfies z.infer<typeof planData>,
    });
    if (!token.ok) return token;
    const facts = known?.survey.facts;
    const made: MergePlan = {
      token: token.value,
      worktreeId,
      branch: facts?.branch ?? found.worktree.branch ?? '',
      base: facts?.base ?? found.worktree.record?.base ?? found.worktree.base ?? '',
      strategy: choices.strategy,
      update: known?.decision.update ?? null,
      steps: known?.decision.steps ?? [],
      conflicts: facts?.conflicts.map((conflict) => conflict.file) ?? [],
      collisions: facts?.collisions.map(({ name: _name, ...collision }) => collision) ?? [],
      files: known?.survey.files ?? [],
      hooks: (known?.survey.hooks ?? []).map((command) => ({
        command,
        approved: deps.approvals.isApproved(found.location.id, command),
      })),
      order: only === 'merge' && known !== null ? found.order : null,
      validation:
        known?.validation.map(({ command, approved }) => ({
          command: { purpose: command.purpose, text: command.text },
          approved,
        })) ?? [],
      carryOver: facts?.carryOver ?? [],
      warnings: known?.decision.warnings ?? [],
      losses: [],
      refusal,
    };
    return ok(made);
  };

  /** What moved between plan and now; null when nothing did. */
  const moved = (seen: z.infer<typeof planData>, survey: MergeSurvey): MergeFailure | null => {
    const { facts } = survey;
    if (seen.baseLocal !== facts.baseLocal || seen.baseTip !== survey.baseTip)
      return {
        kind: 'base-moved',
        base: facts.base,
        expected: seen.baseTip ?? '',
        actual: seen.baseTip === survey.baseTip ? (facts.baseLocal ?? '') : survey.baseTip,
      };
    return seen.fingerprint === survey.fingerprint
      ? null
      : { kind: 'plan-outdated', changed: `${facts.branch ?? facts.path} or its base’s worktree changed` };
  };

  const execute = async (
    location: RepositoryLocation,
    kept: { readonly worktreeId: string; readonly only: 'merge' | 'rebase'; readonly id: OperationId },
    seen: z.infer<typeof planData>,
    approve: boolean,
    turn: Turn,
  ): Promise<Result<MergeDone, MergeFailure>> => {
    const found = await fleet.worktree(kept.worktreeId);
    if (found === null) return fail({ kind: 'plan-outdated', changed: 'The worktree went away' });
    const looked = await look(found, seen.choices, kept.only, false);
    if (!looked.ok) return looked;
    const { survey, decision, unapproved, validation } = looked.value;
    const outdated = seen.fingerprint === null ? null : moved(seen, survey);
    if (outdated !== null) return fail(outdated);
    if (decision.refusal !== null) return fail(decision.refusal);
    if (seen.fingerprint === null)
      return fail({ kind: 'plan-outdated', changed: 'What stood in the way is gone' });
    if (unapproved.length > 0) {
      if (!coveredBy(seen.asked, unapproved))
        return fail({ kind: 'plan-outdated', changed: 'The repository’s own commands have changed' });
      if (!approve) return fail({ kind: 'approval-needed', commands: unapproved });
      const approved = await deps.approvals.approve(location.id, unapproved);
      if (!approved.ok) return approved;
    }
    return execution.run(
      found,
      survey,
      decision,
      validation.map((one) => one.command),
      seen.choices,
      kept.only,
      { id: kept.id, turn },
    );
  };

  return {
    planMerge: ({ worktreeId, ...choices }) => plan(worktreeId, choices, 'merge'),
    planRebase: ({ worktreeId }) =>
      plan(worktreeId, { strategy: 'merge', update: 'rebase', skipValidation: true, push: false }, 'rebase'),

    async merge({ token, approve, only: asked }) {
      const kept = await deps.plans.find(await fleet.repositories(), token);
      const seen = kept === null ? null : planData.safeParse(kept.plan.data);
      if (kept === null || kept.plan.kind === 'cleanup' || seen?.success !== true)
        return fail({ kind: 'not-found', what: 'plan', name: token });
      const { location, plan: made } = kept;
      if (asked !== undefined && made.kind !== asked)
        return fail({ kind: 'not-found', what: 'plan', name: token });
      const only = made.kind === 'rebase' ? 'rebase' : 'merge';
      const named = (await fleet.worktree(made.worktreeId))?.worktree;
      const name = named?.branch ?? named?.name ?? 'a worktree';
      const id = deps.records.newId(only);
      const waiting = waitingOperation(deps.running, {
        id,
        kind: only,
        repositoryId: location.id,
        worktreeId: made.worktreeId,
        title: `${only === 'rebase' ? 'Rebase' : 'Merge'} ${name}`,
        steps: [],
      });
      const { signal, onWait } = waiting;
      const what = `the ${only} of ${name}`;
      const done = await inTurn(
        deps.lock,
        location,
        { scope: 'landing', what, signal, onWait },
        async (turn) => {
          await deps.recover(location);
          const kind = { worktreeId: made.worktreeId, only, id } as const;
          const landed = await execute(location, kind, seen.data, approve, turn);
          if (landed.ok) await deps.plans.forget(location, token);
          return landed;
        },
      );
      waiting.over(done.ok ? null : done.error);
      return done;
    },

    recover: (location, record) => execution.recover(location, record),
  };
}
