/** Looking changes nothing, wakes nobody and runs nobody's code. */
import { chmod, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemWatch, type WatchFunction } from '../../../src-main/git/observe/watch/directory-watches';
import { fingerprint } from '../../support/fingerprint';
import { createObserving } from '../../support/observing';
import { createSandbox } from '../../support/repositories';

test('reading leaves index, objects, refs and everything else byte-identical', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  await sandbox.write(join(main, 'untracked'), 'x');
  // Stat data that differs from the index: a plain `git status` would rewrite the index now.
  const later = new Date(Date.now() + 5_000);
  await utimes(join(main, 'README.md'), later, later);
  await utimes(join(side, 'README.md'), later, later);
  const before = await fingerprint(join(main, '.git'));
  const locks: string[] = [];
  const watch: WatchFunction = (path, options, listener) =>
    systemWatch(path, options, (event, name) => {
      if (name?.endsWith('.lock')) locks.push(name);
      listener(event, name);
    });
  const observing = await createObserving(sandbox, { watchFunction: watch });
  await observing.open(main);
  await observing.watched();
  await sandbox.write(join(side, 'src/one.txt'), 'changed');
  await sandbox.write(join(side, 'new/file.txt'), 'changed');
  await observing.until(side, (row) => row.changes.changed === 1 && row.changes.untracked === 1);
  await observing.observer.refresh(null);
  await observing.quiet();
  expect(locks).toEqual([]);
  expect(await fingerprint(join(main, '.git'))).toBe(before);
});

test('own reads wake nothing: after a look there is silence', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  const later = new Date(Date.now() + 5_000);
  await utimes(join(main, 'README.md'), later, later);
  await observing.quiet();
  const refreshes = observing.observer.performance().refreshes;
  await observing.observer.refresh(null);
  await observing.quiet();
  // One for the repository, one for its worktree.
  expect(observing.observer.performance().refreshes - refreshes).toBe(2);
});

test('no hook and no file system monitor runs', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const trace = join(sandbox.root, 'trace');
  const script = `#!/bin/sh\necho ran >> '${trace}'\n`;
  for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout', 'fsmonitor']) {
    await sandbox.write(join(main, '.git/hooks', hook), script);
    await chmod(join(main, '.git/hooks', hook), 0o755);
  }
  const observing = await createObserving(sandbox);
  await sandbox.git(main, 'config', 'core.fsmonitor', join(main, '.git/hooks/fsmonitor'));
  await observing.open(main);
  await observing.watched();
  await sandbox.write(join(main, 'src/one.txt'), 'x');
  await observing.until(main, (row) => row.changes.changed === 1);
  await observing.observer.refresh(null);
  await expect(stat(trace)).rejects.toThrow('ENOENT');
  // The trap is a real one: git run by hand falls into it.
  await sandbox.git(main, 'status');
  expect(await readFile(trace, 'utf8')).toMatch(/ran/);
});

test('a person who commits alongside meets no lock', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const observing = await createObserving(sandbox);
  await observing.open(main);
  await observing.watched();
  const commits = process.env.ORCHARD_LONG === undefined ? 30 : 200;
  for (let n = 0; n < commits; n++) await sandbox.commit(main, { 'README.md': `${n}` }, `commit ${n}`);
  await observing.until(main, (row) => row.lastCommit?.subject === `commit ${commits - 1}`);
});

test("a person's settings do not change what counts", async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  await sandbox.git(main, 'config', 'status.showUntrackedFiles', 'no');
  await sandbox.git(main, 'config', 'status.relativePaths', 'true');
  await sandbox.git(main, 'config', 'core.quotePath', 'true');
  await sandbox.git(main, 'config', 'log.showSignature', 'true');
  await sandbox.git(main, 'mv', 'README.md', 'LIESMICH ü.md');
  await sandbox.write(join(main, 'ü/ñ'), 'x');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.at(main).changes).toEqual({ staged: 2, changed: 0, untracked: 1, conflicted: 0 });
});
