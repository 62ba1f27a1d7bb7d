/** The exact command lines of every terminal, as its vendor documents them. */
import { describe, expect, it } from 'vitest';
import { createAlacritty } from '../../src-main/terminal/alacritty';
import { createAppleTerminal } from '../../src-main/terminal/apple-terminal';
import { createCustom } from '../../src-main/terminal/custom';
import { createFoot } from '../../src-main/terminal/foot';
import { createGhostty } from '../../src-main/terminal/ghostty';
import { createGnomeTerminal } from '../../src-main/terminal/gnome-terminal';
import { createIterm2 } from '../../src-main/terminal/iterm2';
import { createKitty, isFocused } from '../../src-main/terminal/kitty';
import { createKonsole } from '../../src-main/terminal/konsole';
import type { Machine } from '../../src-main/terminal/machine';
import { createSystemDefault } from '../../src-main/terminal/system-default';
import type { SessionProcess, Terminal } from '../../src-main/terminal/terminal';
import { createWarp } from '../../src-main/terminal/warp';
import { createWezterm } from '../../src-main/terminal/wezterm';
import { createWindowsConsole, createWindowsTerminal } from '../../src-main/terminal/windows-terminal';
import { createXterm } from '../../src-main/terminal/xterm';
import { createRecordingMachine } from '../support/recording-machine';

const directory = '/w t/$x;';
const script = "/st ate/o'pen.sh";
const request = { directory, title: '-Mend; it', script, argv: ['/bin/sh', script] };
const linux = { platform: 'linux', env: { DISPLAY: ':0' } } as const;

async function opens(
  create: (machine: Machine) => Terminal,
  options: Parameters<typeof createRecordingMachine>[0],
) {
  const machine = createRecordingMachine(options);
  const opened = await create(machine).openNew(request);
  return { calls: machine.calls, opened };
}
const session = (change: Partial<SessionProcess> = {}): SessionProcess => ({
  pid: 100,
  directory: '/wt',
  env: {},
  ancestors: [{ pid: 100, name: 'claude', path: null }],
  tty: null,
  tmux: null,
  ...change,
});
const scriptOf = (call: readonly string[] | undefined) => call?.[2] ?? '';

describe('opening on Linux', () => {
  it.each<[string, (machine: Machine) => Terminal, readonly string[]]>([
    ['xterm', createXterm, ['xterm', '-T', '-Mend; it', '-e', '/bin/sh', script]],
    [
      'GNOME Terminal',
      createGnomeTerminal,
      [
        'gnome-terminal',
        '--tab',
        `--working-directory=${directory}`,
        '--title=-Mend; it',
        '--',
        '/bin/sh',
        script,
      ],
    ],
    ['Konsole', createKonsole, ['konsole', '--new-tab', '--workdir', directory, '-e', '/bin/sh', script]],
    ['kitty', createKitty, ['kitty', '--directory', directory, '/bin/sh', script]],
    ['Alacritty', createAlacritty, ['alacritty', '--working-directory', directory, '-e', '/bin/sh', script]],
    ['Ghostty', createGhostty, ['ghostty', `--working-directory=${directory}`, '-e', '/bin/sh', script]],
    [
      'foot',
      createFoot,
      ['foot', `--working-directory=${directory}`, '--title=-Mend; it', '/bin/sh', script],
    ],
  ])('%s', async (_name, create, expected) => {
    expect(await opens(create, linux)).toMatchObject({ calls: [expected], opened: { ok: true } });
  });

  it('WezTerm: a tab of the running one, else a window', async () => {
    const tab = await opens(createWezterm, {
      ...linux,
      answer: (line) => (line.includes(' spawn ') ? '7\n' : ''),
    });
    expect(tab.calls).toEqual([
      ['wezterm', 'cli', '--no-auto-start', 'spawn', '--cwd', directory, '--', '/bin/sh', script],
      ['wezterm', 'cli', '--no-auto-start', 'activate-pane', '--pane-id', '7'],
    ]);
    const window = await opens(createWezterm, { ...linux, answer: () => null });
    expect(window.calls.at(-1)).toEqual(['wezterm', 'start', '--cwd', directory, '--', '/bin/sh', script]);
  });

  it('kitty: a tab of the one that Orchard was started in, when it takes orders', async () => {
    const env = { DISPLAY: ':0', KITTY_LISTEN_ON: 'unix:/tmp/kitty-1' };
    const tab = [
      'kitty',
      '@',
      '--to',
      'unix:/tmp/kitty-1',
      'launch',
      '--type=tab',
      `--cwd=${directory}`,
      '--tab-title=-Mend; it',
      '/bin/sh',
      script,
    ];
    expect((await opens(createKitty, { ...linux, env })).calls).toEqual([tab]);
    const refused = await opens(createKitty, { ...linux, env, answer: () => null });
    expect(refused.calls).toEqual([tab, ['kitty', '--directory', directory, '/bin/sh', script]]);
  });

  it('the system’s default: $TERMINAL, else x-terminal-emulator', async () => {
    const named = await opens(createSystemDefault, { ...linux, env: { DISPLAY: ':0', TERMINAL: 'st' } });
    expect(named.calls).toEqual([['st', '-e', '/bin/sh', script]]);
    const missing = { ...linux, env: { DISPLAY: ':0', TERMINAL: 'st' }, programs: ['x-terminal-emulator'] };
    expect((await opens(createSystemDefault, missing)).calls).toEqual([
      ['x-terminal-emulator', '-e', '/bin/sh', script],
    ]);
  });

  it('starts nothing without a display', async () => {
    const { calls, opened } = await opens(createXterm, { platform: 'linux', env: {} });
    expect(calls).toEqual([]);
    expect(opened).toMatchObject({
      ok: false,
      error: { kind: 'terminal-failed', details: expect.stringContaining('no display') },
    });
  });
});

describe('opening on macOS', () => {
  const mac = { platform: 'darwin' } as const;

  it('Terminal and iTerm2 get the launcher as an argument, never inside the script', async () => {
    for (const create of [createAppleTerminal, createIterm2]) {
      const { calls } = await opens(create, mac);
      expect(calls).toEqual([['/usr/bin/osascript', '-e', expect.stringContaining('on run argv'), script]]);
      expect(scriptOf(calls[0])).toContain('quoted form of (item 1 of argv)');
    }
  });

  it('Ghostty by its dictionary, before 1.3 by a new instance', async () => {
    const scripted = await opens(createGhostty, mac);
    expect(scripted.calls).toEqual([
      ['/usr/bin/osascript', '-e', expect.stringContaining('new surface configuration'), directory, script],
    ]);
    const older = await opens(createGhostty, {
      ...mac,
      answer: (line) => (line.includes('osascript') ? null : ''),
    });
    expect(older.calls.at(-1)).toEqual([
      '/usr/bin/open',
      '-n',
      '-a',
      '/Applications/Ghostty.app',
      '--args',
      `--working-directory=${directory}`,
      '-e',
      '/bin/sh',
      script,
    ]);
    expect(older.opened.ok).toBe(true);
  });

  it('kitty, Alacritty and WezTerm by a new instance with arguments', async () => {
    const through = (bundle: string, ...args: string[]) => [
      '/usr/bin/open',
      '-n',
      '-a',
      bundle,
      '--args',
      ...args,
    ];
    expect((await opens(createKitty, mac)).calls).toEqual([
      through('/Applications/kitty.app', '--directory', directory, '/bin/sh', script),
    ]);
    const own = { ...mac, files: ['/home/me/Applications/Alacritty.app'] };
    expect((await opens(createAlacritty, own)).calls).toEqual([
      through(
        '/home/me/Applications/Alacritty.app',
        '--working-directory',
        directory,
        '-e',
        '/bin/sh',
        script,
      ),
    ]);
    const wezterm = await opens(createWezterm, {
      ...mac,
      answer: (line) => (line.includes(' cli ') ? null : ''),
    });
    expect(wezterm.calls[0]?.[0]).toBe('/Applications/WezTerm.app/Contents/MacOS/wezterm');
    expect(wezterm.calls.at(-1)).toEqual(
      through('/Applications/WezTerm.app', 'start', '--cwd', directory, '--', '/bin/sh', script),
    );
  });

  it('Warp opens the launcher itself', async () => {
    expect((await opens(createWarp, mac)).calls).toEqual([
      ['/usr/bin/open', '-a', '/Applications/Warp.app', script],
    ]);
  });

  it('says the way out when macOS does not allow it', async () => {
    const machine = createRecordingMachine(mac);
    const refusing = {
      ...machine,
      run: async () => ({
        exitCode: 1,
        stdout: '',
        stderr: 'Not authorized to send Apple events to iTerm. (-1743)',
      }),
    };
    expect(await createIterm2(refusing).openNew(request)).toMatchObject({
      ok: false,
      error: { terminal: 'iTerm2', details: expect.stringContaining('Privacy & Security, Automation') },
    });
  });
});

describe('opening on Windows', () => {
  const argv = [
    'powershell.exe',
    '-NoLogo',
    '-NoExit',
    '-ExecutionPolicy',
    'Bypass',
    '-File',
    'C:\\a;b\\open.ps1',
  ];
  const open = async (create: (machine: Machine) => Terminal, where: string) => {
    const machine = createRecordingMachine({ platform: 'win32' });
    await create(machine).openNew({ directory: where, title: '-Mend; it', script: 'C:\\x.cmd', argv });
    return machine.calls;
  };

  it('Windows Terminal: a tab of the window used last, semicolons escaped', async () => {
    const run = [
      'powershell.exe',
      '-NoLogo',
      '-NoExit',
      '-ExecutionPolicy',
      'Bypass',
      '-File',
      'C:\\a\\;b\\open.ps1',
    ];
    expect(await open(createWindowsTerminal, 'C:\\my work')).toEqual([
      ['wt', '-w', '0', 'nt', '-d', 'C:\\my work', '--title', 'Mend, it', '--', ...run],
    ]);
    expect(await open(createWindowsTerminal, 'C:\\semi;colon')).toEqual([
      ['wt', '-w', '0', 'nt', '--title', 'Mend, it', '--', ...run],
    ]);
  });

  it('a console window without it', async () => {
    expect(await open(createWindowsConsole, 'C:\\work')).toEqual([argv]);
  });
});

describe('a custom command', () => {
  const open = async (command: readonly string[] | null, programs?: readonly string[]) => {
    const machine = createRecordingMachine({
      platform: 'linux',
      ...(programs === undefined ? {} : { programs }),
    });
    const opened = await createCustom(() => command, machine).openNew({ ...request, title: 'the {script}' });
    return { calls: machine.calls, opened };
  };
  it('gets the launcher, the directory and the title as words of its own', async () => {
    const { calls } = await open(['my-term', '--cwd={directory}', '-t', '{title}', 'run {script} now']);
    expect(calls).toEqual([['my-term', `--cwd=${directory}`, '-t', 'the {script}', `run ${script} now`]]);
  });
  it('is refused with the reason when it could not work', async () => {
    expect((await open(null)).opened).toMatchObject({
      error: { details: expect.stringContaining('No custom command') },
    });
    expect((await open(['my-term'])).opened).toMatchObject({
      error: { details: expect.stringContaining('{script}') },
    });
    expect((await open(['my-term', '{script}'], [])).opened).toMatchObject({
      error: { details: 'my-term is not on the PATH.' },
    });
  });
});

describe('bringing a live session to the front', () => {
  it('kitty: the exact window through its own socket, then the window around it', async () => {
    const machine = createRecordingMachine({
      ...linux,
      answer: (line) => (line.includes('search') ? '55\n' : ''),
    });
    const kitty = createKitty(machine);
    const inKitty = session({
      env: { KITTY_LISTEN_ON: 'unix:/tmp/k', KITTY_WINDOW_ID: '3' },
      ancestors: [
        { pid: 100, name: 'claude', path: null },
        { pid: 9, name: 'kitty', path: null },
      ],
    });
    expect(await kitty.focus?.(inKitty)).toBe('pane');
    expect(machine.calls).toEqual([
      ['kitty', '@', '--to', 'unix:/tmp/k', 'focus-window', '--match', 'id:3'],
      ['xdotool', 'search', '--onlyvisible', '--pid', '9'],
      ['xdotool', 'windowactivate', '55'],
    ]);
    expect(await kitty.focus?.(session({ ...inKitty, env: { KITTY_WINDOW_ID: '3' } }))).toBe('window');
  });

  it('kitty: an id that is no number is never sent', async () => {
    const machine = createRecordingMachine({ platform: 'linux', env: {} });
    const hostile = session({ env: { KITTY_LISTEN_ON: 'unix:/tmp/k', KITTY_WINDOW_ID: '3 or all' } });
    expect(await createKitty(machine).focus?.(hostile)).toBeNull();
    expect(machine.calls).toEqual([]);
  });

  it('kitty: in front only when window, tab and pane all are', () => {
    const tree = (osWindow: boolean, tab: boolean, window: boolean) =>
      JSON.stringify([
        { is_focused: osWindow, tabs: [{ is_focused: tab, windows: [{ id: 3, is_focused: window }] }] },
      ]);
    expect(isFocused(tree(true, true, true), 3)).toBe(true);
    expect(isFocused(tree(false, true, true), 3)).toBe(false);
    expect(isFocused(tree(true, true, false), 3)).toBe(false);
    expect(isFocused(tree(true, true, true), 4)).toBeNull();
    expect(isFocused('no json', 3)).toBeNull();
  });

  it('WezTerm: the exact pane, by the session’s own socket', async () => {
    const machine = createRecordingMachine({ platform: 'linux', env: { WEZTERM_UNIX_SOCKET: '/mine' } });
    const reached = await createWezterm(machine).focus?.(
      session({ env: { WEZTERM_PANE: '4', WEZTERM_UNIX_SOCKET: '/theirs' } }),
    );
    expect(reached).toBe('pane');
    expect(machine.calls[0]).toEqual([
      'wezterm',
      'cli',
      '--no-auto-start',
      'activate-pane',
      '--pane-id',
      '4',
    ]);
    expect(machine.environments[0]?.WEZTERM_UNIX_SOCKET).toBe('/theirs');
  });

  it('Konsole: the tab in whichever window it is now', async () => {
    const answer = (line: string) =>
      line.endsWith('konsole-9')
        ? '/\n/Windows/1\n/Windows/2\n'
        : line.includes('/Windows/2 org.kde.konsole.Window.sessionList')
          ? '4\n5\n'
          : '1\n';
    const machine = createRecordingMachine({ platform: 'linux', env: {}, answer });
    const env = {
      KONSOLE_DBUS_SERVICE: 'org.kde.konsole-9',
      KONSOLE_DBUS_SESSION: '/Sessions/5',
      KONSOLE_DBUS_WINDOW: '/Windows/1',
    };
    expect(await createKonsole(machine).focus?.(session({ env }))).toBe('pane');
    expect(machine.calls).toEqual([
      ['qdbus6', 'org.kde.konsole-9'],
      ['qdbus6', 'org.kde.konsole-9', '/Windows/1', 'org.kde.konsole.Window.sessionList'],
      ['qdbus6', 'org.kde.konsole-9', '/Windows/2', 'org.kde.konsole.Window.sessionList'],
      ['qdbus6', 'org.kde.konsole-9', '/Windows/2', 'org.kde.konsole.Window.setCurrentSession', '5'],
    ]);
  });

  it('Terminal and iTerm2: the exact tab by its tty, else the application', async () => {
    for (const [create, bundle] of [
      [createAppleTerminal, '/System/Applications/Utilities/Terminal.app'],
      [createIterm2, '/Applications/iTerm.app'],
    ] as const) {
      const inTab = session({
        tty: '/dev/ttys003',
        ancestors: [{ pid: 9, name: 'x', path: `${bundle}/Contents/MacOS/x` }],
      });
      const found = createRecordingMachine({ platform: 'darwin', answer: () => 'pane\n' });
      expect(await create(found).focus?.(inTab)).toBe('pane');
      expect(found.calls).toEqual([
        ['/usr/bin/osascript', '-e', expect.stringContaining('tty of'), '/dev/ttys003'],
      ]);
      expect(create(found).hosts?.(inTab.ancestors[0] ?? { pid: 0, name: '', path: null })).toBe(true);

      const lost = createRecordingMachine({ platform: 'darwin', answer: () => 'none\n' });
      expect(await create(lost).focus?.(inTab)).toBe('application');
      expect(lost.calls.at(-1)).toEqual(['/usr/bin/open', '-a', bundle]);
    }
  });

  it('iTerm2: a hotkey window is revealed, and not activated over', async () => {
    const machine = createRecordingMachine({ platform: 'darwin', answer: () => 'pane' });
    await createIterm2(machine).focus?.(session({ tty: '/dev/ttys003' }));
    const text = scriptOf(machine.calls[0]);
    const branch = text.slice(
      text.indexOf('if is hotkey window of w'),
      text.indexOf('else', text.indexOf('if is hotkey window of w')),
    );
    expect(branch).toContain('reveal hotkey window');
    expect(branch).not.toContain('activate');
  });

  it('Ghostty on macOS: by tty, then by directory, then the application', async () => {
    const machine = createRecordingMachine({
      platform: 'darwin',
      answer: (line) => (line.includes('tty of') ? null : 'none'),
    });
    const inGhostty = session({
      tty: '/dev/ttys003',
      ancestors: [{ pid: 9, name: 'ghostty', path: '/Applications/Ghostty.app/Contents/MacOS/ghostty' }],
    });
    expect(await createGhostty(machine).focus?.(inGhostty)).toBe('application');
    expect(machine.calls.map((call) => call.at(-1))).toEqual([
      '/dev/ttys003',
      '/wt',
      '/Applications/Ghostty.app',
    ]);
  });

  it('Sway and Hyprland raise the window of the terminal’s process', async () => {
    const inFoot = session({
      ancestors: [
        { pid: 100, name: 'claude', path: null },
        { pid: 9, name: 'foot', path: null },
      ],
    });
    const sway = createRecordingMachine({
      platform: 'linux',
      env: { WAYLAND_DISPLAY: 'w', SWAYSOCK: '/s' },
      answer: () => '[ { "success": true } ]',
    });
    expect(await createFoot(sway).focus?.(inFoot)).toBe('window');
    expect(sway.calls).toEqual([['swaymsg', '[pid=9] focus']]);
    const hypr = createRecordingMachine({
      platform: 'linux',
      env: { WAYLAND_DISPLAY: 'w', HYPRLAND_INSTANCE_SIGNATURE: 'h' },
      answer: () => 'ok\n',
    });
    expect(await createFoot(hypr).focus?.(inFoot)).toBe('window');
    expect(hypr.calls).toEqual([['hyprctl', 'dispatch', 'focuswindow', 'pid:9']]);
    const other = createRecordingMachine({ platform: 'linux', env: { WAYLAND_DISPLAY: 'w' } });
    expect(await createFoot(other).focus?.(inFoot)).toBeNull();
    expect(other.calls).toEqual([]);
  });

  it('GNOME Terminal: the window when it has one, else one of several, said as the application', async () => {
    const inGnome = session({
      ancestors: [
        { pid: 100, name: 'claude', path: null },
        { pid: 9, name: 'gnome-terminal-', path: null },
      ],
    });
    const windows = (list: string) =>
      createRecordingMachine({ ...linux, answer: (line) => (line.includes('search') ? list : '') });
    expect(await createGnomeTerminal(windows('5\n')).focus?.(inGnome)).toBe('window');
    expect(await createGnomeTerminal(windows('5\n6\n')).focus?.(inGnome)).toBe('application');
  });

  it('wmctrl alone does it too', async () => {
    const inXterm = session({ ancestors: [{ pid: 9, name: 'xterm', path: null }] });
    const machine = createRecordingMachine({
      ...linux,
      programs: ['wmctrl'],
      answer: (line) =>
        line.endsWith('-lp') ? '0x0000002a  0 9      host one\n0x0000002b  0 8      host two\n' : '',
    });
    expect(await createXterm(machine).focus?.(inXterm)).toBe('window');
    expect(machine.calls.at(-1)).toEqual(['wmctrl', '-i', '-a', '0x2a']);
  });
});
