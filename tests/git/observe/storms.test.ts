/** Many changes at once are a few looks, and the row is right afterwards. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fullStatus } from '../../support/full-status';
import { poll } from '../../support/poll';
import { createSandbox, type Sandbox } from '../../support/repositories';
import {
  createFiles,
  createStormWatch,
  manyCommits,
  rewriteFile,
  rewriteUntilKilled,
  type StormCost,
} from '../../support/storms';

const long = process.env.ORCHARD_LONG !== undefined;
/** Storms at their whole size, or at one that a usual run of the tests can afford. */
const size = (whole: number, sample: number) => (long ? whole : sample);

/** The longest wait of a storm, and a look. */
const LONGEST_SILENCE_MS = 5_000;

async function scene(prepare: (sandbox: Sandbox, main: string, side: string) => Promise<unknown>) {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  await prepare(sandbox, main, side);
  const watch = await createStormWatch(sandbox);
  await watch.open(main);
  await watch.watched();
  return { sandbox, main, side, ...watch };
}

/** A handful of looks, and after the first second one a second at most while it goes on. */
function expectCalm(cost: StormCost, looks: number) {
  const { verbs, ...figures } = cost;
  const most = looks + Math.ceil(cost.stormMs / 1_000);
  expect(cost.refreshes, JSON.stringify(figures)).toBeLessThanOrEqual(most);
  expect(cost.processes, `${verbs}`).toBeLessThanOrEqual(2 * most + 4);
  expect(cost.longestStallMs, 'milliseconds of work without a pause').toBeLessThan(50 * cost.pace);
  expect(cost.longestSilenceMs, 'milliseconds without a word').toBeLessThan(LONGEST_SILENCE_MS * cost.pace);
  expect(cost.mostAtOnce, 'processes at once').toBeLessThanOrEqual(4);
}

test('a rebase of 200 commits is a few looks at the worktree and its refs', async () => {
  const { sandbox, side, during, at } = await scene(async (sandbox, main, side) => {
    await manyCommits(sandbox, side, 200);
    await sandbox.commit(main, { 'base.txt': 'moved' }, 'the base moved');
  });
  const cost = await during(() => sandbox.git(side, 'rebase', '-q', 'main'));
  // Up to ten of the refs and ten of the worktree before their waits grow.
  expectCalm(cost, 20);
  expect(at(side)).toMatchObject({ branch: 'side', ahead: 200, behind: 0, ongoing: null });
  expect(at(side).changes).toEqual(await fullStatus(sandbox, side));
});

test('an installation of thousands of files in an ignored directory is one look', async () => {
  const { side, during, observer } = await scene((sandbox, _, side) =>
    sandbox.commit(side, { '.gitignore': 'node_modules/\n' }),
  );
  const watches = observer.performance().watches.files;
  const cost = await during(() => createFiles(join(side, 'node_modules'), size(20_000, 4_000)));
  // The directory itself appears; what happens in it is nobody's business.
  expectCalm(cost, 3);
  expect(cost.refreshes).toBeLessThanOrEqual(3);
  expect(observer.performance().watches.files).toBe(watches);
});

test('5,000 new files that are not ignored are a few looks, and each new directory is watched', async () => {
  const { sandbox, side, during, at, observer } = await scene(async () => undefined);
  const watches = observer.performance().watches.files;
  const cost = await during(() => createFiles(join(side, 'new'), 5_000));
  expectCalm(cost, 12);
  expect(at(side).changes).toEqual(await fullStatus(sandbox, side));
  expect(observer.performance().watches.files).toBe(watches + 51);
});

test('checkouts between trees that differ in 2,000 files are a few looks', async () => {
  const { sandbox, side, during, at } = await scene(async (sandbox, _, side) => {
    await createFiles(join(side, 'lib'), 2_000);
    await sandbox.git(side, 'add', '-A');
    await sandbox.git(side, 'commit', '-qm', 'lib');
  });
  const cost = await during(async () => {
    await sandbox.git(side, 'checkout', '-q', '--detach', 'main');
    await sandbox.git(side, 'checkout', '-q', 'side');
  });
  expectCalm(cost, 14);
  expect(at(side)).toMatchObject({ branch: 'side', ahead: 1 });
  expect(at(side).changes).toEqual(await fullStatus(sandbox, side));
  // What the checkout brought back is watched: an edit deep in there is one question.
  await writeFile(join(side, 'lib/d7/f700.js'), 'edited\n');
  await poll(
    () => at(side).changes.changed,
    (changed) => changed === 1,
  );
});

test('packing a repository is a few looks that find nothing new', async () => {
  const { sandbox, main, side, during, at } = await scene((sandbox, _, side) =>
    manyCommits(sandbox, side, 200),
  );
  const before = at(side);
  const cost = await during(async () => {
    await sandbox.git(main, 'gc', '-q', '--prune=now');
    await sandbox.git(main, 'repack', '-adq');
  });
  expectCalm(cost, 8);
  expect({ ...at(side), lastActivityAt: null }).toEqual({ ...before, lastActivityAt: null });
});

test.each([
  { every: 0, whole: 500, sample: 500 },
  { every: 20, whole: 500, sample: 120 },
  // Too far apart for a storm, too close for a person.
  { every: 60, whole: 500, sample: 60 },
])('a tool that writes one file again and again, every $every ms', async ({ every, whole, sample }) => {
  const { sandbox, side, during, at } = await scene(async () => undefined);
  const cost = await during(() => rewriteFile(join(side, 'src/one.txt'), size(whole, sample), every));
  expectCalm(cost, 12);
  expect(new Set(cost.verbs)).toEqual(new Set(['status']));
  expect(at(side).changes).toEqual(await fullStatus(sandbox, side));
});

test('worktrees that come and go, twenty in a row', async () => {
  const { sandbox, main, during, facts, log, observer } = await scene(async () => undefined);
  const watches = observer.performance().watches;
  const cost = await during(async () => {
    for (let n = 0; n < 20; n++) {
      const place = join(sandbox.root, `passing${n}`);
      await sandbox.worktree(main, place, `passing/${n}`);
      await sandbox.git(main, 'worktree', 'remove', place);
    }
  });
  expectCalm(cost, 25);
  expect(facts().worktrees.map(({ branch }) => branch)).toEqual(['main', 'side']);
  expect(observer.performance().watches.files).toBe(watches.files);
  expect(log.lines.filter(({ level }) => level === 'bug')).toEqual([]);
});

test('who asks for a look in the middle of a storm gets it, and not only when the storm is over', async () => {
  const { sandbox, side, during, observer, at, until } = await scene(async () => undefined);
  await during(async () => {
    const { child, ended } = rewriteUntilKilled(join(side, 'src/one.txt'));
    await until(side, (row) => row.changes.changed === 1);
    for (let looks = 0; looks < 3; looks++) {
      await observer.refresh(null);
      expect(child.exitCode).toBeNull();
      expect(at(side).changes).toMatchObject({ changed: 1, untracked: 0 });
    }
    child.kill();
    await ended;
  });
  expect(at(side).changes).toEqual(await fullStatus(sandbox, side));
});

test('a status that a commit has overtaken is given up for one that sees it', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  let hold: (() => void) | null = null;
  let held = 0;
  const watch = await createStormWatch(sandbox, {}, async (call) => {
    // The file itself may be looked at before git has staged it: that is no look at everything.
    if (hold === null || call.args[0] !== 'status' || call.args.includes('--') || held++ > 0) return;
    // The first status after `hold` takes until it is given up.
    await new Promise<void>((resolve) => {
      call.signal?.addEventListener('abort', () => resolve(), { once: true });
      hold = resolve;
    });
  });
  await watch.open(main);
  await watch.watched();
  hold = () => undefined;
  await sandbox.write(join(main, 'new.txt'), 'x');
  await sandbox.git(main, 'add', '-A');
  await poll(
    () => held,
    (times) => times > 0,
  );
  await sandbox.git(main, 'commit', '-q', '-m', 'overtakes');
  await watch.until(main, (row) => row.lastCommit?.subject === 'overtakes' && row.changes.staged === 0);
  expect(watch.calls.filter(({ cancelled }) => cancelled).length).toBe(1);
});
