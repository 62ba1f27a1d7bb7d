/** Spawn: a plan first, then a worktree with a session in it, or nothing at all. */
import { randomBytes } from 'node:crypto';
import type { Failure, SpawnFailure } from '../../contract/failures';
import type { PlanToken } from '../../contract/ids';
import type { SpawnDone, SpawnPlan } from '../../contract/plans';
import type { Input } from '../../contract/requests';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { operationIdOf } from '../../domain/names';
import { SPAWN_STEPS, spawnRefusal, spawnSteps } from '../../domain/spawn-plan';
import type { RepositoryLock, Terminals } from '../ports';
import type { Recovery } from './recovery';
import type { RunningOperation, RunningOperations } from './running-operations';
import {
  countWorktrees,
  type PlannedSpawn,
  planSpawn,
  type SpawnInput,
  type SpawnPlanningDeps,
} from './spawn-planning';
import { type Made, makeSpawn, type SpawnTransactionDeps } from './spawn-transaction';
import { inTurn } from './turn';

export interface SpawnerDeps extends SpawnPlanningDeps, SpawnTransactionDeps {
  readonly lock: RepositoryLock;
  readonly recovery: Pick<Recovery, 'underLock' | 'afterLock'>;
  readonly operations: RunningOperations;
  readonly terminals: Pick<Terminals, 'open' | 'commandLine'>;
}

export interface Spawner {
  plan(input: SpawnInput): Promise<Result<SpawnPlan, SpawnFailure>>;
  execute(input: Input<'repository.spawn'>): Promise<Result<SpawnDone, SpawnFailure>>;
}

const PLAN_LIFE_MS = 15 * 60_000;
/** Another spawn in the same repository may be in its setup; longer than this is worth saying. */
const LOCK_PATIENCE_MS = 30_000;

export function createSpawner(deps: SpawnerDeps): Spawner {
  const { clock } = deps;
  const plans = new Map<PlanToken, { readonly planned: PlannedSpawn; readonly expiresAt: number }>();
  const executing = new Set<PlanToken>();

  return {
    async plan(input) {
      const planned = await planSpawn(deps, input);
      if (!planned.ok) return planned;
      // An expired plan is kept a while longer, so that it can be told from one that never was.
      for (const [token, { expiresAt }] of plans)
        if (clock.now() - expiresAt > PLAN_LIFE_MS) plans.delete(token);
      const token = randomBytes(16).toString('hex');
      plans.set(token, { planned: planned.value, expiresAt: clock.now() + PLAN_LIFE_MS });
      return ok({ ...planned.value.plan, token });
    },

    async execute(input) {
      const kept = plans.get(input.token);
      if (kept === undefined) return fail({ kind: 'not-found', what: 'plan', name: input.token });
      if (clock.now() > kept.expiresAt)
        return fail({ kind: 'plan-outdated', changed: 'More than 15 minutes have passed' });
      const { planned } = kept;
      if (executing.has(input.token))
        return fail({ kind: 'busy', repository: planned.location.name, owner: 'This very spawn' });
      executing.add(input.token);
      try {
        const done = await execute(deps, planned, input);
        // A plan that was refused can still be said yes to; one that was carried out is spent.
        if (done.ok) plans.delete(input.token);
        return done;
      } finally {
        executing.delete(input.token);
      }
    },
  };
}

async function execute(
  deps: SpawnerDeps,
  planned: PlannedSpawn,
  choices: Input<'repository.spawn'>,
): Promise<Result<SpawnDone, SpawnFailure>> {
  const { location, facts } = planned;
  // Said before anything is locked or shown.
  const early = refusedStill(planned.plan.refusal, choices);
  if (early !== null) return fail(early);
  const operation = deps.operations.begin({
    id: operationIdOf('spawn', deps.clock.now(), randomBytes(3).toString('hex')),
    kind: 'spawn',
    repositoryId: location.id,
    worktreeId: null,
    title: planned.task ?? facts.branch,
    steps: spawnSteps(facts),
  });
  const finish = (failure: SpawnFailure | null, summary: string) => operation.finish(failure, summary);
  try {
    const made = await underLock(deps, planned, choices, operation);
    if (!made.ok) {
      finish(made.error, `${facts.branch} was not made`);
      return made;
    }
    const done = await openIn(deps, planned, made.value, choices.open, operation);
    finish(null, `${facts.branch} is in ${facts.path}`);
    return ok(done);
  } catch (error) {
    operation.finish({ kind: 'internal', reference: deps.log.bug('spawn', error) }, 'It broke');
    throw error;
  }
}

async function underLock(
  deps: SpawnerDeps,
  planned: PlannedSpawn,
  choices: Input<'repository.spawn'>,
  operation: RunningOperation,
): Promise<Result<Made, SpawnFailure>> {
  const { location, facts } = planned;
  const made = await inTurn<Made, SpawnFailure>(
    deps.lock,
    location,
    {
      scope: 'spawn',
      what: `the spawn of ${facts.branch}`,
      signal: operation.signal,
      waitMs: LOCK_PATIENCE_MS,
      onWait: (what) => operation.waits(what),
    },
    async (turn) => {
      await deps.recovery.underLock(location, 'spawn');
      const refused = await lookAgain(deps, planned, choices);
      if (refused !== null) return fail(refused);
      if (choices.approve) {
        const commands = [...(facts.setup === null ? [] : [facts.setup]), ...facts.hooks];
        const remembered = await deps.approvals.approve(location.id, commands);
        if (!remembered.ok) return remembered;
      }
      return makeSpawn(deps, planned, operation, choices.open ? planned.sessionId : null, turn);
    },
  );
  // A worktree that was taken back may hold many thousand copied files.
  await deps.recovery.afterLock(location);
  return made;
}

/** Whether what the plan saw still holds; what it did not see is a reason for a fresh plan. */
async function lookAgain(
  deps: SpawnerDeps,
  planned: PlannedSpawn,
  choices: Input<'repository.spawn'>,
): Promise<SpawnFailure | null> {
  const { location, facts } = planned;
  const [survey, base, config, hooks, taken] = await Promise.all([
    deps.maker.survey(location),
    deps.maker.resolveBase(location, planned.asked, 0),
    deps.configs.read(location),
    deps.maker.hooks(location, facts.commit),
    deps.maker.pathTaken(facts.path),
  ]);
  if (!survey.ok) return survey.error;
  if (!base.ok) return base.error;
  if (!config.ok) return config.error;
  if (!hooks.ok) return hooks.error;
  if (base.value.commit !== facts.commit)
    return { kind: 'plan-outdated', changed: `${facts.base} has moved` };
  if (config.value.setup !== planned.setup)
    return { kind: 'plan-outdated', changed: 'The setup command in .orchard.json has changed' };
  const texts = (commands: readonly { readonly text: string }[]) =>
    commands.map(({ text }) => text).join('\0');
  if (texts(hooks.value.inTree) !== texts(facts.hooks))
    return { kind: 'plan-outdated', changed: 'The hooks in the repository have changed' };
  const unapproved = [...(facts.setup === null ? [] : [facts.setup]), ...facts.hooks].filter(
    (command) => !deps.approvals.isApproved(location.id, command),
  );
  const around = {
    branches: survey.value.branches,
    taken,
    worktrees: countWorktrees(survey.value),
    // What was said yes to does not hide the next reason.
    limit: choices.force ? Number.POSITIVE_INFINITY : deps.settings.get().thresholds.worktreesPerRepository,
  };
  return refusedStill(spawnRefusal(facts, around, choices.approve ? [] : unapproved), choices);
}

/** A refusal, unless it is one that this yes was said to. */
function refusedStill(refusal: Failure | null, choices: Input<'repository.spawn'>): SpawnFailure | null {
  switch (refusal?.kind) {
    case 'too-many-worktrees':
      return choices.force ? null : refusal;
    case 'approval-needed':
      return choices.approve ? null : refusal;
    case 'branch-exists':
    case 'directory-exists':
      return refusal;
    default:
      return null;
  }
}

/** The worktree is whole by now: a terminal that does not open is told, and takes nothing back. */
async function openIn(
  deps: SpawnerDeps,
  planned: PlannedSpawn,
  made: Made,
  wanted: boolean,
  operation: RunningOperation,
): Promise<SpawnDone> {
  const { location, facts, plan } = planned;
  const done = {
    worktreeId: made.worktreeId,
    path: facts.path,
    branch: facts.branch,
    commands: [await deps.terminals.commandLine(planned.open)],
  };
  if (!wanted) {
    operation.step(SPAWN_STEPS.open, 'skipped');
    return { ...done, opened: null, warnings: plan.warnings };
  }
  operation.step(SPAWN_STEPS.open, 'running');
  const opened = await deps.terminals.open(planned.open);
  if (opened.ok) {
    operation.step(SPAWN_STEPS.open, 'done');
    return { ...done, opened: opened.value, warnings: plan.warnings };
  }
  operation.step(SPAWN_STEPS.open, 'failed');
  deps.log.warn('spawn.not-opened', { operation: operation.id, failure: opened.error });
  // No session is on its way: the row must not wait for one.
  await deps.records.update(location, made.entry, { sessionId: null });
  return {
    ...done,
    opened: null,
    warnings: [...plan.warnings, 'No terminal could be opened; run the command yourself.'],
  };
}
