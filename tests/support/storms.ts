/** Storms of events over a real repository, and what they cost the one who watches it. */
import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { GitObserverDeps } from '../../src-main/git/observe/observer';
import type { GitCall, GitRunner } from '../../src-main/git/run/git-runner';
import { createHelperRunner, createNodeHelperStarter } from '../../src-main/git/run/helper-runner';
import { bundle } from './bundle';
import { createObserving } from './observing';
import { followPace, threadTimes } from './pace';
import type { Sandbox } from './repositories';
import { createSilentLog } from './silent-log';

const run = promisify(execFile);
const stormFile = fileURLToPath(new URL('children/storm.mjs', import.meta.url));

export const createFiles = (directory: string, count: number, perDirectory = 100) =>
  run(process.execPath, [stormFile, 'create', directory, `${count}`, `${perDirectory}`]);
export const rewriteFile = (file: string, times: number, everyMs: number) =>
  run(process.execPath, [stormFile, 'rewrite', file, `${times}`, `${everyMs}`]);
/** A storm that lasts until `child` is killed; it is with the test at the latest. */
export function rewriteUntilKilled(file: string) {
  const child = spawn(process.execPath, [stormFile, 'rewrite', file, '10000000', '2'], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

/** Commits made by one process; each has its own file. Leaves the worktree on the last of them. */
export async function manyCommits(sandbox: Sandbox, worktree: string, count: number): Promise<void> {
  const branch = await sandbox.git(worktree, 'symbolic-ref', 'HEAD');
  const from = await sandbox.git(worktree, 'rev-parse', 'HEAD');
  const stream = Array.from({ length: count }, (_, n) => {
    const message = `number ${n}`;
    return [
      `commit ${branch}`,
      `committer Test Person <person@example.com> ${1_700_000_000 + n} +0000`,
      `data ${message.length}\n${message}`,
      ...(n === 0 ? [`from ${from}`] : []),
      `M 644 inline many/f${n}.txt\ndata 2\n${n % 10}\n`,
    ].join('\n');
  }).join('\n');
  const child = spawn('git', ['fast-import', '--quiet', '--force'], {
    cwd: worktree,
    env: sandbox.env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${stream}\n`);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`fast-import ended with ${code}`);
  await sandbox.git(worktree, 'reset', '-q', '--hard');
}

/** Processor time of this thread so far, in milliseconds; null where the system does not tell. */
const threadTimeMs = (): number | null => threadTimes()?.workedMs ?? null;

/**
 * The longest stretch in which this thread worked without letting anything else in. By processor time:
 * on a busy machine the clock on the wall also counts the time that others had the processor.
 */
export function watchStalls() {
  let longestMs = 0;
  let last = threadTimeMs();
  let going = true;
  const tick = () => {
    const now = threadTimeMs();
    if (now !== null && last !== null) longestMs = Math.max(longestMs, now - last);
    last = now;
    if (going) setTimeout(tick, 1);
  };
  tick();
  return () => {
    going = false;
    return longestMs;
  };
}

export interface StormCost {
  readonly stormMs: number;
  readonly refreshes: number;
  readonly processes: number;
  readonly verbs: readonly string[];
  /** The longest time between two facts while it lasted. */
  readonly longestSilenceMs: number;
  readonly longestStallMs: number;
  /** Git processes asked for at the same time. */
  readonly mostAtOnce: number;
  /** How many times slower the machine was than a calm one; what piles up meanwhile is worked off at once. */
  readonly pace: number;
}

/** An observer that reads through the helper process, as the app has it; `before` may hold a call up. */
export async function createStormWatch(
  sandbox: Sandbox,
  options: Partial<GitObserverDeps> = {},
  before: (call: GitCall) => Promise<void> = () => Promise.resolve(),
) {
  const emptyDirectory = join(sandbox.root, 'no-hooks-here');
  await mkdir(emptyDirectory, { recursive: true });
  const helper = createHelperRunner({
    git: 'git',
    env: sandbox.env,
    emptyDirectory,
    concurrency: 2,
    modulePath: await bundle('src-main/git-helper.ts', join(sandbox.root, 'helper')),
    startHelper: createNodeHelperStarter(),
    log: createSilentLog(),
  });
  onTestFinished(() => helper.dispose());
  const calls: (GitCall & { cancelled: boolean })[] = [];
  let going = 0;
  let most = 0;
  const runner: GitRunner = {
    ...helper,
    async run(call) {
      const noted = { ...call, cancelled: false };
      calls.push(noted);
      await before(call);
      most = Math.max(most, ++going);
      const answer = await helper.run(call).finally(() => going--);
      noted.cancelled = answer.reason === 'cancelled';
      return answer;
    },
  };
  const observing = await createObserving(sandbox, { ...options, runner });
  return {
    ...observing,
    calls,
    /** Does it, and tells what it cost until the last of it was read. */
    async during(storm: () => Promise<unknown>): Promise<StormCost> {
      const atFirst = observing.observer.performance();
      const callsBefore = calls.length;
      const startedAt = performance.now();
      const told: number[] = [startedAt];
      most = 0;
      const stop = observing.observer.onFacts(() => told.push(performance.now()));
      const stalls = watchStalls();
      const pace = followPace();
      await storm();
      const stormMs = performance.now() - startedAt;
      await quiet();
      const longestStallMs = stalls();
      stop();
      const after = observing.observer.performance();
      return {
        stormMs,
        refreshes: after.refreshes - atFirst.refreshes,
        processes: after.processes.started - atFirst.processes.started,
        verbs: calls.slice(callsBefore).map(({ args }) => args[0] ?? ''),
        longestSilenceMs: Math.max(0, ...told.slice(1).map((at, n) => at - (told[n] ?? at))),
        longestStallMs,
        mostAtOnce: most,
        pace: pace(),
      };
    },
  };

  /** Until nothing was asked for a while, longer than the longest wait of a storm. */
  async function quiet() {
    let count = calls.length;
    let since = performance.now();
    while (performance.now() - since < 2_300) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const { running, queued } = observing.observer.performance().processes;
      if (calls.length === count && running === 0 && queued === 0) continue;
      count = calls.length;
      since = performance.now();
    }
  }
}
