/** What the desktop face asks of the system, and what it says when the system refuses. */
import { EventEmitter } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notification, NotificationConstructorOptions } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import { createFaceProblems } from '../../../src-main/faces/electron/face-problems';
import { startFewerProcesses } from '../../../src-main/faces/electron/fewer-processes';
import { applyLoginItem, type LoginItemDeps } from '../../../src-main/faces/electron/login-item';
import { createElectronNotifier } from '../../../src-main/faces/electron/notifier';
import type { Platform } from '../../../src-main/faces/electron/platform-policy';
import { createShortcut, shortcutsByPortal } from '../../../src-main/faces/electron/shortcut';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

describe('Chromium’s processes', () => {
  function switchesOn(platform: Platform, given: string | null) {
    const switches = new Map(given === null ? [] : [['enable-features', given]]);
    startFewerProcesses(
      {
        getSwitchValue: (name) => switches.get(name) ?? '',
        appendSwitch: (name, value) => void switches.set(name, value ?? ''),
      },
      platform,
    );
    return Object.fromEntries(switches);
  }

  test('on Linux the network service has no process of its own, whatever a person switched on', () => {
    expect(switchesOn('linux', null)).toEqual({ 'enable-features': 'NetworkServiceInProcess2' });
    expect(switchesOn('linux', 'UseOzonePlatform,Other')).toEqual({
      'enable-features': 'UseOzonePlatform,Other,NetworkServiceInProcess2',
    });
  });
  test('who wants it in a sandbox keeps it', () => {
    expect(switchesOn('linux', 'Other,NetworkServiceSandbox')).toEqual({
      'enable-features': 'Other,NetworkServiceSandbox',
    });
  });
  test('macOS and Windows keep it in its sandbox', () => {
    for (const platform of ['darwin', 'win32'] as const) expect(switchesOn(platform, null)).toEqual({});
  });
});

describe('the global shortcut', () => {
  function shortcuts(taken: readonly string[] = [], byPortal = false) {
    const presses = new Map<string, () => void>();
    const onProved = vi.fn();
    const onPress = vi.fn();
    const registered = new Set<string>();
    const shortcut = createShortcut({
      globalShortcut: {
        register: (accelerator, press) => {
          presses.set(accelerator, press);
          if (accelerator === 'nonsense') throw new TypeError('Error processing argument');
          if (taken.includes(accelerator)) return false;
          registered.add(accelerator);
          return true;
        },
        unregister: (accelerator) => void registered.delete(accelerator),
        // A Wayland portal that says yes and does nothing.
        isRegistered: (accelerator) => registered.has(accelerator) && accelerator !== 'Super+Silent',
      },
      byPortal,
      onPress,
      onProved,
    });
    return { shortcut, registered, presses, onPress, onProved };
  }

  test('replaces the last one, and null takes it away', () => {
    const { shortcut, registered } = shortcuts();
    expect(shortcut.apply('Alt+Space')).toBeNull();
    expect(shortcut.apply('Alt+O')).toBeNull();
    expect([...registered]).toEqual(['Alt+O']);
    expect(shortcut.apply(null)).toBeNull();
    expect([...registered]).toEqual([]);
  });

  test('says when another app has it, when it is silently refused, and when it is no shortcut', () => {
    const { shortcut } = shortcuts(['Alt+Taken']);
    expect(shortcut.apply('Alt+Taken')).toContain('Alt+Taken is not registered');
    expect(shortcut.apply('Super+Silent')).toContain('not registered');
    expect(shortcut.apply('nonsense')).toContain('no shortcut');
  });

  test('where a portal grants it nothing is proved until it is pressed', () => {
    const { shortcut, presses, onPress, onProved } = shortcuts([], true);
    expect(shortcut.apply('Alt+O')).toContain('not proved');
    expect(shortcut.apply('Alt+O')).toContain('not proved');
    presses.get('Alt+O')?.();
    presses.get('Alt+O')?.();
    expect(onPress).toHaveBeenCalledTimes(2);
    expect(onProved).toHaveBeenCalledTimes(1);
    expect(shortcut.apply('Alt+O')).toBeNull();
    expect(shortcut.apply('Alt+P')).toContain('Alt+P is not proved');
    expect(shortcut.apply(null)).toBeNull();
  });

  test('a portal is asked on native Wayland only', () => {
    const wayland = { WAYLAND_DISPLAY: 'wayland-0' };
    expect(shortcutsByPortal('linux', wayland, [])).toBe(true);
    expect(shortcutsByPortal('linux', { XDG_SESSION_TYPE: 'wayland' }, [])).toBe(true);
    expect(shortcutsByPortal('linux', { DISPLAY: ':0', XDG_SESSION_TYPE: 'x11' }, [])).toBe(false);
    expect(shortcutsByPortal('linux', wayland, ['--ozone-platform=x11'])).toBe(false);
    expect(shortcutsByPortal('darwin', wayland, [])).toBe(false);
  });
});

describe('the login item', () => {
  function login(platform: Platform, change: Partial<LoginItemDeps> = {}) {
    const settings: unknown[] = [];
    const deps: LoginItemDeps = {
      app: {
        isPackaged: true,
        setLoginItemSettings: (given) => void settings.push(given),
        getLoginItemSettings: () =>
          ({ status: 'requires-approval' }) as ReturnType<LoginItemDeps['app']['getLoginItemSettings']>,
      },
      platform,
      env: {},
      home: '/home/p',
      executable: '/opt/Orchard/orchard',
      ...change,
    };
    return { deps, settings };
  }

  test('goes through the system on macOS and Windows, and says when macOS wants a yes', async () => {
    const mac = login('darwin');
    expect(await applyLoginItem(true, mac.deps)).toContain('System Settings');
    expect(await applyLoginItem(false, mac.deps)).toBeNull();
    expect(mac.settings).toEqual([
      { openAtLogin: true, args: ['--hidden'] },
      { openAtLogin: false, args: ['--hidden'] },
    ]);
    expect(await applyLoginItem(true, login('win32').deps)).toBeNull();
  });

  test('is a file on Linux, written whole, gone when switched off', async () => {
    const home = await temporaryDirectory();
    const { deps } = login('linux', { home, env: { APPIMAGE: '/apps/Orchard 1.AppImage' } });
    expect(await applyLoginItem(true, deps)).toBeNull();
    const directory = join(home, '.config/autostart');
    expect(await readFile(join(directory, 'orchard.desktop'), 'utf8')).toContain(
      'Exec="/apps/Orchard 1.AppImage" "--hidden"\n',
    );
    await writeFile(join(directory, 'other.desktop'), 'stays');
    expect(await applyLoginItem(true, deps)).toBeNull();
    expect(await applyLoginItem(false, deps)).toBeNull();
    expect(await applyLoginItem(false, deps)).toBeNull();
    expect(await readdir(directory)).toEqual(['other.desktop']);
  });

  test('a refusal is a sentence, not a throw', async () => {
    const home = await temporaryDirectory();
    await mkdir(join(home, '.config'));
    await writeFile(join(home, '.config/autostart'), 'a file in the way');
    expect(await applyLoginItem(true, login('linux', { home }).deps)).toContain(
      'did not take the login item',
    );
  });

  test('an instance of its own (ORCHARD_HOME) neither takes the person’s entry away nor points it elsewhere', async () => {
    const home = await temporaryDirectory();
    const env = { ORCHARD_HOME: join(home, 'second') };
    const entry = join(home, '.config/autostart/orchard.desktop');
    expect(await applyLoginItem(true, login('linux', { home }).deps)).toBeNull();
    const before = await readFile(entry, 'utf8');
    const second = login('linux', { home, env, executable: '/elsewhere/orchard' });
    expect(await applyLoginItem(false, second.deps)).toBeNull();
    expect(await applyLoginItem(true, second.deps)).toContain('ORCHARD_HOME');
    expect(await readFile(entry, 'utf8')).toBe(before);
    for (const platform of ['darwin', 'win32'] as const) {
      const { deps, settings } = login(platform, { env });
      await applyLoginItem(false, deps);
      await applyLoginItem(true, deps);
      expect(settings).toEqual([]);
    }
  });

  test('an app that runs from a checkout registers nothing', async () => {
    const { deps, settings } = login('darwin');
    const checkout = { ...deps, app: { ...deps.app, isPackaged: false } };
    expect(await applyLoginItem(true, checkout)).toContain('installed app only');
    expect(await applyLoginItem(false, checkout)).toBeNull();
    expect(settings).toEqual([]);
  });
});

describe('notifications', () => {
  const request = { id: 'n', title: 't', body: 'b', sound: true, sessionKey: null, worktreeId: null };

  class Shown extends EventEmitter {
    readonly id: string;
    closed = false;
    constructor(
      readonly options: NotificationConstructorOptions,
      readonly told: string[],
    ) {
      super();
      this.id = options.id ?? '';
    }
    show() {
      this.told.push(`show ${this.options.body}`);
    }
    close() {
      this.closed = true;
      this.told.push(`close ${this.options.body}`);
      // No daemon has to say that it did.
      if (this.options.body !== 'stays') this.emit('close', {});
    }
  }

  function notifierOn(
    platform: Platform,
    given: { supported?: boolean; packaged?: boolean; earlier?: string[] } = {},
  ) {
    const { supported = true, packaged = true, earlier = [] } = given;
    const made: Shown[] = [];
    const told: string[] = [];
    const onProblem = vi.fn();
    const onEarlierClick = vi.fn();
    const clock = createManualClock();
    const left = earlier.map((id) => new Shown({ id, body: id }, told));
    const notifier = createElectronNotifier({
      create: (options) => {
        const notification = new Shown(options, told);
        made.push(notification);
        return notification as unknown as Notification;
      },
      isSupported: () => supported,
      platform,
      packaged,
      clock,
      log: createSilentLog(),
      onProblem,
      onEarlierClick,
      history: platform === 'darwin' ? async () => left as unknown as Notification[] : null,
      run: 'r2',
    });
    return { notifier, made, told, left, onProblem, onEarlierClick, clock };
  }
  const platforms = ['darwin', 'linux', 'win32'] as const;

  test('a refusal by the system is said with what to do, and forgotten once one was shown', () => {
    const { notifier, made, onProblem } = notifierOn('darwin');
    notifier.notify(request, () => {});
    made[0]?.emit('failed', {}, 'Notifications are not allowed for this application');
    expect(notifier.problem).toContain('not allowed for this application');
    expect(notifier.remedy).toContain('System Settings');
    notifier.notify(request, () => {});
    made[1]?.emit('show', {});
    expect([notifier.problem, notifier.remedy]).toEqual([null, null]);
    expect(onProblem).toHaveBeenCalledTimes(2);
  });

  test('without a notification daemon Linux gives no word; there is one all the same', () => {
    const { notifier, made } = notifierOn('linux');
    notifier.notify(request, () => {});
    made[0]?.emit('failed', {}, '');
    expect(notifier.problem).toBe('No notification service answered, so nobody was told.');
    expect(notifier.remedy).toContain('dunst or mako');
  });

  test('on macOS an app that is not signed says from the start that it can not notify', () => {
    const { notifier } = notifierOn('darwin', { packaged: false });
    expect(notifier.problem).toContain('signed apps only');
    expect(notifier.remedy).toContain('orch monitor --watch');
    for (const platform of ['linux', 'win32'] as const)
      expect(notifierOn(platform, { packaged: false }).notifier.problem).toBeNull();
  });

  test('a system without notifications is said from the start, and never asked', () => {
    const { notifier, made } = notifierOn('linux', { supported: false });
    expect(notifier.problem).toContain('no notification service');
    notifier.notify(request, () => {});
    expect(made).toEqual([]);
  });

  test('the one before is closed before the next is shown, on every system, under names that differ', () => {
    for (const platform of platforms) {
      const { notifier, made, told } = notifierOn(platform);
      notifier.notify({ ...request, id: 'other', body: 'apart' }, () => {});
      notifier.notify({ ...request, body: 'first' }, () => {});
      notifier.notify({ ...request, body: 'second' }, () => {});
      expect(told).toEqual(['show apart', 'show first', 'close first', 'show second']);
      expect(new Set(made.map(({ id }) => id)).size).toBe(3);
    }
  });

  test('a click on any that is still on screen is answered, also on one that a daemon left standing', () => {
    for (const platform of platforms) {
      const { notifier, made } = notifierOn(platform);
      const clicks = vi.fn();
      notifier.notify({ ...request, body: 'stays' }, () => clicks('old'));
      notifier.notify(request, () => clicks('new'));
      made[0]?.emit('click', {});
      made[1]?.emit('click', {});
      expect(clicks.mock.calls).toEqual([['old'], ['new']]);
    }
  });

  test('more than can be kept are taken off the screen, so that none there is dead', () => {
    const { notifier, made } = notifierOn('linux');
    for (let count = 0; count < 103; count++) notifier.notify({ ...request, id: `n${count}` }, () => {});
    expect(made.filter(({ closed }) => closed)).toEqual(made.slice(0, 3));
  });

  test('Windows: click and activation are one, in whichever order they come, and a later click is another', () => {
    const { notifier, made, clock, onEarlierClick } = notifierOn('win32');
    const clicks = vi.fn();
    const launch = (index: number) =>
      /launch="([^"]*)"/.exec(made[index]?.options.toastXml ?? '')?.[1]?.replaceAll('&amp;', '&') ?? '';
    notifier.notify(request, clicks);
    expect(notifier.activated(launch(0))).toBe(true);
    made[0]?.emit('click', {});
    expect(clicks).toHaveBeenCalledTimes(1);
    notifier.notify(request, clicks);
    made[1]?.emit('click', {});
    expect(notifier.activated(launch(1))).toBe(true);
    expect(clicks).toHaveBeenCalledTimes(2);
    expect(onEarlierClick).not.toHaveBeenCalled();
    clock.advance(5_001);
    expect(notifier.activated(launch(1))).toBe(true);
    expect(onEarlierClick.mock.calls).toEqual([['n']]);
  });

  test('Windows: a toast of an earlier run leads to its session, one that names nothing to nothing', () => {
    const { notifier, onEarlierClick } = notifierOn('win32');
    expect(notifier.activated('type=click&tag=s-0123456789ab-r1-4')).toBe(true);
    expect(onEarlierClick.mock.calls).toEqual([['s-0123456789ab']]);
    for (const raw of ['', 'type=click', 'type=click&tag=14317607570838471237'])
      expect(notifier.activated(raw)).toBe(false);
  });

  test('macOS: one of an earlier run leads to its session, and goes when that session is told of anew', async () => {
    const { notifier, left, onEarlierClick } = notifierOn('darwin', {
      earlier: ['s-0123456789ab-r1-4', 'n-r1-5', 'somebody else'],
    });
    await Promise.resolve();
    left[0]?.emit('click', {});
    left[2]?.emit('click', {});
    expect(onEarlierClick.mock.calls).toEqual([['s-0123456789ab']]);
    notifier.notify(request, () => {});
    expect(left.map(({ closed }) => closed)).toEqual([false, true, false]);
  });

  test('one that timed out can still be clicked in the notification centre', () => {
    const { notifier, made } = notifierOn('win32');
    const clicks = vi.fn();
    notifier.notify(request, clicks);
    made[0]?.emit('close', { reason: 'timedOut' });
    made[0]?.emit('click', {});
    expect(clicks).toHaveBeenCalledTimes(1);
  });

  test('what nobody could answer after the end is taken off the screen with it', () => {
    for (const [platform, packaged, closed] of [
      ['linux', true, true],
      ['win32', false, true],
      ['win32', true, false],
      ['darwin', true, false],
    ] as const) {
      const { notifier, made } = notifierOn(platform, { packaged });
      notifier.notify(request, () => {});
      notifier.dispose();
      expect([platform, made[0]?.closed]).toEqual([platform, closed]);
    }
  });
});

test('a problem is said once per thing, changes with it and goes with it', () => {
  const problems = createFaceProblems();
  const changed = vi.fn();
  const stop = problems.onChange(changed);
  problems.set('shortcut', null);
  problems.set('shortcut', 'taken');
  problems.set('shortcut', 'taken');
  problems.set('login item', 'refused');
  expect(problems.list()).toEqual([
    { where: 'shortcut', message: 'taken' },
    { where: 'login item', message: 'refused' },
  ]);
  problems.set('shortcut', null);
  stop();
  problems.set('login item', null);
  problems.set('refused', 'It is gone.', 'No such session');
  expect(problems.list()).toEqual([{ where: 'No such session', message: 'It is gone.' }]);
  problems.set('refused', null);
  expect(problems.list()).toEqual([]);
  expect(changed).toHaveBeenCalledTimes(3);
});
