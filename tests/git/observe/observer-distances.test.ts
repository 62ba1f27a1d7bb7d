import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDistances } from '../../../src-main/git/facts/distances';
import { readRefs } from '../../../src-main/git/facts/refs';
import { createObserving, recordingRunner } from '../../support/observing';
import { createSandbox } from '../../support/repositories';
import { createSilentLog } from '../../support/silent-log';

/** A history as git fast-import reads it: commit n has the parents named by index, all before it. */
const history = fc
  .array(fc.array(fc.nat(), { maxLength: 2 }), { minLength: 3, maxLength: 24 })
  .map((raw) => raw.map((parents, at) => [...new Set(at === 0 ? [] : parents.map((parent) => parent % at))]));

test('counted together or one by one, in any history, the distances are the same', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), async (commits, seed) => {
      const sandbox = await createSandbox();
      const repository = await sandbox.repository();
      const shas: string[] = [];
      const tree = await sandbox.git(repository, 'write-tree');
      for (const [at, parents] of commits.entries()) {
        const args = parents.flatMap((parent) => ['-p', shas[parent] ?? '']);
        shas.push(await sandbox.git(repository, 'commit-tree', tree, ...args, '-m', `${at}`));
      }
      const base = shas[seed % shas.length] ?? '';
      const { runner } = await recordingRunner(sandbox);
      const distances = createDistances({ runner, log: createSilentLog(), hasAheadBehind: false });
      await distances.compute(
        repository,
        shas.map((head) => ({ base, head, ref: null })),
      );
      for (const head of shas) {
        const counted = await sandbox.git(
          repository,
          'rev-list',
          '--left-right',
          '--count',
          `${base}...${head}`,
        );
        const [behind, ahead] = counted.split('\t').map(Number);
        expect(distances.get(base, head)).toEqual({ ahead, behind });
      }
    }),
    { numRuns: process.env.ORCHARD_LONG === undefined ? 12 : 150 },
  );
});

test('told together with the refs, in any history, the distances are the same', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), async (commits, seed) => {
      const sandbox = await createSandbox();
      const repository = await sandbox.repository();
      const tree = await sandbox.git(repository, 'write-tree');
      const shas: string[] = [];
      for (const [at, parents] of commits.entries()) {
        const args = parents.flatMap((parent) => ['-p', shas[parent] ?? '']);
        shas.push(await sandbox.git(repository, 'commit-tree', tree, ...args, '-m', `${at}`));
      }
      const names = shas.map(
        (_, at) => `refs/heads/${['plain', 'with/slash', 'a=b.c', 'näme'][at % 4]}${at}`,
      );
      for (const [at, name] of names.entries())
        await sandbox.git(repository, 'update-ref', name, shas[at] ?? '');
      // A person's own settings aim pushes and pulls elsewhere.
      await sandbox.git(repository, 'config', 'remote.fork.url', '/nowhere');
      await sandbox.git(repository, 'config', 'branch.plain0.pushRemote', 'fork');
      await sandbox.git(repository, 'config', 'branch.plain0.remote', 'fork');
      await sandbox.git(repository, 'config', 'branch.plain0.merge', 'refs/heads/plain0');
      const settings = await readFile(join(repository, '.git/config'), 'utf8');
      const base = seed % shas.length;
      const { runner, calls } = await recordingRunner(sandbox);
      const against = names[base] ?? '';
      const refs = await readRefs(
        runner,
        repository,
        ['refs/heads'],
        names.map((ref) => ({ ref, against })),
      );
      if ('problem' in refs) throw new Error(refs.stderr);
      expect(calls).toHaveLength(1);
      for (const [at, name] of names.entries()) {
        const range = `${shas[base]}...${shas[at]}`;
        const counted = await sandbox.git(repository, 'rev-list', '--left-right', '--count', range);
        const [behind, ahead] = counted.split('\t').map(Number);
        expect(refs.get(name)?.compared).toEqual({ against, ahead, behind });
      }
      expect(refs.get('refs/heads/main')?.compared).toBeNull();
      expect(await readFile(join(repository, '.git/config'), 'utf8')).toBe(settings);
    }),
    { numRuns: process.env.ORCHARD_LONG === undefined ? 8 : 100 },
  );
});

test('a base that is not there, and a name that git refuses, leave the refs as they are', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const { runner } = await recordingRunner(sandbox);
  const ref = 'refs/heads/main';
  const gone = await readRefs(runner, repository, ['refs/heads'], [{ ref, against: 'refs/heads/gone' }]);
  if ('problem' in gone) throw new Error(gone.problem);
  expect(gone.get(ref)).toMatchObject({ compared: null, commit: { subject: expect.any(String) } });
  const odd = await readRefs(runner, repository, ['refs/heads'], [{ ref: 'refs/heads/..', against: ref }]);
  if ('problem' in odd) throw new Error(odd.problem);
  expect(odd.get(ref)).toMatchObject({ compared: null });
});

test('a first look at many worktrees costs a status for each and one process for all the rest', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const base = await sandbox.git(main, 'rev-parse', 'HEAD');
  const sides: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const side = await sandbox.worktree(main, join(sandbox.root, name), name, base);
    await sandbox.commit(side, { [name]: name }, name);
    sides.push(side);
  }
  await sandbox.commit(main, { m: 'm' }, 'moved');
  const observing = await createObserving(sandbox, { cache: null });
  await observing.open(main);
  const verbs = observing.verbs().slice(0, 6);
  expect([...verbs].sort()).toEqual(['config', 'for-each-ref', 'status', 'status', 'status', 'status']);
  expect(sides.map((side) => observing.at(side))).toMatchObject(sides.map(() => ({ ahead: 1, behind: 1 })));
  await observing.watched();
  // A commit: its branch alone is counted anew, by the process that reads it.
  const before = observing.calls.length;
  await sandbox.commit(sides[0] ?? '', { more: 'x' }, 'one more');
  await observing.until(sides[0] ?? '', (row) => row.ahead === 2);
  await observing.quiet();
  expect(observing.verbs().slice(before)).not.toContain('rev-list');
  // The base: everybody's distance, told at once.
  await sandbox.commit(main, { m: 'n' }, 'moved again');
  for (const side of sides) await observing.until(side, (row) => row.behind === 2);
  expect(observing.verbs().slice(before)).not.toContain('rev-list');
});

test('many worktrees on a base that stands still cost one process, on one that moved two', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const base = await sandbox.git(repository, 'rev-parse', 'HEAD');
  const heads: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    await sandbox.git(repository, 'checkout', '-q', '-b', name, base);
    heads.push(await sandbox.commit(repository, { [name]: name }, name));
  }
  await sandbox.git(repository, 'checkout', '-q', 'main');
  const moved = await sandbox.commit(repository, { m: 'm' }, 'moved');
  const { runner, calls } = await recordingRunner(sandbox);
  const distances = createDistances({ runner, log: createSilentLog(), hasAheadBehind: false });
  await distances.compute(
    repository,
    heads.map((head) => ({ base, head, ref: null })),
  );
  expect(calls).toHaveLength(1);
  await distances.compute(
    repository,
    heads.map((head) => ({ base: moved, head, ref: null })),
  );
  expect(calls).toHaveLength(3);
  expect(heads.map((head) => distances.get(moved, head))).toEqual(heads.map(() => ({ ahead: 1, behind: 1 })));
});
