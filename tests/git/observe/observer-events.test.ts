import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTaskRecords } from '../../../src-main/git/kept/task-records';
import { systemWatch, type WatchFunction } from '../../../src-main/git/observe/watch/directory-watches';
import { createWatchBudget } from '../../../src-main/git/observe/watch/watch-budget';
import { createObserving } from '../../support/observing';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';

async function twoWorktrees(options: Parameters<typeof createObserving>[1] = {}) {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'feature/side');
  const observing = await createObserving(sandbox, options);
  const [location] = await observing.open(main);
  if (location === undefined) throw new Error('no repository');
  return { sandbox, main, side, location, ...observing };
}

test('an edit of a tracked file costs one process, and the row follows', async () => {
  const { sandbox, side, until, watched, calls, at } = await twoWorktrees();
  await watched();
  const before = calls.length;
  await sandbox.write(join(side, 'src/one.txt'), 'other');
  await until(side, (row) => row.changes.changed === 1);
  expect(calls.slice(before).map((call) => call.args[0])).toEqual(['status']);
  expect(calls.at(-1)?.args).toContain(':(top,literal)src/one.txt');
  await sandbox.write(join(side, 'src/one.txt'), 'one\ntwo\nthree\n');
  await until(side, (row) => row.changes.changed === 0);
  await rm(join(side, 'src/one.txt'));
  await until(side, (row) => row.changes.changed === 1);
  expect(at(side).lastActivityAt).toBeGreaterThan(Date.now() - 60_000);
});

test('a commit, an amend, a checkout, a reset', async () => {
  const { sandbox, side, until, watched } = await twoWorktrees();
  await watched();
  await sandbox.commit(side, { 'src/one.txt': 'x' }, 'a commit');
  await until(
    side,
    (row) => row.ahead === 1 && row.lastCommit?.subject === 'a commit' && row.changes.changed === 0,
  );
  await sandbox.git(side, 'commit', '-q', '--amend', '-m', 'amended');
  await until(side, (row) => row.ahead === 1 && row.lastCommit?.subject === 'amended');
  await sandbox.git(side, 'checkout', '-q', '-b', 'other', 'main');
  await until(
    side,
    (row) => row.branch === 'other' && row.ahead === 0 && row.lastCommit?.subject === 'first',
  );
  await sandbox.git(side, 'checkout', '-q', '--detach');
  await until(side, (row) => row.branch === null && row.lastCommit?.subject === 'first');
  await sandbox.git(side, 'checkout', '-q', 'feature/side');
  await until(side, (row) => row.branch === 'feature/side' && row.ahead === 1);
  await sandbox.git(side, 'reset', '-q', '--soft', 'HEAD~1');
  await until(side, (row) => row.ahead === 0 && row.changes.staged === 1);
});

test('a commit on the base moves the distance of every worktree', async () => {
  const { sandbox, main, side, until, watched } = await twoWorktrees();
  await watched();
  await sandbox.commit(main, { 'b.txt': 'b' }, 'on main');
  await until(side, (row) => row.behind === 1);
  await until(main, (row) => row.behind === 0 && row.lastCommit?.subject === 'on main');
});

test('git worktree add, move, lock and remove', async () => {
  const { sandbox, main, until, watched, facts, quiet } = await twoWorktrees();
  await watched();
  const added = await sandbox.worktree(main, join(sandbox.root, 'added'), 'added');
  await until(added, (row) => row.branch === 'added' && !row.missing && row.watched === 'files');
  await quiet();
  await sandbox.write(join(added, 'src/new.txt'), 'x');
  await until(added, (row) => row.changes.untracked === 1);
  await sandbox.git(main, 'worktree', 'lock', '--reason', 'mine', added);
  await until(added, (row) => row.lockReason === 'mine');
  await sandbox.git(main, 'worktree', 'unlock', added);
  const moved = join(sandbox.root, 'moved');
  await sandbox.git(main, 'worktree', 'move', added, moved);
  await until(
    moved,
    (row) => row.branch === 'added' && row.changes.untracked === 1 && row.watched === 'files',
  );
  expect(facts().worktrees.map((row) => row.path)).not.toContain(added);
  await sandbox.git(main, 'worktree', 'remove', '--force', moved);
  await poll(
    () => facts().worktrees.length,
    (count) => count === 2,
    { what: 'the row to go' },
  );
});

test('a directory that is created with files in it at once', async () => {
  const { sandbox, side, until, watched, quiet, at } = await twoWorktrees();
  await watched();
  // Filled elsewhere and moved in: no event ever comes for what is inside.
  await sandbox.write(join(sandbox.root, 'filled/deep/er/file.txt'), 'x');
  await rename(join(sandbox.root, 'filled'), join(side, 'src/filled'));
  await until(side, (row) => row.changes.untracked === 1);
  await quiet();
  // Its directories are watched now: staged and committed, an edit deep inside is seen.
  await sandbox.git(side, 'add', '-A');
  await until(side, (row) => row.changes.staged === 1 && row.changes.untracked === 0);
  await sandbox.write(join(side, 'src/filled/deep/er/file.txt'), 'y');
  await until(side, (row) => row.changes.changed === 1);
  await sandbox.write(join(side, 'src/filled/deep/er/second.txt'), 'y');
  await until(side, (row) => row.changes.untracked === 1);
  await rm(join(side, 'src/filled'), { recursive: true });
  await until(side, (row) => row.changes.untracked === 0 && row.changes.changed === 1);
  expect(at(side).changes.staged).toBe(1);
});

test('an ignored directory is never watched, however much happens in it', async () => {
  const { sandbox, side, until, watched, quiet, observer, calls } = await twoWorktrees();
  await sandbox.commit(side, { '.gitignore': 'node_modules/\n*.log\n' }, 'ignore');
  await watched();
  await until(side, (row) => row.lastCommit?.subject === 'ignore');
  await quiet();
  const watches = observer.performance().watches.files;
  for (let n = 0; n < 30; n++) await sandbox.write(join(side, `node_modules/p${n}/lib/index.js`), 'x');
  await quiet();
  expect(observer.performance().watches.files).toBe(watches);
  const before = calls.length;
  for (let n = 0; n < 30; n++) await sandbox.write(join(side, `node_modules/p${n}/lib/index.js`), 'y');
  await quiet();
  expect(calls.length).toBe(before);
});

test('a changed .gitignore shows and hides files, and what is worth watching', async () => {
  const { sandbox, side, until, watched, quiet } = await twoWorktrees();
  await sandbox.write(join(side, 'build/out.js'), 'x');
  await watched();
  await until(side, (row) => row.changes.untracked === 1);
  await sandbox.write(join(side, '.gitignore'), 'build/\n');
  await until(side, (row) => row.changes.untracked === 1);
  await quiet();
  await rm(join(side, '.gitignore'));
  await until(side, (row) => row.changes.untracked === 1);
  await quiet();
  await rm(join(side, 'build/out.js'));
  await until(side, (row) => row.changes.untracked === 0);
});

test('info/exclude counts for all worktrees', async () => {
  const { sandbox, main, side, until, watched } = await twoWorktrees();
  await sandbox.write(join(side, 'scratch'), 'x');
  await sandbox.write(join(main, 'scratch'), 'x');
  await watched();
  await until(side, (row) => row.changes.untracked === 1);
  await writeFile(join(main, '.git/info/exclude'), 'scratch\n');
  await until(side, (row) => row.changes.untracked === 0);
  await until(main, (row) => row.changes.untracked === 0);
});

test('packing the refs changes nothing, and a branch that lives there is still followed', async () => {
  const { sandbox, main, side, until, watched, quiet, at } = await twoWorktrees();
  await sandbox.commit(side, { x: 'x' }, 'one');
  await watched();
  await until(side, (row) => row.ahead === 1);
  await sandbox.git(main, 'pack-refs', '--all', '--prune');
  await quiet();
  expect(at(side)).toMatchObject({ branch: 'feature/side', ahead: 1, lastCommit: { subject: 'one' } });
  await sandbox.commit(side, { y: 'y' }, 'two');
  await until(side, (row) => row.ahead === 2 && row.lastCommit?.subject === 'two');
});

test('a rebase of many commits is a few refreshes, with the truth at the end', async () => {
  const { sandbox, main, side, until, watched, quiet, calls } = await twoWorktrees();
  for (let n = 0; n < 40; n++) await sandbox.commit(side, { [`f${n}`]: `${n}` }, `number ${n}`);
  await sandbox.commit(main, { b: 'b' }, 'moved');
  await watched();
  await until(side, (row) => row.behind === 1 && row.ahead === 40);
  await quiet();
  const before = calls.length;
  await sandbox.git(side, 'rebase', '-q', 'main');
  await until(
    side,
    (row) => row.behind === 0 && row.ahead === 40 && row.ongoing === null && row.branch === 'feature/side',
  );
  await quiet();
  expect(calls.length - before).toBeLessThan(40);
});

test('a storm of 500 files is a few refreshes', async () => {
  const { sandbox, side, until, watched, quiet, calls } = await twoWorktrees();
  await mkdir(join(side, 'many'));
  await sandbox.write(join(side, 'many/0'), 'x');
  await watched();
  await until(side, (row) => row.changes.untracked === 1);
  await quiet();
  const before = calls.length;
  for (let n = 0; n < 500; n++) {
    await writeFile(join(side, `file${n}`), `${n}`);
    if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(side, (row) => row.changes.untracked === 501);
  await quiet();
  expect(calls.length - before).toBeLessThan(10);
});

test('a task record shows on its row, gives it its base, and a broken one is left out and said', async () => {
  const { sandbox, main, side, location, until, watched, log, at } = await twoWorktrees();
  await watched();
  await sandbox.git(main, 'branch', 'release', 'main');
  await sandbox.commit(main, { m: 'm' }, 'main goes on');
  const records = createTaskRecords({ log });
  const record = {
    version: 1 as const,
    entry: 'side',
    path: side,
    task: 'mend the fence',
    branch: 'feature/side',
    base: 'release',
    createdAt: new Date().toISOString(),
    createdAtCommit: await sandbox.git(main, 'rev-parse', 'release'),
    quick: false,
    sessionId: null,
    spawnedAt: new Date().toISOString(),
    copies: {},
    group: null,
  };
  expect(await records.write(location, record)).toEqual({ ok: true, value: undefined });
  const row = await until(side, (one) => one.record?.task === 'mend the fence');
  expect(row).toMatchObject({ base: 'release', behind: 0 });
  expect(await records.update(location, 'side', { task: 'paint it' })).toMatchObject({ ok: true });
  await until(side, (one) => one.record?.task === 'paint it');
  await writeFile(join(location.commonDir, 'orchard/tasks/side.json'), '{"version": 1, "entry"');
  await until(side, (one) => one.record === null && one.base === 'main' && one.behind === 1);
  expect(log.lines.some((line) => line.event === 'task-record.broken')).toBe(true);
  expect(await records.list(location)).toEqual([]);
  await records.remove(location, 'side');
  expect(at(main).record).toBeNull();
});

test('a base that has diverged from its upstream is said, and the local one counts', async () => {
  const sandbox = await createSandbox();
  const origin = await sandbox.repository('origin');
  const main = join(sandbox.root, 'clone');
  await sandbox.git(sandbox.root, 'clone', '-q', origin, main);
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  await sandbox.commit(origin, { o: 'o' }, 'on origin');
  await sandbox.git(main, 'fetch', '-q');
  // The upstream contains the local branch: it is the base.
  await observing.until(side, (row) => row.behind === 1 && row.problem === null);
  await observing.until(main, (row) => row.behind === 1);
  await sandbox.commit(main, { l: 'l' }, 'local');
  const row = await observing.until(side, (one) => one.problem !== null);
  expect(row?.problem).toMatch(/main and origin\/main have diverged/);
  expect(row?.behind).toBe(1);
});

test("origin's default branch is the base, whatever it is called", async () => {
  const sandbox = await createSandbox();
  const origin = await sandbox.repository('origin');
  await sandbox.git(origin, 'branch', '-m', 'main', 'develop');
  const main = join(sandbox.root, 'clone');
  await sandbox.git(sandbox.root, 'clone', '-q', origin, main);
  await sandbox.git(main, 'branch', 'master');
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  await sandbox.commit(side, { s: 's' }, 's');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.facts().base).toBe('develop');
  expect(observing.at(side)).toMatchObject({ base: 'develop', ahead: 1, problem: null });
});

test('no watches left: the rows say so, and git directories still tell of commits', async () => {
  const refusing: WatchFunction = (path, options, listener) => {
    if (!path.includes('.git') && !path.endsWith('project'))
      throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
        code: 'ENOSPC',
      });
    return systemWatch(path, options, listener);
  };
  const { sandbox, main, side, until, observer, log } = await twoWorktrees({ watchFunction: refusing });
  await poll(
    () => observer.performance().unwatched.length,
    (count) => count === 2,
    { what: 'the refusals' },
  );
  expect(
    observer
      .performance()
      .unwatched.map((one) => one.path)
      .sort(),
  ).toEqual([main, side].sort());
  expect(observer.performance().watches.files).toBe(0);
  expect(log.lines.filter((line) => line.event === 'git.watch-files')).toHaveLength(2);
  await sandbox.commit(side, { z: 'z' }, 'still seen');
  const row = await until(side, (one) => one.lastCommit?.subject === 'still seen');
  expect(row?.watched).toBe('git-only');
  // A hint (a transcript grew) is enough for a look.
  await sandbox.write(join(side, 'hinted'), 'x');
  observer.hint(join(side, 'src'));
  await until(side, (one) => one.changes.untracked === 1);
});

test('a budget that is too small leaves files unwatched and gives everything back', async () => {
  const budget = createWatchBudget(3);
  const { side, until, observer } = await twoWorktrees({ budget });
  await poll(
    () => observer.performance().unwatched.length,
    (count) => count === 1,
    { what: 'one refusal' },
  );
  expect(budget.taken).toBe(2);
  await until(side, (row) => row.watched === 'git-only');
  await observer.dispose();
  expect(budget.taken).toBe(0);
});

test('what is no longer wanted is no longer watched or told', async () => {
  const { sandbox, side, watched, observer, seen, quiet } = await twoWorktrees();
  await watched();
  await observer.observe([]);
  expect(observer.performance()).toMatchObject({ repositories: 0, watches: { git: 0, files: 0 } });
  const before = seen.length;
  await sandbox.write(join(side, 'unseen'), 'x');
  await quiet();
  expect(seen.length).toBe(before);
});
