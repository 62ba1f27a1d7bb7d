import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { submoduleWork } from '../../../src-main/git/facts/submodule-work';
import { gitOf } from '../../support/git-command';
import { type CleanupScene, cleanupScene, undone } from '../../support/landing/cleanup-scene';
import { mergeScene } from '../../support/landing/merge-scene';
import { photograph } from '../../support/landing/photograph';
import type { Sandbox } from '../../support/repositories';

/** `libs/my.lib` with `deps/inner` in it, on main; each from a remote of its own. */
async function addSubmodules(repository: string, sandbox: Sandbox): Promise<void> {
  for (const name of ['inner', 'lib']) {
    const seed = await sandbox.repository(`seed-${name}`);
    if (name === 'lib') {
      await sandbox.git(seed, 'submodule', '--quiet', 'add', join(sandbox.root, 'inner.git'), 'deps/inner');
      await sandbox.git(seed, 'commit', '-qm', 'inner');
    }
    await sandbox.git(seed, 'clone', '-q', '--bare', seed, join(sandbox.root, `${name}.git`));
  }
  await sandbox.git(repository, 'submodule', '--quiet', 'add', join(sandbox.root, 'lib.git'), 'libs/my.lib');
  await sandbox.git(repository, 'commit', '-qm', 'lib');
}

interface Scene extends CleanupScene {
  readonly lib: string;
  readonly inner: string;
  readonly entry: string;
  in(directory: string, ...args: string[]): Promise<string>;
}

async function ready(): Promise<Scene> {
  const s = await cleanupScene();
  await addSubmodules(s.repository, s.sandbox);
  await s.inside('merge', '-q', 'main');
  await s.inside('submodule', '--quiet', 'update', '--init', '--recursive');
  await s.sandbox.commit(s.worktree, { 'a.txt': 'a\n' });
  await s.git('merge', '-q', 'feature/login');
  const lib = join(s.worktree, 'libs/my.lib');
  return {
    ...s,
    lib,
    inner: join(lib, 'deps/inner'),
    entry: await s.inside('rev-parse', '--absolute-git-dir'),
    in: (directory, ...args) => s.sandbox.git(directory, ...args),
  };
}

const commitIn = (s: Scene, directory: string) =>
  s.in(directory, 'commit', '-q', '--allow-empty', '-m', 'only here');

test('submodules as their remote has them are no loss', async () => {
  const s = await ready();
  // Fetched tags that lie on no branch, and what the main checkout's own clone has.
  await s.in(join(s.sandbox.root, 'seed-lib'), 'checkout', '-q', '--detach');
  await s.in(join(s.sandbox.root, 'seed-lib'), 'commit', '-q', '--allow-empty', '-m', 'release');
  await s.in(join(s.sandbox.root, 'seed-lib'), 'tag', '-a', '-m', 'v1', 'v1');
  await s.in(join(s.sandbox.root, 'seed-lib'), 'push', '-q', join(s.sandbox.root, 'lib.git'), 'v1');
  await s.in(s.lib, 'fetch', '-q', '--tags');
  const plan = await s.plan();
  expect(plan.losses).toEqual([]);
  expect(plan.refusal).toBeNull();
});

type Case = { readonly make: (s: Scene) => Promise<unknown>; readonly lost: string };
const lonely: Readonly<Record<string, Case>> = {
  'a branch': {
    make: async (s) => {
      await s.in(s.lib, 'checkout', '-q', '-b', 'topic');
      await commitIn(s, s.lib);
      await commitIn(s, s.lib);
      // As recorded again: nothing is to be seen from outside.
      await s.in(s.lib, 'checkout', '-q', '--detach', 'topic~2');
    },
    lost: 'libs/my.lib (2 commits on topic)',
  },
  'a stash': {
    make: async (s) => {
      await s.sandbox.write(join(s.lib, 'README.md'), 'stashed\n');
      await s.in(s.lib, 'stash', '-q');
    },
    lost: 'libs/my.lib (1 stash)',
  },
  'a tag of one’s own': {
    make: async (s) => {
      await s.in(s.lib, 'checkout', '-q', '--detach');
      await commitIn(s, s.lib);
      await s.in(s.lib, 'tag', 'keep');
      await s.in(s.lib, 'checkout', '-q', '--detach', 'HEAD~1');
    },
    lost: 'libs/my.lib (1 commit on tag keep)',
  },
  'a branch of a nested one': {
    make: async (s) => {
      await s.in(s.inner, 'checkout', '-q', '-b', 'deep');
      await commitIn(s, s.inner);
      await s.in(s.inner, 'checkout', '-q', '--detach', 'HEAD~1');
    },
    lost: 'libs/my.lib/deps/inner (1 commit on deep)',
  },
  'one that is no longer checked out': {
    make: async (s) => {
      await s.in(s.lib, 'checkout', '-q', '-b', 'topic');
      await commitIn(s, s.lib);
      await s.in(s.worktree, 'submodule', '--quiet', 'deinit', '-f', 'libs/my.lib');
    },
    lost: 'libs/my.lib (1 commit on topic)',
  },
  'a HEAD that the branch records': {
    make: async (s) => {
      await s.in(s.lib, 'checkout', '-q', '--detach');
      await commitIn(s, s.lib);
      await s.sandbox.git(s.worktree, 'commit', '-qam', 'newer lib');
      await s.git('merge', '-q', 'feature/login');
    },
    lost: 'libs/my.lib (1 commit on its HEAD)',
  },
};

for (const [what, { make, lost }] of Object.entries(lonely))
  test(`commits only in a submodule (${what}) stop a cleanup by name; abandoned, they come back`, async () => {
    const s = await ready();
    await make(s);
    const plan = await s.plan();
    expect(plan.refusal).toMatchObject({ kind: 'submodule-work', submodules: [lost], stopped: 'cleanup' });
    expect(plan.losses).toContain(`only in its submodule: ${lost}`);
    const before = [await photograph(s.worktree), await photograph(s.entry)];
    await s.clean({ abandon: 'tried it' });
    await undone(s);
    expect([await photograph(s.worktree), await photograph(s.entry)]).toEqual(before);
  });

test('pushed from there, or kept by the main checkout, they stop nothing', async () => {
  const s = await ready();
  await s.in(s.lib, 'checkout', '-q', '-b', 'topic');
  await commitIn(s, s.lib);
  await s.in(s.lib, 'checkout', '-q', '--detach', 'HEAD~1');
  expect((await s.plan()).refusal).toMatchObject({ kind: 'submodule-work' });
  const main = join(s.repository, 'libs/my.lib');
  await s.in(main, 'fetch', '-q', s.lib, 'topic:from-worktree');
  expect((await s.plan()).refusal).toBeNull();
  await s.in(main, 'branch', '-q', '-D', 'from-worktree');
  await rm(join(s.repository, '.git/modules/libs/my.lib/FETCH_HEAD'));
  expect((await s.plan()).refusal).toMatchObject({ kind: 'submodule-work' });
  await s.in(s.lib, 'push', '-q', 'origin', 'topic');
  expect((await s.plan()).refusal).toBeNull();
});

test('files committed nowhere are named, also where git is told to ignore them', async () => {
  const s = await ready();
  await s.inside('config', 'submodule.libs/my.lib.ignore', 'all');
  await s.sandbox.write(join(s.lib, 'README.md'), 'edited\n');
  await s.sandbox.write(join(s.inner, 'new file'), 'new\n');
  expect(await s.inside('status', '--porcelain')).toBe('');
  const plan = await s.plan();
  expect(plan.refusal).toMatchObject({
    kind: 'unsaved-work',
    files: expect.arrayContaining(['libs/my.lib/README.md', 'libs/my.lib/deps/inner/new file']) as string[],
  });
  await s.in(s.lib, 'checkout', '-q', '--', 'README.md');
  await rm(join(s.inner, 'new file'));
  await s.in(s.lib, 'update-index', '--skip-worktree', 'README.md');
  await s.sandbox.write(join(s.lib, 'README.md'), 'hidden\n');
  expect((await s.plan()).refusal).toMatchObject({
    kind: 'unsaved-work',
    files: ['libs/my.lib/README.md'],
  });
});

test('a repository that lies in the worktree itself counts, and one away with its disk is still looked at', async () => {
  const s = await ready();
  const own = join(s.worktree, 'vendored');
  await mkdir(own);
  await s.in(own, 'init', '-q');
  await commitIn(s, own);
  await s.inside('-c', 'advice.addEmbeddedRepo=false', 'add', 'vendored');
  await s.inside('commit', '-qm', 'vendored');
  await s.git('merge', '-q', 'feature/login');
  expect((await s.plan()).refusal).toMatchObject({
    kind: 'submodule-work',
    submodules: ['vendored (1 commit on main)'],
  });
  await s.in(s.lib, 'checkout', '-q', '-b', 'topic');
  await commitIn(s, s.lib);
  await rename(s.worktree, `${s.worktree}-away`);
  const found = await submoduleWork(
    gitOf(s.sandbox),
    { path: null, gitDir: s.entry },
    join(s.repository, '.git'),
  );
  expect(found).toMatchObject({ ok: true, value: [{ name: 'libs/my.lib', commits: 1, on: ['topic'] }] });
});

test('a push stops for a submodule commit that nobody else could fetch, a nested or passing one included', async () => {
  const s = await mergeScene({
    async prepare(repository, sandbox) {
      await addSubmodules(repository, sandbox);
      await sandbox.git(repository, 'clone', '-q', '--bare', repository, join(sandbox.root, 'origin.git'));
      await sandbox.git(repository, 'remote', 'add', 'origin', join(sandbox.root, 'origin.git'));
      await sandbox.git(repository, 'fetch', '-q');
      await sandbox.git(repository, 'branch', '-q', '-u', 'origin/main');
    },
  });
  await s.inside('submodule', '--quiet', 'update', '--init', '--recursive');
  const lib = join(s.worktree, 'libs/my.lib');
  const inner = join(lib, 'deps/inner');
  const refused = async (choices: Parameters<typeof s.plan>[0]) => (await s.plan(choices)).refusal;
  expect(await refused({ push: true })).toBeNull();

  await s.sandbox.git(inner, 'commit', '-q', '--allow-empty', '-m', 'inner');
  await s.sandbox.git(lib, 'commit', '-qam', 'newer inner');
  await s.inside('commit', '-qam', 'newer lib');
  expect(await refused({ push: true })).toMatchObject({
    kind: 'submodule-work',
    stopped: 'push',
    submodules: [
      expect.stringMatching(/^libs\/my\.lib \(/),
      expect.stringMatching(/^libs\/my\.lib\/deps\/inner \(/),
    ],
  });
  expect(await refused({ push: false })).toBeNull();
  expect(await refused({ strategy: 'pr' })).toMatchObject({ kind: 'submodule-work' });

  await s.sandbox.git(lib, 'push', '-q', 'origin', 'HEAD:refs/heads/topic');
  expect(await refused({ push: true })).toMatchObject({
    submodules: [expect.stringMatching(/deps\/inner \(/)],
  });
  await s.sandbox.git(inner, 'push', '-q', 'origin', 'HEAD:refs/heads/topic');
  expect(await refused({ push: true })).toBeNull();

  // One that a later commit replaces: a merge commit carries both, a squash only the last.
  await s.sandbox.git(lib, 'commit', '-q', '--allow-empty', '-m', 'passing');
  await s.inside('commit', '-qam', 'passing');
  await s.sandbox.git(lib, 'checkout', '-q', '--detach', 'HEAD~1');
  await s.inside('commit', '-qam', 'back again');
  expect(await refused({ push: true })).toMatchObject({ kind: 'submodule-work' });
  expect(await refused({ push: true, strategy: 'squash' })).toBeNull();
  expect(await readFile(join(s.worktree, '.gitmodules'), 'utf8')).toContain('my.lib');
});
