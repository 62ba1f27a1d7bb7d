/** Opening in real tmux servers, each of the test's own. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OpenRequest, Terminals } from '../../src-main/engine/ports';
import { createTerminals } from '../../src-main/terminal/terminals';
import { createManualClock } from '../support/manual-clock';
import { poll } from '../support/poll';
import { createSandbox, type Sandbox } from '../support/repositories';
import { createTestTmux, type TestTmux, tmuxMissing } from '../support/tmux';

const silent = { info: () => undefined, warn: () => undefined, bug: () => 'none' };

beforeEach(async (ctx) => {
  const missing = await tmuxMissing();
  if (missing !== null) ctx.skip(missing);
});

interface Place {
  readonly sandbox: Sandbox;
  readonly bin: string;
  readonly record: string;
  tmux(name: string): TestTmux;
  terminals(options?: {
    readonly env?: NodeJS.ProcessEnv;
    readonly preferred?: string;
    readonly custom?: string[];
  }): Terminals;
}

async function setUp(): Promise<Place> {
  const sandbox = await createSandbox();
  const bin = join(sandbox.root, 'bin');
  const record = join(sandbox.root, 'record');
  await mkdir(bin);
  await writeFile(
    join(bin, 'claude'),
    `#!/bin/sh\n{ pwd; for word; do printf '%s\\0' "$word"; done; } > '${record}.tmp'\nmv '${record}.tmp' '${record}'\nexec sleep 1000\n`,
    { mode: 0o755 },
  );
  const env = { ...sandbox.env, PATH: `${bin}:${sandbox.env.PATH}` };
  return {
    sandbox,
    bin,
    record,
    tmux: (name) => createTestTmux(sandbox.root, name, sandbox.env),
    terminals: ({ env: more = {}, preferred = 'auto', custom = null as string[] | null } = {}) =>
      createTerminals({
        platform: process.platform === 'darwin' ? 'darwin' : 'linux',
        env: { ...env, ...more },
        homeDirectory: sandbox.home,
        stateDirectory: join(sandbox.root, 'state'),
        settings: () => ({ preferred, custom }),
        clock: createManualClock(Date.now()),
        log: silent,
      }),
  };
}

const live = (pid: number, tmux: string | null, directory = '/'): OpenRequest => ({
  directory,
  title: 'a task',
  command: ['claude', '--resume', 'x'],
  session: { pid, tmux },
});
const fresh = (directory: string, command: readonly string[] | null, title = 'a task'): OpenRequest => ({
  directory,
  title,
  command,
  session: null,
});

describe('a live session in tmux', () => {
  it('is found on its own server, when another has the very same pane', async () => {
    const { tmux, terminals } = await setUp();
    const outer = tmux('outer');
    const servers = [tmux('one'), tmux('two')] as const;
    const [one, two] = servers;
    const sessions = [];
    for (const server of servers) {
      await server.session('work');
      sessions.push(await server.session('work'));
      await server.attach('work', outer);
    }
    const [ofOne, ofTwo] = sessions;
    if (ofOne === undefined || ofTwo === undefined) throw new Error('two sessions');
    expect([ofOne.pane, ofOne.window]).toEqual([ofTwo.pane, ofTwo.window]);

    const opened = await terminals().open(live(ofTwo.pid, `work:${ofTwo.window}.${ofTwo.pane}`));
    expect(opened).toMatchObject({ ok: true, value: { reached: 'pane', terminal: 'tmux work:1.0' } });
    expect(await two.shows('work')).toBe(`${ofTwo.window} ${ofTwo.pane}`);
    expect(await one.shows('work')).not.toBe(`${ofOne.window} ${ofOne.pane}`);
  });

  it('is found by its family when the registry names a pane that is not its own', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const wrong = await server.session('work');
    const right = await server.session('work', { below: true });
    await server.attach('work', tmux('outer'));
    await server.run('rename-session', '-t', '=work', 'renamed: 1.2');
    for (const said of [`work:${wrong.window}.${wrong.pane}`, 'work:@99.%99', null]) {
      await server.run('select-window', '-t', wrong.window);
      const opened = await terminals().open(live(right.pid, said));
      expect(opened).toMatchObject({ ok: true, value: { reached: 'pane' } });
      expect(await server.run('display-message', '-p', '-t', right.pane, '#{window_active}')).toBe('1');
    }
  });

  it('is never looked for in a server that its process is not in', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const { pane, window } = await server.session('work');
    // A process outside of tmux, whose registry entry claims that pane.
    const opened = await terminals().open(live(process.pid, `work:${window}.${pane}`));
    if (opened.ok) throw new Error(JSON.stringify(opened.value));
    expect(opened.error).toMatchObject({ kind: 'terminal-unreachable' });
  });

  it('that two windows deep in a split is selected whole: window and pane', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    await server.session('work');
    const session = await server.session('work');
    await server.run('split-window', '-t', session.pane, 'sleep 1000');
    await server.run('select-window', '-t', 'work:0');
    await server.attach('work', tmux('outer'));
    await terminals().open(live(session.pid, null));
    expect(await server.shows('work')).toBe(`${session.window} ${session.pane}`);
  });

  it('stays zoomed, now on its pane', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const session = await server.session('work');
    await server.run('split-window', '-t', session.pane, 'sleep 1000');
    await server.run('resize-pane', '-Z', '-t', 'work:0.1');
    await server.attach('work', tmux('outer'));
    await terminals().open(live(session.pid, null));
    expect(await server.shows('work')).toBe(`${session.window} ${session.pane}`);
    expect(await server.run('display-message', '-p', '-t', 'work:0', '#{window_zoomed_flag}')).toBe('1');
  });

  it('is shown by the client of another session when nobody watches its own', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const session = await server.session('hidden');
    await server.session('watched');
    await server.attach('watched', tmux('outer'));
    const opened = await terminals().open(live(session.pid, null));
    expect(opened).toMatchObject({ ok: true, value: { reached: 'pane' } });
    expect(await server.run('list-clients', '-F', '#{session_name}')).toBe('hidden');
  });

  it('of a window in two sessions is shown in the one that is watched', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const session = await server.session('first');
    await server.session('first');
    await server.run('select-window', '-t', '=first:1');
    await server.session('second');
    await server.run('link-window', '-d', '-s', session.window, '-t', '=second:9');
    await server.attach('second', tmux('outer'));
    await terminals().open(live(session.pid, null));
    expect(await server.shows('second')).toBe(`${session.window} ${session.pane}`);
    expect(await server.run('display-message', '-p', '-t', '=first:', '#{window_index}')).toBe('1');
  });

  it('inside another tmux brings the outer pane to the front as well', async () => {
    const { tmux, terminals } = await setUp();
    const [inner, outer, outermost] = [tmux('inner'), tmux('outer'), tmux('outermost')];
    const session = await inner.session('work');
    await inner.attach('work', outer);
    await outer.run('new-window', 'sleep 1000');
    await outer.attach('outer', outermost);
    expect(await outer.run('display-message', '-p', '-t', '=outer:', '#{window_index}')).toBe('1');
    await terminals().open(live(session.pid, null));
    expect(await outer.run('display-message', '-p', '-t', '=outer:', '#{window_index}')).toBe('0');
  });

  it('that nobody is attached to comes up in a new terminal', async () => {
    const { tmux, terminals, sandbox } = await setUp();
    const [server, outer] = [tmux('dir with space'), tmux('outer')];
    await server.session('work');
    const session = await server.session('work');
    await outer.run('new-session', '-d', '-s', 'desk', '-x', '80', '-y', '24', 'sleep 1000');
    // A custom command stands for the terminal: a window in another tmux.
    const custom = ['tmux', '-S', outer.socket, 'new-window', '-t', 'desk:', '{script}'];
    const opened = await terminals({ preferred: 'custom', custom }).open(
      live(session.pid, null, sandbox.root),
    );
    expect(opened).toMatchObject({
      ok: true,
      value: { reached: 'pane', terminal: 'tmux work:1.0, in Custom command' },
    });
    await poll(
      () => server.run('list-clients', '-F', '#{session_name}'),
      (names) => names === 'work',
    );
    expect(await server.shows('work')).toBe(`${session.window} ${session.pane}`);
  });

  it('that nobody is attached to says what it tried where there is no display', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    const { pid } = await server.session('work');
    const opened = await terminals().open(live(pid, null));
    expect(opened).toMatchObject({ ok: false, error: { kind: 'no-terminal' } });
  });

  it('gives a command that attaches to exactly it', async () => {
    const { tmux, terminals } = await setUp();
    const [server, outer] = [tmux("ser'ver $x"), tmux('outer')];
    const session = await server.session('work');
    await server.session('work');
    await server.run('split-window', '-t', session.pane, 'sleep 1000');
    await server.run('select-window', '-t', 'work:1');
    const line = await terminals().commandLine(live(session.pid, null));
    await outer.run(
      'new-session',
      '-d',
      '-s',
      'desk',
      '-x',
      '80',
      '-y',
      '24',
      `env -u TMUX sh -c ${quote(line)}`,
    );
    await poll(
      () => server.run('list-clients', '-F', '#{session_name}'),
      (names) => names === 'work',
    );
    expect(await server.shows('work')).toBe(`${session.window} ${session.pane}`);
  });

  it('is told in words', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    await server.session('my work');
    const session = await server.session('my work');
    expect(await terminals().describe({ pid: session.pid, tmux: null })).toBe('tmux my work:1.0');
    expect(await terminals().describe({ pid: 2 ** 22 + 1, tmux: `my work:@1.%1` })).toBeNull();
  });

  it('is not in front where no client shows it, and not known to be where none can tell', async () => {
    const { tmux, terminals } = await setUp();
    const [server, outer] = [tmux('server'), tmux('outer')];
    const shown = await server.session('work');
    const behind = await server.session('work');
    const front = (pid: number) => terminals().inFront({ pid, tmux: null });
    expect(await front(shown.pid)).toBe(false);
    await server.run('set-option', '-g', 'focus-events', 'off');
    await server.attach('work', outer);
    expect(await front(shown.pid)).toBe(false);
    expect(await front(behind.pid)).toBe(false);
    expect(await front(process.pid)).toBe(false);
  });

  it('goes on in a new terminal when its process ended meanwhile', async () => {
    const { tmux, terminals, record, sandbox } = await setUp();
    const server = tmux('server');
    const { pid, pane } = await server.session('work');
    await server.session('work');
    await server.run('kill-pane', '-t', pane);
    await poll(() =>
      stat(`/proc/${pid}`).then(
        () => false,
        () => true,
      ),
    );
    const env = { TMUX: `${server.socket},1,0` };
    const opened = await terminals({ env }).open(live(pid, null, sandbox.root));
    expect(opened).toMatchObject({ ok: true, value: { reached: 'new' } });
    expect(
      await readFile(record, 'utf8').catch(() => poll(() => readFile(record, 'utf8').catch(() => ''))),
    ).toContain('--resume');
  });
});

describe('a new tmux window', () => {
  const names = [
    'with space',
    'quo\'te"s',
    '$dollar',
    'new\nline',
    '🌳',
    '-dash',
    '#hash#(touch x)#[y]',
    'back\\slash',
    'semi;',
  ];

  it('opens in the worktree, whatever its name, and runs the command', async () => {
    const { tmux, terminals, record, sandbox } = await setUp();
    const server = tmux('server');
    await server.session('work');
    const inside = terminals({ env: { TMUX: `${server.socket},1,0` } });
    for (const name of names) {
      const directory = join(sandbox.root, name);
      await mkdir(directory);
      await writeFile(record, '');
      const words = ['claude', '-n', `feature/${name}`, `do $(this) "now"; ${name}\n🔔`];
      const opened = await inside.open(fresh(directory, words));
      expect(opened).toMatchObject({ ok: true, value: { reached: 'new' } });
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
      expect(await server.run('display-message', '-p', '-t', '=work:', '#{pane_current_path}')).toContain(
        name.includes('\n') ? '' : name.slice(0, 2),
      );
    }
  });

  it('bears the task as its name, and runs nothing that is written in it', async () => {
    const { tmux, terminals, sandbox } = await setUp();
    const server = tmux('server');
    await server.session('work');
    const trap = join(sandbox.root, 'trap');
    const title = `-Mend #5 #(touch ${trap}) #{socket_path} #S 🌳`;
    const opened = await terminals({ env: { TMUX: `${server.socket},1,0` } }).open(
      fresh(sandbox.root, null, title),
    );
    expect(opened).toMatchObject({ ok: true, value: { terminal: 'tmux work:1, not attached' } });
    const shown = await server.run('display-message', '-p', '-t', '=work:', '#{window_name}');
    expect(shown).toBe(`${[...title].slice(0, 39).join('')}…`);
    await expect(stat(trap)).rejects.toThrow('ENOENT');
  });

  it('goes where a client looks, else to the session that was used last', async () => {
    const { tmux, terminals, sandbox } = await setUp();
    const [server, outer] = [tmux('server'), tmux('outer')];
    await server.session('first');
    await server.session('second');
    await server.attach('first', outer);
    const inside = terminals({ env: { TMUX: `${server.socket},1,0` } });
    await inside.open(fresh(sandbox.root, null));
    expect(await server.run('list-windows', '-t', '=first:', '-F', '#{window_index}')).toBe('0\n1');
  });

  it('is made on the default server when tmux is preferred, with a new session when none runs', async () => {
    const { tmux, terminals, sandbox, record } = await setUp();
    const directory = join(sandbox.root, `tmux-${process.getuid?.() ?? 0}`);
    await mkdir(directory, { mode: 0o700 });
    const server = tmux(join(`tmux-${process.getuid?.() ?? 0}`, 'default'));
    const preferring = terminals({ env: { TMUX_TMPDIR: sandbox.root }, preferred: 'tmux' });
    const opened = await preferring.open(fresh(sandbox.root, ['claude', 'hello']));
    expect(opened).toMatchObject({ ok: true, value: { reached: 'new', terminal: 'tmux 0:0, not attached' } });
    expect(
      await poll(
        () => readFile(record, 'utf8').catch(() => ''),
        (text) => text !== '',
      ),
    ).toBe(`${sandbox.root}\nhello\0`);
    expect(await server.run('list-sessions', '-F', '#{session_windows}')).toBe('1');
    await preferring.open(fresh(sandbox.root, null));
    expect(await server.run('list-sessions', '-F', '#{session_windows}')).toBe('2');
  });

  it('is where a new terminal goes without a display, if a tmux runs', async () => {
    const { tmux, terminals, sandbox } = await setUp();
    const name = join(`tmux-${process.getuid?.() ?? 0}`, 'default');
    await mkdir(join(sandbox.root, `tmux-${process.getuid?.() ?? 0}`), { mode: 0o700 });
    const env = { TMUX_TMPDIR: sandbox.root };
    expect(await terminals({ env }).open(fresh(sandbox.root, null))).toMatchObject({
      ok: false,
      error: { kind: 'no-terminal', tried: ['a display', 'a running tmux'] },
    });
    const server = tmux(name);
    await server.session('work');
    expect(await terminals({ env }).open(fresh(sandbox.root, null))).toMatchObject({
      ok: true,
      value: { terminal: 'tmux work:1, not attached' },
    });
  });

  it('can be tested from Settings', async () => {
    const { tmux, terminals } = await setUp();
    const server = tmux('server');
    await server.session('work');
    const tested = await terminals({ env: { TMUX: `${server.socket},1,0` } }).test('tmux');
    expect(tested).toMatchObject({
      ok: true,
      value: { reached: 'new', terminal: expect.stringContaining('tmux work:1') },
    });
    await poll(
      () => server.run('capture-pane', '-p', '-t', '=work:1'),
      (text) => text.includes('Orchard can open this terminal.'),
    );
  });

  it('says so when tmux is not there', async () => {
    const { terminals, sandbox } = await setUp();
    const bare = terminals({ env: { PATH: '/nowhere' }, preferred: 'tmux' });
    expect(await bare.open(fresh(sandbox.root, null))).toMatchObject({
      ok: false,
      error: { kind: 'no-terminal', tried: ['tmux'] },
    });
    expect((await bare.capabilities()).find(({ id }) => id === 'tmux')).toMatchObject({
      installed: false,
      reach: 'pane',
    });
  });
});

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
