/** What is kept between starts, and what time does: the sweep, the patrol. */
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Merged } from '../../../src-main/contract/snapshot';
import type { GitRunner } from '../../../src-main/git/run/git-runner';
import { createManualClock } from '../../support/manual-clock';
import { createObserving, recordingRunner } from '../../support/observing';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';

const deaf = () => ({ close() {}, on: () => deaf() }) as never;

test('a second start shows the last facts, marked stale, before any git ran', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  await sandbox.commit(side, { s: 's' }, 'on the side');
  const first = await createObserving(sandbox);
  await first.open(main);
  const before = first.at(side);
  await first.observer.dispose();

  const cache = join(sandbox.root, 'cache');
  expect((await stat(cache)).mode & 0o777).toBe(0o700);
  const [file] = await readdir(cache);
  expect((await stat(join(cache, file ?? ''))).mode & 0o777).toBe(0o600);

  const second = await createObserving(sandbox);
  const location = await second.observer.locate(main);
  if (location === null) throw new Error('not found');
  let processesAtFirst: number | null = null;
  second.observer.onFacts(() => {
    processesAtFirst ??= second.calls.length;
  });
  await second.observer.observe([location]);
  expect(processesAtFirst).toBe(0);
  const early = second.seen[0]?.worktrees.find((row) => row.path === side);
  expect(early).toEqual({ ...before, stale: true, watched: 'git-only' });
  expect(second.at(side)).toMatchObject({ stale: false, ahead: 1 });
  // Their distance was known from the disk: it was not counted again.
  expect(second.verbs()).not.toContain('rev-list');
});

test('a cache that can not be understood is as good as none', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const first = await createObserving(sandbox);
  const [location] = await first.open(main);
  await first.observer.dispose();
  await writeFile(join(sandbox.root, 'cache', `git-${location?.id}.json`), '{"version":1,"facts":{}}');
  const second = await createObserving(sandbox);
  await second.open(main);
  expect(second.seen[0]?.worktrees[0]).toMatchObject({ stale: false, branch: 'main' });
  expect(second.log.lines.map((line) => line.event)).toContain('git.cache-read');
  await second.observer.dispose();
  expect(
    JSON.parse(await readFile(join(sandbox.root, 'cache', `git-${location?.id}.json`), 'utf8')),
  ).toMatchObject({
    facts: { base: 'main' },
  });
});

test('one look without watching: no watch, no timer, merged answered before it resolves', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const clock = createManualClock();
  const asked: string[] = [];
  const observing = await createObserving(sandbox, {
    clock,
    watch: false,
    cache: null,
    howMerged: (_, question) => {
      asked.push(question.branch);
      return Promise.resolve<Merged>('squash');
    },
  });
  await observing.open(main);
  expect(observing.at(side).merged).toBe('squash');
  expect(asked).toEqual(['side']);
  expect(clock.pending()).toBe(0);
});

test('merged is asked once per pair of commits, and never of a dirty worktree', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const head = await sandbox.git(main, 'rev-parse', 'HEAD');
  const asked: unknown[] = [];
  const observing = await createObserving(sandbox, {
    howMerged: (_, question) => {
      asked.push(question);
      return Promise.resolve<Merged>('ancestor');
    },
  });
  await observing.open(main);
  await observing.watched();
  await observing.until(side, (row) => row.merged === 'ancestor');
  expect(asked).toEqual([
    {
      branch: 'side',
      tip: head,
      bases: [{ name: 'main', commit: head }],
      // From the branch's own reflog: nobody recorded a task for it.
      createdAtCommit: head,
      dirty: false,
    },
  ]);
  await sandbox.write(join(side, 'dirt'), 'x');
  await observing.until(side, (row) => row.merged === null && row.changes.untracked === 1);
  await observing.observer.refresh(null);
  expect(asked).toHaveLength(1);
});

test('notes are read again when they change', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  await sandbox.write(join(main, '.planning/brain/a.md'), 'a');
  let title = 'first';
  const observing = await createObserving(sandbox, {
    newestNote: () => Promise.resolve({ title, path: 'a.md', at: 1 }),
  });
  await observing.open(main);
  await observing.watched();
  expect(observing.at(main).note?.title).toBe('first');
  title = 'second';
  await sandbox.write(join(main, '.planning/brain/b.md'), 'b');
  await observing.until(main, (row) => row.note?.title === 'second');
});

test('the sweep finds what no event told, without a process when nothing happened', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const clock = createManualClock();
  // A system that watches and never says a word.
  const observing = await createObserving(sandbox, { clock, watchFunction: deaf });
  await observing.open(main);
  await poll(() => observing.observer.performance().watches.files > 3);
  const turn = async (ms: number) => {
    clock.advance(ms);
    await observing.quiet();
    clock.advance(20);
    await observing.quiet();
  };
  await turn(300);
  const before = observing.observer.performance().processes.started;
  // Just short of a verify pass.
  await sandbox.commit(side, { s: 's' }, 'unannounced');
  await turn(29_000);
  expect(observing.at(side).lastCommit?.subject).toBe('first');
  await turn(2_000);
  await turn(300);
  expect(observing.at(side)).toMatchObject({ ahead: 1, lastCommit: { subject: 'unannounced' } });
  expect(observing.observer.performance().processes.started).toBeGreaterThan(before);

  await rename(side, `${side}.away`);
  await turn(31_000);
  await turn(300);
  expect(observing.at(side)).toMatchObject({ missing: true, branch: 'side' });
  await rename(`${side}.away`, side);
  await turn(31_000);
  await turn(300);
  expect(observing.at(side)).toMatchObject({ missing: false, branch: 'side' });
});

test('the patrol finds an edit that was missed, and calls it a bug', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const clock = createManualClock();
  const observing = await createObserving(sandbox, { clock, watchFunction: deaf });
  await observing.open(main);
  await poll(
    () => observing.observer.performance().watches.files,
    (count) => count > 0,
  );
  clock.advance(300);
  await observing.quiet();
  await sandbox.write(join(main, 'src/one.txt'), 'missed');
  // The patrol's next look is due after its share of time, minutes at most.
  await poll(
    async () => {
      clock.advance(31_000);
      await observing.quiet();
      return observing.at(main).changes.changed;
    },
    (count) => count === 1,
  );
  clock.advance(2_000);
  await observing.quiet();
  expect(observing.log.lines.filter((line) => line.level === 'bug').map((line) => line.event)).toEqual([
    'git.missed-change',
  ]);
});

test('a repository that goes away whole is kept as it was, and comes back', async () => {
  const sandbox = await createSandbox();
  await mkdir(join(sandbox.root, 'disk'));
  const main = await sandbox.repository('disk/project');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  await rename(join(sandbox.root, 'disk'), join(sandbox.root, 'unmounted'));
  await observing.observer.refresh(null);
  expect(observing.facts().problem).toMatch(/not there/);
  expect(observing.at(main)).toMatchObject({ branch: 'main', missing: true });
  await rename(join(sandbox.root, 'unmounted'), join(sandbox.root, 'disk'));
  await observing.observer.refresh(null);
  expect(observing.facts().problem).toBeNull();
  expect(observing.at(main)).toMatchObject({ branch: 'main', missing: false, problem: null });
  await observing.watched();
  await sandbox.write(join(main, 'again'), 'x');
  await observing.until(main, (row) => row.changes.untracked === 1);
});

test('a runner that is slow to answer does not hold back other worktrees', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const plain = await createObserving(sandbox);
  await plain.open(main);
  let release: () => void = () => {};
  let hold = false;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { runner } = await import('../../support/observing').then((module) =>
    module.recordingRunner(sandbox),
  );
  const slow: GitRunner = {
    ...runner,
    async run(call) {
      if (hold && call.cwd === main && call.args[0] === 'status') await held;
      return runner.run(call);
    },
  };
  const observing = await createObserving(sandbox, { runner: slow });
  await observing.open(main);
  await poll(() => observing.observer.performance().watches.files > 3);
  hold = true;
  await sandbox.write(join(main, 'waits'), 'x');
  await sandbox.write(join(side, 'goes'), 'x');
  await observing.until(side, (row) => row.changes.untracked === 1);
  expect(observing.at(main).changes.untracked).toBe(0);
  release();
  await observing.until(main, (row) => row.changes.untracked === 1);
});

test('what changes after the first look and before anything is watched is found', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository('quick');
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const slow = await sandbox.repository('slow');
  const { runner } = await recordingRunner(sandbox);
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const observing = await createObserving(sandbox, {
    runner: {
      ...runner,
      async run(call) {
        if (call.cwd === slow && call.args[0] === 'status') await held;
        return runner.run(call);
      },
    },
  });
  const opened = observing.open(main, slow);
  await poll(() => observing.seen.some((facts) => facts.worktrees.some(({ path }) => path === side)));
  await sandbox.commit(side, { x: 'x' }, 'unwatched');
  await sandbox.git(main, 'worktree', 'lock', side);
  await sandbox.write(join(main, 'new'), 'x');
  const row = (path: string) =>
    observing.seen
      .flatMap((facts) => facts.worktrees)
      .filter((worktree) => worktree.path === path)
      .at(-1);
  release();
  await opened;
  await poll(
    () => row(side),
    (now) => now?.locked === true && now.ahead === 1 && now.lastCommit?.subject === 'unwatched',
  );
  await poll(
    () => row(main),
    (now) => now?.changes.untracked === 1,
  );
});
