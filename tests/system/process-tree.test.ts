import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createGitCommand } from '../../src-main/git/run/git-command';
import { followChild, ownGroup, taskkillArguments } from '../../src-main/system/process-tree';
import { isRunning } from '../support/is-running';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';

const posix = process.platform !== 'win32';
/** A shell that starts a grandchild, tells its pid, and then does what it is told. */
const shell = (then: string) =>
  spawn('/bin/sh', ['-c', `sleep 300 & echo $!; ${then}`], {
    detached: ownGroup(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function firstLine(child: ReturnType<typeof shell>): Promise<number> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return Number(await poll(() => (text.includes('\n') ? text.trim() : ''), Boolean));
}

it.runIf(posix)('ends what a cancelled child had started, also when it ignores the asking', async () => {
  const stop = new AbortController();
  const child = shell("trap '' TERM; while :; do sleep 1; done");
  const ending = followChild(child, { limitMs: 60_000, signal: stop.signal });
  const grandchild = await firstLine(child);
  stop.abort();
  expect(await ending).toMatchObject({ code: null, reason: 'cancelled' });
  await poll(
    () => isRunning(grandchild),
    (is) => !is,
    { what: 'the end of the grandchild' },
  );
});

it.runIf(posix)('ends a child whose time is up', async () => {
  const child = shell('wait');
  const grandchild = await firstLine(child);
  expect(await followChild(child, { limitMs: 300 })).toMatchObject({ reason: 'timed-out' });
  await poll(
    () => isRunning(grandchild),
    (is) => !is,
    { what: 'the end of the grandchild' },
  );
});

it.runIf(posix)('does not wait for what a child that ended well left in the background', async () => {
  const child = shell('exit 3');
  const grandchild = firstLine(child);
  expect(await followChild(child, { limitMs: 60_000 })).toMatchObject({ code: 3, reason: 'exited' });
  expect(isRunning(await grandchild)).toBe(true);
  process.kill(await grandchild, 'SIGKILL');
});

it('reads all of a child’s output, however long', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x".repeat(3_000_000))']);
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  await followChild(child, { limitMs: 60_000 });
  expect(length).toBe(3_000_000);
});

it('says why a program could not be started', async () => {
  const child = spawn('/no/such/program');
  expect(await followChild(child, { limitMs: 1_000 })).toMatchObject({
    reason: 'failed-to-start',
    problem: expect.stringContaining('ENOENT'),
  });
});

it('names the whole tree to taskkill on Windows', () => {
  expect(taskkillArguments(77)).toEqual(['/T', '/F', '/PID', '77']);
});

it.runIf(process.platform === 'linux')('leaves no transport behind when a remote hangs', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const emptyDirectory = join(sandbox.root, 'empty');
  await mkdir(emptyDirectory);
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const git = createGitCommand({ program: 'git', env: sandbox.env, emptyDirectory });
  let leader = 0;
  const outcome = await git(repository, ['fetch', `http://127.0.0.1:${port}/x`], {
    mode: 'write',
    limitMs: 1_500,
    onStart(pid) {
      leader = pid;
    },
  });
  expect(outcome.ended).toBe('timed-out');
  const membersOfGroup = async () => (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  await poll(
    async () => {
      const stats = await Promise.all(
        (await membersOfGroup()).map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
      );
      return stats
        .map((line) => line.slice(line.lastIndexOf(')') + 2).split(' '))
        .filter(([state, , group]) => Number(group) === leader && state !== 'Z').length;
    },
    (left) => left === 0,
    { what: 'an empty process group' },
  );
  expect(leader).toBeGreaterThan(0);
});
