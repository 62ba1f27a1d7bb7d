/**
 * A spawner on real git, real files and real processes; only the terminal, the settings file and the
 * task records are stand-ins.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OperationEvent } from '../../src-main/contract/operations';
import { fail, ok } from '../../src-main/contract/result';
import { defaultSettings, type Settings } from '../../src-main/contract/settings';
import { createApprovals } from '../../src-main/engine/operations/approvals';
import { createRecovery } from '../../src-main/engine/operations/recovery';
import { createRunningOperations } from '../../src-main/engine/operations/running-operations';
import { createSpawner, type SpawnerDeps } from '../../src-main/engine/operations/spawn';
import type { SpawnInput } from '../../src-main/engine/operations/spawn-planning';
import { createSpawnRecovery } from '../../src-main/engine/operations/spawn-transaction';
import type {
  Journal,
  OpenRequest,
  RepositoryLocation,
  SettingsStore,
  TaskRecord,
  TaskRecords,
  Terminals,
} from '../../src-main/engine/ports';
import { createRepositoryConfigs } from '../../src-main/git/facts/repository-config';
import { createSourceOf } from '../../src-main/git/facts/repository-survey';
import { emptyDoomed } from '../../src-main/git/kept/doomed';
import { createJournal } from '../../src-main/git/kept/journal';
import { createRepositoryLock } from '../../src-main/git/kept/lock';
import { createTaskRecords } from '../../src-main/git/kept/task-records';
import { createGitCommand } from '../../src-main/git/run/git-command';
import { createPlainGit } from '../../src-main/git/run/simple-git-instance';
import { createWorktreeMaker } from '../../src-main/git/spawn/worktree-maker';
import { createCommandRunner } from '../../src-main/system/command-runner';
import { createFileCopier } from '../../src-main/system/file-copier';
import { createFileLock } from '../../src-main/system/file-lock';
import { createLeftProcesses } from '../../src-main/system/left-processes';
import { createProcesses } from '../../src-main/system/processes';
import { realClock } from './real-clock';
import { createSilentLog } from './silent-log';

export const input = (task: string, more: Partial<SpawnInput> = {}): SpawnInput => ({
  repositoryId: 'r-000000000001',
  task,
  name: null,
  base: null,
  preload: 'none',
  quick: false,
  ...more,
});

export const locationOf = (root: string, isBare = false): RepositoryLocation => ({
  id: 'r-000000000001',
  name: basename(root).replace(/\.git$/, ''),
  root,
  commonDir: isBare ? root : join(root, '.git'),
  isBare,
});

/** Task records as plain files, where the real ones are. */
export function createPlainRecords(): TaskRecords {
  const directory = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'tasks');
  const file = (location: RepositoryLocation, entry: string) => join(directory(location), `${entry}.json`);
  const list = async (location: RepositoryLocation): Promise<readonly TaskRecord[]> => {
    const names = await readdir(directory(location)).catch(() => []);
    return Promise.all(
      names.map(async (name) => JSON.parse(await readFile(join(directory(location), name), 'utf8'))),
    );
  };
  const write = async (location: RepositoryLocation, record: TaskRecord) => {
    await mkdir(directory(location), { recursive: true });
    await writeFile(file(location, record.entry), JSON.stringify(record));
    return ok(undefined);
  };
  return {
    write,
    async update(location, entry, change) {
      const record = (await list(location)).find((one) => one.entry === entry);
      if (record === undefined)
        return fail({ kind: 'file-failed', path: file(location, entry), details: 'ENOENT' });
      return write(location, { ...record, ...change });
    },
    remove: (location, entry) => rm(file(location, entry), { force: true }),
    list,
  };
}

export function createMemorySettings(
  change: (settings: Settings) => Settings = (same) => same,
): SettingsStore {
  let settings = change(defaultSettings);
  return {
    get: () => settings,
    async update(next) {
      settings = next(settings);
      return ok(settings);
    },
    onChange: () => () => undefined,
    setAside: null,
    file: 'settings.json',
    dispose: () => undefined,
  };
}

export interface SpawnerOptions {
  readonly location: RepositoryLocation;
  readonly env: NodeJS.ProcessEnv;
  readonly emptyDirectory: string;
  readonly settings?: (settings: Settings) => Settings;
  readonly liveSessions?: number;
  readonly fetchLimitMs?: number;
  readonly setupLimitMs?: number;
  readonly opens?: Terminals['open'];
  readonly journal?: (journal: Journal) => Journal;
  readonly over?: (deps: SpawnerDeps) => Partial<SpawnerDeps>;
}

export function createTestSpawner(options: SpawnerOptions) {
  const { location, env, emptyDirectory } = options;
  const log = createSilentLog();
  const clock = realClock;
  const processes = createProcesses(
    process.platform === 'win32' ? 'win32' : process.platform === 'darwin' ? 'darwin' : 'linux',
  );
  const settings = createMemorySettings(options.settings);
  const git = createPlainGit({ program: 'git', env, emptyDirectory });
  const command = createGitCommand({ program: 'git', env, emptyDirectory });
  const realJournal = createJournal({ clock, log });
  const journal = options.journal?.(realJournal) ?? realJournal;
  const lock = createRepositoryLock({ fileLock: createFileLock({ processes, clock, log }) });
  const opened: OpenRequest[] = [];
  const events: OperationEvent[] = [];
  const operations = createRunningOperations({ clock, log, emit: (event) => void events.push(event) });
  const records = createPlainRecords();
  const transaction = {
    maker: createWorktreeMaker({ git, command, emptyDirectory, log }),
    copier: createFileCopier({ log }),
    commands: createCommandRunner({ env, platform: process.platform }),
    records,
    journal,
    leftProcesses: createLeftProcesses({ processes, clock }),
    clock,
    log,
    setupLimitMs: options.setupLimitMs ?? 60_000,
  };
  const recovery = createRecovery({
    journal: realJournal,
    lock,
    log,
    recoverers: [createSpawnRecovery(transaction)],
    pinnedWork: async () => null,
    dropLeft: async () => undefined,
    collect: async () => [],
    tidy: async () => undefined,
    empty: (repository) => emptyDoomed(repository, log),
  });
  const base: SpawnerDeps = {
    ...transaction,
    repositories: {
      find: (id) =>
        id === location.id ? { location, base: null, liveSessions: options.liveSessions ?? 0 } : null,
      claudeMissing: async () => false,
    },
    configs: createRepositoryConfigs({ sourceOf: createSourceOf(command) }),
    approvals: createApprovals({ settings }),
    settings,
    terminals: {
      open:
        options.opens ??
        (async (request) => {
          opened.push(request);
          return ok({ reached: 'new', terminal: 'test', command: 'open' });
        }),
      commandLine: async ({ directory, command: words }) => `cd ${directory} && ${(words ?? []).join(' ')}`,
    },
    platform: 'linux',
    fetchLimitMs: options.fetchLimitMs ?? 10_000,
    lock,
    recovery,
    operations,
  };
  const deps = { ...base, ...options.over?.(base) };
  return { spawner: createSpawner(deps), deps, recovery, operations, settings, records, opened, events, log };
}

/** The same with the task records that the app keeps. */
export const createRecordingSpawner = (
  location: RepositoryLocation,
  env: NodeJS.ProcessEnv,
  emptyDirectory: string,
) =>
  createTestSpawner({
    location,
    env,
    emptyDirectory,
    over: () => ({ records: createTaskRecords({ log: createSilentLog() }) }),
  });
