/**
 * The desktop face around an engine that the test plays: its life, its popover, its tray
 * and its notifications.
 */
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { worktreeView } from '../support/views';
import { shown } from './driver';
import { busy, createPlayedDesktop, type PlayedDesktop, waiting } from './played-desktop';
import { running } from './process-tree';

let played: PlayedDesktop;
beforeAll(async () => {
  played = await createPlayedDesktop();
});
afterAll(() => played.dispose());
const start = (ctx: TestContext, ...args: string[]) => played.start(ctx, ...args);

describe('starting and stopping', () => {
  test('a start shows the popover beside the panel, whole numbers, and tells the engine', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    const { workArea } = await app.ask('screen', null);
    // Linux tells no place of the icon and nothing was clicked, so it is the corner.
    if (process.platform === 'linux')
      expect(await app.popoverBounds()).toMatchObject({
        x: workArea.x + workArea.width - 388,
        y: workArea.y + 8,
        width: 380,
      });
    await poll(
      () => app.calls(),
      (calls) => calls.some(({ name }) => name === 'popover.opened'),
    );
  });

  test('a start at login shows the icon only, and a click on it the popover, under the pointer', async (ctx) => {
    const app = await start(ctx, '--hidden');
    expect(await app.isPopoverVisible()).toBe(false);
    expect((await app.tray())?.image).toBe('tray-calm.png');
    await app.clickTray();
    await shown(app);
    const { workArea, pointer } = await app.ask('screen', null);
    const bounds = await app.popoverBounds();
    if (process.platform === 'linux') expect(bounds?.x).toBe(pointer.x - 190);
    expect(bounds?.y).toBeGreaterThanOrEqual(workArea.y);
  });

  test('a second launch opens the popover of the first and ends at once', async (ctx) => {
    const app = await start(ctx, '--hidden');
    expect(await app.launchAgain()).toBe(0);
    await shown(app);
    expect(await app.launchAgain('--hidden')).toBe(0);
    expect(await app.isPopoverVisible()).toBe(true);
  });

  test.for(['quit', 'SIGTERM', 'SIGINT'] as const)('after %s no process is left', async (how, ctx) => {
    const app = await start(ctx);
    await shown(app);
    await poll(
      () => app.calls(),
      (calls) => calls.some(({ name }) => name === 'helper'),
      { what: 'the helper' },
    );
    const before = await app.processes();
    expect(before.length).toBeGreaterThanOrEqual(2);
    if (how === 'quit') expect(await app.quit()).toBe(0);
    else {
      app.kill(how);
      expect(await app.exited).toBe(0);
    }
    await poll(
      () => running(before),
      (left) => left.length === 0,
      { what: 'the processes to end' },
    );
  });

  test('a process of ours runs as a utility process that speaks in structured messages', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await poll(
      () => app.calls(),
      (calls) => calls.some(({ name }) => name === 'helper'),
    );
    expect(app.calls()).toContainEqual({
      name: 'helper',
      input: { echoed: { text: 'hello' }, type: 'utility' },
    });
  });
});

describe('the popover', () => {
  test('goes when the focus goes, and when the page asks for it', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    await app.blur();
    await shown(app, false);
    expect(await app.launchAgain()).toBe(0);
    await shown(app);
    await page.evaluate(() => Reflect.get(window, 'orchard').hide());
    await shown(app, false);
  });

  test('is as tall as what it shows, up to 560 pixels, and then scrolls', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    const height = async () => (await app.popoverBounds())?.height ?? 0;
    await poll(height, (value) => value < 420, { what: 'less than it begins with, for nothing' });
    const many = Array.from({ length: 20 }, (_, index) =>
      worktreeView({
        id: `w-${String(index).padStart(12, '0')}`,
        name: `shop-wt-${index}`,
        task: `Task ${index}`,
      }),
    );
    const [repository] = busy.repositories;
    await app.ask('engineShows', {
      snapshot: {
        ...busy,
        repositories: repository === undefined ? [] : [{ ...repository, worktrees: many }],
      },
    });
    await poll(height, (value) => value === 560, { what: 'a full popover' });
  });

  test('has no Node, no raw ipcRenderer, and a sandboxed window', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const [state] = (await app.state()).windows;
    expect(state?.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    expect(
      await page.evaluate(() => [
        typeof Reflect.get(window, 'require'),
        typeof Reflect.get(window, 'process'),
        Object.keys(Reflect.get(window, 'orchard')).sort(),
      ]),
    ).toEqual(['undefined', 'undefined', ['copy', 'face', 'hide', 'on', 'platform', 'request', 'resize']]);
  });

  test('gets every snapshot, and no more after it unsubscribed', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    await page.evaluate(() => {
      const bridge = Reflect.get(window, 'orchard');
      const seen: number[] = [];
      Reflect.set(window, 'seen', seen);
      Reflect.set(
        window,
        'stop',
        bridge.on('snapshot', ({ revision }: { revision: number }) => seen.push(revision)),
      );
    });
    const seen = () => page.evaluate((): number[] => Reflect.get(window, 'seen'));
    await app.ask('engineShows', { snapshot: { ...busy, revision: 7 } });
    await poll(seen, (revisions) => revisions.includes(7), { what: 'revision 7' });
    await page.evaluate(() => Reflect.get(window, 'stop')());
    await app.ask('engineShows', { snapshot: { ...busy, revision: 8 } });
    await poll(
      () => app.tray(),
      (tray) => tray !== null,
    );
    expect(await seen()).not.toContain(8);
  });
});

describe('tray and notifications', () => {
  test('the tray says what the snapshot says, and its menu leads to what needs you', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await app.ask('engineShows', { snapshot: busy });
    const tray = await poll(
      () => app.tray(),
      (view) => view?.tooltip === '1 needs you',
    );
    expect(tray?.image).toBe('tray-needs-you.png');
    expect(tray?.menu).toEqual([
      'Open Orchard',
      '-',
      '1 needs you',
      'Fix the login && sign-up form — needs permission',
      '-',
      'New worktree…',
      'Settings',
      '-',
      'Quit Orchard',
    ]);
    await app.chooseMenu('Fix the login');
    await poll(
      () => app.calls(),
      (calls) => calls.some(({ name }) => name === 'worktree.open'),
    );
    expect(app.calls().find(({ name }) => name === 'worktree.open')?.input).toEqual({
      worktreeId: waiting.id,
      sessionId: waiting.sessions[0]?.id,
    });
  });

  test('what can not be opened from the menu is said in the popover, and no alert stands alone', async (ctx) => {
    const app = await start(ctx, '--hidden');
    const session = { ...waiting.sessions[0], id: 's-00000000dead', name: 'Gone', attention: 'needs-you' };
    await app.ask('engineShows', { snapshot: { ...busy, elsewhere: [session as never] } });
    await poll(
      () => app.tray(),
      (view) => view?.menu.some((label) => label.startsWith('Gone')) === true,
    );
    await app.chooseMenu('Gone');
    await shown(app);
    const problems = await app.ask('engineProblems', null);
    expect(problems).toEqual([{ where: expect.stringMatching(/\S/), message: expect.stringMatching(/\S/) }]);
    expect((await app.state()).dialogs).toEqual([]);
  });

  test('an unchanged snapshot touches nothing (each touch is a D-Bus call)', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await app.ask('engineShows', { snapshot: busy });
    await poll(
      () => app.tray(),
      (view) => view?.tooltip === '1 needs you',
    );
    const before = (await app.state()).tray?.menusSet;
    await app.ask('engineShows', { snapshot: { ...busy, revision: 3 } });
    await app.ask('engineShows', { snapshot: { ...busy, revision: 4, line: '1 needs you, still' } });
    await poll(
      () => app.tray(),
      (view) => view?.tooltip === '1 needs you, still',
    );
    expect((await app.state()).tray?.menusSet).toBe((before ?? 0) + 1);
  });

  test('menu entries lead to their view of the popover', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    await page.evaluate(() => {
      Reflect.set(window, 'views', []);
      Reflect.get(window, 'orchard').on('view', (view: string) => Reflect.get(window, 'views').push(view));
    });
    for (const label of ['New worktree', 'Settings', 'Open Orchard']) await app.chooseMenu(label);
    await poll(
      () => page.evaluate((): string[] => Reflect.get(window, 'views')),
      (views) => views.join() === 'spawn,settings,worktrees',
      { what: 'the three views' },
    );
    await app.chooseMenu('Quit');
    expect(await app.exited).toBe(0);
  });

  test('a notification is shown as given, escaped for the daemon, and its click comes back once', async (ctx) => {
    const app = await start(ctx, '--hidden');
    const notice = { id: 'n-1', title: 'shop: login', sound: true, sessionKey: null, worktreeId: null };
    await app.ask('engineNotifies', { request: { ...notice, body: 'Bash: a && b <c>' } });
    const [shownOne] = await poll(
      () => app.notifications(),
      (all) => all.length === 1,
    );
    expect(shownOne).toMatchObject({
      title: 'shop: login',
      body: 'Bash: a &amp;&amp; b &lt;c&gt;',
      silent: false,
    });
    await app.clickNotification(0);
    await poll(
      () => app.calls(),
      (calls) => calls.some(({ name }) => name === 'notification.click'),
    );
    expect(app.calls().filter(({ name }) => name === 'notification.click')).toEqual([
      { name: 'notification.click', input: 'n-1' },
    ]);
  });

  test('a notification with the same id takes the place of the last', async (ctx) => {
    const app = await start(ctx, '--hidden');
    const notice = { id: 'n-1', title: 't', sound: false, sessionKey: null, worktreeId: null };
    await app.ask('engineNotifies', { request: { ...notice, body: 'one' } });
    await app.ask('engineNotifies', { request: { ...notice, body: 'two' } });
    await poll(
      () => app.notifications(),
      (all) => all.length === 2,
    );
    expect((await app.state()).notifications.map(({ body, open, silent }) => [body, open, silent])).toEqual([
      ['one', false, true],
      ['two', true, true],
    ]);
  });

  test('a confirmation shows every character of the text, and Enter or Esc mean no', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    const exactText = 'npm ci \u202e && rm';
    expect(await app.ask('engineAsks', { title: 'Run this?', exactText })).toBe(false);
    await app.ask('answerDialogs', { answers: [{ response: 1 }] });
    expect(await app.ask('engineAsks', { title: 'Run this?', exactText })).toBe(true);
    const [dialog] = await poll(
      async () => (await app.state()).dialogs,
      (dialogs) => dialogs.length === 2,
    );
    expect(dialog?.options).toMatchObject({
      message: 'Run this?',
      detail: 'npm ci \\u{202E} && rm',
      buttons: ['Cancel', 'Allow'],
      defaultId: 0,
      cancelId: 0,
    });
    expect(await app.isPopoverVisible()).toBe(true);
  });
});
