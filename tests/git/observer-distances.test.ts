import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDistances } from '../../src-main/git/reads/distances';
import { recordingRunner } from '../support/observing';
import { createSandbox } from '../support/repositories';
import { createSilentLog } from '../support/silent-log';

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
