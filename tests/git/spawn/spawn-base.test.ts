import { lstat } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSpawnSandbox, type SpawnSandbox, value, yes } from '../../support/spawn-sandbox';
import { input } from '../../support/spawner';

/** A clone with a remote that a colleague can push to. */
async function cloned() {
  const sandbox = await createSpawnSandbox();
  const remote = join(sandbox.root, '..', '..', 'remote.git');
  await sandbox.git(sandbox.root, 'clone', '-q', '--bare', sandbox.root, remote);
  await sandbox.git(sandbox.root, 'remote', 'add', 'origin', remote);
  await sandbox.git(sandbox.root, 'fetch', '-q', 'origin');
  await sandbox.git(sandbox.root, 'branch', '-q', '--set-upstream-to=origin/main', 'main');
  const colleague = join(sandbox.root, '..', '..', 'colleague');
  await sandbox.git(sandbox.root, 'clone', '-q', remote, colleague);
  const push = async (file: string, branch = 'main') => {
    if (branch !== 'main') await sandbox.git(colleague, 'checkout', '-q', '-B', branch);
    const commit = await sandbox.commit(colleague, { [file]: file }, `add ${file}`);
    await sandbox.git(colleague, 'push', '-q', 'origin', branch);
    return commit;
  };
  return { ...sandbox, remote, colleague, push };
}

const baseOf = async (
  { spawner }: Pick<SpawnSandbox, 'spawner'>,
  base: string | null = null,
  fetchLimitMs = 10_000,
) => {
  const planned = await spawner({ fetchLimitMs }).spawner.plan(input('Task', { base }));
  return planned.ok ? planned.value : planned.error;
};

describe('the base of a spawn', () => {
  it('is what the remote has by now, fetched without moving the local branch', async () => {
    const sandbox = await cloned();
    const local = await sandbox.git(sandbox.root, 'rev-parse', 'main');
    const newest = await sandbox.push('news.txt');
    const { spawner } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Fresh')));
    expect(plan).toMatchObject({
      base: 'main',
      baseCommit: newest,
      baseSubject: 'add news.txt',
      freshness: 'fetched',
      warnings: [],
    });
    value(await spawner.execute(yes(plan)));
    expect(await sandbox.git(plan.path, 'rev-parse', 'HEAD')).toBe(newest);
    expect(await sandbox.git(sandbox.root, 'rev-parse', 'main')).toBe(local);
  });

  it('is the local branch when that is ahead of its remote', async () => {
    const sandbox = await cloned();
    const ahead = await sandbox.commit(sandbox.root, { 'mine.txt': 'mine' });
    expect(await baseOf(sandbox)).toMatchObject({ baseCommit: ahead, freshness: 'fetched' });
  });

  it('is refused with both commits when the two have diverged', async () => {
    const sandbox = await cloned();
    const upstream = await sandbox.push('theirs.txt');
    const local = await sandbox.commit(sandbox.root, { 'mine.txt': 'mine' });
    expect(await baseOf(sandbox)).toEqual({ kind: 'base-diverged', base: 'main', local, upstream });
  });

  it('comes from the branch’s own remote, not from origin', async () => {
    const sandbox = await cloned();
    const fork = join(sandbox.root, '..', '..', 'fork.git');
    await sandbox.git(sandbox.root, 'clone', '-q', '--bare', sandbox.root, fork);
    await sandbox.git(sandbox.root, 'remote', 'add', 'fork', fork);
    await sandbox.git(sandbox.root, 'fetch', '-q', 'fork');
    await sandbox.git(sandbox.root, 'branch', '-q', '--set-upstream-to=fork/main', 'main');
    await sandbox.push('only-on-origin.txt');
    const local = await sandbox.git(sandbox.root, 'rev-parse', 'main');
    expect(await baseOf(sandbox)).toMatchObject({ baseCommit: local, freshness: 'fetched' });
  });

  it('can be a branch that only the remote has, a tag or a commit', async () => {
    const sandbox = await cloned();
    const release = await sandbox.push('release.txt', 'release');
    await sandbox.git(sandbox.root, 'fetch', '-q', 'origin');
    const later = await sandbox.push('release-2.txt', 'release');
    expect(release).not.toBe(later);
    for (const name of ['release', 'origin/release'])
      expect(await baseOf(sandbox, name)).toMatchObject({
        base: 'release',
        baseCommit: later,
        freshness: 'fetched',
      });
    const first = await sandbox.git(sandbox.root, 'rev-parse', 'main');
    await sandbox.git(sandbox.root, 'tag', '-a', '-m', 'one', 'v1');
    expect(await baseOf(sandbox, 'v1')).toMatchObject({ base: 'v1', baseCommit: first });
    expect(await baseOf(sandbox, first.slice(0, 10))).toMatchObject({ baseCommit: first });
  });

  it('is the default branch of the remote, else main, else what is checked out', async () => {
    const sandbox = await cloned();
    await sandbox.git(sandbox.root, 'checkout', '-q', '-b', 'topic');
    expect(await baseOf(sandbox)).toMatchObject({ base: 'main' });
    await sandbox.push('x.txt', 'trunk');
    await sandbox.git(sandbox.root, 'fetch', '-q', 'origin');
    await sandbox.git(sandbox.root, 'remote', 'set-head', 'origin', 'trunk');
    expect(await baseOf(sandbox)).toMatchObject({ base: 'trunk' });

    const plain = await createSpawnSandbox();
    await plain.git(plain.root, 'branch', '-m', 'odd-name');
    expect(await baseOf(plain)).toMatchObject({ base: 'odd-name', freshness: 'no remote' });
  });

  it('is what .orchard.json says, unless another is chosen', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.git(sandbox.root, 'branch', 'develop');
    await sandbox.write(join(sandbox.root, '.orchard.json'), '{"base": "develop", "branchPrefix": "wip/"}');
    expect(await baseOf(sandbox)).toMatchObject({ base: 'develop', branch: 'wip/task' });
    expect(await baseOf(sandbox, 'main')).toMatchObject({ base: 'main' });
  });

  it('is as old as it is when the remote is gone, and says so', async () => {
    const sandbox = await cloned();
    await sandbox.git(sandbox.root, 'remote', 'set-url', 'origin', '/no/such/remote.git');
    expect(await baseOf(sandbox)).toMatchObject({
      freshness: expect.stringContaining('could not be fetched'),
      warnings: [expect.stringContaining('The base may be old')],
      refusal: null,
    });
  });

  it('does not wait for a remote that accepts and never answers', async () => {
    const sandbox = await cloned();
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    for (const scheme of ['git', 'http']) {
      await sandbox.git(sandbox.root, 'remote', 'set-url', 'origin', `${scheme}://127.0.0.1:${port}/x.git`);
      expect(await baseOf(sandbox, null, 1_000)).toMatchObject({
        freshness: 'the remote did not answer in 1 s',
        refusal: null,
      });
    }
    expect(sockets.length).toBeGreaterThan(0);
  });

  it('is fetched without running a hook, a prompt or an upload-pack of somebody’s choice', async () => {
    const sandbox = await cloned();
    const mark = join(sandbox.root, '..', '..', 'ran');
    await sandbox.script(
      join(sandbox.root, '.git/hooks/reference-transaction'),
      `#!/bin/sh\ntouch '${mark}'\n`,
    );
    await sandbox.push('news.txt');
    expect(await baseOf(sandbox)).toMatchObject({ freshness: 'fetched' });
    await sandbox.git(sandbox.root, 'config', 'branch.main.remote', `--upload-pack=touch ${mark}`);
    expect(await baseOf(sandbox)).toMatchObject({ base: 'main' });
    await expect(lstat(mark)).rejects.toThrow('ENOENT');
  });
});
