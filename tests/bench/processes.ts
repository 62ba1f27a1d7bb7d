/** Plain processes: what the product is compared with. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Fixture {
  /** The main worktree first. */
  readonly worktrees: readonly string[];
}

/** Like `orch` on this machine: as many at a time as it has cores, 4 at most. */
export { concurrency } from './product';

export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...args], { cwd, env: process.env, maxBuffer: 1 << 28 });
  return stdout.trimEnd();
}

/** Runs one to its end and throws its output away, as cheaply as Node can. */
const execute = (cwd: string, args: readonly string[]): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn('git', [...args], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.resume();
    child.once('error', reject);
    child.once('close', resolve);
  });

/** How long these take, `atATime` at once, in milliseconds. */
export async function timeOfPool(
  calls: readonly { readonly cwd: string; readonly args: readonly string[] }[],
  atATime: number,
): Promise<number> {
  const begun = performance.now();
  const left = [...calls];
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let call = left.shift(); call !== undefined; call = left.shift())
        await execute(call.cwd, call.args);
    }),
  );
  return performance.now() - begun;
}

export const versionCalls = (cwd: string, count: number) =>
  Array.from({ length: count }, () => ({ cwd, args: ['--version'] }));

/** The bare status pass: nothing but git's own answer for each worktree. */
export const statusCalls = (worktrees: readonly string[]) =>
  worktrees.map((cwd) => ({
    cwd,
    args: ['--no-optional-locks', 'status', '--porcelain=v2', '--branch', '-z'],
  }));
