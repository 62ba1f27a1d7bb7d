import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateDirectory } from '../../../src-main/git/facts/locate';
import { listWorktrees } from '../../../src-main/git/facts/worktrees';
import { createSandbox, type Sandbox } from '../../support/repositories';

async function listed(directory: string) {
  const located = await locateDirectory(directory);
  if (located === null) throw new Error(`no repository at ${directory}`);
  const list = await listWorktrees(located.location);
  if ('problem' in list) throw new Error(list.problem);
  return list;
}

/** What git itself lists, from its own words. */
async function byGit(sandbox: Sandbox, directory: string) {
  const output = await sandbox.git(directory, 'worktree', 'list', '--porcelain', '-z');
  return output
    .split('\0\0')
    .map((block) => block.split('\0').filter((line) => line.trim() !== ''))
    .filter((lines) => lines.length > 0)
    .filter((lines) => !lines.includes('bare'))
    .map((lines) => {
      const lock = lines.find((line) => line === 'locked' || line.startsWith('locked '));
      return {
        path: lines[0]?.replace(/^worktree /, ''),
        locked: lock !== undefined,
        lockReason: lock?.slice('locked '.length) || null,
      };
    });
}

test('the list read from files is the one that git gives', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const tree = (name: string, branch: string) => sandbox.worktree(main, join(sandbox.root, name), branch);
  await tree('zoo', 'zoo');
  await tree('Ärger mit Leerzeichen', 'one');
  await tree('Zoo', 'two');
  const lines = await tree('two\nlines', 'three');
  const gone = await tree('gone', 'gone');
  const inside = await sandbox.worktree(main, join(main, '.claude/worktrees/fix'), 'fix');
  await sandbox.git(main, 'worktree', 'add', '-q', '--detach', join(sandbox.root, 'detached'));
  await sandbox.git(main, 'worktree', 'lock', '--reason', ' why \nnot ', lines);
  await sandbox.git(main, 'worktree', 'lock', inside);
  await rm(gone, { recursive: true });
  // Half made: no path yet, as while `git worktree add` is at work.
  await mkdir(join(main, '.git/worktrees/half'));
  await writeFile(join(main, '.git/worktrees/half/locked'), 'initializing');

  const list = await listed(main);
  expect(list.map(({ path, locked, lockReason }) => ({ path, locked, lockReason }))).toEqual(
    await byGit(sandbox, main),
  );
  expect(list.filter(({ missing }) => missing).map(({ path }) => path)).toEqual([gone]);
  expect(list.map(({ problem }) => problem)).toEqual(list.map(() => null));
});

test('a bare repository lists its worktrees alone', async () => {
  const sandbox = await createSandbox();
  const source = await sandbox.repository('source');
  const bare = join(sandbox.root, 'project.git');
  await sandbox.git(sandbox.root, 'clone', '-q', '--bare', source, bare);
  await sandbox.worktree(bare, join(sandbox.root, 'one'), 'one');
  const list = await listed(bare);
  expect(list.map(({ path, isMain }) => ({ path, isMain }))).toEqual([
    { path: join(sandbox.root, 'one'), isMain: false },
  ]);
  expect(await byGit(sandbox, bare)).toHaveLength(1);
});

test('an entry left over for the place of another worktree is no row of its own', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const place = await sandbox.worktree(main, join(sandbox.root, 'place'), 'there');
  await cp(join(main, '.git/worktrees/place'), join(main, '.git/worktrees/left-over'), { recursive: true });
  const rows = (await listed(main)).filter(({ isMain }) => !isMain);
  expect(rows).toMatchObject([{ path: place, entry: 'place', problem: null }]);
});

test('a repository that is no longer there says so', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const located = await locateDirectory(main);
  if (located === null) throw new Error('no repository');
  await rm(join(main, '.git'), { recursive: true });
  expect(await listWorktrees(located.location)).toMatchObject({ problem: expect.stringMatching(/ENOENT/) });
});
