/** `npm start` after its build: the desktop app where it can run, else one sentence and the popover as a page. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { processTree, running } from './process-tree';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out(): string;
  err(): string;
}

function start(env: NodeJS.ProcessEnv, ...args: string[]): Started {
  const child = spawn(process.execPath, [join(root, 'out/main/start.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    const left = await processTree(child.pid ?? -1);
    for (const pid of await running(left)) process.kill(pid, 'SIGKILL');
  });
  return { child, exited, out: () => out, err: () => err };
}

const address = async (started: Started): Promise<URL> => {
  const line = await poll(started.out, (text) => text.includes('http://'), {
    what: 'an address',
    limitMs: 30_000,
  });
  return new URL(line.trim());
};

const linuxOnly = (ctx: TestContext) => {
  if (process.platform !== 'linux') ctx.skip('macOS and Windows always have a desktop');
};

test('without a desktop it says so and serves the same popover, until it is told to stop', async (ctx) => {
  linuxOnly(ctx);
  const { env } = await createSandbox();
  const started = start(env);
  const url = await address(started);
  expect(started.err()).toMatch(/no desktop here.*\n.*\n/);
  const page = await fetch(new URL('/', url));
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<title>Orchard</title>');
  const all = await processTree(started.child.pid ?? -1);
  expect(all.length).toBeGreaterThanOrEqual(2);
  started.child.kill('SIGTERM');
  await started.exited;
  await poll(
    () => running(all),
    (left) => left.length === 0,
    { what: 'the processes to end' },
  );
});

/** A program in the place of Electron's, that writes down what it was started with. */
async function electronInstead(directory: string, script: string): Promise<string> {
  const dist = join(directory, 'dist');
  await mkdir(dist);
  await writeFile(join(dist, 'electron'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dist, 'electron'), 0o755);
  return dist;
}

test('with a desktop it starts Electron on this folder, passes arguments on and ends as it ends', async (ctx) => {
  linuxOnly(ctx);
  const { env, root: directory } = await createSandbox();
  const wrote = join(directory, 'arguments');
  const dist = await electronInstead(
    directory,
    `printf '%s\\n' "$@" "\${ELECTRON_RUN_AS_NODE-unset}" > '${wrote}'`,
  );
  const given = { ...env, DISPLAY: ':77', ELECTRON_OVERRIDE_DIST_PATH: dist, ELECTRON_RUN_AS_NODE: '1' };
  const started = start(given, '--no-sandbox', '--hidden');
  expect(await started.exited).toBe(0);
  expect((await readFile(wrote, 'utf8')).trim().split('\n')).toEqual([
    root.endsWith('/') ? root : `${root}/`,
    '--no-sandbox',
    '--hidden',
    'unset',
  ]);
  expect(started.out()).toBe('');
});

test('an Electron that ends at once gives way to the page, its own words kept', async (ctx) => {
  linuxOnly(ctx);
  const { env, root: directory } = await createSandbox();
  const dist = await electronInstead(
    directory,
    'echo "libnss3.so: cannot open shared object file" >&2; exit 127',
  );
  const started = start({ ...env, DISPLAY: ':77', ELECTRON_OVERRIDE_DIST_PATH: dist }, '--no-sandbox');
  await address(started);
  expect(started.err()).toContain(
    'libnss3.so: cannot open shared object file\nElectron ended at once (exit code 127',
  );
  started.child.kill('SIGTERM');
  await started.exited;
});

test('an override that leads nowhere is named, and nothing is downloaded', async (ctx) => {
  linuxOnly(ctx);
  const { env, root: directory } = await createSandbox();
  const dist = join(directory, 'nothing here');
  const started = start({ ...env, DISPLAY: ':77', ELECTRON_OVERRIDE_DIST_PATH: dist }, '--no-sandbox');
  await address(started);
  expect(started.err()).toContain(`There is no Electron at ${join(dist, 'electron')}`);
  started.child.kill('SIGTERM');
  await started.exited;
});
