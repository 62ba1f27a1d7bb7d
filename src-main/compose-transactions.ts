/** The part of composing that changes things: spawn, merge, clean up, undo, and what recovers them. */
import type { OperationEvent } from './contract/operations';
import type { Fleet } from './engine/fleet/fleet';
import { resolverOf } from './engine/fleet/resolve-fleet';
import type { HandlerDeps } from './engine/handlers';
import { createApprovals } from './engine/operations/approvals';
import { createLandings } from './engine/operations/landings';
import type { Recovery } from './engine/operations/recovery';
import { createRunningOperations } from './engine/operations/running-operations';
import { createSpawner } from './engine/operations/spawn';
import { createSpawnRecovery } from './engine/operations/spawn-transaction';
import type { Undoer } from './engine/operations/undo';
import type {
  Clock,
  Log,
  RepositoryConfigs,
  RepositoryLock,
  SessionObserver,
  SettingsStore,
  TaskRecords,
  Terminals,
} from './engine/ports';
import { createRemoval } from './git/cleanup/cleanup';
import { createRepositoryHooks } from './git/facts/hooks';
import { createMergedCheck, type MergedCheck } from './git/facts/merged';
import { createJournal } from './git/kept/journal';
import { createOperationRecords, createPlanStore } from './git/kept/record-files';
import { createLanding } from './git/merge/merge';
import { createPullRequests } from './git/merge/pull-requests';
import { createGitCommand } from './git/run/git-command';
import { createPlainGit } from './git/run/simple-git-instance';
import { createWorktreeMaker } from './git/spawn/worktree-maker';
import { createCommandRunner } from './system/command-runner';
import { createFileCopier } from './system/file-copier';
import { createLeftProcesses } from './system/left-processes';
import { isAlive, type Processes } from './system/processes';

/** A fetch that takes longer is not worth waiting for: the base is as old as it is, and the plan says so. */
const FETCH_LIMIT_MS = 10_000;
const SETUP_LIMIT_MS = 15 * 60_000;

export interface TransactionDeps {
  readonly fleet: Fleet;
  /** Path of git; a missing git makes every verb fail with git's own words, and the face says why. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emptyDirectory: string;
  /** The one that the list asks: one memory of answers; null without a git to ask. */
  readonly merged: MergedCheck | null;
  /** The Claude Code session that asks for everything that this process does, by its conversation's id. */
  readonly callerSessionId: string | null;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly settings: SettingsStore;
  readonly terminals: Terminals;
  readonly sessions: SessionObserver;
  readonly records: TaskRecords;
  readonly configs: RepositoryConfigs;
  readonly lock: RepositoryLock;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  emit(event: OperationEvent): void;
}

export interface Transactions {
  readonly spawner: HandlerDeps['spawner'];
  readonly landing: HandlerDeps['landing'];
  readonly recovery: Recovery;
  readonly stuckTrash: Undoer['stuck'];
  cancel(operation: string): boolean;
  /** Cancels what runs (see RunningOperations.close); resolves when also what is removed in the background is removed. */
  close(): Promise<void>;
}

export function composeTransactions(deps: TransactionDeps): Transactions {
  const { fleet, program, env, emptyDirectory, platform, settings, clock, log, lock, configs } = deps;
  const git = createGitCommand({ program, env, emptyDirectory, log });
  const running = createRunningOperations({ clock, log, emit: deps.emit });
  const journal = createJournal({ clock, log });
  const hooks = createRepositoryHooks(git);
  const plans = createPlanStore({ clock, log });
  const records = createOperationRecords({ clock, log });
  const pullRequests = createPullRequests({ env, log });
  const runner = createCommandRunner({ env, platform });
  const approvals = createApprovals({ settings });

  const removal = createRemoval({
    git,
    merged: deps.merged ?? createMergedCheck(git),
    pullRequests,
    // A pid that was given to another process since keeps the lock: refusing is the safe mistake.
    processAlive: isAlive,
    platform,
    log,
    now: () => clock.now(),
  });
  const landing = createLanding({ git, hooks, platform, pullRequests, log, now: () => clock.now() });
  const leftProcesses = createLeftProcesses({ processes: deps.processes, clock });
  const making = {
    maker: createWorktreeMaker({
      git: createPlainGit({ program, env, emptyDirectory }),
      command: git,
      emptyDirectory,
      log,
    }),
    copier: createFileCopier({ log }),
    commands: runner,
    records: deps.records,
    journal,
    leftProcesses,
    clock,
    log,
    setupLimitMs: SETUP_LIMIT_MS,
  };
  const { merger, cleaner, undoer, recovery, settled } = createLandings({
    fleet: resolverOf(fleet, deps.callerSessionId),
    landing,
    removal,
    hooks,
    plans,
    records,
    lock,
    journal,
    configs,
    approvals,
    runner,
    leftProcesses,
    running,
    clock,
    log,
    others: [createSpawnRecovery(making)],
  });
  const spawner = createSpawner({
    ...making,
    repositories: {
      find(id) {
        const facts = fleet.repository(id);
        if (facts === null) return null;
        const worktrees = new Set(facts.worktrees.map((worktree) => worktree.id));
        const liveSessions = fleet
          .placedSessions()
          .filter(({ live, worktree }) => live && worktree !== null && worktrees.has(worktree)).length;
        return { location: facts.location, base: facts.base, liveSessions };
      },
      claudeMissing: async () => (await deps.sessions.tool()).state === 'missing',
    },
    configs,
    approvals,
    settings,
    terminals: deps.terminals,
    platform,
    fetchLimitMs: FETCH_LIMIT_MS,
    lock,
    recovery,
    operations: running,
  });

  return {
    spawner: { ...spawner, execute: (input) => running.during(() => spawner.execute(input)) },
    landing: {
      planMerge: merger.planMerge,
      planRebase: merger.planRebase,
      merge: (input) => running.during(() => merger.merge(input)),
      planCleanup: cleaner.planCleanup,
      cleanup: (input) => running.during(() => cleaner.cleanup(input)),
      operations: () => undoer.list(),
      undo: (input) => running.during(() => undoer.undo(input)),
    },
    recovery: {
      ...recovery,
      atStart: (location) => running.during(() => recovery.atStart(location)),
      ifNeeded: (location) => running.during(() => recovery.ifNeeded(location)),
    },
    stuckTrash: undoer.stuck,
    cancel: running.cancel,
    async close() {
      await running.close();
      await settled();
    },
  };
}
