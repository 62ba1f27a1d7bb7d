import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { createObserving } from '../../support/observing';
import { createSandbox } from '../../support/repositories';

test('a directory deep inside, behind a symlink, belongs to its repository', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, join(sandbox.root, 'wt'), 'side');
  await mkdir(join(linked, 'deep/er'), { recursive: true });
  await symlink(linked, join(sandbox.root, 'link'));
  const { observer } = await createObserving(sandbox);
  const location = await observer.locate(main);
  expect(location).toMatchObject({ name: 'project', root: main, isBare: false });
  expect(location?.id).toMatch(/^r-[0-9a-f]{12}$/);
  expect(await observer.locate(join(sandbox.root, 'link/deep/er'))).toEqual(location);
  expect(await observer.locate(join(main, '.git'))).toEqual(location);
  expect(await observer.locate(sandbox.home)).toBeNull();
  expect(await observer.locate(join(sandbox.root, 'nowhere'))).toBeNull();
});

test('a .git that leads nowhere is no repository, and not the one above', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const inner = join(main, 'inner');
  await sandbox.write(join(inner, '.git'), 'gitdir: /nowhere/at/all\n');
  const { observer } = await createObserving(sandbox);
  expect(await observer.locate(inner)).toBeNull();
});

test('a bare repository with worktrees has no main row', async () => {
  const sandbox = await createSandbox();
  const source = await sandbox.repository('source');
  const bare = join(sandbox.root, 'tool.git');
  await sandbox.git(sandbox.root, 'clone', '-q', '--bare', source, bare);
  const one = await sandbox.worktree(bare, join(sandbox.root, 'one'), 'one', 'main');
  const observing = await createObserving(sandbox);
  const [location] = await observing.open(one);
  expect(location).toMatchObject({ name: 'tool', root: bare, commonDir: bare, isBare: true });
  expect(await observing.observer.locate(bare)).toEqual(location);
  expect(observing.facts().worktrees.map((row) => [row.path, row.isMain])).toEqual([[one, false]]);
  expect(observing.facts().base).toBe('main');
  await observing.watched();
  await sandbox.write(join(one, 'x'), 'x');
  await observing.until(one, (row) => row.changes.untracked === 1);
});

test('a project that hides its bare repository in .bare is named after the project', async () => {
  const sandbox = await createSandbox();
  const source = await sandbox.repository('source');
  const project = join(sandbox.root, 'shop');
  await sandbox.git(sandbox.root, 'clone', '-q', '--bare', source, join(project, '.bare'));
  await writeFile(join(project, '.git'), 'gitdir: ./.bare\n');
  const tree = await sandbox.worktree(project, join(project, 'main'), 'work', 'main');
  const observing = await createObserving(sandbox);
  const [location] = await observing.open(project);
  expect(location).toMatchObject({ name: 'shop', isBare: true });
  expect(observing.facts().worktrees.map((row) => row.path)).toEqual([tree]);
});

test('a repository without commits', async () => {
  const sandbox = await createSandbox();
  const fresh = join(sandbox.root, 'fresh');
  await sandbox.git(sandbox.root, 'init', '-q', '-b', 'trunk', fresh);
  const observing = await createObserving(sandbox);
  await observing.open(fresh);
  expect(observing.at(fresh)).toMatchObject({
    branch: 'trunk',
    head: null,
    lastCommit: null,
    ahead: 0,
    behind: 0,
    problem: null,
  });
  expect(observing.facts()).toMatchObject({ base: 'trunk', problem: null });
  await observing.watched();
  await sandbox.write(join(fresh, 'a'), 'a');
  await observing.until(fresh, (row) => row.changes.untracked === 1);
  await sandbox.commit(fresh, { a: 'a' }, 'very first');
  await observing.until(fresh, (row) => row.lastCommit?.subject === 'very first');
  expect(observing.at(fresh).changes.untracked).toBe(0);
});

test('a detached worktree has no branch, and its commit', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const first = await sandbox.git(main, 'rev-parse', 'HEAD');
  await sandbox.commit(main, { b: 'b' }, 'second');
  const side = join(sandbox.root, 'side');
  await sandbox.git(main, 'worktree', 'add', '-q', '--detach', side, first);
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(side)).toMatchObject({
    branch: null,
    head: first,
    lastCommit: { sha: first, subject: 'first' },
    ahead: 0,
    behind: 1,
  });
});

test('a submodule is its own repository', async () => {
  const sandbox = await createSandbox();
  const library = await sandbox.repository('library');
  const main = await sandbox.repository();
  await sandbox.git(main, 'submodule', '--quiet', 'add', library, 'vendor/library');
  await sandbox.git(main, 'commit', '-q', '-m', 'add the library');
  const sub = join(main, 'vendor/library');
  const observing = await createObserving(sandbox);
  const outer = await observing.observer.locate(main);
  const inner = await observing.observer.locate(join(sub, 'src'));
  expect(inner).toMatchObject({ name: 'library', root: sub, isBare: false });
  expect(inner?.id).not.toBe(outer?.id);
  await observing.open(sub);
  expect(observing.at(sub)).toMatchObject({ isMain: true, missing: false, problem: null });
  await sandbox.write(join(sub, 'extra'), 'x');
  await observing.observer.refresh(null);
  expect(observing.at(sub).changes.untracked).toBe(1);
});

test('a change inside a submodule shows on its parent', async () => {
  const sandbox = await createSandbox();
  const library = await sandbox.repository('library');
  const main = await sandbox.repository();
  await sandbox.git(main, 'submodule', '--quiet', 'add', library, 'vendor/library');
  await sandbox.git(main, 'commit', '-q', '-m', 'add the library');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await sandbox.write(join(main, 'vendor/library/README.md'), 'other');
  await observing.observer.refresh(null);
  expect(observing.at(main).changes.changed).toBe(1);
});

test('a worktree that was deleted by hand, and one that is away for a while', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const gone = await sandbox.worktree(main, join(sandbox.root, 'gone'), 'gone');
  const away = await sandbox.worktree(main, join(sandbox.root, 'away'), 'away');
  await rm(gone, { recursive: true });
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(gone)).toMatchObject({ missing: true, branch: 'gone', problem: null });
  expect(observing.at(away)).toMatchObject({ missing: false });
  await observing.watched(2);

  await rename(away, `${away}.unmounted`);
  await observing.until(away, (row) => row.missing);
  await rename(`${away}.unmounted`, away);
  // Nothing tells of a mount; the sweep sees it, and so does asking.
  await observing.observer.refresh(null);
  expect(observing.at(away)).toMatchObject({ missing: false, branch: 'away' });
  await observing.watched(2);
  await sandbox.write(join(away, 'back'), 'x');
  await observing.until(away, (row) => row.changes.untracked === 1);
});

test('locked, with a reason of several words and without', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const one = await sandbox.worktree(main, join(sandbox.root, 'one'), 'one');
  const two = await sandbox.worktree(main, join(sandbox.root, 'two'), 'two');
  await sandbox.git(main, 'worktree', 'lock', '--reason', 'claude session 12 (pid 34)\nsecond line', one);
  await sandbox.git(main, 'worktree', 'lock', two);
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(one)).toMatchObject({
    locked: true,
    lockReason: 'claude session 12 (pid 34)\nsecond line',
  });
  expect(observing.at(two)).toMatchObject({ locked: true, lockReason: null });
  await observing.watched();
  await sandbox.git(main, 'worktree', 'unlock', one);
  await observing.until(one, (row) => !row.locked);
});

test('nested worktrees count for themselves, not for the one around them', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const nested = await sandbox.worktree(main, join(main, '.claude/worktrees/fix'), 'fix');
  await sandbox.write(join(nested, 'inside.txt'), 'x');
  const observing = await createObserving(sandbox);
  await observing.open(nested);
  expect(observing.at(main).changes.untracked).toBe(0);
  expect(observing.at(nested).changes.untracked).toBe(1);
  await observing.watched();
  await sandbox.write(join(nested, 'again.txt'), 'x');
  await observing.until(nested, (row) => row.changes.untracked === 2);
  await sandbox.write(join(main, '.claude/settings.json'), '{}');
  await observing.until(main, (row) => row.changes.untracked === 1);
  await observing.quiet();
  expect(observing.at(main).changes.untracked).toBe(1);
});

test.each([
  ['spaces', 'with some spaces'],
  ['quotes', `it's "quoted"`],
  ['a dollar', '$HOME and $(id)'],
  ['a newline', 'two\nlines'],
  ['an emoji', '🌳 orchard ü'],
  ['a leading dash', '-rf'],
  ['pathspec magic', ':(top)*[x]'],
  ['200 characters', 'n'.repeat(200)],
])('names with %s', async (_, name) => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository(name);
  const linked = join(sandbox.root, `wt ${name.slice(0, 190)}`);
  await sandbox.git(main, 'worktree', 'add', '-q', '-b', 'side', linked);
  const observing = await createObserving(sandbox);
  await observing.open(linked);
  expect(observing.facts().location.name).toBe(name);
  expect(observing.at(main)).toMatchObject({ problem: null, name });
  expect(observing.at(linked)).toMatchObject({ problem: null, name: basename(linked), branch: 'side' });
  await observing.watched();
  await sandbox.write(join(linked, name, name), 'x');
  await observing.until(linked, (row) => row.changes.untracked === 1);
  await sandbox.write(join(linked, name, 'more'), 'x');
  await sandbox.write(join(linked, `${name.slice(0, 180)}.txt`), 'x');
  await observing.until(linked, (row) => row.changes.untracked === 2);
  await sandbox.git(linked, 'add', '-A');
  await observing.until(linked, (row) => row.changes.staged === 3 && row.changes.untracked === 0);
  await sandbox.write(join(linked, name, name), 'changed');
  await observing.until(linked, (row) => row.changes.changed === 1);
});

test('a worktree whose .git file is broken says so, and is not read as the repository around it', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const nested = await sandbox.worktree(main, join(main, 'inner'), 'inner');
  await rm(join(nested, '.git'));
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(nested).problem).toMatch(/\.git file/);
  expect(observing.at(main).problem).toBeNull();
});

test('a damaged index is a problem of that row alone', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  await writeFile(join(main, '.git/worktrees/side/index'), 'no index at all, but long enough to be one');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(linked).problem).toMatch(/index is damaged/);
  expect(observing.at(main)).toMatchObject({ problem: null });
});

test('a ref to a missing commit leaves the others readable', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const sha = await sandbox.commit(linked, { x: 'x' }, 'lost');
  await rm(join(main, '.git/objects', sha.slice(0, 2), sha.slice(2)));
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(main)).toMatchObject({ lastCommit: { subject: 'first' } });
  expect(observing.at(linked)).toMatchObject({ head: sha, lastCommit: null });
});

test.each([
  ['merge', 'merge'],
  ['rebase', 'rebase'],
  ['cherry-pick', 'cherry-pick'],
  ['revert', 'revert'],
] as const)('a %s that stopped', async (verb, ongoing) => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, join(sandbox.root, 'side'), 'feature/side');
  await sandbox.commit(linked, { 'README.md': 'side' }, 'side');
  await sandbox.commit(main, { 'README.md': 'main' }, 'main');
  const middle = await sandbox.commit(linked, { 'README.md': 'side two' }, 'side two');
  await sandbox.commit(linked, { 'README.md': 'side three' }, 'side three');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  await sandbox.git(linked, verb, verb === 'revert' ? middle : 'main').catch(() => {});
  const row = await observing.until(linked, (one) => one.ongoing === ongoing && one.changes.conflicted === 1);
  expect(row).toMatchObject({ branch: 'feature/side' });
  await sandbox.git(linked, verb, '--abort');
  await observing.until(linked, (one) => one.ongoing === null && one.changes.conflicted === 0);
  expect(observing.at(linked).branch).toBe('feature/side');
});

test('a bisect keeps its branch', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, join(sandbox.root, 'side'), 'hunt');
  for (const n of ['1', '2', '3', '4']) await sandbox.commit(linked, { n }, `number ${n}`);
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  await sandbox.git(linked, 'bisect', 'start', 'HEAD', 'HEAD~4');
  const row = await observing.until(
    linked,
    (one) => one.ongoing === 'bisect' && one.lastCommit?.subject === 'number 2',
  );
  expect(row?.branch).toBe('hunt');
});
