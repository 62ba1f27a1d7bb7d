/** The product's parts as `compose.ts` puts them together, with eyes on what they ask of git. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RepositoryFacts, WorktreeFacts } from '../../src-main/domain/facts';
import type { Clock, Log } from '../../src-main/engine/ports';
import { createMergedCheck } from '../../src-main/git/facts/merged';
import { createTaskRecords } from '../../src-main/git/kept/task-records';
import { createFactsCache } from '../../src-main/git/observe/facts-cache';
import { createGitObserver, type GitObserverDeps } from '../../src-main/git/observe/observer';
import { createGitHost } from '../../src-main/git/run/git-host';
import type { GitCall, GitRunner } from '../../src-main/git/run/git-runner';
import { createHelperRunner, createNodeHelperStarter } from '../../src-main/git/run/helper-runner';
import { createReadCommand } from '../../src-main/git/run/read-command';

export const concurrency = Math.min(availableParallelism(), 4);

export const realClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A bug in a measured run makes the figures worthless; a warning does not. */
export const benchLog: Log = {
  info: () => undefined,
  warn: (event, data) => {
    if (process.env.ORCHARD_BENCH_WARNINGS !== undefined) console.error(event, data);
  },
  bug(event, error) {
    console.error(`bug in ${event}`, error);
    return 'bench';
  },
};

export interface AskedCall {
  readonly call: GitCall;
  /** How long the process itself took, in milliseconds. */
  tookMs: number;
  done: boolean;
}

export interface Machine {
  readonly git: string;
  readonly gitVersion: string;
}

/** A git runner as the app has it (`helper`) or as a one-shot command has it. */
export async function createRunner(
  machine: Machine,
  scratch: string,
  kind: 'helper' | 'in-process',
): Promise<{ readonly runner: GitRunner; readonly calls: AskedCall[] }> {
  const emptyDirectory = join(scratch, 'no-hooks');
  await mkdir(emptyDirectory, { recursive: true });
  const options = { git: machine.git, env: process.env, emptyDirectory, concurrency };
  const inner =
    kind === 'helper'
      ? createHelperRunner({
          ...options,
          startHelper: createNodeHelperStarter(),
          modulePath: join(dirname(fileURLToPath(import.meta.url)), 'git-helper.js'),
          log: benchLog,
        })
      : createGitHost(options);
  const calls: AskedCall[] = [];
  return {
    calls,
    runner: {
      ...inner,
      async run(call) {
        const asked: AskedCall = { call, tookMs: 0, done: false };
        calls.push(asked);
        const answer = await inner.run(call);
        asked.tookMs = answer.tookMs;
        asked.done = true;
        return answer;
      },
    },
  };
}

export interface Watcher {
  readonly observer: ReturnType<typeof createGitObserver>;
  readonly calls: AskedCall[];
  readonly runner: GitRunner;
  /** Observes these; resolves with how long it took until everything was told, in milliseconds. */
  open(roots: readonly string[]): Promise<number>;
  /** The newest facts of each repository. */
  readonly facts: ReadonlyMap<string, RepositoryFacts>;
  row(path: string): WorktreeFacts;
  /** Resolves with the time at which facts came that `good` accepts. */
  until(good: (facts: RepositoryFacts) => boolean): Promise<number>;
  /** Until nothing ran or was pending for `ms`. */
  quiet(ms?: number): Promise<void>;
  watching(): Promise<void>;
  dispose(): Promise<void>;
}

export async function createWatcher(options: {
  readonly machine: Machine;
  readonly scratch: string;
  readonly kind: 'helper' | 'in-process';
  readonly watch: boolean;
  readonly cache?: boolean;
  readonly deps?: Partial<GitObserverDeps>;
}): Promise<Watcher> {
  const { machine, scratch } = options;
  const { runner, calls } = await createRunner(machine, scratch, options.kind);
  // The app's helper runs before anything is asked of it.
  if (options.kind === 'helper') await runner.run({ cwd: scratch, args: ['--version'] });
  const merged = createMergedCheck(createReadCommand(runner));
  const observer = createGitObserver({
    runner,
    clock: realClock,
    log: benchLog,
    platform: process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux',
    gitVersion: machine.gitVersion,
    watch: options.watch,
    records: createTaskRecords({ log: benchLog }),
    configuredBase: () => Promise.resolve(null),
    newestNote: () => Promise.resolve(null),
    howMerged: async (location, question) => (await merged.howMerged(location, question)).how,
    cache:
      options.cache === true ? createFactsCache({ directory: join(scratch, 'cache'), log: benchLog }) : null,
    ...options.deps,
  });
  const facts = new Map<string, RepositoryFacts>();
  const waiting = new Set<(next: RepositoryFacts, at: number) => void>();
  observer.onFacts((next) => {
    const at = performance.now();
    facts.set(next.location.id, next);
    for (const one of waiting) one(next, at);
  });
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const quiet = async (milliseconds = 400) => {
    for (let since = performance.now(), count = calls.length; performance.now() - since < milliseconds; ) {
      await pause(20);
      if (calls.length === count && calls.every(({ done }) => done)) continue;
      count = calls.length;
      since = performance.now();
    }
  };
  return {
    observer,
    calls,
    runner,
    facts,
    async open(roots) {
      const locations = await Promise.all(roots.map((root) => observer.locate(root)));
      const begun = performance.now();
      await observer.observe(locations.filter((location) => location !== null));
      return performance.now() - begun;
    },
    row(path) {
      for (const { worktrees } of facts.values())
        for (const worktree of worktrees) if (worktree.path === path) return worktree;
      throw new Error(`no row for ${path}`);
    },
    until: (good) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error('no such facts came in 30 s')), 30_000);
        const look = (next: RepositoryFacts, at: number) => {
          if (!good(next)) return;
          clearTimeout(limit);
          waiting.delete(look);
          resolve(at);
        };
        waiting.add(look);
      }),
    quiet,
    async watching() {
      for (;;) {
        const rows = [...facts.values()].flatMap(({ worktrees }) => worktrees);
        if (rows.length > 0 && rows.every(({ watched }) => watched === 'files')) break;
        await pause(20);
      }
      await quiet();
    },
    dispose: () => observer.dispose(),
  };
}
