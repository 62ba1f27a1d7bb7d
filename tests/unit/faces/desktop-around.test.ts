/** What the desktop face does about the machine around it: sleep, locks, naps, menus, Windows’ entries. */
import { EventEmitter } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShortcutDetails } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import type { Failure } from '../../../src-main/contract/failures';
import type { Handlers } from '../../../src-main/contract/requests';
import { followAbsence } from '../../../src-main/faces/electron/absence';
import { applicationMenu } from '../../../src-main/faces/electron/application-menu';
import { createDialogPerson } from '../../../src-main/faces/electron/person';
import { readSandboxFacts } from '../../../src-main/faces/electron/sandbox-facts';
import { electronFailed, sandboxObstacle } from '../../../src-main/faces/electron/start-checks';
import { createStayAwake } from '../../../src-main/faces/electron/stay-awake';
import { createTrayActions } from '../../../src-main/faces/electron/tray-actions';
import { earlierAction } from '../../../src-main/faces/electron/tray-menu';
import { identifyOnWindows, windowsIdentity } from '../../../src-main/faces/electron/windows-identity';
import { createFakeOrchard, emptySnapshot } from '../../support/fake-orchard';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

describe('nobody before the screen', () => {
  function absence() {
    const told: string[] = [];
    let state: 'active' | 'locked' = 'locked';
    const powerMonitor = Object.assign(new EventEmitter(), { getSystemIdleState: () => state });
    const following = followAbsence({
      powerMonitor: powerMonitor as unknown as Parameters<typeof followAbsence>[0]['powerMonitor'],
      onAway: () => told.push('away'),
      onBack: () => told.push('back'),
    });
    const hear = (...events: readonly string[]) => {
      for (const event of events) powerMonitor.emit(event);
    };
    return { told, hear, following, powerMonitor, active: () => (state = 'active') };
  }

  test('one return, when both sleep and lock are over', () => {
    const { told, hear } = absence();
    hear('lock-screen', 'suspend', 'resume');
    expect(told).toEqual(['away']);
    hear('unlock-screen');
    expect(told).toEqual(['away', 'back']);
    hear('suspend', 'resume', 'resume');
    expect(told).toEqual(['away', 'back', 'away', 'back', 'away', 'back']);
    hear('unlock-screen');
    expect(told).toHaveLength(6);
  });

  test('a desktop that never says that it unlocked is seen to be used', () => {
    const { told, hear, following, active } = absence();
    hear('lock-screen');
    following.look();
    expect(told).toEqual(['away']);
    active();
    following.look();
    following.look();
    expect(told).toEqual(['away', 'back']);
    hear('lock-screen');
    following.seen();
    expect(told).toEqual(['away', 'back', 'away', 'back']);
  });

  test('is not followed after the end', () => {
    const { told, hear, following, powerMonitor } = absence();
    following.stop();
    hear('suspend', 'resume', 'lock-screen', 'unlock-screen');
    expect(told).toEqual([]);
    expect(powerMonitor.eventNames()).toEqual([]);
  });
});

test('macOS is kept from napping the app while something works, and only then; the others never are', () => {
  for (const [platform, expected] of [
    ['darwin', ['start prevent-app-suspension', 'stop 7', 'start prevent-app-suspension', 'stop 7']],
    ['linux', []],
    ['win32', []],
  ] as const) {
    const told: string[] = [];
    const awake = createStayAwake(
      {
        start: (type) => {
          told.push(`start ${type}`);
          return 7;
        },
        stop: (id) => told.push(`stop ${id}`) > 0,
      },
      platform,
    );
    for (const working of [0, 1, 2, 0, 0, 1])
      awake.follow({ counts: { ...emptySnapshot.counts, needsYou: 1, working } });
    awake.dispose();
    awake.dispose();
    expect(told).toEqual(expected);
  }
});

test('macOS has a menu for copy, paste and Cmd+W, which hides; the others have none', () => {
  const hide = vi.fn();
  const menu = applicationMenu('darwin', hide);
  expect(menu?.map(({ role, label }) => role ?? label)).toEqual(['appMenu', 'editMenu', 'Window']);
  const [close] = (menu?.[2]?.submenu ?? []) as { accelerator: string; click: () => void }[];
  expect(close?.accelerator).toBe('Command+W');
  close?.click();
  expect(hide).toHaveBeenCalledTimes(1);
  expect([applicationMenu('linux', hide), applicationMenu('win32', hide)]).toEqual([null, null]);
});

describe('the identity on Windows', () => {
  function windows(isPackaged: boolean, there: ShortcutDetails | null = null) {
    const told: (readonly unknown[])[] = [];
    const record =
      (name: string, answer?: unknown) =>
      (...args: readonly unknown[]) => {
        told.push([name, ...args]);
        return answer;
      };
    const log = createSilentLog();
    identifyOnWindows({
      app: {
        isPackaged,
        setName: record('name'),
        setAppUserModelId: record('id'),
        setToastActivatorCLSID: record('class'),
        getPath: () => 'C:\\Users\\p\\AppData\\Roaming',
      },
      shell: {
        readShortcutLink: () => {
          if (there === null) throw new Error('Failed to read shortcut link');
          return there;
        },
        writeShortcutLink: record('entry', true) as () => boolean,
      },
      executable: 'C:\\orchard\\node_modules\\electron\\dist\\electron.exe',
      root: 'C:\\my orchard\\',
      log,
    });
    return told;
  }
  const of = (told: ReturnType<typeof windows>, name: string) => told.filter(([first]) => first === name);

  test('is the same at every start, so that toasts of an earlier run find their app', () => {
    for (const packaged of [true, false]) {
      const [first, second] = [windows(packaged), windows(packaged)];
      expect(of(first, 'class')).toEqual(of(second, 'class'));
      expect(String(of(first, 'class')[0]?.[1])).toMatch(/^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$/);
    }
  });

  test('of a checkout is its own: it takes nothing of an installed Orchard over', () => {
    const [installed, checkout] = [windowsIdentity(true), windowsIdentity(false)];
    for (const part of ['name', 'appUserModelId', 'toastActivatorClsid'] as const)
      expect(checkout[part]).not.toBe(installed[part]);
    expect(of(windows(true), 'entry')).toEqual([]);
    expect(of(windows(true), 'name')).toEqual([]);
  });

  test('of a checkout has an entry that starts Orchard and not a bare Electron, written once', () => {
    const [written] = of(windows(false), 'entry');
    expect(written?.[1]).toContain('Orchard (checkout).lnk');
    expect(written?.[3]).toMatchObject({
      args: '"C:\\my orchard"',
      ...{ description: 'Orchard (checkout)' },
    });
    expect(of(windows(false, written?.[3] as ShortcutDetails), 'entry')).toEqual([]);
    const moved = { ...(written?.[3] as ShortcutDetails), args: '"C:\\elsewhere"' };
    expect(of(windows(false, moved), 'entry')).toHaveLength(1);
  });
});

describe('a sandbox that the system does not allow', () => {
  async function machine(settings: Readonly<Record<string, string>>) {
    const directory = await temporaryDirectory();
    for (const [name, value] of Object.entries(settings)) {
      await mkdir(join(directory, name, '..'), { recursive: true });
      await writeFile(join(directory, name), `${value}\n`);
    }
    const program = join(directory, "it's here", 'electron');
    await mkdir(join(program, '..'), { recursive: true });
    await writeFile(join(program, '..', 'chrome-sandbox'), '');
    return readSandboxFacts(program, directory);
  }

  test('is known by the kernel’s own words', async () => {
    const restricted = { 'kernel/apparmor_restrict_unprivileged_userns': '1' };
    expect((await machine(restricted)).namespaces).toBe('apparmor');
    expect((await machine({ 'kernel/apparmor_restrict_unprivileged_userns': '0' })).namespaces).toBeNull();
    expect((await machine({})).namespaces).toBeNull();
    for (const kernel of [{ 'kernel/unprivileged_userns_clone': '0' }, { 'user/max_user_namespaces': '0' }])
      expect((await machine({ ...restricted, ...kernel })).namespaces).toBe('kernel');
  });

  test('is said with the exact commands, and never with --no-sandbox', async () => {
    const facts = await machine({ 'kernel/apparmor_restrict_unprivileged_userns': '1' });
    expect(facts.helperReady).toBe(false);
    const { problem, next } = electronFailed('signal SIGTRAP', facts);
    expect(problem).toContain('SIGTRAP');
    expect(problem).toContain('AppArmor');
    const quoted = `'${facts.helper.replace("'", "'\\''")}'`;
    expect(next).toContain(`sudo chown root:root ${quoted} && sudo chmod 4755 ${quoted}`);
    expect(next).toContain('apparmor_parser -r /etc/apparmor.d/orchard-electron');
    expect(next).toContain('flags=(unconfined) { userns, }');
    const kernel = electronFailed('exit code 133', { ...facts, namespaces: 'kernel' });
    expect(kernel.next).toContain('chmod 4755');
    expect(kernel.next).not.toContain('apparmor');
    for (const text of [next, kernel.next]) expect(text).not.toContain('no-sandbox');
  });

  test('is not blamed where it is allowed, where the helper is ready, or elsewhere', async () => {
    const facts = await machine({ 'kernel/apparmor_restrict_unprivileged_userns': '1' });
    expect(sandboxObstacle({ ...facts, helperReady: true })).toBeNull();
    expect(sandboxObstacle({ ...facts, namespaces: null })).toBeNull();
    expect(electronFailed('exit code 1', null).next).toContain('missing library');
  });

  test('a helper is ready when it is root’s and setuid', async (ctx) => {
    if (process.getuid?.() !== 0) return ctx.skip('only root makes a file root’s');
    const { program, helper } = await machine({});
    await chmod(helper, 0o4755);
    expect((await readSandboxFacts(program)).helperReady).toBe(true);
  });
});

describe('what is asked for outside the popover', () => {
  const gone: Failure = { kind: 'not-found', what: 'session', name: 's-0123456789ab' };
  function actions(handlers: Partial<Handlers>, started: Promise<unknown> = Promise.resolve()) {
    const { orchard, calls } = createFakeOrchard(emptySnapshot, handlers);
    const told: unknown[] = [];
    const made = createTrayActions({
      composed: Promise.resolve(orchard),
      started,
      open: (view) => told.push(['open', view]),
      quit: () => told.push('quit'),
      setProblem: (message, where) => told.push(['problem', message, where]),
      log: createSilentLog(),
    });
    return { ...made, told, calls };
  }

  test('and refused is said in the popover, with what to do', async () => {
    for (const answer of [
      async () => ({ ok: false, error: gone }) as const,
      async () => {
        throw new Error('a bug');
      },
    ]) {
      const { act, told } = actions({ 'session.open': answer });
      await act({ type: 'open-session', sessionId: 's-0123456789ab' });
      expect(told).toHaveLength(2);
      expect(told[0]).toEqual(['problem', expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
      expect(told[1]).toEqual(['open', 'worktrees']);
    }
  });

  test('a click on a notification of an earlier run waits until sessions are known', async () => {
    let begin: (value: unknown) => void = () => {};
    const started = new Promise((resolve) => {
      begin = resolve;
    });
    const { act, calls } = actions(
      {
        'session.open': async () =>
          ({ ok: true, value: { reached: 'pane', terminal: 'tmux', command: '' } }) as never,
      },
      started,
    );
    const acting = act(earlierAction('s-0123456789ab'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
    begin(null);
    await acting;
    expect(calls).toEqual([{ name: 'session.open', input: { sessionId: 's-0123456789ab' } }]);
    expect(earlierAction('orchard-away')).toEqual({ type: 'open-popover' });
  });
});

test('a question never stands without a window: the popover is shown for it, or the answer is no', async () => {
  const parent = { name: 'popover' };
  const asked: unknown[] = [];
  const person = (shown: unknown) =>
    createDialogPerson({
      dialog: {
        showOpenDialog: async (...args: unknown[]) => {
          asked.push(args[0]);
          return { canceled: false, filePaths: ['/code'] };
        },
        showMessageBox: async (...args: unknown[]) => {
          asked.push(args[0]);
          return { response: 1, checkboxChecked: false };
        },
      } as unknown as Parameters<typeof createDialogPerson>[0]['dialog'],
      popover: { hold: (during) => during(), shown: async () => shown as never },
      open: () => {},
      refused: () => {},
    });
  expect(await person(parent).chooseDirectory('Where?')).toBe('/code');
  expect(await person(parent).confirm('Run?', 'npm ci')).toBe(true);
  expect(asked).toEqual([parent, parent]);
  expect(await person(null).chooseDirectory('Where?')).toBeNull();
  expect(await person(null).confirm('Run?', 'npm ci')).toBe(false);
  expect(asked).toHaveLength(2);
});
