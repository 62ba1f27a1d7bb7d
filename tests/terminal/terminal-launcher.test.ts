/** Launchers and pasted lines, run by real shells. */
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLaunchers } from '../../src-main/terminal/launcher';
import { createMachine, type Machine } from '../../src-main/terminal/machine';
import { createProcessInspector } from '../../src-main/terminal/processes';
import { posixLine } from '../../src-main/terminal/quoting';
import { createManualClock } from '../support/manual-clock';
import { temporaryDirectory } from '../support/temporary';

const run = promisify(execFile);

const hostile = [
  'plain',
  'two words',
  "it's",
  'say "hi"',
  '$HOME `id` $(id)',
  'back\\slash\\',
  'line\nbreak\n',
  '🌳 größe 日本',
  '-leading',
  '--',
  '=zsh',
  '~',
  '!history',
  '*',
  '#comment',
  ';|&<>(){}[]?',
  '',
  '\t',
  '%s %d',
  "'",
  "''\\''",
];
const names = ['with space', 'quo\'te"s', '$dollar', 'new\nline', '🌳', '-dash', '#hash#[x]', 'back\\slash'];
const silent = { info: () => undefined, warn: () => undefined, bug: () => 'none' };

/** A machine of the test's own with a fake `claude` that writes down how it was called. */
async function setUp(env: Readonly<Record<string, string>> = {}) {
  const root = await temporaryDirectory();
  const home = join(root, 'home');
  const bin = join(root, 'bin');
  await mkdir(home);
  await mkdir(bin);
  const record = join(root, 'record');
  await writeFile(
    join(bin, 'claude'),
    `#!/bin/sh\n{ pwd; for word; do printf '%s\\0' "$word"; done; } > '${record}'\nenv > '${record}.env'\nexit "\${CLAUDE_EXIT:-0}"\n`,
    { mode: 0o755 },
  );
  const clock = createManualClock(Date.now());
  const launchers = createLaunchers({
    directory: join(root, 'state/launchers'),
    platform: 'linux',
    env: { PATH: `relative:${bin}`, ...env },
    homeDirectory: home,
    clock,
    log: silent,
  });
  const write = async (directory: string, command: readonly string[] | null, title = 'a title') => {
    const written = await launchers.write({ directory, title, command });
    if (!written.ok) throw new Error(JSON.stringify(written.error));
    return written.value;
  };
  /** Runs a launcher as a terminal would; its shell afterwards reads our standard input. */
  const launch = (shell: string, script: string, own: NodeJS.ProcessEnv = {}, typed = 'pwd; exit 7\n') =>
    new Promise<{ code: number | null; out: string }>((resolve, reject) => {
      const child = spawn(shell, [script], {
        env: { PATH: '/usr/bin:/bin', HOME: home, SHELL: '/bin/sh', ...own },
        cwd: '/',
      });
      let out = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (out += chunk));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, out }));
      child.stdin.end(typed);
    });
  const called = async () => {
    const text = await readFile(record, 'utf8');
    const [first = '', ...words] = text.split('\0');
    return { raw: text, words: [first, ...words].slice(0, -1) };
  };
  return {
    root,
    home,
    bin,
    record,
    write,
    launch,
    called,
    launchers,
    clock,
    directory: join(root, 'state/launchers'),
  };
}

async function shells() {
  const found: string[] = [];
  for (const shell of ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/zsh', '/usr/bin/ksh', '/usr/bin/busybox'])
    await stat(shell).then(
      () => found.push(shell),
      () => undefined,
    );
  return found.filter((shell) => !shell.endsWith('busybox'));
}

describe.skipIf(process.platform === 'win32')('a launcher', () => {
  it('gives every hostile word to the program as it is, in every shell of this machine', async () => {
    const { root, write, launch, record } = await setUp();
    for (const shell of await shells()) {
      const launcher = await write(root, ['claude', ...hostile]);
      await launch(shell, launcher.script);
      const text = await readFile(record, 'utf8');
      expect({ shell, text }).toEqual({
        shell,
        text: `${root}\n${hostile.map((word) => `${word}\0`).join('')}`,
      });
    }
  });

  it('goes to directories with every kind of name, and leaves a shell there', async () => {
    const { root, write, launch, record } = await setUp();
    for (const name of names) {
      const directory = join(root, name);
      await mkdir(directory);
      const launcher = await write(directory, ['claude']);
      const { code, out } = await launch('/bin/sh', launcher.script);
      expect(await readFile(record, 'utf8')).toBe(`${directory}\n`);
      expect(out).toContain(`${directory}\n`);
      expect(code).toBe(7);
    }
  });

  it('is gone once it ran, and was never readable by others', async () => {
    const { root, write, launch, directory } = await setUp();
    const launcher = await write(root, ['claude', 'a secret task']);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(launcher.script)).mode & 0o777).toBe(0o700);
    expect(await launcher.consumed()).toBe(false);
    await launch('/bin/sh', launcher.script);
    expect(await launcher.consumed()).toBe(true);
    expect(await readdir(directory)).toEqual([]);
  });

  it('runs by itself too, as a custom command may start it', async () => {
    const { root, write, record } = await setUp();
    const launcher = await write(root, ['claude', 'x y']);
    await run(launcher.script, { env: { PATH: '/usr/bin:/bin', HOME: root, SHELL: '/bin/true' } });
    expect(await readFile(record, 'utf8')).toBe(`${root}\nx y\0`);
  });

  it('sets the title on one line and lets no escape sequence in', async () => {
    const { root, write, launch } = await setUp();
    const launcher = await write(root, ['claude'], 'Mend\nthe \u001b]0;evil\u0007 $(id) login');
    const { out } = await launch('/bin/sh', launcher.script);
    expect(out).toContain('\u001b]0;Mend the ]0;evil $(id) login\u0007');
    expect(out.split('\u001b').length).toBe(2);
  });

  it('says how the program ended, and still leaves a shell', async () => {
    const { root, write, launch } = await setUp();
    const ended = await launch('/bin/sh', (await write(root, ['claude'])).script, { CLAUDE_EXIT: '3' });
    expect(ended.out).toContain('claude ended with exit code 3.');
    expect(ended.code).toBe(7);
    const missing = await launch('/bin/sh', (await write(root, ['no-such-program'])).script);
    expect(missing.out).toContain('no-such-program is not on the PATH of this terminal.');
    expect(missing.code).toBe(7);
    const away = await launch('/bin/sh', (await write(join(root, 'gone'), ['claude'])).script);
    expect(away.out).toContain(`${join(root, 'gone')} is not there.`);
    expect(away.code).toBe(7);
  });

  it('is a plain shell in the directory without a program', async () => {
    const { root, write, launch, record } = await setUp();
    const { out, code } = await launch('/bin/sh', (await write(root, null)).script);
    expect(out).toContain(`${root}\n`);
    expect(code).toBe(7);
    await expect(stat(record)).rejects.toThrow('ENOENT');
  });

  it('finds claude by the login PATH, behind the terminal’s own, and never through a relative entry', async () => {
    const { root, write, launch, record, bin } = await setUp({ CLAUDE_CONFIG_DIR: "/conf dir's" });
    const first = join(root, 'first');
    await mkdir(first);
    await writeFile(join(first, 'claude'), `#!/bin/sh\necho "the terminal's own" > '${record}'\n`, {
      mode: 0o755,
    });
    await launch('/bin/sh', (await write(root, ['claude'])).script, { PATH: `${first}:/usr/bin:/bin` });
    expect(await readFile(record, 'utf8')).toBe("the terminal's own\n");

    await launch('/bin/sh', (await write(root, ['claude'])).script, {
      CLAUDECODE: '1',
      CLAUDE_CODE_SESSION_ID: 'x',
    });
    const env = await readFile(`${record}.env`, 'utf8');
    expect(env).toMatch(new RegExp(`^PATH=/usr/bin:/bin:${bin}:[^\n]*/\\.local/bin:`, 'm'));
    expect(env).not.toContain('relative');
    expect(env).toContain("CLAUDE_CONFIG_DIR=/conf dir's\n");
    expect(env).not.toMatch(/^CLAUDECODE=|^CLAUDE_CODE_SESSION_ID=/m);
  });

  it('survives the Ctrl-C that ends its program', async () => {
    const { root, bin, write } = await setUp();
    await writeFile(join(bin, 'interrupted'), '#!/bin/sh\nkill -INT 0\nsleep 5\n', { mode: 0o755 });
    for (const shell of await shells()) {
      const launcher = await write(root, ['interrupted']);
      // A session of its own: the signal goes to the whole group, as the terminal sends it.
      const child = spawn(shell, [launcher.script], {
        env: { PATH: '/usr/bin:/bin', HOME: root, SHELL: '/bin/sh' },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let out = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stdin.end('echo still here\n');
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect({ shell, code, out: out.includes('still here') }).toEqual({ shell, code: 0, out: true });
    }
  });
});

describe.skipIf(process.platform === 'win32')('the launchers’ directory', () => {
  it('is swept of launchers that no terminal ran, and of nothing else', async () => {
    const { root, write, directory, clock } = await setUp();
    const stale = await write(root, null);
    await writeFile(join(directory, 'notes.txt'), 'a person’s');
    const hourAgo = Date.now() / 1000 - 3 * 3600;
    await utimes(stale.script, hourAgo, hourAgo);
    await utimes(join(directory, 'notes.txt'), hourAgo, hourAgo);
    clock.advance(1_000);
    const fresh = await write(root, null);
    expect((await readdir(directory)).sort()).toEqual(['notes.txt', fresh.script.split('/').at(-1)].sort());
  });

  it('is made owner-only again when others could write to it', async () => {
    const { root, write, directory } = await setUp();
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    await write(root, null);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('is refused when it is a link', async () => {
    const { root, directory, launchers } = await setUp();
    await mkdir(join(root, 'elsewhere'));
    await mkdir(join(root, 'state'));
    await symlink(join(root, 'elsewhere'), directory);
    expect(await launchers.write({ directory: root, title: 't', command: null })).toMatchObject({
      ok: false,
      error: { kind: 'file-failed', path: directory },
    });
    expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('a line to paste', () => {
  it('runs the same program with the same words in every shell of this machine', async () => {
    const { root, bin, record } = await setUp();
    for (const shell of await shells())
      for (const name of names) {
        const directory = join(root, `${shell.replaceAll('/', '')}${name}`);
        await mkdir(directory);
        await run(shell, ['-c', posixLine(directory, ['claude', ...hostile])], {
          env: { PATH: `${bin}:/usr/bin:/bin`, HOME: root },
          cwd: '/',
        });
        expect(await readFile(record, 'utf8')).toBe(
          `${directory}\n${hostile.map((word) => `${word}\0`).join('')}`,
        );
      }
  });
});

describe.skipIf(process.platform === 'win32')('starting a terminal', () => {
  const machine = async (env: Readonly<Record<string, string>>): Promise<Machine & { root: string }> => {
    const root = await temporaryDirectory();
    const made = createMachine({
      platform: 'linux',
      env,
      homeDirectory: root,
      processes: createProcessInspector('linux'),
    });
    return { ...made, root };
  };

  it('tells what a program that fails at once said', async () => {
    const { start } = await machine({ PATH: '/usr/bin:/bin' });
    const started = await start('/bin/sh', ['-c', 'echo "cannot open display" >&2; exit 1']);
    expect(started.ok && (await started.failure)).toBe(
      '/bin/sh ended with exit code 1.\ncannot open display',
    );
    const none = await start('/no/such/terminal', []);
    expect(none.ok).toBe(false);
  });

  it('passes on no trace of the terminal or the Claude session that Orchard runs in', async () => {
    const traces = {
      TMUX: '/tmp/x,1,0',
      TMUX_PANE: '%1',
      KITTY_WINDOW_ID: '1',
      WEZTERM_PANE: '2',
      WINDOWID: '3',
      CLAUDECODE: '1',
      CLAUDE_CODE_SESSION_ID: 'x',
      ELECTRON_RUN_AS_NODE: '1',
      TERM_PROGRAM: 'tmux',
    };
    const {
      run: runProgram,
      start,
      root,
    } = await machine({
      PATH: '/usr/bin:/bin',
      DISPLAY: ':9',
      CLAUDE_CONFIG_DIR: '/c',
      ANTHROPIC_API_KEY: 'k',
      ...traces,
    });
    const inside = await runProgram('/usr/bin/env', []);
    const started = await start('/bin/sh', ['-c', 'env > env.tmp; mv env.tmp env; exit 1'], {
      directory: root,
    });
    if (started.ok) await started.failure;
    for (const text of [inside.stdout, await readFile(join(root, 'env'), 'utf8')]) {
      for (const name of Object.keys(traces)) expect(text).not.toMatch(new RegExp(`^${name}=`, 'm'));
      expect(text).toContain('DISPLAY=:9');
      expect(text).toContain('CLAUDE_CONFIG_DIR=/c');
      expect(text).toContain('ANTHROPIC_API_KEY=k');
    }
  });

  it('ends a program that does not answer in time', async () => {
    const { run: runProgram } = await machine({ PATH: '/usr/bin:/bin' });
    const slow = await runProgram('/bin/sleep', ['30'], { limitMs: 50 });
    expect(slow.exitCode).toBeNull();
    expect(slow.stderr).toContain('did not answer within 0.05 seconds');
  });

  it('finds programs on absolute PATH entries only, and only what can be run', async () => {
    const root = await temporaryDirectory();
    const bin = await mkdtemp(join(root, 'bin-'));
    await writeFile(join(bin, 'data'), 'no program', { mode: 0o644 });
    await writeFile(join(bin, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    const { find } = await machine({ PATH: `.:relative:${bin}` });
    expect(await find('tool')).toBe(join(bin, 'tool'));
    expect(await find('data')).toBeNull();
    expect(await find('package.json')).toBeNull();
    expect(await find(join(bin, 'tool'))).toBe(join(bin, 'tool'));
  });
});
