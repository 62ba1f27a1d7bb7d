import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locationOf } from '../../support/git-command';
import { cleanupScene } from '../../support/landing/cleanup-scene';
import { createHouse } from '../../support/landing/house';

test('a repository that was renamed and moved undoes as before', async () => {
  const s = await cleanupScene();
  await s.sandbox.write(join(s.worktree, 'untracked.txt'), 'mine\n');
  const operation = await s.clean({ abandon: 'x' });
  const record = join(s.repository, '.git/orchard/operations', `${operation}.json`);
  expect(await readFile(record, 'utf8')).not.toContain(s.sandbox.root);

  const parent = join(s.sandbox.root, 'moved');
  await s.sandbox.write(join(parent, 'x'), '');
  const repository = join(parent, 'renamed');
  await rename(s.repository, repository);
  const house = createHouse({
    locations: [locationOf(repository)],
    env: s.sandbox.env,
    home: s.sandbox.home,
  });
  expect(await house.undoer.undo({ operation })).toMatchObject({ ok: true });
  const worktree = join(parent, 'project-wt-login');
  expect(await readdir(worktree)).toContain('untracked.txt');
  expect(await s.sandbox.git(worktree, 'status', '--porcelain')).toBe('?? untracked.txt');
  expect(await s.sandbox.git(repository, 'worktree', 'list', '--porcelain')).toContain(
    `worktree ${worktree}`,
  );
});
