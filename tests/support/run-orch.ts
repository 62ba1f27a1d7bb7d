/** The built `orch` as a process of its own, as a person starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished, type TestContext } from 'vitest';

export const orchFile = fileURLToPath(new URL('../../out/main/cli.js', import.meta.url));

/** Real processes of the build; without one there is nothing to start. */
export function needsBuild(ctx: TestContext): void {
  if (!existsSync(orchFile)) ctx.skip('the project is not built (npm run build)');
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
interface Where {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface RunningOrch {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  readonly ended: Promise<Ran>;
}

/** Starts it without a terminal; it is ended with the test if it still runs then. */
export function startOrch(arguments_: readonly string[], { cwd, env }: Where): RunningOrch {
  const child = spawn(process.execPath, [orchFile, ...arguments_], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  const ended = once(child, 'close').then(([code]): Ran => ({ code, ...text }));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, out: () => text.out, err: () => text.err, ended };
}

export const orch = (where: Where, ...arguments_: readonly string[]): Promise<Ran> =>
  startOrch(arguments_, where).ended;
