/** Git writes over ignored files without a word; an update, a landing and an undo never do. */
import { mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type MergeScene, mergeScene } from '../../support/landing/merge-scene';

const EXCLUDED = ['moved.txt', 'Kept/', 'kept', 'here', 'here/', 'link', 'deep/', '*.local', ''].join('\n');

interface Obstacle {
  readonly title: string;
  /** What the new tree brings. */
  readonly brings: Readonly<Record<string, string>>;
  /** What lies there, ignored. */
  place(tree: string): Promise<void>;
  /** Still there, afterwards. */
  intact(tree: string): Promise<unknown>;
  readonly named: string;
}

const obstacles: readonly Obstacle[] = [
  {
    title: 'an ignored file where a file must go',
    brings: { 'moved.txt': 'theirs\n' },
    place: (tree) => writeFile(join(tree, 'moved.txt'), 'precious\n'),
    intact: async (tree) => expect(await readFile(join(tree, 'moved.txt'), 'utf8')).toBe('precious\n'),
    named: 'moved.txt',
  },
  {
    title: 'an ignored file where a directory must go',
    brings: { 'here/a/b.txt': 'theirs\n' },
    place: (tree) => writeFile(join(tree, 'here'), 'precious\n'),
    intact: async (tree) => expect(await readFile(join(tree, 'here'), 'utf8')).toBe('precious\n'),
    named: 'here',
  },
  {
    title: 'an ignored directory where a file must go',
    brings: { here: 'theirs\n' },
    async place(tree) {
      await mkdir(join(tree, 'here/deep'), { recursive: true });
      await writeFile(join(tree, 'here/deep/precious'), 'precious\n');
    },
    intact: async (tree) =>
      expect(await readFile(join(tree, 'here/deep/precious'), 'utf8')).toBe('precious\n'),
    named: 'here/',
  },
  {
    title: 'an ignored link where a directory must go',
    brings: { 'link/a.txt': 'theirs\n' },
    async place(tree) {
      await mkdir(join(tree, '..', 'elsewhere'), { recursive: true });
      await symlink(join(tree, '..', 'elsewhere'), join(tree, 'link'));
    },
    intact: async (tree) => expect(await readlink(join(tree, 'link'))).toContain('elsewhere'),
    named: 'link',
  },
  {
    title: 'a dangling ignored link where a file must go',
    brings: { link: 'theirs\n' },
    place: (tree) => symlink('nowhere', join(tree, 'link')),
    intact: async (tree) => expect(await readlink(join(tree, 'link'))).toBe('nowhere'),
    named: 'link',
  },
];

const commitForced = async (
  scene: MergeScene,
  tree: string,
  files: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const [name, content] of Object.entries(files)) await scene.sandbox.write(join(tree, name), content);
  await scene.sandbox.git(tree, 'add', '-f', '--', ...Object.keys(files));
  await scene.sandbox.git(tree, 'commit', '-q', '-m', 'Brings');
};

const exclude = (scene: MergeScene) =>
  scene.sandbox.write(join(scene.repository, '.git/info/exclude'), EXCLUDED);

describe.each(obstacles)('$title', ({ brings, place, intact, named }) => {
  test.each(['rebase', 'merge'] as const)('stops an update by %s', async (update) => {
    const s = await mergeScene();
    await exclude(s);
    await commitForced(s, s.repository, brings);
    await place(s.worktree);
    const tip = await s.git('rev-parse', 'feature/login');
    expect((await s.plan({ update })).refusal).toEqual({ kind: 'dirty', path: s.worktree, files: [named] });
    expect(await s.attempt({ update })).toMatchObject({ ok: false, error: { kind: 'dirty' } });
    await intact(s.worktree);
    expect(await s.git('rev-parse', 'feature/login')).toBe(tip);
  });

  test.each(['merge', 'ff', 'squash'] as const)('stops a landing by %s', async (strategy) => {
    const s = await mergeScene();
    await exclude(s);
    await commitForced(s, s.worktree, brings);
    await place(s.repository);
    const main = await s.git('rev-parse', 'main');
    expect((await s.plan({ strategy })).refusal).toEqual({
      kind: 'base-dirty',
      path: s.repository,
      files: [named],
    });
    expect(await s.attempt({ strategy })).toMatchObject({ ok: false, error: { kind: 'base-dirty' } });
    await intact(s.repository);
    expect(await s.git('rev-parse', 'main')).toBe(main);
  });

  test('stops an undo, which would bring it back there', async () => {
    const s = await mergeScene();
    await exclude(s);
    await commitForced(s, s.repository, brings);
    await s.inside('merge', '-q', '--no-edit', 'main');
    await s.inside('rm', '-q', '-r', ...Object.keys(brings));
    await s.inside('commit', '-q', '-m', 'Take it away');
    await s.land();
    await rm(join(s.repository, Object.keys(brings)[0] ?? ''), { recursive: true, force: true });
    await place(s.repository);
    const main = await s.git('rev-parse', 'main');
    expect(await s.undoer.undo({ operation: null })).toMatchObject({
      ok: false,
      error: { kind: 'undo-blocked', reason: expect.stringContaining(named) },
    });
    await intact(s.repository);
    expect(await s.git('rev-parse', 'main')).toBe(main);
  });
});

test('one that appears in the base’s checkout while the tests run is not written over either', async () => {
  const s = await mergeScene({
    runner: {
      run: async () => {
        await writeFile(join(s.repository, 'here'), 'precious\n');
        return { exitCode: 0, reason: 'exited', tail: '' };
      },
    },
    config: { validate: ['true'] },
  });
  await exclude(s);
  await commitForced(s, s.worktree, { 'here/a.txt': 'theirs\n' });
  const main = await s.git('rev-parse', 'main');
  expect(await s.attempt({})).toMatchObject({
    ok: false,
    error: { kind: 'base-dirty', path: s.repository, files: ['here'] },
  });
  expect(await readFile(join(s.repository, 'here'), 'utf8')).toBe('precious\n');
  expect(await s.git('rev-parse', 'main')).toBe(main);
});

test('a tracked directory becomes a file, and a tracked file a directory, where nothing else lies', async () => {
  const s = await mergeScene({
    prepare: async (repository, sandbox) => {
      await sandbox.commit(repository, { 'folder/a.txt': 'a\n', plain: 'p\n' }, 'Both kinds');
    },
  });
  await s.git('rm', '-q', '-r', 'folder', 'plain');
  await s.sandbox.commit(s.repository, { folder: 'a file now\n', 'plain/b.txt': 'b\n' }, 'Swap kinds');
  // Empty directories are nobody's work.
  await mkdir(join(s.worktree, 'folder/empty/deeper'), { recursive: true });
  expect((await s.plan({ update: 'rebase' })).refusal).toBe(null);
  await s.land({ update: 'rebase' });
  expect(await readFile(join(s.worktree, 'folder'), 'utf8')).toBe('a file now\n');
  expect(await readFile(join(s.worktree, 'plain/b.txt'), 'utf8')).toBe('b\n');
});

test('an ignored file beside tracked ones in a directory that becomes a file stops it, by its name', async () => {
  const s = await mergeScene({
    prepare: async (repository, sandbox) => {
      await sandbox.commit(repository, { 'folder/a.txt': 'a\n' }, 'A folder');
    },
  });
  await exclude(s);
  await s.git('rm', '-q', '-r', 'folder');
  await s.sandbox.commit(s.repository, { folder: 'a file now\n' }, 'A file');
  await writeFile(join(s.worktree, 'folder/secret.local'), 'precious\n');
  for (const update of ['rebase', 'merge'] as const)
    expect((await s.plan({ update })).refusal).toEqual({
      kind: 'dirty',
      path: s.worktree,
      files: ['folder/secret.local'],
    });
});
