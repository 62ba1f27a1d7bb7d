/** Opening and raising a real terminal emulator on an X server of the test's own. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { OpenRequest, Terminals } from '../../src-main/engine/ports';
import { createTerminals } from '../../src-main/terminal/terminals';
import { displayMissing, startDisplay } from '../support/display';
import { createManualClock } from '../support/manual-clock';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { createTestTmux, tmuxMissing } from '../support/tmux';

const execute = promisify(execFile);
const silent = { info: () => undefined, warn: () => undefined, bug: () => 'none' };

beforeEach(async (ctx) => {
  const missing = await displayMissing('xterm', 'xdotool');
  if (missing !== null) ctx.skip(missing);
});

async function setUp() {
  const sandbox = await createSandbox();
  const display = await startDisplay();
  const bin = join(sandbox.root, 'bin');
  const record = join(sandbox.root, 'record');
  await mkdir(bin);
  await writeFile(
    join(bin, 'claude'),
    `#!/bin/sh\n{ pwd; for word; do printf '%s\\0' "$word"; done; } > '${record}.tmp'\nmv '${record}.tmp' '${record}'\nexec sleep 1000\n`,
    { mode: 0o755 },
  );
  const env = { ...sandbox.env, PATH: `${bin}:${sandbox.env.PATH}`, DISPLAY: display };
  const terminals = (preferred = 'xterm', more: NodeJS.ProcessEnv = {}): Terminals =>
    createTerminals({
      platform: 'linux',
      env: { ...env, ...more },
      homeDirectory: sandbox.home,
      stateDirectory: join(sandbox.root, 'state dir'),
      settings: () => ({ preferred, custom: null }),
      clock: createManualClock(Date.now()),
      log: silent,
    });
  const xdotool = async (...args: string[]) => (await execute('xdotool', args, { env })).stdout.trim();
  /** An xterm as a person opens one, with a stand-in session in it; answers its window and the session's pid. */
  const xterm = async (name: string, command?: string) => {
    const file = join(sandbox.root, name);
    const said = `echo "$WINDOWID $$" > '${file}.tmp'; mv '${file}.tmp' '${file}'; ${command ?? 'exec sleep 1000'}`;
    const child = spawn('xterm', ['-T', name, '-e', '/bin/sh', '-c', said], { env, stdio: 'ignore' });
    onTestFinished(() => void child.kill());
    const text = await poll(
      () => readFile(file, 'utf8').catch(() => ''),
      (value) => value !== '',
      { limitMs: 20_000 },
    );
    const [window = '', pid = ''] = text.trim().split(' ');
    return { window, pid: Number(pid) };
  };
  return { sandbox, terminals, record, xdotool, xterm, env };
}

const fresh = (directory: string, command: readonly string[] | null, title = 'a task'): OpenRequest => ({
  directory,
  title,
  command,
  session: null,
});
const live = (pid: number): OpenRequest => ({
  directory: '/',
  title: 't',
  command: null,
  session: { pid, tmux: null },
});

describe('a new xterm', () => {
  it('opens in the worktree, whatever its name, and runs the command as it is', async () => {
    const { sandbox, terminals, record } = await setUp();
    const names = ['with space', 'quo\'te"s', '$dollar `id`', 'new\nline', '🌳', '-dash', 'back\\slash;'];
    for (const name of names) {
      const directory = join(sandbox.root, name);
      await mkdir(directory);
      await writeFile(record, '');
      const words = ['claude', '-n', name, `do $(this) "now"; '${name}'\n🔔 done`];
      const opened = await terminals().open(fresh(directory, words));
      expect(opened).toMatchObject({ ok: true, value: { reached: 'new', terminal: 'xterm' } });
      const text = await poll(
        () => readFile(record, 'utf8').catch(() => ''),
        (value) => value !== '',
      );
      expect(text).toBe(
        `${directory}\n${words
          .slice(1)
          .map((word) => `${word}\0`)
          .join('')}`,
      );
    }
  });

  it('bears the task as its title', async () => {
    const { sandbox, terminals, xdotool } = await setUp();
    await terminals().open(fresh(sandbox.root, ['claude'], '-Mend the $(login)'));
    const title = await poll(
      async () =>
        xdotool('getwindowname', (await xdotool('search', '--class', 'xterm')).split('\n')[0] ?? ''),
      (name) => name.includes('Mend'),
    );
    expect(title).toBe('-Mend the $(login)');
  });

  it('outlives Orchard: it is in a session of its own', async () => {
    const { sandbox, terminals, xdotool } = await setUp();
    await terminals().open(fresh(sandbox.root, ['claude']));
    const window = (await xdotool('search', '--onlyvisible', '--class', 'xterm')).split('\n')[0] ?? '';
    const pid = await xdotool('getwindowpid', window);
    const { stdout } = await execute('ps', ['-o', 'sid=', '-p', pid]);
    expect(stdout.trim()).toBe(pid);
  });

  it('that can’t reach its display fails with what it said', async () => {
    const { sandbox, terminals } = await setUp();
    const opened = await terminals('xterm', { DISPLAY: ':987' }).open(fresh(sandbox.root, null));
    expect(opened).toMatchObject({ ok: false, error: { kind: 'terminal-failed', terminal: 'xterm' } });
    const details = !opened.ok && opened.error.kind === 'terminal-failed' ? opened.error.details : '';
    expect(details).toContain('ended with exit code 1');
    expect(details).toMatch(/can't open display/i);
  });

  it('is what $TERMINAL says, or what is there, when nothing is chosen', async () => {
    const { sandbox, terminals } = await setUp();
    expect(
      await terminals('auto', { TERMINAL: 'xterm' }).open(fresh(sandbox.root, ['claude'])),
    ).toMatchObject({
      ok: true,
      value: { terminal: 'xterm' },
    });
    expect((await terminals('auto').open(fresh(sandbox.root, ['claude']))).ok).toBe(true);
  });
});

describe('a live session in an xterm', () => {
  it('gets the focus, and is known to be in front then', async () => {
    const { terminals, xdotool, xterm } = await setUp();
    const one = await xterm('one');
    const two = await xterm('two');
    for (const [wanted, other] of [
      [one, two],
      [two, one],
    ] as const) {
      expect(await terminals().open(live(wanted.pid))).toMatchObject({
        ok: true,
        value: { reached: 'window', terminal: 'xterm' },
      });
      expect(await xdotool('getwindowfocus')).toBe(wanted.window);
      expect(await terminals().inFront({ pid: wanted.pid, tmux: null })).toBe(true);
      expect(await terminals().inFront({ pid: other.pid, tmux: null })).toBe(false);
    }
    expect(await terminals().describe({ pid: one.pid, tmux: null })).toBe('xterm');
  });

  it('is never taken for another window by an inherited WINDOWID', async () => {
    const { terminals, xdotool, xterm, env } = await setUp();
    const first = await xterm('first');
    const second = await xterm('second');
    await xdotool('windowfocus', second.window);
    // Started from the first window's shell, drawn by nothing: its WINDOWID is another one's.
    const stray = spawn('sleep', ['1000'], { env: { ...env, WINDOWID: first.window }, detached: true });
    onTestFinished(() => void stray.kill());
    const opened = await terminals().open(live(stray.pid ?? 0));
    expect(opened).toMatchObject({ ok: false, error: { kind: 'terminal-unreachable' } });
    expect(await xdotool('getwindowfocus')).toBe(second.window);
  });

  it('in tmux is raised with the window around it, and is in front only while it is shown there', async (ctx) => {
    const missing = await tmuxMissing();
    if (missing !== null) ctx.skip(missing);
    const { sandbox, terminals, xdotool, xterm } = await setUp();
    const tmux = createTestTmux(sandbox.root, 'server', sandbox.env);
    const behind = await tmux.session('work');
    const session = await tmux.session('work');
    for (const focusEvents of ['on', 'off']) {
      await tmux.run('set-option', '-g', 'focus-events', focusEvents);
      const around = await xterm(
        `around-${focusEvents}`,
        `exec tmux -S '${tmux.socket}' attach-session -t work`,
      );
      const elsewhere = await xterm(`elsewhere-${focusEvents}`);
      await poll(
        () => tmux.run('list-clients'),
        (clients) => clients !== '',
      );
      await xdotool('windowfocus', elsewhere.window);
      const front = (pid: number) => terminals().inFront({ pid, tmux: null });
      await poll(
        () => front(session.pid),
        (value) => !value,
      );

      expect(await terminals().open(live(session.pid))).toMatchObject({
        ok: true,
        value: { reached: 'pane', terminal: 'tmux work:1.0' },
      });
      expect(await xdotool('getwindowfocus')).toBe(around.window);
      await poll(
        () => front(session.pid),
        (value) => value,
        { what: 'the pane in front' },
      );
      expect(await front(behind.pid)).toBe(false);
      await tmux.run('detach-client', '-s', 'work');
      expect(await front(session.pid)).toBe(false);
    }
  });

  it('in a tmux that nobody is attached to comes up in a new xterm', async (ctx) => {
    const missing = await tmuxMissing();
    if (missing !== null) ctx.skip(missing);
    const { sandbox, terminals } = await setUp();
    const tmux = createTestTmux(sandbox.root, "ser'ver $x", sandbox.env);
    await tmux.session('work');
    const session = await tmux.session('work');
    // tmux is preferred, and can't show itself.
    for (const preferred of ['tmux', 'xterm']) {
      expect(await terminals(preferred, { TERMINAL: 'xterm' }).open(live(session.pid))).toMatchObject({
        ok: true,
        value: { reached: 'pane', terminal: 'tmux work:1.0, in xterm' },
      });
      await poll(
        () => tmux.run('list-clients', '-F', '#{session_name}'),
        (name) => name === 'work',
      );
      expect(await tmux.shows('work')).toBe(`${session.window} ${session.pane}`);
      await tmux.run('detach-client', '-s', 'work');
      await poll(
        () => tmux.run('list-clients'),
        (clients) => clients === '',
      );
      await tmux.run('select-window', '-t', 'work:0');
    }
  });
});
