/**
 * Desktops that are no usual ones: where nothing is painted before it is shown, the focus is refused,
 * notifications are, the system sleeps or goes down, and a page dies. On the real Electron its own calls are
 * made to answer so.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../support/poll';
import { type DesktopApp, shown } from './driver';
import { createPlayedDesktop, type PlayedDesktop } from './played-desktop';

let played: PlayedDesktop;
beforeAll(async () => {
  played = await createPlayedDesktop();
});
afterAll(() => played.dispose());

const called = (app: DesktopApp, name: string) => app.calls().filter((call) => call.name === name).length;
const notice = { id: 'n-1', title: 't', body: 'b', sound: false, sessionKey: null, worktreeId: null };
const problemOf = async (app: DesktopApp, where: string) =>
  (await app.ask('engineProblems', null)).find((problem) => problem.where === where)?.message ?? null;

describe('the popover', () => {
  test.for(['late', 'never'] as const)(
    'shows where its window says %s that it is painted',
    async (paint, ctx) => {
      const app = await played.startOn(ctx, { traits: { paint } });
      await shown(app);
      const page = await app.popover();
      await page.locator('main').first().waitFor();
      await app.clickTray();
      await shown(app, false);
      await app.clickTray();
      await shown(app);
      expect((await app.state()).windows).toHaveLength(1);
    },
  );

  test('stays where the focus is refused, and goes on a click', async (ctx) => {
    const app = await played.startOn(ctx, { traits: { focus: 'refused' } });
    await shown(app);
    // Longer than a blur means nothing and than the second look at the focus.
    const from = performance.now();
    await poll(
      () => performance.now() - from,
      (ms) => ms > 1_500,
    );
    const [window] = (await app.state()).windows;
    expect([window?.visible, window?.focused]).toEqual([true, false]);
    await app.clickTray();
    await shown(app, false);
  });

  test('whose page dies comes back by itself', async (ctx) => {
    const app = await played.start(ctx);
    await shown(app);
    const [first] = (await app.state()).windows;
    await app.ask('crashPage', null);
    const [second] = await poll(
      async () => (await app.state()).windows,
      (all) => all.length === 1 && all[0]?.id !== first?.id && all[0]?.visible === true,
      { what: 'another window' },
    );
    expect(second?.visible).toBe(true);
    expect(await problemOf(app, 'popover')).toMatch(/crashed.*opened again/);
    expect(await app.notifications()).toEqual([]);
  });
});

describe('notifications', () => {
  test.for([
    ['without words', '', 'No notification service answered, so nobody was told.'],
    ['with words', ' Too many ', 'The notification service refused one: Too many'],
  ] as const)(
    'refused %s are told as a problem that goes with the next that is shown',
    async (given, ctx) => {
      const [, refusedWith, problem] = given;
      const app = await played.startOn(ctx, {
        traits: { notifications: { refusedWith } },
        args: ['--hidden'],
      });
      await app.ask('engineNotifies', { request: notice });
      const told = await poll(
        () => problemOf(app, 'notifications'),
        (message) => message !== null,
        { what: 'the problem' },
      );
      if (process.platform === 'linux') expect(told).toContain(problem);
      expect(told).not.toMatch(/: *(\.|$)/);
      await app.ask('desktopBecomes', { notifications: 'shown' });
      await app.ask('engineNotifies', { request: { ...notice, id: 'n-2' } });
      await poll(
        () => problemOf(app, 'notifications'),
        (message) => message === null,
        { what: 'the problem to go' },
      );
    },
  );

  test('that no system service takes are told once at the start', async (ctx) => {
    const app = await played.startOn(ctx, { traits: { notifications: 'unsupported' }, args: ['--hidden'] });
    expect(await problemOf(app, 'notifications')).toMatch(/no notification service/);
    await app.ask('engineNotifies', { request: notice });
    expect(await app.notifications()).toEqual([]);
    expect(await problemOf(app, 'notifications')).toMatch(/no notification service/);
  });
});

describe('the system', () => {
  const say = async (app: DesktopApp, ...events: readonly Parameters<typeof power>[1][]) => {
    for (const event of events) await power(app, event);
  };
  const power = (
    app: DesktopApp,
    event: 'suspend' | 'resume' | 'lock-screen' | 'unlock-screen' | 'shutdown',
  ) => app.ask('power', { event });

  test('that sleeps locked is left once and come back to once', async (ctx) => {
    const app = await played.start(ctx, '--hidden');
    await say(app, 'lock-screen', 'suspend', 'resume', 'resume');
    expect([called(app, 'leave'), called(app, 'come-back')]).toEqual([1, 0]);
    await say(app, 'unlock-screen', 'unlock-screen');
    await poll(
      () => called(app, 'come-back'),
      (times) => times > 0,
    );
    expect([called(app, 'leave'), called(app, 'come-back')]).toEqual([1, 1]);
  });

  test('that wakes without having said that it sleeps is come back to', async (ctx) => {
    const app = await played.start(ctx, '--hidden');
    await say(app, 'resume');
    await poll(
      () => called(app, 'come-back'),
      (times) => times === 1,
    );
  });

  test('that goes down ends the app in order', async (ctx) => {
    const app = await played.start(ctx);
    await shown(app);
    await say(app, 'shutdown').catch(() => {});
    expect(await app.exited).toBe(0);
  });
});

test.for([true, false])(
  'an app that is packaged (%s) has its own page, and no developer tools',
  async (packaged, ctx) => {
    // A development server that answers nothing: whoever asks it shows no page of ours.
    const given = packaged ? { ELECTRON_RENDERER_URL: 'https://elsewhere.invalid/' } : {};
    const app = await played.startOn(ctx, { traits: { packaged }, env: given });
    const page = await app.popover();
    expect((await app.state()).packaged).toBe(packaged);
    expect(page.url()).not.toContain('elsewhere');
    expect(await page.evaluate(() => typeof Reflect.get(window, 'orchard'))).toBe('object');
    expect(await app.ask('developerTools', null)).toEqual({ open: !packaged });
  },
);
