/** What a spawn would make: decided from what git, the files and the settings say now. */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Failure, RepositoryCommand, SpawnFailure } from '../../contract/failures';
import type { SpawnPlan } from '../../contract/plans';
import type { Input } from '../../contract/requests';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { claudeCommand, firstPrompt } from '../../domain/first-prompt';
import {
  branchAsked,
  branchInTheWay,
  directoryName,
  nameOfTask,
  nameProblem,
  quickName,
  slugOfName,
} from '../../domain/names';
import {
  type Platform,
  type SpawnFacts,
  spawnRefusal,
  spawnSteps,
  spawnWarnings,
  worktreeCommands,
} from '../../domain/spawn-plan';
import type {
  Clock,
  OpenRequest,
  RepositoryConfigs,
  RepositoryLocation,
  RepositorySurvey,
  SettingsStore,
  Terminals,
  WorktreeMaker,
} from '../ports';
import type { Approvals } from './approvals';

export type SpawnInput = Input<'repository.planSpawn'> & {
  /** Splitter: worktrees spawned together share this. */
  readonly group?: string;
};

/** What spawning asks of the fleet. */
export interface SpawnRepositories {
  find(id: string): {
    readonly location: RepositoryLocation;
    /** The default branch as observed; null when not known. */
    readonly base: string | null;
    readonly liveSessions: number;
  } | null;
  /** Whether the `claude` command is nowhere to be found. */
  claudeMissing(): Promise<boolean>;
}

export interface SpawnPlanningDeps {
  readonly repositories: SpawnRepositories;
  readonly maker: WorktreeMaker;
  readonly configs: RepositoryConfigs;
  readonly approvals: Approvals;
  readonly settings: SettingsStore;
  readonly terminals: Pick<Terminals, 'commandLine'>;
  readonly clock: Clock;
  readonly platform: Platform;
  /** How long a fetch may take, ms. */
  readonly fetchLimitMs: number;
}

/** A plan with what its execution needs besides. */
export interface PlannedSpawn {
  readonly plan: Omit<SpawnPlan, 'token'>;
  readonly location: RepositoryLocation;
  readonly facts: SpawnFacts;
  readonly copyFrom: string | null;
  readonly leaveOut: readonly string[];
  /** The setup command itself; the facts have the text that was approved for it. */
  readonly setup: string | null;
  readonly task: string | null;
  /** The base that was asked for (or found), to look whether it has moved. */
  readonly asked: string | null;
  readonly sessionId: string;
  readonly open: OpenRequest;
  readonly group: string | null;
}

export async function planSpawn(
  deps: SpawnPlanningDeps,
  input: SpawnInput,
): Promise<Result<PlannedSpawn, SpawnFailure>> {
  const { maker } = deps;
  const repository = deps.repositories.find(input.repositoryId);
  if (repository === null) return fail({ kind: 'not-found', what: 'repository', name: input.repositoryId });
  const { location } = repository;
  const task = input.task.trim() === '' ? null : input.task.trim();
  if (task === null && !input.quick && input.name === null) return fail({ kind: 'empty-task' });

  const config = await deps.configs.read(location);
  if (!config.ok) return config;
  const settings = deps.settings.get();
  const prefix = config.value.branchPrefix ?? settings.naming.branchPrefix;
  const [surveyed, based] = await Promise.all([
    maker.survey(location),
    maker.resolveBase(location, input.base ?? config.value.base ?? repository.base, deps.fetchLimitMs),
  ]);
  if (!surveyed.ok) return surveyed;
  if (!based.ok) return based;
  const { base, commit, subject, freshness } = based.value;

  const named = await nameFor(deps, location, input, task, prefix, surveyed.value);
  if (!named.ok) return named;
  const { slug, branch, path, taken } = named.value;

  const [candidates, hooks, hasSubmodules, claudeMissing] = await Promise.all([
    maker.copyCandidates(location, config.value.copy),
    maker.hooks(location, commit),
    maker.hasSubmodules(location, commit),
    deps.repositories.claudeMissing(),
  ]);
  if (!candidates.ok) return candidates;
  if (!hooks.ok) return hooks;

  const setup: RepositoryCommand | null =
    config.value.setup === null
      ? null
      : {
          purpose: 'setup',
          text: await maker.commandText(location, { commit, copies: candidates.value }, config.value.setup),
        };
  const facts: SpawnFacts = {
    branch,
    path,
    base,
    commit,
    subject,
    freshness,
    copies: candidates.value.paths,
    setup,
    hooks: hooks.value.inTree,
    otherHooks: hooks.value.others,
  };
  const approval = (command: RepositoryCommand) => ({
    command,
    approved: deps.approvals.isApproved(location.id, command),
  });
  const withSetup = setup === null ? null : approval(setup);
  const withHooks = facts.hooks.map(approval);
  const prompt = firstPrompt(task, input.preload);
  const sessionId = randomUUID();
  const open: OpenRequest = {
    directory: path,
    title: task ?? branch,
    command: claudeCommand(branch, sessionId, prompt),
    session: null,
  };
  const refusal: Failure | null = spawnRefusal(
    facts,
    {
      branches: surveyed.value.branches,
      taken,
      worktrees: countWorktrees(surveyed.value),
      limit: settings.thresholds.worktreesPerRepository,
    },
    [withSetup, ...withHooks].flatMap((one) => (one === null || one.approved ? [] : [one.command])),
  );
  return ok({
    plan: {
      repositoryId: location.id,
      name: slug,
      path,
      branch,
      base,
      baseCommit: commit,
      baseSubject: subject,
      freshness,
      copies: facts.copies,
      setup: withSetup,
      hooks: withHooks,
      firstPrompt: prompt,
      quick: input.quick,
      steps: spawnSteps(facts).map((step) => step.text),
      commands: [
        ...worktreeCommands(
          {
            root: location.root,
            from: candidates.value.from,
            path,
            branch,
            commit,
            copies: facts.copies,
            setup: config.value.setup,
          },
          deps.platform,
        ),
        await deps.terminals.commandLine(open),
      ],
      warnings: spawnWarnings({
        liveSessions: repository.liveSessions,
        hasSubmodules,
        freshness,
        claudeMissing,
        hasSource: candidates.value.from !== null,
      }),
      refusal,
    },
    location,
    facts,
    copyFrom: candidates.value.from,
    leaveOut: candidates.value.leaveOut,
    setup: config.value.setup,
    task,
    asked: input.base ?? config.value.base ?? repository.base,
    sessionId,
    open,
    group: input.group ?? null,
  });
}

/** Worktrees besides the main one; one whose directory is away asks for nobody's attention. */
export const countWorktrees = (survey: RepositorySurvey): number =>
  survey.worktrees.filter((one) => !one.isMain && !one.missing).length;

interface Named {
  readonly slug: string;
  readonly branch: string;
  readonly path: string;
  readonly taken: string | null;
}

async function nameFor(
  deps: SpawnPlanningDeps,
  location: RepositoryLocation,
  input: SpawnInput,
  task: string | null,
  prefix: string,
  survey: RepositorySurvey,
): Promise<Result<Named, SpawnFailure>> {
  const { maker, clock, settings } = deps;
  if (input.name !== null) {
    const problem =
      nameProblem(input.name) ?? (await maker.branchProblem(location, branchAsked(prefix, input.name)));
    if (problem !== null) return fail({ kind: 'invalid-name', name: input.name, problem });
  }
  const at = clock.now();
  const slugAt = (moment: number): string =>
    input.name !== null
      ? slugOfName(input.name, prefix)
      : input.quick || task === null
        ? quickName(moment)
        : nameOfTask(task, moment);
  const parent = settings.get().naming.parent ?? dirname(location.root);
  const repositoryName = basename(location.name).replace(/\.git$/i, '');
  const placed = async (slug: string): Promise<Named> => {
    const path = join(parent, directoryName(repositoryName, slug));
    return { slug, branch: prefix + slug, path, taken: await maker.pathTaken(path) };
  };
  let named = await placed(slugAt(at));
  // A timestamp that is taken moves on to the next second; a name that means something never changes.
  for (let second = 1; second < 60 && slugAt(at + 1_000) !== slugAt(at); second++) {
    if (named.taken === null && branchInTheWay(named.branch, survey.branches) === null) break;
    named = await placed(slugAt(at + second * 1_000));
  }
  const problem = await maker.branchProblem(location, named.branch);
  return problem === null ? ok(named) : fail({ kind: 'invalid-name', name: named.branch, problem });
}
