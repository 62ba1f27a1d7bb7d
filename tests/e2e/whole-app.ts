/** What the specs of the whole app have in common: a person's settings, `orch`, and reading the popover. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright';
import { defaultSettings } from '../../src-main/contract/settings';
import { platformOf } from '../../src-main/faces/electron/platform-policy';
import { findDirectories } from '../../src-main/system/directories';
import { poll } from '../support/poll';
import type { Sandbox } from '../support/repositories';
import type { DesktopApp } from './driver';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Settings as a person left them: these repositories, and word of a session however short its turn. */
export async function settle(
  { env, home }: Pick<Sandbox, 'env' | 'home'>,
  repositories: readonly string[],
): Promise<void> {
  const platform = platformOf(process.platform);
  const { config: directory } = findDirectories({ platform, env, homeDirectory: home });
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

/** What `orch` prints. */
export const orch = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> =>
  (
    await run(process.execPath, [join(root, 'out/main/cli.js'), ...args], { env, cwd: env.HOME })
  ).stdout.trim();

/** Waits for a text in the popover; what it showed instead is in the error. */
export async function shows(app: DesktopApp, page: Page, text: string, limitMs = 30_000): Promise<void> {
  await poll(
    () => page.locator('body').innerText(),
    (body) => body.includes(text),
    {
      what: `“${text}” in the popover`,
      limitMs,
    },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${app.errors()}`);
  });
}

/** A repository with a second worktree, and the app's settings naming it. */
export async function twoWorktrees(sandbox: Sandbox): Promise<string> {
  const repository = await sandbox.repository('shop');
  await sandbox.worktree(repository, join(sandbox.root, 'shop-wt-cart'), 'feature/cart');
  await sandbox.write(join(sandbox.root, 'shop-wt-cart', 'cart.txt'), 'empty\n');
  await settle(sandbox, [repository]);
  return repository;
}
