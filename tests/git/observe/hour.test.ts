/** An hour of the whole product over a repository, by its own clock: it leaves no trace there. */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprint } from '../../support/fingerprint';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';
import { startProduct } from '../../support/whole-product';

const long = process.env.ORCHARD_LONG !== undefined;
const STEP_MS = 30_000;
const HOUR_MS = 3_600_000;

/** A repository in the middle of work: a remote, a stash, packed and loose refs, every kind of change. */
async function scene() {
  const sandbox = await createSandbox();
  const origin = await sandbox.repository('origin');
  const main = join(sandbox.root, 'project');
  await sandbox.git(sandbox.root, 'clone', '-q', origin, main);
  await sandbox.commit(main, { '.gitignore': 'ignored/\n', 'a.txt': 'a\nb\nc\n' }, 'second');
  await sandbox.git(main, 'tag', 'v1');
  await sandbox.git(main, 'pack-refs', '--all');
  await sandbox.git(main, 'repack', '-adq');
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'feature/side');
  const other = await sandbox.worktree(main, join(sandbox.root, 'other'), 'feature/other');
  const inner = await sandbox.worktree(main, join(main, '.claude/worktrees/inner'), 'worktree-inner');
  await sandbox.commit(side, { 'side.txt': 'on the side' }, 'work on the side');
  await sandbox.write(join(side, 'a.txt'), 'A of side\nb\nc\n');
  await sandbox.git(side, 'stash', '-q');
  await sandbox.write(join(side, 'a.txt'), 'A of side\nb\nc\n');
  await sandbox.write(join(side, 'staged.txt'), 'staged');
  await sandbox.git(side, 'add', 'staged.txt');
  await sandbox.write(join(side, 'ignored/big'), 'x'.repeat(100_000));
  await sandbox.write(join(other, 'a.txt'), 'A of other\nb\nc\n');
  await sandbox.write(join(other, 'untracked/deep/new.txt'), 'new');
  await sandbox.git(other, 'rm', '-q', '--cached', 'README.md');
  // Stat data that differs from the index: a plain `git status` would write the index anew.
  const later = new Date(Date.now() + 5_000);
  for (const root of [main, side, other, inner]) await utimes(join(root, 'src/one.txt'), later, later);
  return { sandbox, origin, main, side, other, inner };
}

test('an hour of watching leaves every file of the repository as it was', async () => {
  const { sandbox, origin, main, side, other } = await scene();
  const product = await startProduct(sandbox);
  const places = [main, side, other, origin];
  const before = await Promise.all(places.map(fingerprint));
  const first = product.ask('start', { repositories: [main], clock: 'manual' });
  await first;
  const rows = async () => (await product.ask('snapshot')).repositories.flatMap(({ worktrees }) => worktrees);
  await poll(
    async () => {
      await product.ask('advance', { ms: 1_000 });
      return rows();
    },
    (all) =>
      all.length === 4 &&
      all.every(({ watched, diskBytes }) => watched === 'files' && diskBytes !== null) &&
      all.some(({ collisions }) => collisions.length > 0),
    { what: 'everything that the product finds out', limitMs: 30_000 },
  );

  const began = await product.ask('advance', { ms: 5_000 });
  let now = began;
  for (let at = 0; at < HOUR_MS; at += STEP_MS) now = await product.ask('advance', { ms: STEP_MS });

  // It did look: at a worktree at a time, now and then, and nothing that it did made it look again.
  const looks = now.refreshes - began.refreshes;
  expect(looks).toBeGreaterThan(50);
  expect(looks).toBeLessThanOrEqual(HOUR_MS / STEP_MS);
  expect(now.processes.started - began.processes.started).toBe(looks);
  expect(new Set(now.lastRefreshes.map(({ what }) => what))).toEqual(new Set(['status']));
  expect(new Set(now.lastRefreshes.map(({ path }) => path)).size).toBe(4);

  const all = await rows();
  expect(all.find(({ path }) => path === side)).toMatchObject({
    changes: { staged: 1, changed: 1, untracked: 0 },
    collisions: [
      { with: all.find(({ path }) => path === other)?.id, files: ['a.txt'], certainty: 'decided' },
    ],
  });
  expect((await product.ask('snapshot')).problems).toEqual([]);
  await product.ask('end');
  const after = await Promise.all(places.map(fingerprint));
  for (const [at, place] of places.entries()) expect(after[at], place).toBe(before[at]);
});

test('a person who commits alongside the whole product meets no lock, and it settles down afterwards', async () => {
  const { sandbox, main, side } = await scene();
  const product = await startProduct(sandbox);
  await product.ask('start', { repositories: [main], clock: 'manual' });
  await product.ask('advance', { ms: 10_000 });
  const commits = long ? 200 : 40;
  let committing = true;
  const person = (async () => {
    // A lock that somebody else holds makes git fail, and this with it.
    for (let n = 0; n < commits; n++) {
      await sandbox.commit(side, { 'src/one.txt': `${n}\n` }, `commit ${n}`);
      if (n % 10 === 0) await sandbox.git(side, 'stash', 'list');
    }
  })().finally(() => {
    committing = false;
  });
  let looks = 0;
  for (; committing; looks++) await product.ask('advance', { ms: 200 });
  await person;
  expect(looks).toBeGreaterThan(5);
  await poll(
    async () => {
      await product.ask('advance', { ms: 500 });
      const { repositories } = await product.ask('snapshot');
      return repositories[0]?.worktrees.find(({ path }) => path === side);
    },
    (row) =>
      row?.lastCommit?.subject === `commit ${commits - 1}` &&
      row.ahead === commits + 1 &&
      row.changes.staged === 0 &&
      row.changes.changed === 1,
    { what: 'the last commit', limitMs: 30_000 },
  );
  // Whatever was pending has been done: from here on only the patrol looks.
  for (let n = 0; n < 10; n++) await product.ask('advance', { ms: 2_000 });
  const before = await product.ask('advance', { ms: 2_000 });
  for (let n = 0; n < 20; n++) await product.ask('advance', { ms: STEP_MS });
  const after = await product.ask('advance', { ms: 1_000 });
  expect(after.refreshes - before.refreshes).toBeLessThanOrEqual(21);
  await product.ask('end');
  expect(await sandbox.git(side, 'fsck', '--no-dangling')).toBe('');
});
