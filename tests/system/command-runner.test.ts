import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCommandRunner, scriptOf, shellOf } from '../../src-main/system/command-runner';
import { temporaryDirectory } from '../support/temporary';

async function running(command: string, limitMs = 30_000, env: NodeJS.ProcessEnv = process.env) {
  const directory = await temporaryDirectory();
  const place = join(directory, "it's here");
  await mkdir(place);
  let output = '';
  const result = await createCommandRunner({ env, platform: process.platform }).run(command, place, {
    signal: new AbortController().signal,
    limitMs,
    env: { ORCHARD_BRANCH: 'feature/a' },
    onOutput: (text) => {
      output += text;
    },
  });
  return { ...result, output, place };
}

describe.runIf(process.platform !== 'win32')('a command of a repository', () => {
  it('is a shell’s text, run where it belongs, with both outputs in view', async () => {
    const { output, tail, place, ...result } = await running(
      'printf "%s\\n" "$PWD"; echo "$ORCHARD_BRANCH" | tr a-z A-Z; echo oops >&2',
    );
    expect(result).toEqual({ exitCode: 0, reason: 'exited' });
    expect(output.split('\n').sort()).toEqual(['', 'FEATURE/A', 'oops', place].sort());
    expect(tail).toBe(output);
  });

  it('may have several lines, quotes and a here document', async () => {
    const { output } = await running(`cat <<'X'\n"it's" $HOME\nX\necho 'a b'`);
    expect(output).toBe('"it\'s" $HOME\na b\n');
  });

  it('answers its exit code', async () => {
    expect(await running('exit 42')).toMatchObject({ exitCode: 42, reason: 'exited' });
  });

  it('can’t ask anything: its input is empty', async () => {
    expect(await running('read answer; echo "<$answer>"')).toMatchObject({ output: '<>\n' });
  });

  it('ends with all that it started when its time is up', async () => {
    const { reason, exitCode } = await running('sleep 300 & sleep 300', 400);
    expect({ reason, exitCode }).toEqual({ reason: 'timed-out', exitCode: null });
  });

  it('is not sent to another repository by the environment', async () => {
    const { output } = await running('echo "<$GIT_DIR$GIT_INDEX_FILE><$KEPT>"', 30_000, {
      ...process.env,
      GIT_DIR: '/elsewhere/.git',
      GIT_INDEX_FILE: '/elsewhere/index',
      KEPT: 'kept',
    });
    expect(output).toBe('<><kept>\n');
  });

  it('keeps the tail of a flood, whole characters only', async () => {
    const { tail, output, exitCode } = await running(
      `i=0; while [ $i -lt 20000 ]; do echo "línea $i äöü"; i=$((i+1)); done`,
    );
    expect(exitCode).toBe(0);
    expect(tail.length).toBeLessThanOrEqual(8_000);
    expect(tail).toMatch(/línea 19999 äöü\n$/);
    expect(output).toMatch(/línea 19999 äöü\n$/);
    expect(output).not.toContain('\ufffd');
  });

  it('leaves no script behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('orchard-command-'));
    const { output } = await running('dirname "$0"');
    expect(output.trim()).toContain('orchard-command-');
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('orchard-command-'));
    expect(after).not.toContain(output.trim().split('/').at(-1));
    expect(before.includes(output.trim())).toBe(false);
  });
});

describe('on Windows', () => {
  it('each line has a shell of its own, so that a batch file comes back', () => {
    const script = scriptOf('npm ci && npm run build\necho 100%', 'win32');
    expect(script.content).toBe(
      [
        '@echo off',
        'chcp 65001 >nul',
        'cmd /d /s /c "npm ci && npm run build" || exit /b',
        'cmd /d /s /c "echo 100%%" || exit /b',
        '',
      ].join('\r\n'),
    );
    expect(script.arguments('C:\\Temp\\a b\\command.cmd')).toEqual([
      '/d',
      '/s',
      '/c',
      '""C:\\Temp\\a b\\command.cmd""',
    ]);
    expect(shellOf('win32', { ComSpec: 'C:\\Windows\\System32\\cmd.exe' })).toBe(
      'C:\\Windows\\System32\\cmd.exe',
    );
  });
});
