import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import {
  createProcesses,
  isAlive,
  parseProcStat,
  type Run,
  sameStartTime,
  windowsProcessQuery,
} from '../../src-main/system/processes';
import { poll } from '../support/poll';

function recorded(answers: Readonly<Record<string, string>>) {
  const calls: { program: string; args: readonly string[]; env: unknown }[] = [];
  const run: Run = async (program, args, env) => {
    calls.push({ program, args, env });
    return answers[program] ?? '';
  };
  return { calls, run };
}

test('a Linux process with spaces and parentheses in its name is read right', () => {
  const stat = `77 (my (odd) name) S 12 77 77 0 -1 4194304 1 0 0 0 1 1 0 0 20 0 1 0 171996 1 2 3`;
  expect(parseProcStat(stat)).toEqual({ parent: 12, startTime: '171996' });
  expect(parseProcStat(stat.replace(') S ', ') Z '))).toBeNull();
  expect(parseProcStat('')).toBeNull();
});

test.runIf(process.platform === 'linux')(
  'this machine tells a live process from one that ended',
  async () => {
    const processes = createProcesses('linux');
    const child = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, MARK: 'a b=c' } });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const first = await processes.startTime(pid);
    expect(first).toMatch(/^\d+$/);
    expect(await processes.startTimes([pid, 0, -1, 2 ** 40])).toEqual(new Map([[pid, first]]));
    expect(processes.exists(pid)).toBe(true);
    expect(await processes.environmentVariable(pid, 'MARK')).toBe('a b=c');
    expect(await processes.environmentVariable(pid, 'ARK')).toBeNull();
    const ancestors = await processes.ancestors(pid);
    expect(ancestors[0]).toBe(process.pid);
    expect(ancestors).toContain(process.ppid);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processes.startTime(pid)).toBeNull();
    expect(processes.exists(pid)).toBe(false);
    expect(processes.bootTime()).toBeLessThan(Date.now());
    expect(await processes.bootId()).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test.runIf(process.platform === 'linux')('a zombie has its number still, and is not alive', async () => {
  const processes = createProcesses('linux');
  // sleep never asks after the child that the shell left it.
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line));
  await poll(
    () => isAlive(pid),
    (alive) => !alive,
  );
  expect(await isAlive(process.pid)).toBe(true);
  // A shell that was faster than its child may have buried it before it became sleep.
  if (processes.exists(pid)) expect(await processes.startTime(pid)).toBeNull();
});

test('numbers that mean groups of processes are never asked about', () => {
  const processes = createProcesses('linux');
  for (const pid of [0, -1, Number.NaN, 1.5]) expect(processes.exists(pid)).toBe(false);
});

test('macOS is asked once for many, in plain words', async () => {
  const { calls, run } = recorded({
    '/bin/ps':
      '  501 S+   Fri Sep 11 09:43:48 2026\n 7 Z Sat Aug  8 07:11:34 2026\n88 Ss  Sat Aug  8 07:11:34 2026    \n',
  });
  const processes = createProcesses('darwin', run);
  expect(await processes.startTimes([501, 7, 88, -3])).toEqual(
    new Map([
      [501, 'Fri Sep 11 09:43:48 2026'],
      [88, 'Sat Aug  8 07:11:34 2026'],
    ]),
  );
  expect(calls).toEqual([
    {
      program: '/bin/ps',
      args: ['-o', 'pid=,stat=,lstart=', '-p', '501,7,88'],
      env: { LC_ALL: 'C', TZ: 'UTC' },
    },
  ]);
  expect(await processes.startTimes([])).toEqual(new Map());
  expect(calls).toHaveLength(1);
});

test('macOS: what ps printed counts although it failed because one process was gone', async () => {
  const processes = createProcesses('darwin', async () => {
    throw Object.assign(new Error('exit 1'), { stdout: '12 S Fri Sep 11 09:43:48 2026\n' });
  });
  expect(await processes.startTimes([12, 13])).toEqual(new Map([[12, 'Fri Sep 11 09:43:48 2026']]));
});

test('macOS: a variable is found behind the command line, spaces included', async () => {
  const { run } = recorded({
    '/bin/ps': 'claude -n x TMUX=no PATH=/bin TMUX=/private/tmp/my tmux/default,12,0 HOME=/Users/a\n',
  });
  const processes = createProcesses('darwin', run);
  expect(await processes.environmentVariable(12, 'TMUX')).toBe('/private/tmp/my tmux/default,12,0');
  expect(await processes.environmentVariable(12, 'HOME')).toBe('/Users/a');
  expect(await processes.environmentVariable(12, 'OME')).toBeNull();
});

test('macOS: ancestors come from one listing', async () => {
  const { run } = recorded({ '/bin/ps': '  1 0\n 50 1\n 60 50\n 61 50\n 70 60\n' });
  expect(await createProcesses('darwin', run).ancestors(70)).toEqual([60, 50, 1]);
});

test('Windows is asked by numbers only, and a reused parent number ends the chain', async () => {
  const { calls, run } = recorded({
    'powershell.exe': '70 60 134328686808798513\r\n60 50 134328686000000000\r\n50 4 134328999000000000\r\n',
  });
  const processes = createProcesses('win32', run);
  expect((await processes.startTimes([70, 60])).get(70)).toBe('134328686808798513');
  expect(calls[0]?.args.at(-1)).toContain("-Filter 'ProcessId=70 OR ProcessId=60'");
  expect(windowsProcessQuery('all').at(-1)).not.toContain('Filter');
  expect(await processes.ancestors(70)).toEqual([60]);
  expect(await processes.environmentVariable(70, 'TMUX')).toBeNull();
});

test('the same start is recognised in the words of each system', () => {
  expect(sameStartTime('171996', '171996', 'linux')).toBe(true);
  expect(sameStartTime('171996', '171997', 'linux')).toBe(false);
  expect(sameStartTime('Sat Aug  8 07:11:34 2026', 'Sat Aug 8 07:11:35 2026', 'darwin')).toBe(true);
  expect(sameStartTime('Sat Aug  8 07:11:34 2026', 'Sat Aug  8 07:21:34 2026', 'darwin')).toBe(false);
  expect(sameStartTime('something new', 'Sat Aug  8 07:21:34 2026', 'darwin')).toBe(true);
  // The same moment as FILETIME and as .NET ticks, then another day.
  expect(sameStartTime('134328686808798513', '134328686808798500', 'win32')).toBe(true);
  expect(sameStartTime('639239390808798513', '134328686808798513', 'win32')).toBe(false);
  expect(
    sameStartTime(String(134328686808798513n + 504_911_232_000_000_000n), '134328686808798513', 'win32'),
  ).toBe(true);
});
