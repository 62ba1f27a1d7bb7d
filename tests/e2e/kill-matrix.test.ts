/**
 * What is left of the app however it is ended: with a terminal open that it started, and in the middle of a
 * merge. No process, lock, socket or scratch of it stays (after a kill: behind the next start), the
 * terminal lives on, and the repository is whole.
 */
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, type TestContext, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import { isRunning } from '../support/is-running';
import { leftBehind } from '../support/left-behind';
import { poll } from '../support/poll';
import { createSandbox, type Sandbox } from '../support/repositories';
import type { DesktopApp } from './driver';
import { processTree, running } from './process-tree';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';
import { shows } from './whole-app';

let desktop: DesktopStarter | null = null;
beforeAll(async () => {
  if (process.platform === 'linux') desktop = await createDesktopStarter();
});
afterAll(async () => {
  await desktop?.dispose();
});

/** Everything that was started with the sandbox's HOME, by its environment: children of children too. */
async function processesOf({ home }: Sandbox): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const given = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (given.split('\0').includes(`HOME=${home}`) && isRunning(Number(name))) found.push(Number(name));
  }
  return found;
}

/** npm's environment around the app, as `npm start` leaves it. */
const underNpm = (env: NodeJS.ProcessEnv, root: string): NodeJS.ProcessEnv => ({
  ...env,
  PATH: [
    join(root, 'checkout/node_modules/.bin'),
    join(root, 'npm/node_modules/@npmcli/run-script/lib/node-gyp-bin'),
    env.PATH,
  ].join(':'),
  INIT_CWD: join(root, 'checkout'),
  npm_config_prefix: '/usr',
  npm_execpath: join(root, 'npm/bin/npm-cli.js'),
  npm_lifecycle_event: 'start',
  npm_package_json: join(root, 'checkout/package.json'),
});

async function scene(ctx: TestContext) {
  if (desktop === null) return ctx.skip('processes are looked at in /proc, which is Linux’s');
  const sandbox = await createSandbox();
  const { root, home, write, worktree, commit } = sandbox;
  const repository = await sandbox.repository('shop');
  await commit(
    repository,
    { '.orchard.json': `{"validate": ["echo $$ > '${root}/validating'; sleep 300; true"]}` },
    'how to validate',
  );
  const cart = await worktree(repository, join(root, 'shop-wt-cart'), 'feature/cart');
  await commit(cart, { 'cart.txt': 'one tree\n' }, 'Keep the cart');
  await write(join(root, 'tmp/.keep'), '');
  await write(
    join(home, '.config/orchard/settings.json'),
    JSON.stringify({
      ...defaultSettings,
      repositories: { added: [repository], hidden: [] },
      terminal: { preferred: 'custom', custom: [join(root, 'bin/terminal'), '{script}'] },
    }),
  );
  // It says what it was given, takes its launcher as every terminal does, and stays.
  await write(
    join(root, 'bin/terminal'),
    [
      '#!/bin/sh',
      `cd '${root}'`,
      'env -0 > given',
      'ls -l /proc/$$/fd > open',
      'rm -f "$1"',
      'echo $$ > terminal.new; mv terminal.new terminal',
      'exec sleep 1000',
      '',
    ].join('\n'),
  );
  await write(join(root, 'bin/claude'), '#!/bin/sh\necho 2.1.0\n');
  // A login shell whose rc files set nothing: what it answers is what it was given.
  await write(join(root, 'bin/shell'), '#!/bin/sh\nexec /bin/sh -c "$4"\n');
  for (const name of ['terminal', 'claude', 'shell']) await chmod(join(root, 'bin', name), 0o755);
  const person = {
    ...sandbox.env,
    PATH: `${join(root, 'bin')}:${(sandbox.env.PATH ?? '').replaceAll(/[^:]*(node_modules\/\.bin|node-gyp-bin):/g, '')}`,
    TMPDIR: join(root, 'tmp'),
    SHELL: join(root, 'bin/shell'),
  };
  const start = () => desktop?.start(ctx, { env: underNpm(person, root), args: [] });
  const app = await start();
  if (app === undefined) return ctx.skip('there is no driver');
  onTestFinished(async () => {
    for (const pid of await processesOf(sandbox)) process.kill(pid, 'SIGKILL');
  });
  const before = {
    refs: await sandbox.git(repository, 'for-each-ref'),
    cart: await sandbox.git(cart, 'rev-parse', 'HEAD'),
  };
  return { sandbox, repository, cart, person, app, start, before };
}
type Scene = NonNullable<Awaited<ReturnType<typeof scene>>>;

/** Asks the app as its page does; `wait` false leaves the answer. */
async function ask(app: DesktopApp, name: string, input: unknown, wait = true): Promise<unknown> {
  const page = await app.popover();
  return page.evaluate(
    ([request, given, answered]) => {
      const { orchard } = window as unknown as {
        orchard: { request(name: string, input: unknown): Promise<unknown> };
      };
      const answer = orchard.request(request, given);
      if (answered) return answer;
      answer.catch(() => {});
      return null;
    },
    [name, input, wait] as const,
  );
}

async function cartId({ app, cart }: Scene): Promise<string> {
  await shows(app, await app.popover(), 'feature/cart');
  const { value } = (await ask(app, 'snapshot.get', {})) as {
    value: { repositories: { worktrees: { id: string; path: string }[] }[] };
  };
  return value.repositories.flatMap(({ worktrees }) => worktrees).find(({ path }) => path === cart)?.id ?? '';
}

const numberIn = (file: string) =>
  poll(
    () => readFile(file, 'utf8').then(Number, () => 0),
    (pid) => pid > 0,
    { what: file, limitMs: 20_000 },
  );

async function end({ app, sandbox }: Scene, signal: NodeJS.Signals, except: readonly number[]) {
  // Chromium writes its title over its environment, so its own processes are known by their parents.
  const ours = await app.processes();
  const [main] = ours;
  if (main === undefined) throw new Error('The app is gone already');
  process.kill(main, signal);
  await poll(
    async () =>
      [...(await processesOf(sandbox)), ...(await running(ours))].filter((pid) => !except.includes(pid)),
    (left) => left.length === 0,
    { what: `an end after ${signal}`, limitMs: 40_000 },
  );
}

async function expectWhole({ sandbox, repository, cart, before }: Scene) {
  const { git } = sandbox;
  expect(await git(repository, 'for-each-ref')).toBe(before.refs);
  expect(await git(repository, 'status', '--porcelain')).toBe('');
  expect(await git(cart, 'status', '--porcelain')).toBe('');
  expect(await git(cart, 'rev-parse', 'HEAD')).toBe(before.cart);
  expect(await git(repository, 'fsck', '--no-dangling')).toBe('');
}

/** What stays, less what a killed command leaves in the system's temporary directory. */
const left = async ({ sandbox, repository }: Scene) =>
  (await leftBehind(sandbox, repository, join(sandbox.root, 'tmp'))).filter((path) => path !== 'tmp/.keep');

/** Starts once more and quits: that clears what a kill left. */
async function startAndQuit(scene: Scene, except: readonly number[]) {
  const next = await scene.start();
  if (next === undefined) throw new Error('no driver');
  const again = { ...scene, app: next };
  await cartId(again);
  await end(again, 'SIGTERM', except);
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const;

test.for(SIGNALS)('%s with a terminal open: it lives on, and nothing else stays', async (signal, ctx) => {
  const here = await scene(ctx);
  const { app, sandbox, person } = here;
  expect(await ask(app, 'worktree.open', { worktreeId: await cartId(here), sessionId: null })).toMatchObject({
    ok: true,
  });
  const terminal = await numberIn(join(sandbox.root, 'terminal'));

  // A session of its own, nothing of ours open but what it said when it failed, and the person's environment.
  const stat = (await readFile(`/proc/${terminal}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  expect([Number(stat[2]), Number(stat[3])]).toEqual([terminal, terminal]);
  // The shell has its script open until it has become the program.
  await poll(
    () => readFile(`/proc/${terminal}/comm`, 'utf8'),
    (name) => name === 'sleep\n',
    { what: 'the terminal' },
  );
  expect((await readdir(`/proc/${terminal}/fd`)).sort()).toEqual(['0', '1', '2']);
  const given = (await readFile(join(sandbox.root, 'given'), 'utf8')).split('\0');
  expect(given).toContain(`PATH=${person.PATH}`);
  const names = given.map((line) => line.slice(0, line.indexOf('=')));
  expect(
    names.filter((name) => /^(npm_|ELECTRON_|CHROME_|INIT_CWD|GDK_BACKEND|ORIGINAL_)/.test(name)),
  ).toEqual([]);

  await end(here, signal, [terminal]);
  expect(isRunning(terminal)).toBe(true);
  if (signal === 'SIGKILL') await startAndQuit(here, [terminal]);
  expect(isRunning(terminal)).toBe(true);
  expect(await left(here)).toEqual([]);
  await expectWhole(here);
});

test.for(SIGNALS)('%s during a merge: it is taken back, and nothing stays', async (signal, ctx) => {
  const here = await scene(ctx);
  const { app, sandbox } = here;
  const worktreeId = await cartId(here);
  const plan = (await ask(app, 'worktree.planMerge', {
    worktreeId,
    strategy: 'merge',
    update: 'rebase',
    skipValidation: false,
    push: false,
  })) as { value: { token: string } };
  await ask(app, 'worktree.merge', { token: plan.value.token, approve: true }, false);
  const validating = await numberIn(join(sandbox.root, 'validating'));
  if (signal === 'SIGKILL') {
    // A command of the repository leads a group of its own: the next start ends it.
    await end(here, signal, await processTree(validating));
    await startAndQuit(here, []);
  } else await end(here, signal, []);
  expect(isRunning(validating)).toBe(false);
  expect(await left(here)).toEqual([]);
  await expectWhole(here);
});
