/**
 * What Electron does with an app beneath all that Orchard decides: seen on the real one, and the stand-in
 * held to it. Small apps of their own, so that a rule is seen by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, inject, onTestFinished, type TestContext, test } from 'vitest';
import { bundle } from '../support/bundle';
import { startStandIn } from '../support/electron-stand-in/launch';
import { createSandbox } from '../support/repositories';

beforeEach((ctx) => {
  if (process.platform !== 'linux') ctx.skip('measured on Linux only');
});

/** Runs a small app to its end; answers its exit and the lines that it said. */
async function runApp(ctx: TestContext, name: string, args: readonly string[], ...others: string[]) {
  const { root, env } = await createSandbox();
  const main = await bundle(`tests/support/children/${name}.ts`, root);
  for (const other of others) await bundle(`tests/support/children/${other}.ts`, root);
  const child =
    process.env.ORCHARD_DRIVER === 'electron'
      ? await startReal(ctx, { root, env, main: `${name}.mjs`, args })
      : startStandIn(main, {
          electron: pathToFileURL(await bundle('tests/support/electron-stand-in/app-side/electron.ts', root))
            .href,
          args,
          cwd: root,
          env,
        });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr?.resume();
  const ended = await new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  );
  return { ended, said: said.trim().split('\n').filter(Boolean) };
}

async function startReal(
  ctx: TestContext,
  { root, env, main, args }: { root: string; env: NodeJS.ProcessEnv; main: string; args: readonly string[] },
): Promise<ChildProcess> {
  const electron = inject('realElectron');
  if ('missing' in electron) return ctx.skip(electron.missing);
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'small', version: '0.0.0', main }));
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return spawn(electron.program, [...flags, `--user-data-dir=${join(root, 'data')}`, root, ...args], {
    env: { ...env, ...electron.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('a signal', () => {
  test.for<readonly [string, unknown, readonly string[]]>([
    ['none', 0, ['will-quit']],
    ['early', 0, ['will-quit']],
    ['early-and-late', 0, ['will-quit']],
    ['early-removed', 7, ['late']],
    ['late', 7, ['late']],
    ['late-removed', 'SIGTERM', []],
  ])('with a listener that is %s ends in %s', async ([kind, ended, said], ctx) => {
    expect(await runApp(ctx, 'signalled-app', [kind])).toEqual({ ended, said });
  });
});

test('a child of main is born with dozens of descriptors, one of a utility process with one too many', async (ctx) => {
  const { said } = await runApp(ctx, 'inheriting-app', [], 'inheriting-utility');
  const [main, utility] = said.map((line): { of: string; open: number[] } => JSON.parse(line));
  expect([main?.of, utility?.of]).toEqual(['main', 'utility']);
  // 0 to 2, and the listing itself.
  expect(main?.open.length).toBeGreaterThan(4 + 24);
  expect(utility?.open.length).toBeLessThanOrEqual(4 + 2);
  expect(utility?.open.length).toBeGreaterThan(4);
});
