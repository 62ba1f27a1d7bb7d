/**
 * The whole product as a person starts it: the built app, real git, real Claude Code sessions in tmux,
 * and `orch` beside it. Runs on the real Electron where its program is, else on the stand-in.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import { type ClaudeWorld, createClaudeWorld } from '../support/claude';
import { poll } from '../support/poll';
import { createSandbox, type Sandbox } from '../support/repositories';
import { type DesktopApp, shown } from './driver';
import { running } from './process-tree';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

let desktop: DesktopStarter | null = null;
let claude: ClaudeWorld | null = null;

beforeAll(async () => {
  [desktop, claude] = await Promise.all([createDesktopStarter(), createClaudeWorld()]);
});
afterAll(async () => {
  await desktop?.dispose();
  await claude?.dispose();
});

/** Settings as a person left them: these repositories, and word of a session however short its turn. */
async function settle(home: string, repositories: readonly string[]): Promise<void> {
  const directory = join(home, '.config', 'orchard');
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, 'settings.json'),
    JSON.stringify({
      ...defaultSettings,
      repositories: { added: repositories, hidden: [] },
      notifications: { ...defaultSettings.notifications, shortestTurnSeconds: 0 },
      terminal: { preferred: 'tmux', custom: null },
    }),
  );
}

function start(ctx: TestContext, env: NodeJS.ProcessEnv, ...args: string[]): Promise<DesktopApp> {
  if (desktop === null) throw new Error('no driver');
  return desktop.start(ctx, { env, args });
}

const orch = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> =>
  (
    await run(process.execPath, [join(root, 'out/main/cli.js'), ...args], { env, cwd: env.HOME })
  ).stdout.trim();

/** A repository with a second worktree, and the app's settings naming it. */
async function twoWorktrees(sandbox: Sandbox): Promise<string> {
  const repository = await sandbox.repository('shop');
  await sandbox.worktree(repository, join(sandbox.root, 'shop-wt-cart'), 'feature/cart');
  await sandbox.write(join(sandbox.root, 'shop-wt-cart', 'cart.txt'), 'empty\n');
  await settle(sandbox.home, [repository]);
  return repository;
}

test('a start shows every worktree, and tray and `orch status` say the same', async (ctx) => {
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await start(ctx, sandbox.env);
  const page = await app.popover();
  await page.getByText('feature/cart').first().waitFor();
  const rows = page.locator('li[data-row]');
  await poll(
    () => rows.count(),
    (count) => count === 2,
    { what: 'two rows' },
  );
  expect(await rows.allInnerTexts()).toEqual([
    expect.stringContaining('cart'),
    expect.stringContaining('main'),
  ]);
  const line = await orch(sandbox.env, 'status');
  expect((await app.tray())?.tooltip).toBe(line);
});

test('Esc closes the popover, a second launch opens it again, and quitting leaves nothing behind', async (ctx) => {
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await start(ctx, sandbox.env);
  const page = await app.popover();
  await page.getByText('feature/cart').first().waitFor();
  await page.keyboard.press('Escape');
  await shown(app, false);
  expect(await app.launchAgain()).toBe(0);
  await shown(app);
  await app.blur();
  await shown(app, false);
  const before = await app.processes();
  expect(await app.quit()).toBe(0);
  await poll(
    () => running(before),
    (left) => left.length === 0,
    { what: 'the processes to end' },
  );
});
