import { expect, test } from 'vitest';
import { createObserving } from '../../support/observing';
import { createSandbox } from '../../support/repositories';

test('a repository with a linked worktree: branches, distances, counts', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  const linked = await sandbox.worktree(main, `${sandbox.root}/project-wt-a`, 'feature/a');
  await sandbox.commit(linked, { 'a.txt': 'a' }, 'add a');
  await sandbox.commit(main, { 'b.txt': 'b' }, 'add b');
  await sandbox.write(`${linked}/README.md`, 'changed');
  await sandbox.write(`${linked}/new.txt`, 'new');
  await sandbox.write(`${linked}/staged.txt`, 'staged');
  await sandbox.git(linked, 'add', 'staged.txt');
  const observing = await createObserving(sandbox);
  await observing.open(main);
  expect(observing.facts()).toMatchObject({ base: 'main', problem: null });
  expect(observing.at(main)).toMatchObject({ isMain: true, branch: 'main', ahead: 0, behind: 0 });
  expect(observing.at(linked)).toMatchObject({
    branch: 'feature/a',
    base: 'main',
    ahead: 1,
    behind: 1,
    lastCommit: { subject: 'add a' },
    changes: { staged: 1, changed: 1, untracked: 1, conflicted: 0 },
    problem: null,
  });
  await observing.watched();
  await sandbox.write(`${linked}/src/two/deep.txt`, 'x');
  await observing.until(linked, (row) => row.changes.untracked === 2);
  await sandbox.commit(linked, { 'c.txt': 'c' }, 'add c');
  await observing.until(linked, (row) => row.ahead === 2 && row.lastCommit?.subject === 'add c');
  expect(observing.log.lines.filter((l) => l.level !== 'info')).toEqual([]);
});
