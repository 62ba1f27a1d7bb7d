/**
 * Processes of the app that die: the engine, again and again, and the app itself. A person's list stays, a
 * new engine comes, it is told once, and nothing is left of a killed app.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import type { DesktopApp } from './driver';
import { running } from './process-tree';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';
import { shows, twoWorktrees } from './whole-app';

let desktop: DesktopStarter | null = null;
beforeAll(async () => {
  desktop = await createDesktopStarter();
});
afterAll(async () => {
  await desktop?.dispose();
});

async function open(ctx: TestContext) {
  if (process.platform !== 'linux') return ctx.skip('processes are told apart in /proc, which is Linux’s');
  if (desktop === null) throw new Error('no driver');
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await desktop.start(ctx, { env: sandbox.env, args: [] });
  const page = await app.popover();
  await shows(app, page, 'feature/cart');
  return { app, page };
}

/** The engine's process: Electron names what a utility process is for, Node the module that it runs. */
async function engineOf(app: DesktopApp): Promise<number | null> {
  for (const pid of await app.processes()) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (/engine-process\.js|utility-sub-type=node\.mojom\.NodeService/.test(command)) return pid;
  }
  return null;
}

const anotherThan = (app: DesktopApp, old: number | null) =>
  poll(
    () => engineOf(app),
    (pid) => pid !== null && pid !== old,
    { what: 'another engine', limitMs: 60_000 },
  );

interface Seen {
  readonly ok: boolean;
  readonly value?: {
    readonly complete: boolean;
    readonly problems: readonly { readonly where: string }[];
    readonly repositories: readonly { readonly worktrees: readonly { readonly path: string }[] }[];
  };
}
const look = (page: Page): Promise<Seen> =>
  page.evaluate(() => Reflect.get(window, 'orchard').request('snapshot.get', {}));
const rows = async (page: Page) => (await page.locator('li[data-row]').allInnerTexts()).length;

test('a killed engine is replaced, the list stays, and its death is one row', async (ctx) => {
  const { app, page } = await open(ctx);
  await poll(
    () => rows(page),
    (count) => count === 2,
    { what: 'two rows' },
  );
  // Everything that the list ever was, seen by the page itself.
  await page.evaluate(() => {
    const counts: number[] = [];
    Reflect.set(window, 'counts', counts);
    new MutationObserver(() => counts.push(document.querySelectorAll('li[data-row]').length)).observe(
      document.body,
      { subtree: true, childList: true },
    );
  });
  const before = await engineOf(app);
  if (before === null) throw new Error('There is no engine');
  process.kill(before, 'SIGKILL');
  const next = await anotherThan(app, before);
  expect(await running([before])).toEqual([]);
  const told = await poll(
    () => look(page),
    (seen) => seen.value?.complete === true && seen.value.problems.some(({ where }) => where === 'engine'),
    { what: 'the problem' },
  );
  expect(told.value?.problems.filter(({ where }) => where === 'engine')).toHaveLength(1);
  expect(await page.getByText('ended unexpectedly').count()).toBe(1);
  expect(told.value?.repositories.flatMap(({ worktrees }) => worktrees)).toHaveLength(2);
  // The new one works: it answers what only an engine can.
  const doctor = await poll(
    () =>
      page.evaluate((): Promise<{ ok: boolean }> => Reflect.get(window, 'orchard').request('doctor.run', {})),
    ({ ok }) => ok,
    { what: 'an answer of the new engine' },
  );
  expect(doctor.ok).toBe(true);
  const counts = await page.evaluate((): number[] => Reflect.get(window, 'counts'));
  expect(counts.filter((count) => count !== 2)).toEqual([]);
  expect(await app.notifications()).toEqual([]);

  // Once more: still one row.
  process.kill(next ?? -1, 'SIGKILL');
  await anotherThan(app, next);
  await poll(
    () => look(page),
    (seen) => seen.ok && seen.value?.complete === true,
    { what: 'the list' },
  );
  expect((await look(page)).value?.problems.filter(({ where }) => where === 'engine')).toHaveLength(1);
  expect(await page.getByText('ended unexpectedly').count()).toBe(1);
  expect(await app.quit()).toBe(0);
});

test('of a killed app no process is left', async (ctx) => {
  const { app } = await open(ctx);
  const all = await app.processes();
  expect(await engineOf(app)).not.toBeNull();
  app.kill('SIGKILL');
  expect(await app.exited).toBeNull();
  await poll(
    () => running(all),
    (left) => left.length === 0,
    { what: 'its processes to end' },
  );
});
