/** Which terminal is chosen, what the capability table says, and what failures tell. */
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src-main/contract/settings';
import type { OpenRequest } from '../../src-main/engine/ports';
import { createTerminals } from '../../src-main/terminal/terminals';
import { createManualClock } from '../support/manual-clock';
import { createRecordingMachine } from '../support/recording-machine';
import { temporaryDirectory } from '../support/temporary';

type MachineOptions = Parameters<typeof createRecordingMachine>[0];

async function setUp(options: MachineOptions, settings: Partial<Settings['terminal']> = {}) {
  const stateDirectory = await temporaryDirectory();
  const machine = createRecordingMachine({
    // What a terminal does first: run the launcher, which removes itself.
    async onStart(call) {
      for (const word of call)
        if (/open-[0-9a-f]{16}\.(sh|command)$/.test(word)) await rm(word, { force: true });
    },
    ...options,
  });
  const terminals = createTerminals({
    platform: options.platform,
    env: machine.env,
    homeDirectory: machine.homeDirectory,
    stateDirectory,
    settings: () => ({ preferred: 'auto', custom: null, ...settings }),
    clock: createManualClock(Date.now()),
    log: { info: () => undefined, warn: () => undefined, bug: () => 'none' },
    machine,
    startLimitMs: 150,
  });
  return { terminals, machine, stateDirectory };
}
const fresh: OpenRequest = { directory: '/wt', title: 'a task', command: ['claude'], session: null };
const chosen = async (options: MachineOptions, settings: Partial<Settings['terminal']> = {}) => {
  const { terminals } = await setUp({ answer: () => null, ...options }, settings);
  const opened = await terminals.open(fresh);
  return opened.ok ? opened.value.terminal : opened.error;
};
const display = { DISPLAY: ':0' };
const linux = (programs: readonly string[], env: Record<string, string> = {}): MachineOptions => ({
  platform: 'linux',
  env: { ...display, ...env },
  programs,
});

describe('a new terminal', () => {
  it('is the preferred one, and no other when that is not there', async () => {
    expect(await chosen(linux(['kitty', 'xterm']), { preferred: 'xterm' })).toBe('xterm');
    expect(await chosen(linux(['kitty']), { preferred: 'xterm' })).toEqual({
      kind: 'no-terminal',
      tried: ['xterm'],
    });
    expect(await chosen(linux(['kitty']), { preferred: 'windows-terminal' })).toEqual({
      kind: 'no-terminal',
      tried: ['windows-terminal'],
    });
  });

  it('is the one that Orchard was started from', async () => {
    const options = linux(['kitty', 'alacritty', 'x-terminal-emulator'], { TERMINAL: 'kitty' });
    const processes = [
      { pid: process.pid, name: 'node', path: null, parent: 9 },
      { pid: 9, name: 'alacritty', path: null },
    ];
    expect(await chosen({ ...options, processes })).toBe('Alacritty');
  });

  it('is what $TERMINAL names, then the desktop’s own, then the system’s default, then what is there', async () => {
    const all = ['kitty', 'konsole', 'gnome-terminal', 'xterm', 'x-terminal-emulator', 'foot', 'st'];
    expect(await chosen(linux(all, { TERMINAL: '/usr/bin/foot', XDG_CURRENT_DESKTOP: 'KDE' }))).toBe('foot');
    expect(await chosen(linux(all, { TERMINAL: 'st', XDG_CURRENT_DESKTOP: 'KDE' }))).toBe('System default');
    expect(await chosen(linux(all, { XDG_CURRENT_DESKTOP: 'KDE' }))).toBe('Konsole');
    expect(await chosen(linux(all, { XDG_CURRENT_DESKTOP: 'ubuntu:GNOME' }))).toBe('GNOME Terminal');
    expect(await chosen(linux(all))).toBe('System default');
    expect(await chosen(linux(['xterm', 'foot']))).toBe('foot');
  });

  it('is tmux when Orchard runs in one that answers, before the desktop’s', async () => {
    const options = linux(['tmux', 'konsole'], { TMUX: '/tmp/t,1,0', XDG_CURRENT_DESKTOP: 'KDE' });
    const answer = (line: string) =>
      line.includes('list-sessions') ? '9 $0\n' : line.includes('list-clients') ? '' : '$0 @4 2 work\n';
    expect(await chosen({ ...options, answer })).toMatch(/^tmux work:2/);
    expect(await chosen(options)).toBe('Konsole');
  });

  it('on macOS is the installed one, Terminal when there is none', async () => {
    const mac = (...files: string[]): MachineOptions => ({
      platform: 'darwin',
      files,
      programs: [],
      answer: () => '',
    });
    expect(await chosen(mac('/Applications/iTerm.app', '/Applications/Ghostty.app'))).toBe('iTerm2');
    expect(await chosen(mac('/home/me/Applications/WezTerm.app'))).toBe('WezTerm');
    expect(await chosen(mac())).toBe('Terminal');
  });

  it('is the custom command when nothing else is there', async () => {
    expect(await chosen(linux(['my-term']), { custom: ['my-term', '{script}'] })).toBe('Custom command');
    expect(await chosen({ ...linux(['my-term']), env: {} }, { custom: ['my-term', '{script}'] })).toBe(
      'Custom command',
    );
    expect(await chosen(linux([]))).toMatchObject({
      kind: 'no-terminal',
      tried: expect.arrayContaining(['kitty', 'xterm']),
    });
  });

  it('that never runs its launcher is a failure, and leaves no launcher behind', async () => {
    const { terminals, machine } = await setUp({ ...linux(['xterm']), onStart: () => undefined });
    expect(await terminals.open(fresh)).toMatchObject({
      ok: false,
      error: {
        kind: 'terminal-failed',
        terminal: 'xterm',
        details: expect.stringContaining('ran nothing within'),
      },
    });
    const script = machine.calls.at(-1)?.at(-1) ?? '';
    await expect(import('node:fs/promises').then(({ stat }) => stat(script))).rejects.toThrow('ENOENT');
  });
});

describe('a live session', () => {
  const request = (pid: number): OpenRequest => ({ ...fresh, session: { pid, tmux: null } });

  it('is found in the nearest terminal above it', async () => {
    const { terminals, machine } = await setUp({
      platform: 'darwin',
      answer: () => 'pane',
      processes: [
        {
          pid: 100,
          name: 'claude',
          path: '/opt/claude',
          parent: 50,
          tty: '/dev/ttys007',
          env: { TERM_PROGRAM: 'iTerm.app' },
        },
        {
          pid: 50,
          name: 'Terminal',
          path: '/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal',
          parent: 40,
        },
        { pid: 40, name: 'iTerm2', path: '/Applications/iTerm.app/Contents/MacOS/iTerm2' },
      ],
    });
    expect(await terminals.open(request(100))).toMatchObject({
      ok: true,
      value: { reached: 'pane', terminal: 'Terminal' },
    });
    expect(machine.calls).toHaveLength(1);
    expect(await terminals.describe({ pid: 100, tmux: null })).toBe('Terminal');
  });

  it('in an application that is no terminal of ours comes up with the application', async () => {
    const { terminals, machine } = await setUp({
      platform: 'darwin',
      processes: [
        { pid: 100, name: 'claude', path: '/opt/claude', parent: 50 },
        {
          pid: 50,
          name: 'Code Helper',
          path: '/Applications/Visual Studio Code.app/Contents/Frameworks/Code Helper.app/Contents/MacOS/Code Helper',
        },
      ],
    });
    expect(await terminals.open(request(100))).toMatchObject({ ok: true, value: { reached: 'application' } });
    expect(machine.calls).toEqual([['/usr/bin/open', '-a', '/Applications/Visual Studio Code.app']]);
    expect(await terminals.describe({ pid: 100, tmux: null })).toBe('Visual Studio Code');
  });

  it('that can’t be reached says where it is and why, and opens nothing beside it', async () => {
    const { terminals, machine } = await setUp({
      platform: 'linux',
      env: { WAYLAND_DISPLAY: 'wayland-0' },
      processes: [
        { pid: 100, name: 'claude', path: null, parent: 50, tty: '/dev/pts/4' },
        { pid: 50, name: 'foot', path: '/usr/bin/foot' },
      ],
    });
    expect(await terminals.open(request(100))).toEqual({
      ok: false,
      error: {
        kind: 'terminal-unreachable',
        terminal: 'foot',
        where: 'process 100 on /dev/pts/4',
        reason: 'On Wayland no program may raise another one’s window.',
      },
    });
    expect(machine.calls).toEqual([]);
  });

  it('on Windows comes up with its window, and is never opened a second time', async () => {
    for (const said of ['activated\r\n', '']) {
      const { terminals, machine } = await setUp({ platform: 'win32', answer: () => said });
      expect(await terminals.open(request(100))).toMatchObject(
        said === ''
          ? { ok: false, error: { kind: 'terminal-unreachable', where: 'process 100' } }
          : { ok: true, value: { reached: 'application' } },
      );
      expect(machine.calls).toEqual([
        [
          'powershell.exe',
          '-NoLogo',
          '-NoProfile',
          '-NonInteractive',
          '-Command',
          expect.stringContaining('AppActivate'),
        ],
      ]);
      expect(machine.environments[0]?.ORCHARD_SESSION_PID).toBe('100');
      expect(machine.calls[0]?.at(-1)).not.toContain('100');
      expect(await terminals.inFront({ pid: 100, tmux: null })).toBe(false);
    }
  });

  it('that is gone is opened anew', async () => {
    const { terminals } = await setUp(linux(['xterm']));
    expect(await terminals.open(request(100))).toMatchObject({
      ok: true,
      value: { reached: 'new', terminal: 'xterm' },
    });
  });
});

describe('the capability table', () => {
  const table = async (options: MachineOptions) => {
    const { terminals } = await setUp(options);
    return (await terminals.capabilities()).map(({ id, installed, reach }) => [id, installed, reach]);
  };
  it('lists this platform’s terminals and says honestly what each reaches', async () => {
    expect(await table(linux(['tmux', 'xterm', 'kitty', 'xdotool']))).toEqual([
      ['tmux', true, 'pane'],
      ['ghostty', false, 'window'],
      ['wezterm', false, 'pane'],
      ['kitty', true, 'pane'],
      ['konsole', false, 'window'],
      ['gnome-terminal', false, 'application'],
      ['alacritty', false, 'window'],
      ['foot', false, 'window'],
      ['xterm', true, 'window'],
      ['system-default', false, 'none'],
      ['custom', false, 'none'],
    ]);
    expect(await table({ platform: 'darwin', files: ['/Applications/iTerm.app'], programs: [] })).toEqual([
      ['tmux', false, 'pane'],
      ['iterm2', true, 'pane'],
      ['ghostty', false, 'pane'],
      ['wezterm', false, 'pane'],
      ['kitty', false, 'pane'],
      ['alacritty', false, 'application'],
      ['warp', false, 'application'],
      ['apple-terminal', true, 'pane'],
      ['custom', false, 'none'],
    ]);
    expect(await table({ platform: 'win32', programs: ['wt', 'powershell'] })).toEqual([
      ['windows-terminal', true, 'application'],
      ['windows-console', true, 'application'],
      ['custom', false, 'none'],
    ]);
  });

  it('changes with the desktop, and tells what to install', async () => {
    const xterm = async (options: MachineOptions) => {
      const { terminals } = await setUp(options);
      return (await terminals.capabilities()).find(({ id }) => id === 'xterm');
    };
    expect(await xterm(linux([]))).toMatchObject({ reach: 'none', note: expect.stringContaining('xdotool') });
    expect(await xterm(linux(['xdotool'], { WAYLAND_DISPLAY: 'w' }))).toMatchObject({
      reach: 'none',
      note: expect.stringContaining('Wayland'),
    });
    expect(await xterm(linux([], { WAYLAND_DISPLAY: 'w', SWAYSOCK: '/s' }))).toMatchObject({
      reach: 'window',
    });
  });

  it('has a test for each that opens it with something harmless', async () => {
    const { terminals, machine } = await setUp(linux(['xterm']));
    expect(await terminals.test('xterm')).toMatchObject({
      ok: true,
      value: { reached: 'new', terminal: 'xterm' },
    });
    expect(machine.calls[0]?.[0]).toBe('xterm');
    expect(await terminals.test('kitty')).toMatchObject({
      ok: false,
      error: { kind: 'terminal-failed', details: 'kitty is not on the PATH.' },
    });
    expect(await terminals.test('nonsense')).toEqual({
      ok: false,
      error: { kind: 'no-terminal', tried: ['nonsense'] },
    });
  });
});
