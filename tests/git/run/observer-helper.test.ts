import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import {
  createHelperRunner,
  createNodeHelperStarter,
  type GitHelperStarter,
} from '../../../src-main/git/run/helper-runner';
import { bundle } from '../../support/bundle';
import { createObserving } from '../../support/observing';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';
import { createSilentLog } from '../../support/silent-log';

async function withHelper(startHelper: GitHelperStarter = createNodeHelperStarter()) {
  const sandbox = await createSandbox();
  const modulePath = await bundle('src-main/git-helper.ts', join(sandbox.root, 'helper'));
  const emptyDirectory = join(sandbox.root, 'empty');
  await mkdir(emptyDirectory);
  const log = createSilentLog();
  const children: { kill(): void; pid: number | null; exited: boolean }[] = [];
  const runner = createHelperRunner({
    git: 'git',
    env: sandbox.env,
    emptyDirectory,
    concurrency: 2,
    modulePath,
    log,
    startHelper(path) {
      const channel = startHelper(path);
      const child = { kill: channel.kill, pid: null, exited: false };
      channel.onExit(() => {
        child.exited = true;
      });
      children.push(child);
      return channel;
    },
  });
  onTestFinished(() => runner.dispose());
  return { sandbox, runner, log, children, modulePath };
}

/** Processes whose parent is this one, by command line. */
async function childrenOf(pid: number, containing: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (new RegExp(`^PPid:\\t${pid}$`, 'm').test(status) && command.includes(containing))
      found.push(Number(name));
  }
  return found;
}

test('text, bytes, input, objects and directories come through the helper', async () => {
  const { sandbox, runner } = await withHelper();
  const main = await sandbox.repository();
  const sha = await sandbox.git(main, 'rev-parse', 'HEAD');
  const text = await runner.run({ cwd: main, args: ['rev-parse', 'HEAD'] });
  expect(text).toMatchObject({ reason: 'exited', exitCode: 0, stdout: `${sha}\n` });
  const bytes = Buffer.from([0, 255, 10, 128]);
  await sandbox.commit(main, {}, 'x').catch(() => {});
  await sandbox.write(join(main, 'bytes'), bytes);
  await sandbox.git(main, 'add', 'bytes');
  const binary = await runner.runBinary({ cwd: main, args: ['cat-file', 'blob', ':bytes'] });
  expect(Buffer.from(binary.stdout)).toEqual(bytes);
  const piped = await runner.run({ cwd: main, args: ['hash-object', '--stdin'], input: 'one\ntwo\nthree\n' });
  expect(piped.stdout.trim()).toBe(await sandbox.git(main, 'rev-parse', 'HEAD:src/one.txt'));
  const [commit, missing, refused] = await runner.objects(join(main, '.git'), [
    sha,
    'f'.repeat(40),
    '--help',
  ]);
  expect(commit).toMatchObject({ type: 'commit' });
  expect(commit?.content).toContain('\n\nfirst\n');
  expect([missing, refused]).toEqual([null, null]);
  expect(await runner.directories({ root: main, nested: [], from: null, limit: 100 })).toEqual({
    directories: ['', 'src'],
    tracked: ['src'],
  });
  expect(runner.counts()).toMatchObject({ restarts: 0, running: 0 });
  expect(runner.counts().started).toBe(5);
});

test('hooks, questions and inherited variables are kept from git', async () => {
  const { sandbox, runner } = await withHelper();
  const main = await sandbox.repository();
  const answer = await runner.run({
    cwd: main,
    args: ['-c', 'alias.env=!env', 'env'],
    env: { GIT_INDEX_FILE: '/somewhere' },
  });
  const env = Object.fromEntries(answer.stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
  expect(env).toMatchObject({
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_INDEX_FILE: '/somewhere',
  });
  // What a person set to configure git stays.
  expect(env.GIT_CONFIG_NOSYSTEM).toBe('1');
  expect(env.GIT_CONFIG_PARAMETERS).toMatch(/core\.hooksPath.*core\.fsmonitor/s);
});

test('a limit, a cancel and a program that is not there are told apart', async () => {
  const { sandbox, runner } = await withHelper();
  const main = await sandbox.repository();
  const slow = { cwd: main, args: ['-c', 'alias.wait=!sleep 30', 'wait'] };
  expect(await runner.run({ ...slow, limitMs: 50 })).toMatchObject({ reason: 'timed-out', exitCode: null });
  const controller = new AbortController();
  const cancelled = runner.run({ ...slow, signal: controller.signal });
  await poll(() => runner.counts().started >= 1);
  controller.abort();
  expect(await cancelled).toMatchObject({ reason: 'cancelled' });
  expect(await runner.run({ cwd: join(sandbox.root, 'nowhere'), args: ['status'] })).toMatchObject({
    reason: 'failed-to-start',
  });
  expect(await runner.run({ cwd: main, args: ['no-such-verb'] })).toMatchObject({ exitCode: 1 });
});

test('a helper that dies is replaced, and what was asked is answered', async ({ skip }) => {
  if (process.platform !== 'linux') skip('needs /proc');
  const { sandbox, runner, log } = await withHelper();
  const main = await sandbox.repository();
  await runner.run({ cwd: main, args: ['status'] });
  const [helper] = await childrenOf(process.pid, 'git-helper');
  if (helper === undefined) throw new Error('no helper process');
  const asked = runner.run({ cwd: main, args: ['rev-parse', '--show-toplevel'] });
  process.kill(helper, 'SIGKILL');
  expect(await asked).toMatchObject({ exitCode: 0, stdout: `${main}\n` });
  expect(runner.counts().restarts).toBe(1);
  expect(log.lines.map((line) => line.event)).toEqual(['git-helper.died']);
});

test('helpers that keep dying are given up, and git still answers', async () => {
  const dying: GitHelperStarter = () => {
    const exits: ((code: number | null) => void)[] = [];
    return {
      send: () =>
        queueMicrotask(() => {
          for (const exit of exits.splice(0)) exit(1);
        }),
      onMessage: () => {},
      onExit: (listener) => exits.push(listener),
      kill: () => {},
    };
  };
  const { sandbox, runner, log } = await withHelper(dying);
  const main = await sandbox.repository();
  const answer = await poll(
    () => runner.run({ cwd: main, args: ['rev-parse', '--is-inside-work-tree'] }),
    (one) => one.reason === 'exited',
  );
  expect(answer.stdout).toBe('true\n');
  expect(log.lines.map((line) => line.event)).toContain('git-helper.given-up');
});

test('dispose ends the helper and every git process below it', async ({ skip }) => {
  if (process.platform !== 'linux') skip('needs /proc');
  const { sandbox, runner } = await withHelper();
  const main = await sandbox.repository();
  const sha = await sandbox.git(main, 'rev-parse', 'HEAD');
  await runner.objects(join(main, '.git'), [sha]);
  const waiting = runner.run({ cwd: main, args: ['-c', 'alias.wait=!sleep 30', 'wait'] });
  const [helper] = await childrenOf(process.pid, 'git-helper');
  if (helper === undefined) throw new Error('no helper process');
  const below = await poll(
    () => childrenOf(helper, 'git'),
    (pids) => pids.length === 2,
    { what: 'two git' },
  );
  await runner.dispose();
  expect(await waiting).toMatchObject({ reason: 'cancelled' });
  const alive = async () => {
    const states = await Promise.all(
      [helper, ...below].map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')),
    );
    return states.filter((text) => text !== '' && !/^State:\tZ/m.test(text)).length;
  };
  await poll(alive, (count) => count === 0, { what: 'all of them ended' });
});

test('the observer works through the helper', async () => {
  const { sandbox, runner } = await withHelper();
  const main = await sandbox.repository();
  const observing = await createObserving(sandbox, { runner });
  await observing.open(main);
  await observing.watched();
  await sandbox.write(join(main, 'src/one.txt'), 'other');
  await observing.until(main, (row) => row.changes.changed === 1);
  expect(observing.observer.performance().processes.started).toBeGreaterThan(3);
});

test('a helper whose parent was killed ends by itself, and its git with it', async ({ skip }) => {
  if (process.platform !== 'linux') skip('needs /proc');
  const { sandbox, modulePath } = await withHelper();
  const main = await sandbox.repository();
  const sha = await sandbox.git(main, 'rev-parse', 'HEAD');
  const script = join(sandbox.root, 'parent.mjs');
  const configure = {
    kind: 'configure',
    options: { git: 'git', env: { PATH: process.env.PATH }, emptyDirectory: sandbox.home, concurrency: 1 },
  };
  const ask = { kind: 'objects', id: 1, commonDir: join(main, '.git'), names: [sha] };
  await sandbox.write(
    script,
    `import { fork } from 'node:child_process';
     const child = fork(${JSON.stringify(modulePath)}, [], { serialization: 'advanced' });
     child.on('message', () => process.stdout.write(child.pid + '\\n'));
     child.send(${JSON.stringify(configure)});
     child.send(${JSON.stringify(ask)});`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const helper = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  const [git] = await childrenOf(helper, 'cat-file');
  if (git === undefined) throw new Error('no cat-file below the helper');
  parent.kill('SIGKILL');
  const alive = async () => {
    const states = await Promise.all(
      [helper, git].map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')),
    );
    return states.filter((text) => text !== '' && !/^State:\tZ/m.test(text)).length;
  };
  await poll(alive, (count) => count === 0, { what: 'helper and git ended' });
});
