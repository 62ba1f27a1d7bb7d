/**
 * A worktree that holds Electron's archives, as every Electron project's does: Electron's main process takes
 * them for directories, so nothing of a person's files may be looked at, copied or removed there.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import type { Input, Output, RequestName } from '../../src-main/contract/requests';
import { platformOf } from '../../src-main/faces/electron/platform-policy';
import { findDirectories } from '../../src-main/system/directories';
import { exists } from '../../src-main/system/small-reads';
import { archives, differing, plantArchives } from '../support/archives';
import { poll } from '../support/poll';
import { createSandbox, type Sandbox } from '../support/repositories';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';
import { settle, shows } from './whole-app';

let desktop: DesktopStarter | null = null;
beforeAll(async () => {
  desktop = await createDesktopStarter();
});
afterAll(async () => {
  await desktop?.dispose();
});

/** Asks as the page does; throws what was refused. */
async function ask<N extends RequestName>(page: Page, name: N, input: Input<N>): Promise<Output<N>> {
  const answer = await page.evaluate(
    ([request, given]) => {
      const bridge = (window as unknown as { orchard: { request(name: string, input: unknown): unknown } })
        .orchard;
      return bridge.request(request, given);
    },
    [name, input] as const,
  );
  const result = answer as { ok: true; value: Output<N> } | { ok: false; error: unknown };
  if (!result.ok) throw new Error(`${name}: ${JSON.stringify(result.error)}`);
  return result.value;
}

async function open(ctx: TestContext, sandbox: Sandbox) {
  if (desktop === null) throw new Error('no driver');
  const app = await desktop.start(ctx, { env: sandbox.env, args: [] });
  const page = await app.popover();
  await shows(app, page, 'shop');
  return { app, page };
}

const worktreeAt = async (page: Page, path: string) =>
  (await ask(page, 'snapshot.get', {})).repositories
    .flatMap(({ worktrees }) => worktrees)
    .find((one) => one.path === path);

test('archives go through spawn, disk use, cleanup, undo and the emptying of trash as the files they are', async (ctx) => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository('shop');
  await sandbox.commit(
    repository,
    { '.gitignore': 'node_modules/\n', '.worktreeinclude': 'node_modules/\n' },
    'Bring the packages along',
  );
  await plantArchives(repository);
  await settle(sandbox, [repository]);
  const { app, page } = await open(ctx, sandbox);

  const repositoryId = (await ask(page, 'snapshot.get', {})).repositories[0]?.id ?? '';
  const planned = await ask(page, 'repository.planSpawn', {
    repositoryId,
    task: 'Pack the app',
    name: null,
    base: null,
    preload: 'none',
    quick: false,
  });
  expect(planned.refusal).toBeNull();
  await ask(page, 'repository.spawn', { token: planned.token, force: false, approve: false, open: false });
  const worktree = planned.path;
  expect(await differing(worktree)).toEqual([]);

  const seen = await poll(
    () => worktreeAt(page, worktree),
    (one) => one !== undefined && one.diskBytes !== null,
    { what: 'the size of the new worktree', limitMs: 60_000 },
  );
  const bytes = Object.values(archives).reduce((sum, content) => sum + content.length, 0);
  expect(seen?.diskBytes).toBeGreaterThan(bytes);
  const worktreeId = seen?.id ?? '';

  const cleanUp = async () => {
    const plan = await ask(page, 'worktree.planCleanup', {
      worktreeId,
      abandon: 'tried',
      keepBranch: false,
      deleteRemote: false,
    });
    expect(plan.refusal).toBeNull();
    return ask(page, 'worktree.cleanup', { token: plan.token, approve: false });
  };
  // Undo is at once, before what can be installed again is freed.
  await sandbox.write(join(worktree, 'kept.asar'), 'a person’s own\n');
  const first = await cleanUp();
  expect(await exists(worktree)).toBe(false);
  await ask(page, 'operation.undo', { operation: first.operation });
  expect(await readFile(join(worktree, 'kept.asar'), 'utf8')).toBe('a person’s own\n');
  await poll(
    () => worktreeAt(page, worktree),
    (one) => one !== undefined,
    { what: 'the worktree, back in the list' },
  );

  const { operation } = await cleanUp();
  const trash = join(repository, '.git/orchard/trash', operation, 'worktree');
  await poll(
    () => exists(join(trash, 'node_modules')),
    (there) => !there,
    { what: 'the packages to be freed', limitMs: 30_000 },
  );
  expect(await readFile(join(trash, 'kept.asar'), 'utf8')).toBe('a person’s own\n');
  expect(app.errors()).not.toMatch(/asar|Invalid package/i);

  expect(await app.quit()).toBe(0);
  // Not by its limit: nothing of the archives held it up.
  const { log } = findDirectories({
    platform: platformOf(process.platform),
    env: sandbox.env,
    homeDirectory: sandbox.home,
  });
  expect(await readFile(join(log, 'orchard.log'), 'utf8')).not.toContain('quit.limit');

  // Eight days later.
  const record = join(repository, '.git/orchard/operations', `${operation}.json`);
  const kept = JSON.parse(await readFile(record, 'utf8')) as Record<string, unknown>;
  await writeFile(record, JSON.stringify({ ...kept, until: Date.now() - 86_400_000 }));
  await plantArchives(trash);
  await open(ctx, sandbox);
  await poll(
    async () => [
      ...(await readdir(join(repository, '.git/orchard/trash')).catch(() => [])),
      ...(await readdir(join(repository, '.git/orchard/doomed')).catch(() => [])),
    ],
    (left) => left.length === 0,
    { what: 'the old trash to be emptied', limitMs: 30_000 },
  );
  expect(await differing(repository)).toEqual([]);
});
