/**
 * The desktop face around an engine that the test plays, on the stand-in: what it shows, what it lets
 * through and what it refuses.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import type { Snapshot } from '../../src-main/contract/snapshot';
import { launchChromium, NO_CHROMIUM } from '../support/chromium';
import { buildStandIn, notProved, type StandInBuild } from '../support/electron-stand-in/launch';
import { emptySnapshot } from '../support/fake-orchard';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { sessionView, worktreeView } from '../support/views';
import { shown } from './driver';
import { running } from './process-tree';
import { type StandInDesktop, startOnStandIn } from './stand-in-driver';

let browser: Browser | null = null;
let build: StandInBuild | null = null;
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orchard-stand-in-'));
  browser = await launchChromium();
  if (browser !== null) build = await buildStandIn(directory);
});
afterAll(async () => {
  await browser?.close();
  if (directory !== '') await rm(directory, { recursive: true, force: true });
});

async function start(ctx: TestContext, ...args: string[]): Promise<StandInDesktop> {
  if (process.env.ORCHARD_ELECTRON === '1')
    return ctx.skip('an engine played by the test needs the stand-in');
  if (browser === null || build === null) return ctx.skip(NO_CHROMIUM);
  ctx.task.meta.notProved = notProved;
  const { env } = await createSandbox();
  const desktop = await startOnStandIn({ browser, build, env, engine: 'fake', args });
  onTestFinished(() => desktop.dispose());
  await desktop.app.started();
  await poll(
    () => desktop.tray(),
    (tray) => tray?.tooltip === 'no sessions',
    { what: 'the tray', limitMs: 20_000 },
  );
  return desktop;
}

const waiting = worktreeView({
  name: 'shop-wt-login',
  task: 'Fix the login & sign-up form',
  attention: 'needs-you',
  sessions: [sessionView({ state: 'needs-permission', attention: 'needs-you', reason: 'Bash: npm test' })],
});
const busy: Snapshot = {
  ...emptySnapshot,
  revision: 2,
  line: '1 needs you',
  counts: { needsYou: 1, working: 0, done: 0, worktrees: 1, repositories: 1 },
  tray: { icon: 'needs-you', title: '1 needs you' },
  repositories: [
    { id: 'r-000000000001', name: 'shop', root: '/code/shop', base: 'main', worktrees: [waiting] },
  ],
};

interface Asked {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: { readonly kind: string; readonly [key: string]: unknown };
}
/** Calls `window.orchard.request` in the page with whatever, as a page gone bad would. */
const request = (page: Page, name: unknown, input: unknown): Promise<Asked> =>
  page.evaluate(
    ([what, given]) =>
      (
        window as unknown as { orchard: { request(name: unknown, input: unknown): Promise<Asked> } }
      ).orchard.request(what, given),
    [name, input] as const,
  );

describe('starting and stopping', () => {
  test('a start shows the popover beside the panel, whole numbers, and tells the engine', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    // The stand-in's screen has a panel of 32 pixels on top; nothing was clicked, so it is the corner.
    expect(await app.popoverBounds()).toMatchObject({ x: 1532, y: 40, width: 380 });
    await poll(
      () => app.app.calls(),
      (calls) => calls.some(({ name }) => name === 'popover.opened'),
    );
  });

  test('a start at login shows the icon only, and a click on it the popover, under the pointer', async (ctx) => {
    const app = await start(ctx, '--hidden');
    expect(await app.isPopoverVisible()).toBe(false);
    expect((await app.tray())?.image).toBe('tray-calm.png');
    await app.clickTray();
    await shown(app);
    expect(await app.popoverBounds()).toMatchObject({ x: 1500 - 190, y: 40 });
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
      () => app.app.calls(),
      (calls) => calls.some(({ name }) => name === 'helper'),
      { what: 'the helper' },
    );
    const before = await app.processes();
    expect(before.length).toBeGreaterThanOrEqual(2);
    if (how === 'quit') expect(await app.quit()).toBe(0);
    else {
      app.app.process.kill(how);
      expect(await app.app.exited).toBe(0);
    }
    await poll(
      () => running(before),
      (left) => left.length === 0,
      { what: 'the processes to end' },
    );
  });

  test('the git helper runs as a utility process that speaks in structured messages', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await poll(
      () => app.app.calls(),
      (calls) => calls.some(({ name }) => name === 'helper'),
    );
    expect(app.app.calls()).toContainEqual({
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
    await poll(height, (value) => value < 400, { what: 'a low popover for nothing' });
    const many = Array.from({ length: 20 }, (_, index) =>
      worktreeView({
        id: `w-${String(index).padStart(12, '0')}`,
        name: `shop-wt-${index}`,
        task: `Task ${index}`,
      }),
    );
    const [repository] = busy.repositories;
    await app.app.ask('engineShows', {
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
    const [state] = app.app.state()?.windows ?? [];
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
    await app.app.ask('engineShows', { snapshot: { ...busy, revision: 7 } });
    await poll(seen, (revisions) => revisions.includes(7), { what: 'revision 7' });
    await page.evaluate(() => Reflect.get(window, 'stop')());
    await app.app.ask('engineShows', { snapshot: { ...busy, revision: 8 } });
    await poll(
      () => app.tray(),
      (tray) => tray !== null,
    );
    expect(await seen()).not.toContain(8);
  });
});

describe('the door', () => {
  test.for<readonly [string, unknown, unknown, string]>([
    ['a request that there is not', 'worktree.explode', {}, 'name'],
    ['a name that is no text', { toString: 'snapshot.get' }, {}, 'name'],
    ['a name of the object prototype', 'constructor', {}, 'name'],
    ['an id that is a path', 'worktree.open', { worktreeId: '../../etc', sessionId: null }, 'worktreeId'],
    ['a field too many', 'snapshot.get', { and: 'more' }, 'input'],
    ['no input', 'worktree.open', null, 'input'],
  ])('refuses %s, naming the field', async ([_what, name, input, field], ctx) => {
    const app = await start(ctx);
    const answer = await request(await app.popover(), name, input);
    expect(answer).toMatchObject({ ok: false, error: { kind: 'invalid-request', field } });
    expect(
      app.app.calls().filter(({ name: called }) => called !== 'popover.opened' && called !== 'helper'),
    ).toEqual([]);
  });

  test('hands on what is well formed, and answers failures as data', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const ask = { worktreeId: 'w-0123456789ab', sessionId: null };
    expect(await request(page, 'worktree.open', ask)).toMatchObject({ ok: true, value: { reached: 'pane' } });
    expect(app.app.calls()).toContainEqual({ name: 'worktree.open', input: ask });
    expect(await request(page, 'worktree.openCommand', ask)).toEqual({
      ok: false,
      error: { kind: 'no-terminal', tried: ['tmux', 'xterm'] },
    });
  });

  test('turns a bug into a reference, whether it throws or answers what can’t cross', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    for (const name of ['doctor.run', 'operation.list']) {
      const answer = await request(page, name, {});
      expect(answer).toMatchObject({ ok: false, error: { kind: 'internal' } });
      expect(String(answer.error?.reference)).toMatch(/^test-\d+$/);
    }
  });

  test('is shut to another window that carries the same preload', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    expect(await app.askFromForeignWindow('snapshot.get', {})).toMatchObject({
      ok: false,
      error: { kind: 'forbidden' },
    });
  });

  test('is shut to a frame inside the page', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const [window] = app.app.state()?.windows ?? [];
    const answer = await app.app.ask('invoke', {
      window: window?.id ?? 0,
      mainFrame: false,
      origin: 'app://orchard',
      url: 'app://orchard/index.html',
      channel: 'orchard:request',
      args: ['snapshot.get', {}],
    });
    expect(answer).toMatchObject({ ok: false, error: { kind: 'forbidden' } });
    // The page's own policy keeps frames out altogether.
    const loaded = await page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
            resolve(effectiveDirective),
          );
          const frame = document.createElement('iframe');
          frame.src = 'https://evil.example/';
          document.body.append(frame);
        }),
    );
    expect(loaded).toBe('frame-src');
  });
});

describe('a page gone bad', () => {
  test('navigates nowhere and opens no window; only listed https hosts reach the browser', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const home = page.url();
    await page.evaluate(() => {
      location.href = 'https://evil.example/';
    });
    await page.evaluate(() => {
      window.open('https://evil.example/');
      window.open('file:///etc/passwd');
      window.open('https://github.com/orchard/orchard/compare/main');
    });
    expect(
      await poll(
        () => app.openedExternally(),
        (opened) => opened.length > 0,
      ),
    ).toEqual(['https://github.com/orchard/orchard/compare/main']);
    await poll(
      () => app.app.navigations(),
      (tried) => tried.some(({ url, prevented }) => url === 'https://evil.example/' && prevented),
      { what: 'the navigation to be refused' },
    );
    expect(page.url()).toBe(home);
    expect(await page.title()).toBe('Orchard');
  });

  test('gets no permission of any kind', async (ctx) => {
    const app = await start(ctx);
    for (const permission of ['clipboard-read', 'media', 'geolocation', 'notifications', 'openExternal'])
      expect(await app.app.ask('permission', { permission })).toEqual({ requested: false, checked: false });
  });

  test('runs no inline script and reaches no other host', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const seen = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.body.append(script);
      const fetched = await fetch('https://evil.example/').then(
        () => 'reached',
        () => 'refused',
      );
      return [Reflect.get(window, 'injected'), fetched];
    });
    expect(seen).toEqual([undefined, 'refused']);
  });

  test('copies text through the app, and only text', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const copy = (text: unknown) =>
      page.evaluate((given) => Reflect.get(window, 'orchard').copy(given), text);
    expect(await copy('tmux attach -t work')).toBe(true);
    expect(
      await poll(
        () => app.clipboard(),
        (text) => text !== '',
      ),
    ).toBe('tmux attach -t work');
    expect(await copy({ html: '<b>' })).toBe(false);
    expect(await copy('x'.repeat(65_537))).toBe(false);
    expect(await app.clipboard()).toBe('tmux attach -t work');
  });
});

describe('tray and notifications', () => {
  test('the tray says what the snapshot says, and its menu leads to what needs you', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await app.app.ask('engineShows', { snapshot: busy });
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
      () => app.app.calls(),
      (calls) => calls.some(({ name }) => name === 'worktree.open'),
    );
    expect(app.app.calls().find(({ name }) => name === 'worktree.open')?.input).toEqual({
      worktreeId: waiting.id,
      sessionId: waiting.sessions[0]?.id,
    });
  });

  test('an unchanged snapshot touches nothing (each touch is a D-Bus call)', async (ctx) => {
    const app = await start(ctx, '--hidden');
    await app.app.ask('engineShows', { snapshot: busy });
    await poll(
      () => app.tray(),
      (view) => view?.tooltip === '1 needs you',
    );
    const before = app.app.state()?.tray?.menusSet;
    await app.app.ask('engineShows', { snapshot: { ...busy, revision: 3 } });
    await app.app.ask('engineShows', { snapshot: { ...busy, revision: 4, line: '1 needs you, still' } });
    await poll(
      () => app.tray(),
      (view) => view?.tooltip === '1 needs you, still',
    );
    expect(app.app.state()?.tray?.menusSet).toBe((before ?? 0) + 1);
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
    expect(await app.app.exited).toBe(0);
  });

  test('a notification is shown as given, escaped for the daemon, and its click comes back once', async (ctx) => {
    const app = await start(ctx, '--hidden');
    const notice = { id: 'n-1', title: 'shop: login', sound: true, sessionKey: null, worktreeId: null };
    await app.app.ask('engineNotifies', { request: { ...notice, body: 'Bash: a && b <c>' } });
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
      () => app.app.calls(),
      (calls) => calls.some(({ name }) => name === 'notification.click'),
    );
    expect(app.app.calls().filter(({ name }) => name === 'notification.click')).toEqual([
      { name: 'notification.click', input: 'n-1' },
    ]);
  });

  test('a notification with the same id takes the place of the last', async (ctx) => {
    const app = await start(ctx, '--hidden');
    const notice = { id: 'n-1', title: 't', sound: false, sessionKey: null, worktreeId: null };
    await app.app.ask('engineNotifies', { request: { ...notice, body: 'one' } });
    await app.app.ask('engineNotifies', { request: { ...notice, body: 'two' } });
    await poll(
      () => app.notifications(),
      (all) => all.length === 2,
    );
    expect(app.app.state()?.notifications.map(({ body, open, silent }) => [body, open, silent])).toEqual([
      ['one', false, true],
      ['two', true, true],
    ]);
  });

  test('a confirmation shows every character of the text, and Enter or Esc mean no', async (ctx) => {
    const app = await start(ctx);
    await shown(app);
    const exactText = 'npm ci \u202e && rm';
    expect(await app.app.ask('engineAsks', { title: 'Run this?', exactText })).toBe(false);
    await app.app.ask('answerDialogs', { answers: [{ response: 1 }] });
    expect(await app.app.ask('engineAsks', { title: 'Run this?', exactText })).toBe(true);
    const [dialog] = await poll(
      () => app.app.state()?.dialogs ?? [],
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
