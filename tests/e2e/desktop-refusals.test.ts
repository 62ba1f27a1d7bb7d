/** What the desktop face lets through and what it refuses, whatever the page became. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { shown } from './driver';
import { createPlayedDesktop, type PlayedDesktop } from './played-desktop';

let played: PlayedDesktop;
beforeAll(async () => {
  played = await createPlayedDesktop();
});
afterAll(() => played.dispose());
const start = (ctx: TestContext, ...args: string[]) => played.start(ctx, ...args);

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
      app.calls().filter(({ name: called }) => called !== 'popover.opened' && called !== 'helper'),
    ).toEqual([]);
  });

  test('hands on what is well formed, and answers failures as data', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    const ask = { worktreeId: 'w-0123456789ab', sessionId: null };
    expect(await request(page, 'worktree.open', ask)).toMatchObject({ ok: true, value: { reached: 'pane' } });
    expect(app.calls()).toContainEqual({ name: 'worktree.open', input: ask });
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
    const answer = await app.askFromFrame('snapshot.get', {});
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
      () => app.navigations(),
      (tried) => tried.some(({ url, prevented }) => url === 'https://evil.example/' && prevented),
      { what: 'the navigation to be refused' },
    );
    expect(page.url()).toBe(home);
    expect(await page.evaluate(() => document.title)).toBe('Orchard');
  });

  test('gets no permission of any kind', async (ctx) => {
    const app = await start(ctx);
    const page = await app.popover();
    for (const permission of ['clipboard-read', 'media', 'geolocation', 'notifications', 'openExternal'])
      expect(await app.ask('permission', { permission })).toEqual({ requested: false, checked: false });
    // What the page itself is told when it asks.
    if (app.driver === 'stand-in') return;
    expect(
      await page.evaluate(async () => {
        const refused = (asked: Promise<unknown>) => asked.then(() => 'granted').catch(() => 'refused');
        return [
          await refused(navigator.clipboard.readText()),
          await refused(navigator.mediaDevices.getUserMedia({ audio: true })),
          await refused(new Promise((yes, no) => navigator.geolocation.getCurrentPosition(yes, no))),
          await Notification.requestPermission(),
        ];
      }),
    ).toEqual(['refused', 'refused', 'refused', 'denied']);
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
