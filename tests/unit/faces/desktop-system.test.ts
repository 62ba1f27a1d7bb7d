/** What the desktop face asks of the system, and what it says when the system refuses. */
import { EventEmitter } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notification, NotificationConstructorOptions } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import { createFaceProblems } from '../../../src-main/faces/electron/face-problems';
import { applyLoginItem, type LoginItemDeps } from '../../../src-main/faces/electron/login-item';
import { createElectronNotifier } from '../../../src-main/faces/electron/notifier';
import type { Platform } from '../../../src-main/faces/electron/platform-policy';
import { createShortcut } from '../../../src-main/faces/electron/shortcut';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

describe('the global shortcut', () => {
  function shortcuts(taken: readonly string[] = []) {
    const registered = new Set<string>();
    const shortcut = createShortcut({
      globalShortcut: {
        register: (accelerator) => {
          if (accelerator === 'nonsense') throw new TypeError('Error processing argument');
          if (taken.includes(accelerator)) return false;
          registered.add(accelerator);
          return true;
        },
        unregister: (accelerator) => void registered.delete(accelerator),
        // A Wayland portal that says yes and does nothing.
        isRegistered: (accelerator) => registered.has(accelerator) && accelerator !== 'Super+Silent',
      },
      onPress: () => {},
    });
    return { shortcut, registered };
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

  function notifierOn(platform: Platform, isSupported = true) {
    const made: (EventEmitter & { options: NotificationConstructorOptions; closed: boolean })[] = [];
    const onProblem = vi.fn();
    const notifier = createElectronNotifier({
      create: (options) => {
        const notification = Object.assign(new EventEmitter(), {
          options,
          closed: false,
          show() {
            notification.emit('shown');
          },
          close() {
            notification.closed = true;
            notification.emit('close', {});
          },
        });
        made.push(notification);
        return notification as unknown as Notification;
      },
      isSupported: () => isSupported,
      platform,
      log: createSilentLog(),
      onProblem,
    });
    return { notifier, made, onProblem };
  }

  test('a refusal by the system is said, and forgotten once one was shown', () => {
    const { notifier, made, onProblem } = notifierOn('darwin');
    notifier.notify(request, () => {});
    made[0]?.emit('failed', {}, 'Notifications are not allowed for this application');
    expect(notifier.problem).toContain('not allowed for this application');
    notifier.notify(request, () => {});
    made[1]?.emit('show', {});
    expect(notifier.problem).toBeNull();
    expect(onProblem).toHaveBeenCalledTimes(2);
  });

  test('a system without notifications is said from the start, and never asked', () => {
    const { notifier, made } = notifierOn('linux', false);
    expect(notifier.problem).toContain('no notification service');
    notifier.notify(request, () => {});
    expect(made).toEqual([]);
  });

  test('one with the same id is closed first on Linux; elsewhere the system replaces it by its id', () => {
    const linux = notifierOn('linux');
    const mac = notifierOn('darwin');
    for (const { notifier } of [linux, mac]) {
      notifier.notify(request, () => {});
      notifier.notify({ ...request, body: 'newer' }, () => {});
    }
    expect(linux.made.map(({ closed }) => closed)).toEqual([true, false]);
    expect(mac.made.map(({ closed }) => closed)).toEqual([false, false]);
    expect(mac.made.map(({ options }) => options.id)).toEqual(['n', 'n']);
  });

  test('Windows: click and activation are one, in whichever order they come', () => {
    const { notifier, made } = notifierOn('win32');
    const clicks = vi.fn();
    notifier.notify(request, clicks);
    expect(notifier.holds('type=click&tag=of-yesterday')).toBe(false);
    expect(notifier.holds('type=click&tag=n')).toBe(true);
    made[0]?.emit('click', {});
    expect(notifier.holds('type=click&tag=n')).toBe(false);
    notifier.notify(request, clicks);
    made[1]?.emit('click', {});
    expect(notifier.holds('type=click&tag=n')).toBe(true);
    expect(notifier.holds('type=click&tag=n')).toBe(false);
    expect(clicks).toHaveBeenCalledTimes(2);
  });

  test('one that timed out can still be clicked in the notification centre', () => {
    const { notifier, made } = notifierOn('win32');
    const clicks = vi.fn();
    notifier.notify(request, clicks);
    made[0]?.emit('close', { reason: 'timedOut' });
    expect(notifier.holds('type=click&tag=n')).toBe(true);
    made[0]?.emit('close', { reason: 'userCanceled' });
    expect(notifier.holds('type=click&tag=n')).toBe(false);
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
  expect(problems.list()).toEqual([]);
  expect(changed).toHaveBeenCalledTimes(3);
});
