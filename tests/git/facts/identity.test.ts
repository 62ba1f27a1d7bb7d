import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { oneLook } from '../../support/one-look';
import { createSandbox, type Sandbox } from '../../support/repositories';

interface Scene {
  readonly sandbox: Sandbox;
  readonly main: string;
  readonly tree: string;
  readonly entry: string;
}

/** A worktree with a commit of its own; inside the main one, where a repository lies around it. */
async function scene(place: 'inside' | 'beside' = 'beside'): Promise<Scene> {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  await sandbox.write(join(main, '.git/info/exclude'), '.claude/\n');
  const tree = place === 'inside' ? join(main, '.claude/worktrees/task') : join(sandbox.root, 'task');
  await sandbox.worktree(main, tree, 'task');
  await sandbox.commit(tree, { 'work.txt': 'work\n' }, 'work');
  await sandbox.commit(main, { 'other.txt': 'other\n' }, 'the base moves on');
  return { sandbox, main, tree, entry: join(main, '.git/worktrees/task') };
}

const refs = ({ sandbox, main }: Scene) => sandbox.git(main, 'for-each-ref');

/** The row says what is wrong, both plans refuse in the same words, and nothing moved. */
async function refused(s: Scene, words: RegExp) {
  const before = await refs(s);
  await oneLook(s.sandbox, [s.main], async ({ row, merge, cleanup, orchard }) => {
    expect(row(s.tree).problem).toMatch(words);
    for (const refusal of [(await merge(s.tree)).refusal, (await cleanup(s.tree)).refusal])
      expect(refusal).toMatchObject({
        kind: 'not-this-worktree',
        path: s.tree,
        there: expect.stringMatching(words),
      });
    const about = orchard.snapshot().suggestions.filter(({ worktree }) => worktree === row(s.tree).id);
    expect(about).toEqual([]);
  });
  expect(await refs(s)).toBe(before);
}

for (const place of ['inside', 'beside'] as const)
  test(`a worktree ${place} the main one whose .git is gone is none`, async () => {
    const s = await scene(place);
    await rm(join(s.tree, '.git'));
    await refused(s, /\.git file is gone/);
  });

test('an unrelated repository that was cloned at the place is not the worktree', async () => {
  const s = await scene();
  const other = await s.sandbox.repository('unrelated');
  await rm(s.tree, { recursive: true });
  await s.sandbox.git(s.sandbox.root, 'clone', '-q', other, s.tree);
  await refused(s, /Another repository is there/);
});

test('a .git file that leads to another worktree, nowhere, or says nothing is no proof', async () => {
  const s = await scene();
  const second = await s.sandbox.worktree(s.main, join(s.sandbox.root, 'second'), 'second');
  await cp(join(second, '.git'), join(s.tree, '.git'));
  await refused(s, /leads to .*second: another worktree/);
  await writeFile(join(s.tree, '.git'), 'gitdir: /nowhere/at/all\n');
  await refused(s, /leads to \/nowhere\/at\/all, which is not there/);
  await writeFile(join(s.tree, '.git'), 'nonsense\n');
  await refused(s, /can’t be understood/);
});

test('a worktree that is away is missing; the one copied from it is no row', async () => {
  const s = await scene();
  const moved = join(s.sandbox.root, 'moved');
  await cp(s.tree, join(s.sandbox.root, 'copy'), { recursive: true });
  await rename(s.tree, moved);
  await oneLook(s.sandbox, [s.main], async ({ rows, row, merge }) => {
    expect([...rows.keys()]).toEqual([s.main, s.tree]);
    expect(row(s.tree)).toMatchObject({ missing: true });
    expect((await merge(s.tree)).refusal).toMatchObject({ kind: 'worktree-missing' });
  });
});

test('core.worktree of a worktree that leads elsewhere is told, and nothing is done', async () => {
  const s = await scene();
  const elsewhere = join(s.sandbox.root, 'elsewhere');
  await mkdir(elsewhere);
  await s.sandbox.git(s.main, 'config', 'extensions.worktreeConfig', 'true');
  await s.sandbox.git(s.tree, 'config', '--worktree', 'core.worktree', elsewhere);
  await refused(s, /core\.worktree is .*elsewhere/);
});

test('core.bare=true beside a checkout is a corruption that is named, and nothing is touched', async () => {
  const s = await scene();
  await s.sandbox.git(s.main, 'config', 'core.bare', 'true');
  const before = await readFile(join(s.main, '.git/config'), 'utf8');
  await refused(s, /core\.bare=true/);
  await oneLook(s.sandbox, [s.main], async ({ row, orchard }) => {
    expect(row(s.main)).toMatchObject({ isMain: true, problem: expect.stringMatching(/core\.bare=true/) });
    expect(
      orchard
        .snapshot()
        .problems.map(({ message }) => message)
        .join(),
    ).toMatch(/core\.bare=true/);
    const planned = await orchard.handlers['repository.planSpawn']({
      repositoryId: orchard.snapshot().repositories[0]?.id ?? '',
      task: 'something',
      name: null,
      base: null,
      preload: 'none',
      quick: false,
    });
    expect(planned).toMatchObject({ ok: false, error: { kind: 'not-this-worktree' } });
    const checks = await orchard.handlers['doctor.run']({});
    expect(JSON.stringify(checks)).toMatch(/core\.bare=true/);
  });
  expect(await readFile(join(s.main, '.git/config'), 'utf8')).toBe(before);
});

test('worktrees by a symbolic link, of a separate git directory and of a bare repository are proven', async () => {
  const s = await scene();
  const alias = join(s.sandbox.root, 'alias');
  await symlink(s.tree, alias);
  await writeFile(join(s.entry, 'gitdir'), `${join(alias, '.git')}\n`);
  await oneLook(s.sandbox, [alias], async ({ row, merge }) => {
    expect(row(s.tree).problem).toBe(null);
    expect((await merge(s.tree)).refusal).toBe(null);
  });

  const separate = join(s.sandbox.root, 'separate');
  await s.sandbox.git(
    s.sandbox.root,
    'clone',
    '-q',
    '--separate-git-dir',
    `${separate}.store`,
    s.main,
    separate,
  );
  const beside = await s.sandbox.worktree(separate, join(s.sandbox.root, 'beside'), 'beside');
  await s.sandbox.commit(beside, { 'more.txt': 'more\n' });
  await oneLook(s.sandbox, [separate], async ({ row, merge, cleanup }) => {
    expect([row(separate).problem, row(beside).problem]).toEqual([null, null]);
    expect((await merge(beside)).refusal).toBe(null);
    expect((await cleanup(beside)).refusal).toMatchObject({ kind: 'not-merged' });
  });

  const bare = join(s.sandbox.root, 'store/.bare');
  await s.sandbox.git(s.sandbox.root, 'clone', '-q', '--bare', s.main, bare);
  const work = await s.sandbox.worktree(bare, join(s.sandbox.root, 'store/work'), 'work');
  await s.sandbox.commit(work, { 'more.txt': 'more\n' });
  await oneLook(s.sandbox, [work], async ({ row, merge }) => {
    expect(row(work).problem).toBe(null);
    expect((await merge(work)).refusal).toBe(null);
  });
});

test('what came to the place between plan and execution stops the merge and the cleanup', async () => {
  const s = await scene();
  const before = await refs(s);
  await oneLook(s.sandbox, [s.main], async ({ merge, cleanup, orchard }) => {
    const plans = [await merge(s.tree), await cleanup(s.tree)];
    await rm(join(s.tree, '.git'));
    await s.sandbox.git(s.tree, 'init', '-q');
    const merged = await orchard.handlers['worktree.merge']({ token: plans[0]?.token ?? '', approve: true });
    expect(merged).toMatchObject({ ok: false, error: { kind: 'not-this-worktree' } });
    const cleaned = await orchard.handlers['worktree.cleanup']({
      token: plans[1]?.token ?? '',
      approve: true,
    });
    expect(cleaned).toMatchObject({ ok: false, error: { kind: 'not-this-worktree' } });
  });
  expect(await refs(s)).toBe(before);
});
