/**
 * The whole product as a person starts it: the built app, real git, real Claude Code sessions in tmux,
 * and `orch` beside it. Runs on the real Electron where its program is, else on the stand-in.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, type TestContext, test } from 'vitest';
import {
  bash,
  type ClaudeWorld,
  createClaudeWorld,
  createGate,
  missingForSessions,
  say,
} from '../support/claude';
import { LIMITS, poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { createTestTmux } from '../support/tmux';
import { type DesktopApp, shown } from './driver';
import { running } from './process-tree';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';
import { orch, settle, shows, twoWorktrees } from './whole-app';

let desktop: DesktopStarter | null = null;

beforeAll(async () => {
  desktop = await createDesktopStarter();
});
afterAll(async () => {
  await desktop?.dispose();
});

function start(ctx: TestContext, env: NodeJS.ProcessEnv, ...args: string[]): Promise<DesktopApp> {
  if (desktop === null) throw new Error('no driver');
  return desktop.start(ctx, { env, args });
}

/** Claude Code in a HOME of its own, whose login shell finds it as a person's does. */
async function world(ctx: TestContext): Promise<ClaudeWorld> {
  const claude = await createClaudeWorld();
  if (claude === null) return ctx.skip((await missingForSessions()) ?? 'no Claude Code client');
  onTestFinished(() => claude.dispose());
  const profile = `PATH='${claude.env.PATH ?? ''}'\nexport PATH\n`;
  await claude.sandbox.write(join(claude.sandbox.home, '.profile'), profile);
  return claude;
}

test('a start shows every worktree, and tray and `orch status` say the same', async (ctx) => {
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await start(ctx, sandbox.env);
  const page = await app.popover();
  await shows(app, page, 'feature/cart');
  const rows = page.locator('li[data-row]');
  await poll(
    () => rows.count(),
    (count) => count === 2,
    { what: 'two rows' },
  );
  const texts = (await rows.allInnerTexts()).sort();
  expect(texts).toEqual([
    expect.stringMatching(/^cart, Active.*1 untracked/),
    expect.stringMatching(/^main, Active.*main worktree/),
  ]);
  const line = await orch(sandbox.env, 'status');
  expect((await app.tray())?.tooltip).toBe(line);
});

test('Esc closes the popover, a second launch opens it again, and quitting leaves nothing behind', async (ctx) => {
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await start(ctx, sandbox.env);
  const page = await app.popover();
  await shows(app, page, 'feature/cart');
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

test('a malformed call, a foreign window and a navigation are refused by the app as it is built', async (ctx) => {
  const sandbox = await createSandbox();
  await twoWorktrees(sandbox);
  const app = await start(ctx, sandbox.env);
  const page = await app.popover();
  await shows(app, page, 'feature/cart');
  const ask = (name: string, input: unknown) =>
    page.evaluate(
      ([request, given]): Promise<unknown> => Reflect.get(window, 'orchard').request(request, given),
      [name, input] as const,
    );
  expect(await ask('worktree.open', { worktreeId: '../..', sessionId: null })).toMatchObject({
    ok: false,
    error: { kind: 'invalid-request', field: 'worktreeId' },
  });
  expect(await ask('worktree.open', { worktreeId: 'w-000000000000', sessionId: null })).toMatchObject({
    ok: false,
    error: { kind: 'not-found' },
  });
  expect(await app.askFromForeignWindow('snapshot.get', {})).toMatchObject({
    ok: false,
    error: { kind: 'forbidden' },
  });
  await page.evaluate(() => {
    location.href = 'https://github.com/';
    window.open('https://github.com/orchard');
  });
  await poll(
    () => app.openedExternally(),
    (opened) => opened.join() === 'https://github.com/orchard',
  );
  // Still the popover, still talking to the app.
  expect(await ask('snapshot.get', {})).toMatchObject({ ok: true });
  expect(await page.evaluate(() => document.title)).toBe('Orchard');
});

test('spawn from the form, its session finishes, one notification, a click, and its pane is in front', async (ctx) => {
  const claude = await world(ctx);
  const { sandbox, tmux, api, env } = claude;
  const repository = await twoWorktrees(sandbox);
  await claude.trust(repository);
  const task = 'Round the totals of the cart';
  const gate = createGate();
  api.script(task, [say('The totals are rounded.', { after: gate.opened })]);

  // The person works in tmux and started Orchard from there.
  const home = await tmux.start('work', sandbox.home, ['sh']);
  const outer = createTestTmux(sandbox.root, 'outer', env);
  await attach(tmux.socket, 'work', outer);
  const server = await tmux.command('display-message', '-p', '-t', 'work:', '#{pid}');
  const inFront = () => tmux.command('display-message', '-p', '-t', 'work:', '#{pane_id}');

  const app = await start(ctx, { ...env, TMUX: `${tmux.socket},${server},0`, TMUX_PANE: home });
  const page = await app.popover();
  await shows(app, page, 'feature/cart');

  await page.getByRole('button', { name: 'Spawn' }).click();
  await page.getByLabel('Task').fill(task);
  await page.getByText('feature/round-the-totals-of-the-cart').first().waitFor();
  await page.locator('button[type=submit]').click();
  await page.getByText('Claude starts').waitFor({ timeout: LIMITS.soon });
  const made = await sandbox.git(repository, 'worktree', 'list', '--porcelain');
  expect(made).toContain('branch refs/heads/feature/round-the-totals-of-the-cart');
  const pane = await poll(inFront, (front) => front !== home, { what: 'the new window', limitMs: 20_000 });
  await page.getByRole('button', { name: 'Done' }).click();

  const row = page.locator('li[data-row]', { hasText: task });
  await row.getByText('working', { exact: false }).first().waitFor({ timeout: LIMITS.soon });
  expect((await app.tray())?.tooltip).toBe('1 working');
  expect(await app.notifications()).toEqual([]);

  // Back to what one was doing; the session goes on behind.
  await tmux.command('select-window', '-t', home);
  gate.open();
  const [notice] = await poll(
    () => app.notifications(),
    (all) => all.length > 0,
    {
      what: 'the notification',
      limitMs: 30_000,
    },
  );
  expect(`${notice?.title} ${notice?.body}`).toContain('The totals are rounded.');
  expect(`${notice?.title}`).toContain('shop');
  await row.getByText('done', { exact: false }).first().waitFor();
  expect((await app.tray())?.tooltip).toBe(await orch(env, 'status'));

  expect(await inFront()).toBe(home);
  await app.clickNotification(0);
  await poll(inFront, (front) => front === pane, { what: 'the pane of the session', limitMs: 20_000 });
  // Seen now: nothing asks for a look any more, and nothing was said twice.
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip === '1 idle',
    { what: 'a session that was seen' },
  );
  expect(await app.notifications()).toHaveLength(1);
});

test('a session that needs a permission turns the icon, says what it wants to run, and the menu leads there', async (ctx) => {
  const claude = await world(ctx);
  const { sandbox, tmux, api, env } = claude;
  const repository = await sandbox.repository('garden');
  await settle(sandbox, [repository]);
  api.script('Water the beds', [bash('printf wet > beds.txt'), say('Watered.')]);
  const app = await start(ctx, env, '--hidden');
  await poll(
    () => app.tray(),
    (tray) => tray?.tooltip.startsWith('no sessions') === true,
    { what: 'a quiet tray' },
  );

  const session = await claude.start({ directory: repository, prompt: 'Water the beds' });
  const other = await tmux.start('elsewhere', sandbox.home, ['sh']);
  const outer = createTestTmux(sandbox.root, 'outer-garden', env);
  await attach(tmux.socket, 'elsewhere', outer);
  const tray = await poll(
    () => app.tray(),
    (view) => view?.tooltip === '1 needs you',
    {
      what: 'a tray that asks',
      limitMs: 30_000,
    },
  );
  if (app.driver === 'stand-in') expect(tray?.image).toBe('tray-needs-you.png');
  const [notice] = await poll(
    () => app.notifications(),
    (all) => all.length === 1,
    { what: 'one notification' },
  );
  // The command is in it when the client wrote it down in time; the row has it in any case.
  expect(notice?.body).toMatch(/^Needs your permission[.:]/);
  await poll(
    () => orch(env, 'monitor', '--json'),
    (json) => json.includes('printf wet > beds.txt'),
    {
      what: 'the command it asks for',
      limitMs: 20_000,
      everyMs: 500,
    },
  );
  expect(tray?.menu.some((label) => label.endsWith('— needs permission'))).toBe(true);
  expect(await app.isPopoverVisible()).toBe(false);

  const seen = () => tmux.command('list-clients', '-F', '#{client_session} #{pane_id}');
  expect(await seen()).toContain(other);
  await app.chooseMenu(tray?.menu.find((label) => label.endsWith('— needs permission')) ?? 'the row');
  await poll(seen, (clients) => clients.includes(session.pane), {
    what: 'the pane of the session',
    limitMs: 20_000,
  });

  await session.answer('Enter');
  await poll(
    () => app.tray(),
    (view) => view?.tooltip.includes('needs you') === false,
    { limitMs: 30_000 },
  );
  session.kill();
});

/** A person's terminal that shows a session of this server: a client drawn in a pane of another tmux. */
async function attach(
  socket: string,
  session: string,
  outer: ReturnType<typeof createTestTmux>,
): Promise<void> {
  await outer.run(
    ...['new-session', '-d', '-x', '140', '-y', '45', '-s', 'outer'],
    `env -u TMUX -u TMUX_PANE tmux -u -S ${socket} attach-session -t ${session}`,
  );
}
