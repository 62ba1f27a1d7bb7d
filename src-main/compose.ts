/** Builds every adapter and the engine around them; the only file that sees all rooms. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBrainNotes, newestNote } from './brain/notes';
import { createSessionObserver } from './claude/session-observer';
import { composeTransactions } from './compose-transactions';
import type { RepositoryId } from './contract/ids';
import type { OperationEvent } from './contract/operations';
import type { Problem, ToolState } from './contract/snapshot';
import { pathStyleOf } from './domain/containment';
import { createDoctor } from './engine/doctor';
import { createFleet } from './engine/fleet/fleet';
import { createHandlers, guarded } from './engine/handlers';
import { type Announcer, createAnnouncer } from './engine/notify';
import { createOpener } from './engine/open';
import { openablesOf } from './engine/openables';
import type { Orchard, OrchardOptions } from './engine/orchard';
import type {
  Cancel,
  Clock,
  CollisionObserver,
  GitObserver,
  Log,
  RepositoryConfigs,
  WatchPerformance,
} from './engine/ports';
import { createCollisionObserver } from './git/collisions/collision-observer';
import { clearLeftScratch } from './git/collisions/left-scratch';
import { locateDirectory } from './git/facts/locate';
import { createMergedCheck, type MergedCheck } from './git/facts/merged';
import { createRepositoryConfigs } from './git/facts/repository-config';
import { createSourceOf } from './git/facts/repository-survey';
import { createRepositoryLock } from './git/kept/lock';
import { createTaskRecords } from './git/kept/task-records';
import { createFactsCache } from './git/observe/facts-cache';
import { createGitObserver } from './git/observe/observer';
import { fairShare, readWatchLimits } from './git/observe/watch/watch-limit';
import { createGitCommand } from './git/run/git-command';
import { createGitHost } from './git/run/git-host';
import type { GitRunner } from './git/run/git-runner';
import { createHelperRunner, createNodeHelperStarter } from './git/run/helper-runner';
import { createReadCommand } from './git/run/read-command';
import { findGitAgain } from './git/run/remembered-git';
import { createConfSettings } from './settings/conf-settings';
import { createSessionLedger } from './settings/session-ledger';
import { createSystemClock } from './system/clock';
import { findDirectories } from './system/directories';
import { createDiskUsage } from './system/disk-usage';
import { createFileLock } from './system/file-lock';
import { createFileLog } from './system/log';
import { readLoginEnvironment } from './system/login-environment';
import { personEnvironment } from './system/person-environment';
import { createProcesses } from './system/processes';
import { createTerminals } from './terminal/terminals';

/** More git processes at once than this buy nothing and stall whoever waits for them. */
const MOST_GIT_PROCESSES = 4;

/** The git side of observation; without a usable git there is nothing to observe, and nothing breaks. */
interface GitSide {
  readonly observer: GitObserver & { performance?(): WatchPerformance };
  readonly collisions: CollisionObserver | null;
  readonly merged: MergedCheck | null;
  dispose(): Promise<void>;
}

const withoutGit: GitSide = {
  observer: {
    locate: async (directory) => (await locateDirectory(directory))?.location ?? null,
    observe: async () => undefined,
    onFacts: () => () => undefined,
    refresh: async () => undefined,
    hint: () => undefined,
    dispose: async () => undefined,
  },
  collisions: null,
  merged: null,
  dispose: async () => undefined,
};

export async function composeOrchard(options: OrchardOptions): Promise<Orchard> {
  const { platform, watch } = options;
  // Before anything is started with it, the login shell included: nothing else sees what we were given.
  const given = personEnvironment(options.env, platform);
  const homeDirectory = (platform === 'win32' ? given.USERPROFILE : given.HOME) ?? homedir();
  const directories = findDirectories({ platform, env: given, homeDirectory });
  const clock: Clock = options.clock ?? createSystemClock();
  const log = createFileLog({ file: join(directories.log, 'orchard.log'), now: clock.now });
  const processes = createProcesses(platform);
  const lock = createFileLock({ processes, clock, log });

  const emptyDirectory = join(directories.state, 'no-hooks');
  await mkdir(emptyDirectory, { recursive: true, mode: 0o700 });
  const [login, settings] = await Promise.all([
    readLoginEnvironment({ env: given, platform, fromTerminal: options.startedFrom === 'terminal' }),
    createConfSettings({ directory: directories.config, lock, clock, log, watch }),
  ]);
  const env = login.env;
  const gitTool = await findGitAgain({
    env,
    platform,
    file: join(directories.cache, 'git-program.json'),
    log,
  });

  const operationListeners = new Set<(event: OperationEvent) => void>();
  const emit = (event: OperationEvent): void => {
    for (const listener of operationListeners) listener(event);
  };

  const sessions = createSessionObserver({ env, platform, clock, log, processes, watch });
  const terminals = createTerminals({
    platform,
    env,
    homeDirectory,
    stateDirectory: directories.state,
    settings: () => settings.get().terminal,
    clock,
    log,
  });
  const ledger = createSessionLedger({
    file: join(directories.state, 'sessions.json'),
    lock,
    clock,
    log,
    watch,
  });
  const records = createTaskRecords({ log });
  const repositoryLock = createRepositoryLock({ fileLock: lock });
  const configs = createRepositoryConfigs({
    sourceOf: createSourceOf(
      createGitCommand({ program: gitTool.state === 'ok' ? gitTool.path : 'git', env, emptyDirectory }),
    ),
  });
  const gitSide =
    gitTool.state === 'ok'
      ? observeWithGit({
          gitTool,
          options,
          env,
          emptyDirectory,
          cache: directories.cache,
          records,
          configs,
          clock,
          log,
        })
      : withoutGit;

  const problems = (): readonly Problem[] => [
    ...(settings.setAside === null
      ? []
      : [
          {
            where: 'settings',
            message: `The settings file ${settings.setAside.problem}; it was kept as ${settings.setAside.path}.`,
          },
        ]),
    ...(login.problem === null ? [] : [{ where: 'environment', message: login.problem }]),
    ...(options.faceProblems?.list() ?? []),
  ];

  const diskUsage = watch
    ? createDiskUsage({
        file: join(directories.cache, 'disk-usage.json'),
        style: pathStyleOf(platform),
        clock,
        log,
      })
    : null;
  const fleet = createFleet({
    git: gitSide.observer,
    sessions,
    ledger,
    settings,
    terminals,
    collisions: gitSide.collisions,
    diskUsage,
    clock,
    log,
    platform,
    scope: options.repositories,
    ...(options.firstRevision !== undefined && { firstRevision: options.firstRevision }),
    watch,
    gitTool: async () => gitTool,
    problems,
  });
  const transactions = composeTransactions({
    fleet,
    program: gitTool.state === 'ok' ? gitTool.path : 'git',
    env,
    emptyDirectory,
    merged: gitSide.merged,
    // A process that stays speaks for whoever clicks, not for the session that happened to start it.
    callerSessionId: watch ? null : (env.CLAUDE_CODE_SESSION_ID ?? null),
    platform,
    settings,
    terminals,
    sessions,
    records,
    configs,
    lock: repositoryLock,
    processes,
    clock,
    log,
    emit,
  });
  const opener = createOpener({
    openables: openablesOf(fleet),
    terminals,
    sessions,
    opened: ({ worktreeId, session }) => {
      const facts = session === null ? null : fleet.session(session)?.facts;
      const seen =
        facts != null
          ? fleet.markSeen([facts.key])
          : worktreeId === null
            ? null
            : fleet.markWorktreeSeen(worktreeId);
      seen?.catch((error: unknown) => log.bug('mark as seen', error));
    },
  });

  const doctor = createDoctor({
    git: async () => gitTool,
    claude: sessions.tool,
    terminals,
    notifier: options.notifier,
    platform: options.platform,
    settings,
    lock: repositoryLock,
    repositories: () => fleet.repositories().map(({ location }) => location),
    troubles: () =>
      fleet
        .repositories()
        .flatMap(({ location, problem }) => (problem === null ? [] : [{ path: location.root, problem }])),
    watching: async () => {
      const limits = await readWatchLimits(platform);
      return {
        limit: limits === null ? null : { system: limits.watches, orchard: fairShare(limits) },
        unwatched: fleet
          .repositories()
          .flatMap(({ worktrees }) => worktrees.flatMap(({ unwatched }) => unwatched ?? [])),
      };
    },
    stuckTrash: transactions.stuckTrash,
    environment: login,
    log,
  });
  const handlers = guarded(
    createHandlers({
      fleet,
      settings,
      terminals,
      notes: createBrainNotes(),
      person: options.person,
      doctor,
      log,
      opener,
      spawner: transactions.spawner,
      landing: transactions.landing,
      cancel: transactions.cancel,
    }),
    log,
  );

  const cancels: Cancel[] = [];
  let announcer: Announcer | null = null;
  if (options.notifier !== null) {
    announcer = createAnnouncer({
      notifier: options.notifier,
      settings,
      terminals,
      clock,
      log,
      sessionFacts: (id) => fleet.session(id)?.facts ?? null,
      open: (sessionId) => {
        void handlers['session.open']({ sessionId }).then((opened) => {
          if (opened.ok) return;
          log.warn('notification.open', { failure: opened.error });
          options.person?.refused?.(opened.error);
        });
      },
      showList: () => options.person?.showList?.(),
      markSeen: (id) => {
        const facts = fleet.session(id)?.facts;
        if (facts != null)
          fleet.markSeen([facts.key]).catch((error: unknown) => log.bug('mark as seen', error));
      },
    });
    const { consider } = announcer;
    cancels.push(fleet.onSnapshot((snapshot) => void consider(snapshot)));
  }
  if (watch) {
    // What a crash left is finished or rolled back once, as soon as its repository is seen.
    const recovered = new Set<RepositoryId>();
    cancels.push(
      gitSide.observer.onFacts(({ location, worktrees }) => {
        // What comes from the disk cache is a memory of last time: nothing is done because of it.
        if (recovered.has(location.id) || worktrees.some(({ stale }) => stale)) return;
        recovered.add(location.id);
        transactions.recovery.atStart(location).catch((error: unknown) => log.bug('recovery', error));
      }),
    );
  }
  if (options.faceProblems !== undefined) cancels.push(options.faceProblems.onChange(() => fleet.changed()));

  return {
    handlers,
    settings,
    log,
    snapshot: fleet.snapshot,
    onSnapshot: fleet.onSnapshot,
    onOperation(listener) {
      operationListeners.add(listener);
      return () => {
        operationListeners.delete(listener);
      };
    },
    async start() {
      const first = await fleet.start();
      if (watch) return first;
      const recovered = await Promise.all(
        fleet.repositories().map(({ location }) => transactions.recovery.ifNeeded(location)),
      );
      return recovered.flat().length === 0 ? first : fleet.refresh();
    },
    leave: () => announcer?.leave(),
    comeBack() {
      fleet
        .refresh()
        .catch((error: unknown) => {
          // A look that fails tells nothing new; what is known is said all the same.
          log.bug('come back', error);
          return fleet.snapshot();
        })
        .then((snapshot) => announcer?.comeBack(snapshot))
        .catch((error: unknown) => log.bug('come back', error));
    },
    settled: () => fleet.settled(),
    performance: () => gitSide.observer.performance?.() ?? null,
    async dispose() {
      for (const cancel of cancels) cancel();
      // First: an operation that is taken back still asks the fleet, and runs git.
      await transactions.close();
      fleet.dispose();
      diskUsage?.dispose();
      await Promise.all([sessions.dispose(), gitSide.dispose()]);
      ledger.dispose();
      settings.dispose();
      await log.flush();
    },
  };
}

function observeWithGit(deps: {
  readonly gitTool: Extract<ToolState, { state: 'ok' }>;
  readonly options: OrchardOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emptyDirectory: string;
  readonly cache: string;
  readonly records: ReturnType<typeof createTaskRecords>;
  readonly configs: RepositoryConfigs;
  readonly clock: Clock;
  readonly log: Log;
}): GitSide {
  const { gitTool, options, env, emptyDirectory, clock, log } = deps;
  const running = {
    git: gitTool.path,
    env,
    emptyDirectory,
    concurrency: Math.min(availableParallelism(), MOST_GIT_PROCESSES),
  };
  // Starting a process costs more the larger the starter is; a one-shot command is small and short.
  const runner: GitRunner =
    options.watch && options.gitProcesses === 'helper'
      ? createHelperRunner({
          ...running,
          startHelper: createNodeHelperStarter(),
          modulePath: join(dirname(fileURLToPath(import.meta.url)), 'git-helper.js'),
          log,
        })
      : createGitHost(running);
  const merged = createMergedCheck(createReadCommand(runner));
  const observer = createGitObserver({
    runner,
    clock,
    log,
    platform: options.platform,
    gitVersion: gitTool.version,
    watch: options.watch,
    records: deps.records,
    configuredBase: async (location) => {
      const config = await deps.configs.read(location);
      return config.ok ? config.value.base : null;
    },
    newestNote,
    howMerged: async (location, question) => (await merged.howMerged(location, question)).how,
    cache: createFactsCache({ directory: deps.cache, log }),
  });
  const collisions = createCollisionObserver({
    git: runner,
    gitVersion: gitTool.version,
    directory: join(deps.cache, 'collisions', String(process.pid)),
    clock,
    log,
    platform: options.platform,
    // A one-shot command waits for verdicts.
    guess: options.watch,
  });
  const cleared = options.watch ? clearLeftScratch(join(deps.cache, 'collisions'), log) : null;
  return {
    observer,
    collisions,
    merged,
    async dispose() {
      await cleared;
      await collisions.dispose();
      await observer.dispose();
      await runner.dispose();
    },
  };
}
