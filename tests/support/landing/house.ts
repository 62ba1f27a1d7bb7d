/**
 * Merge, clean up and undo put together as the app does, on real adapters, for tests and for the
 * child processes that tests kill. Nothing here may import the test runner.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationEvent } from '../../../src-main/contract/operations';
import type { LiveSession } from '../../../src-main/domain/cleanup-plan';
import type { RepositoryConfig, RepositoryLocation } from '../../../src-main/domain/facts';
import type { Approvals } from '../../../src-main/engine/operations/approvals';
import type { Cleaner } from '../../../src-main/engine/operations/cleanup';
import { createLandings } from '../../../src-main/engine/operations/landings';
import type { Merger } from '../../../src-main/engine/operations/merge';
import type { Recovery } from '../../../src-main/engine/operations/recovery';
import { createRunningOperations } from '../../../src-main/engine/operations/running-operations';
import type { Undoer } from '../../../src-main/engine/operations/undo';
import type { Clock, CommandRunner, Journal, Log, RepositoryConfigs } from '../../../src-main/engine/ports';
import { createRemoval } from '../../../src-main/git/cleanup/cleanup';
import { createRepositoryHooks } from '../../../src-main/git/facts/hooks';
import { createMergedCheck } from '../../../src-main/git/facts/merged';
import { createJournal } from '../../../src-main/git/kept/journal';
import { createRepositoryLock } from '../../../src-main/git/kept/lock';
import { createOperationRecords, createPlanStore } from '../../../src-main/git/kept/record-files';
import { createLanding } from '../../../src-main/git/merge/merge';
import type { PullRequests } from '../../../src-main/git/merge/pull-requests';
import { createGitCommand, type GitCommand } from '../../../src-main/git/run/git-command';
import { createFileLock } from '../../../src-main/system/file-lock';
import { createLeftProcesses } from '../../../src-main/system/left-processes';
import { createProcesses } from '../../../src-main/system/processes';
import { createPlainFleet } from './fleet';

export interface HouseOptions {
  readonly locations: readonly RepositoryLocation[];
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly base?: string;
  readonly clock?: Clock;
  readonly config?: Partial<RepositoryConfig>;
  readonly approved?: Set<string>;
  readonly pullRequests?: Partial<PullRequests>;
  readonly processAlive?: (pid: number) => boolean;
  readonly runner?: CommandRunner;
  readonly validationLimitMs?: number;
  /** Wraps a port, to make it fail or to die in it. */
  readonly journal?: (journal: Journal) => Journal;
  readonly git?: (git: GitCommand) => GitCommand;
}

export interface House {
  readonly merger: Merger;
  readonly cleaner: Cleaner;
  readonly undoer: Undoer;
  readonly recovery: Recovery;
  readonly events: OperationEvent[];
  readonly sessions: Map<string, readonly LiveSession[]>;
  readonly approved: Set<string>;
  readonly git: GitCommand;
  cancel(operation: string): boolean;
}

const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const quietLog: Log = { info: () => undefined, warn: () => undefined, bug: () => 'B-0' };

const noConfig: RepositoryConfig = {
  setup: null,
  validate: [],
  teardown: null,
  copy: [],
  base: null,
  branchPrefix: null,
};

export function createHouse(options: HouseOptions): House {
  const clock = options.clock ?? systemClock;
  const log = quietLog;
  const emptyDirectory = join(options.home, 'no-hooks');
  mkdirSync(emptyDirectory, { recursive: true });
  const plainGit = createGitCommand({ program: 'git', env: options.env, emptyDirectory });
  const git = options.git?.(plainGit) ?? plainGit;
  const sessions = new Map<string, readonly LiveSession[]>();
  const fleet = createPlainFleet({
    locations: options.locations,
    env: options.env,
    sessions,
    ...(options.base === undefined ? {} : { base: options.base }),
  });
  const journal = (options.journal ?? ((same) => same))(createJournal({ clock, log }));
  const fileLock = createFileLock({
    processes: { startTime: async () => 'now', bootId: async () => 'boot' },
    clock,
    log,
  });
  const lock = createRepositoryLock({ fileLock });
  const events: OperationEvent[] = [];
  const running = createRunningOperations({ clock, log, emit: (event) => events.push(event) });
  const approved = options.approved ?? new Set<string>();
  const approvals: Approvals = {
    isApproved: (_repository, command) => approved.has(command.text),
    async approve(_repository, commands) {
      for (const command of commands) approved.add(command.text);
      return { ok: true, value: undefined };
    },
  };
  const configs: RepositoryConfigs = {
    read: async () => ({ ok: true, value: { ...noConfig, ...options.config } }),
  };
  const runner: CommandRunner = options.runner ?? {
    run: async () => ({ exitCode: 0, reason: 'exited', tail: '' }),
  };
  const pullRequests: PullRequests = {
    state: async () => 'none',
    open: async () => ({ url: null, made: false }),
    ...options.pullRequests,
  };
  const removal = createRemoval({
    git,
    merged: createMergedCheck(git),
    pullRequests,
    processAlive: async (pid) => options.processAlive?.(pid) ?? false,
    platform: 'linux',
    log,
    now: () => clock.now(),
  });
  const records = createOperationRecords({ clock, log });
  const landing = createLanding({
    git,
    hooks: createRepositoryHooks(git),
    platform: 'linux',
    pullRequests,
    log,
    now: () => clock.now(),
  });
  const { merger, cleaner, undoer, recovery } = createLandings({
    fleet,
    landing,
    removal,
    hooks: createRepositoryHooks(git),
    plans: createPlanStore({ clock, log }),
    records,
    lock,
    journal,
    configs,
    approvals,
    runner,
    leftProcesses: createLeftProcesses({
      processes: createProcesses(process.platform === 'darwin' ? 'darwin' : 'linux'),
      clock,
    }),
    running,
    clock,
    log,
    others: [],
    ...(options.validationLimitMs === undefined ? {} : { validationLimitMs: options.validationLimitMs }),
  });
  return { merger, cleaner, undoer, recovery, events, sessions, approved, git, cancel: running.cancel };
}
