/**
 * The system gives no more watches: nothing breaks, the person is told, the rows still become true, other
 * programs get theirs, and watching begins by itself when there are watches again.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import type { Snapshot, WorktreeView } from '../../../src-main/contract/snapshot';
import { systemWatch, type WatchFunction } from '../../../src-main/git/observe/watch/directory-watches';
import { fairShare, readWatchLimits } from '../../../src-main/git/observe/watch/watch-limit';
import { createManualClock } from '../../support/manual-clock';
import { createObserving } from '../../support/observing';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';
import { startProduct } from '../../support/whole-product';

const DIRECTORIES = 30;

async function scene() {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  await sandbox.commit(
    main,
    Object.fromEntries(Array.from({ length: DIRECTORIES }, (_, n) => [`src/d${n}/file.txt`, `${n}\n`])),
  );
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const other = await sandbox.worktree(main, join(sandbox.root, 'other'), 'other');
  return { sandbox, main, side, other };
}

/** The real limit, lowered for one product and what is started beside it; the machine keeps its own. */
async function limited(ctx: TestContext) {
  if (process.platform !== 'linux') ctx.skip('limits of inotify are Linux’s');
  const one = await scene();
  const product = await startProduct(one.sandbox, { limited: true });
  try {
    await product.ask('limit', { what: 'watches', most: 100_000 });
  } catch (error) {
    ctx.skip(`the limits of inotify can’t be lowered for one process here (${String(error).slice(0, 80)})`);
  }
  const spare: string[] = [];
  for (let n = 0; n < 400; n++) spare.push(join(one.sandbox.root, 'spare', `${n}`));
  await Promise.all(spare.map((directory) => mkdir(directory, { recursive: true })));
  const rows = async (): Promise<readonly WorktreeView[]> =>
    (await product.ask('snapshot')).repositories.flatMap(({ worktrees }) => worktrees);
  const until = (path: string, good: (row: WorktreeView) => boolean) =>
    poll(
      async () => (await rows()).find((row) => row.path === path),
      (row) => row !== undefined && good(row),
      { limitMs: 30_000, everyMs: 50, what: `the row of ${path}` },
    );
  const watchingProblems = (snapshot: Snapshot) =>
    snapshot.problems.filter(({ where }) => where === 'watching').map(({ message }) => message);
  const watchingCheck = async () => {
    const found = await product.ask('doctor');
    return found.ok ? found.value.checks.find(({ id }) => id === 'watching') : null;
  };
  return { ...one, product, spare, rows, until, watchingProblems, watchingCheck };
}

/** Sweeps, patrols and second tries come so many times sooner than for a person. */
const FASTER = 20;

test('fs.inotify.max_user_watches is used up by others', async (ctx) => {
  const { sandbox, main, side, other, product, spare, until, rows, watchingProblems, watchingCheck } =
    await limited(ctx);
  await product.ask('limit', { what: 'watches', most: 400 });
  // Orchard might have 200 of them; somebody else left 60: enough for git's directories, not for files.
  const greedy = await product.hog(spare.slice(0, 340));
  expect(greedy).toMatchObject({ taken: 340, code: null });
  const first = await product.ask('start', { repositories: [main], clock: { faster: FASTER } });
  expect(first.complete).toBe(true);
  await poll(
    async () => (await rows()).filter(({ unwatched }) => unwatched !== null).length,
    (count) => count >= 2,
    { limitMs: 30_000, what: 'the refusals' },
  );

  // It is said, once, where a person looks, with the way out.
  const [problem, ...more] = watchingProblems(await product.ask('snapshot'));
  expect(problem).toMatch(
    /^[23] worktrees are looked at now and then instead of being watched, because the system has no file watches left/,
  );
  expect(more).toEqual([]);
  expect(await watchingCheck()).toMatchObject({
    state: 'warning',
    next: expect.stringContaining('max_user_watches'),
  });

  // What was not enough was given back: another program still gets its few.
  const modest = await product.hog(spare.slice(340, 345));
  expect(modest).toMatchObject({ taken: 5, code: null });
  await modest.end();

  // The rows become true all the same.
  const blind = (await rows()).find(({ unwatched, path }) => unwatched !== null && path !== main)?.path ?? '';
  expect([side, other]).toContain(blind);
  await sandbox.write(join(blind, 'src/d7/file.txt'), 'edited\n');
  await until(blind, (row) => row.changes.changed === 1);
  await sandbox.commit(blind, { 'src/d7/file.txt': 'committed\n' }, 'seen without watches');
  await until(blind, (row) => row.lastCommit?.subject === 'seen without watches' && row.ahead === 1);

  // Watches are free again: it tries by itself, and says that all is well.
  await greedy.end();
  for (const path of [main, side, other])
    await until(path, (row) => row.watched === 'files' && row.unwatched === null);
  expect(watchingProblems(await product.ask('snapshot'))).toEqual([]);
  expect(await watchingCheck()).toMatchObject({ state: 'ok' });
  const before = (await product.ask('performance')).watches;
  expect(before.files).toBe(3 * (DIRECTORIES + 2));
  await product.ask('end');
});

test('fs.inotify.max_user_instances is used up: not even git’s directories can be watched', async (ctx) => {
  const { sandbox, main, side, product, until, rows, watchingProblems, watchingCheck } = await limited(ctx);
  await product.ask('limit', { what: 'instances', most: 0 });
  const first = await product.ask('start', { repositories: [main], clock: { faster: FASTER } });
  expect(first.complete).toBe(true);
  await poll(
    async () => (await rows()).filter(({ unwatched }) => unwatched !== null).length,
    (count) => count === 3,
    { limitMs: 30_000, what: 'the refusals' },
  );
  const snapshot = await product.ask('snapshot');
  expect(watchingProblems(snapshot)).toEqual([
    '3 worktrees are looked at now and then instead of being watched, because too many programs watch files already (fs.inotify.max_user_instances).',
  ]);
  expect(snapshot.problems).toContainEqual({
    where: 'project',
    message: expect.stringContaining('Commits are noticed late here'),
  });
  expect(await watchingCheck()).toMatchObject({ state: 'warning' });
  await sandbox.commit(side, { 'src/d3/file.txt': 'committed\n' }, 'seen without anything');
  await until(side, (row) => row.lastCommit?.subject === 'seen without anything' && row.ahead === 1);
  await product.ask('limit', { what: 'instances', most: 128 });
  for (const { path } of await rows()) await until(path, (row) => row.watched === 'files');
  await poll(
    async () => (await product.ask('snapshot')).problems,
    (problems) => problems.length === 0,
    {
      limitMs: 30_000,
      what: 'the problems to go',
    },
  );
  await sandbox.write(join(side, 'src/d4/file.txt'), 'edited\n');
  await until(side, (row) => row.changes.changed === 1);
  expect(product.running()).toBe(true);
  await product.ask('end');
});

test.each(['ENOSPC', 'EMFILE'])(
  'a watch that ends in %s is announced, tried again and got again',
  async (code) => {
    const { sandbox, main, side } = await scene();
    const clock = createManualClock(Date.now());
    let refuse = true;
    const watchFunction: WatchFunction = (path, options, listener) => {
      if (refuse && path.startsWith(join(side, 'src')))
        throw Object.assign(new Error(`${code}: no more`), { code });
      return systemWatch(path, options, listener);
    };
    const observing = await createObserving(sandbox, { clock, watchFunction });
    await observing.open(main);
    const turn = async (ms: number) => {
      clock.advance(ms);
      await observing.quiet();
    };
    await turn(300);
    await turn(300);
    expect(observing.at(side)).toMatchObject({ watched: 'git-only', unwatched: { kind: 'limit' } });
    expect(observing.at(main)).toMatchObject({ watched: 'files', unwatched: null });
    const { watches } = observing.observer.performance();
    // The refused one holds nothing.
    expect(watches.files).toBe(2 * (DIRECTORIES + 2));
    // Tried again and refused again, ever more seldom, without a word.
    const warnings = () => observing.log.lines.filter(({ event }) => event === 'git.watch-files').length;
    expect(warnings()).toBe(1);
    for (let minutes = 0; minutes < 4; minutes += 0.5) await turn(30_000);
    expect(warnings()).toBe(1);
    expect(observing.observer.performance().watches.files).toBe(2 * (DIRECTORIES + 2));
    refuse = false;
    for (let minutes = 0; minutes < 20 && observing.at(side).watched !== 'files'; minutes += 0.5) {
      await turn(30_000);
      await turn(300);
    }
    expect(observing.at(side)).toMatchObject({ watched: 'files', unwatched: null });
    expect(observing.log.lines.filter(({ level }) => level === 'bug')).toEqual([]);
  },
);

test('a limit that is raised is used at the next sweep, and Orchard takes half of it at most', async () => {
  const { sandbox, main, side } = await scene();
  const clock = createManualClock(Date.now());
  let limits = { watches: 90, instances: 128 };
  const observing = await createObserving(sandbox, { clock, watchLimits: async () => limits });
  await observing.open(main);
  const turn = async (ms: number) => {
    clock.advance(ms);
    await observing.quiet();
  };
  await turn(300);
  await turn(300);
  expect(observing.observer.performance().watches.files).toBe(DIRECTORIES + 2);
  const refused = observing.facts().worktrees.flatMap(({ unwatched }) => unwatched ?? []);
  expect(refused).toHaveLength(2);
  expect(refused[0]).toEqual({
    kind: 'budget',
    why: 'there are more directories than Orchard may watch here (45 in all)',
  });
  limits = { watches: 1_000, instances: 128 };
  await turn(31_000);
  await turn(300);
  await turn(300);
  expect(observing.facts().worktrees.map(({ watched }) => watched)).toEqual(['files', 'files', 'files']);
  expect(observing.at(side).unwatched).toBeNull();
});

test('what the machine allows is read, and shared fairly', async () => {
  if (process.platform === 'linux') expect((await readWatchLimits('linux'))?.watches).toBeGreaterThan(0);
  expect(await readWatchLimits('darwin')).toBeNull();
  expect(fairShare(null)).toBe(20_000);
  expect(fairShare({ watches: 8_192, instances: 128 })).toBe(4_096);
  expect(fairShare({ watches: 1_048_576, instances: 128 })).toBe(20_000);
});
