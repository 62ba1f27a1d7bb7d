/** What watching says of itself: the figures that `orch doctor --performance` prints. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createObserving } from '../../support/observing';
import { createSandbox } from '../../support/repositories';

/** Changes further apart than this are looked at each for itself. */
const MOMENT_MS = 300;

test('the last looks are told with what they looked at', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  const before = observing.observer.performance();
  expect(before.watches.files).toBe(4);
  expect(before.watches.git).toBeGreaterThan(4);
  expect(before.unwatched).toEqual([]);
  expect(before.lastRefreshes.map(({ what }) => what)).toContain('worktrees');
  await sandbox.write(join(side, 'src/one.txt'), 'changed');
  await observing.until(side, (row) => row.changes.changed === 1);
  const after = observing.observer.performance();
  expect(after.refreshes).toBeGreaterThan(before.refreshes);
  expect(after.processes.started).toBe(before.processes.started + 1);
  expect(after.lastRefreshes.at(-1)).toMatchObject({ path: side, what: 'paths', paths: 1 });
  for (let n = 0; n < 30; n++) await observing.observer.refresh(null);
  expect(observing.observer.performance().lastRefreshes).toHaveLength(20);
});

test('a commit is shown after a status and the refs, and with nothing asked twice', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  await sandbox.write(join(side, 'new.txt'), 'x');
  await sandbox.git(side, 'add', '-A');
  await observing.until(side, (row) => row.changes.staged === 1);
  await observing.quiet();
  const before = observing.verbs().length;
  const from = performance.now();
  await sandbox.git(side, 'commit', '-q', '-m', 'seen at once');
  const tookMs = performance.now() - from;
  await observing.until(
    side,
    (row) => row.lastCommit?.subject === 'seen at once' && row.changes.staged === 0,
  );
  await observing.quiet();
  // Two of a kind at most, as the commit may fall into two moments; one that takes long falls into more.
  const more = Math.floor(tookMs / MOMENT_MS);
  const asked = observing.verbs().slice(before);
  expect(asked.filter((verb) => verb === 'status').length).toBeLessThanOrEqual(2 + more);
  expect(asked.length).toBeLessThanOrEqual(6 + 3 * more);
});
