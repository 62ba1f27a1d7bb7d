import { chmod, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { searchBound, whyKeep } from '../../../src-main/git/cleanup/worth-keeping';
import { type CleanupScene, cleanupScene, undone } from '../../support/landing/cleanup-scene';
import { photograph } from '../../support/landing/photograph';
import { mounted } from '../../support/mounted';
import { asOrdinaryUser } from '../../support/ordinary-user';
import { temporaryDirectory } from '../../support/temporary';

/** A merged worktree that ignores what installs and builds make. */
async function ready(): Promise<CleanupScene> {
  const s = await cleanupScene();
  await s.sandbox.commit(s.worktree, { '.gitignore': 'node_modules/\ndist/\ntarget/\n', 'a.txt': 'a\n' });
  await s.git('merge', '-q', 'feature/login');
  await s.sandbox.write(join(s.worktree, 'node_modules/left-pad/index.js'), 'pad\n');
  return s;
}

const repositories: Readonly<Record<string, (s: CleanupScene) => Promise<string>>> = {
  'a clone, deep': async (s) => {
    const at = 'node_modules/@own/patched/lib';
    await mkdir(join(s.worktree, at), { recursive: true });
    await s.sandbox.git(join(s.worktree, at), 'init', '-q');
    return at;
  },
  'a clone whose git directory is elsewhere': async (s) => {
    const at = 'node_modules/left-pad';
    await s.sandbox.git(s.worktree, 'init', '-q', '--separate-git-dir', join(s.sandbox.root, 'own.git'), at);
    return at;
  },
  'a bare repository': async (s) => {
    const at = 'node_modules/.cache/mirror';
    await s.sandbox.git(s.worktree, 'init', '-q', '--bare', at);
    return at;
  },
  'a repository of another system': async (s) => {
    const at = 'node_modules/other';
    await s.sandbox.write(join(s.worktree, at, '.hg/requires'), 'store\n');
    return at;
  },
  'a name in capitals, as a case-insensitive disk may have it': async (s) => {
    const at = 'node_modules/CAPITALS';
    await s.sandbox.write(join(s.worktree, at, '.GIT/HEAD'), 'ref: refs/heads/main\n');
    return at;
  },
};

for (const [what, make] of Object.entries(repositories))
  test(`an ignored directory that holds ${what} is kept in trash, by name`, async () => {
    const s = await ready();
    const at = await make(s);
    const before = await photograph(s.worktree);
    const plan = await s.plan();
    const inside = at.replace(/^node_modules\//, '');
    expect(plan.notKept).toEqual([]);
    expect(plan.losses).toContain(`ignored, kept in trash: node_modules/ (${inside} is a repository)`);
    expect(plan.refusal).toBeNull();
    await s.clean();
    const done = await undone(s);
    expect(await photograph(s.worktree)).toEqual(before);
    expect(done.restored.join()).not.toContain('make them again');
  });

test('what holds nothing of worth goes at once, links in it included, and undo says so', async () => {
  const s = await ready();
  const outside = join(s.sandbox.root, 'outside');
  await s.sandbox.git(s.sandbox.root, 'init', '-q', outside);
  await symlink(outside, join(s.worktree, 'node_modules/linked'));
  await s.sandbox.write(join(s.worktree, 'target/HEAD'), 'no repository\n');
  const plan = await s.plan();
  expect(plan.notKept).toEqual(['node_modules/', 'target/']);
  expect(plan.losses).toEqual([]);
  await s.clean();
  expect(await readdir(join(outside, '.git'))).toContain('HEAD');
  const done = await undone(s);
  expect(done.restored).toContain('not node_modules/, target/: make them again');
  expect(await readdir(s.worktree)).not.toContain('node_modules');
});

test('what was cloned in there after the plan is kept as well', async () => {
  const s = await ready();
  const { token } = await s.plan();
  // The next look, at execution, sees it: another plan is wanted.
  await s.sandbox.git(s.worktree, 'init', '-q', 'node_modules/late');
  const done = await s.cleaner.cleanup({ token, approve: false });
  expect(done).toMatchObject({ ok: false, error: { kind: 'plan-outdated' } });
});

test('what was cloned into trash before it was freed is kept as well', async () => {
  const s = await ready();
  const { token } = await s.plan();
  const done = await s.cleaner.cleanup({ token, approve: false });
  if (!done.ok) throw new Error(done.error.kind);
  const inTrash = join(s.repository, '.git/orchard/trash', done.value.operation, 'worktree');
  await s.sandbox.git(inTrash, 'init', '-q', 'node_modules/late');
  await s.cleaner.settled();
  const back = await undone(s);
  expect(await readdir(join(s.worktree, 'node_modules'))).toContain('late');
  expect(back.restored.join()).not.toContain('make them again');
});

test('a directory that can’t be read is kept', async () => {
  const directory = join(await temporaryDirectory(), 'node_modules');
  await mkdir(join(directory, 'a/secret'), { recursive: true });
  await chmod(join(directory, 'a/secret'), 0o000);
  onTestFinished(() => chmod(join(directory, 'a/secret'), 0o755));
  const why = await asOrdinaryUser(directory, () => whyKeep(directory, searchBound()));
  expect(why).toBe('a/secret can’t be read');
});

test('a directory in which something is mounted is kept, also from the same disk', async ({ skip }) => {
  const directory = await temporaryDirectory();
  const [packages, other] = [join(directory, 'node_modules'), join(directory, 'other')];
  await mkdir(join(packages, 'with space'), { recursive: true });
  await mkdir(other);
  if (!(await mounted(other, join(packages, 'with space')))) skip('mounting is not allowed here');
  expect(await whyKeep(packages, searchBound())).toBe('something is mounted in it');
});

test('a search that runs out of its bound keeps, and never holds up the event loop', async () => {
  const directory = join(await temporaryDirectory(), 'node_modules');
  for (let at = 0; at < 40; at++) await mkdir(join(directory, `p${at}`, 'lib'), { recursive: true });
  const few = { ...searchBound(), entries: 30 };
  expect(await whyKeep(directory, few)).toBe('it is too large to be looked through');
  let now = 0;
  const slow = { ...searchBound(() => now++), until: 10 };
  expect(await whyKeep(directory, slow)).toBe('it is too large to be looked through');
  expect(await whyKeep(directory, searchBound())).toBeNull();
  await rm(directory, { recursive: true });
  expect(await whyKeep(directory, searchBound())).toBeNull();
  await mkdir(join(directory, '..', 'elsewhere'));
  await symlink('elsewhere', directory);
  expect(await whyKeep(directory, searchBound())).toBe('it is not a plain directory');
});
