import { chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hiddenEdits } from '../../../src-main/git/facts/hidden-edits';
import { gitOf } from '../../support/git-command';
import { cleanupScene, undone } from '../../support/landing/cleanup-scene';
import { createSandbox, type Sandbox } from '../../support/repositories';

const look = async (sandbox: Sandbox, repository: string) => {
  const git = gitOf(sandbox);
  const found = await hiddenEdits(git, repository, join(repository, '.git'));
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  return [...found.value].sort();
};

test('edits hidden from git are found, whatever hides them and whatever they change', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  const names = [
    'same',
    'edited',
    'mode',
    'link',
    'gone',
    'crlf',
    'a name "q"\nü',
    'skipped edit',
    'skipped',
  ];
  await sandbox.commit(repository, {
    '.gitattributes': 'crlf text eol=crlf\n',
    ...Object.fromEntries(names.map((name) => [name, 'content\n'])),
  });
  await rm(join(repository, 'crlf'));
  await git('checkout', '-q', '--', 'crlf');
  await git('update-index', '--assume-unchanged', ...names.slice(0, 7));
  await git('update-index', '--skip-worktree', ...names.slice(7));
  for (const name of ['edited', 'a name "q"\nü', 'skipped edit'])
    await writeFile(join(repository, name), 'CONTENT\n');
  await chmod(join(repository, 'mode'), 0o755);
  await rm(join(repository, 'link'));
  await symlink('same', join(repository, 'link'));
  await rm(join(repository, 'gone'));
  // Touched, and with line endings as the checkout has them: no edit.
  await writeFile(join(repository, 'same'), 'content\n');
  await writeFile(join(repository, 'crlf'), 'content\r\n');
  await rm(join(repository, 'skipped'));
  const index = await readFile(join(repository, '.git/index'));
  expect(await git('status', '--porcelain')).toBe('');
  expect(await look(sandbox, repository)).toEqual(
    ['edited', 'mode', 'link', 'gone', 'a name "q"\nü', 'skipped edit'].sort(),
  );
  expect(await readFile(join(repository, '.git/index'))).toEqual(index);
});

test('a sparse checkout hides no edits; a file left outside of its patterns does when it was edited', async () => {
  for (const sparseIndex of ['--no-sparse-index', '--sparse-index']) {
    const sandbox = await createSandbox();
    const repository = await sandbox.repository();
    await sandbox.commit(repository, { 'in/a': 'a\n', 'out/b': 'b\n', 'out/c': 'c\n' });
    await sandbox.git(repository, 'sparse-checkout', 'set', '--cone', sparseIndex, 'in');
    expect(await look(sandbox, repository)).toEqual([]);
    await sandbox.write(join(repository, 'out/b'), 'edited\n');
    // Git itself shows this one, unless it is told otherwise.
    await sandbox.git(repository, 'config', 'sparse.expectFilesOutsideOfPatterns', 'true');
    expect(await sandbox.git(repository, 'status', '--porcelain')).toBe('');
    expect(await look(sandbox, repository)).toEqual(['out/b']);
  }
});

for (const hide of ['--skip-worktree', '--assume-unchanged'])
  test(`an edit under ${hide} stops a cleanup by name, and comes back with undo`, async () => {
    const s = await cleanupScene();
    await s.sandbox.commit(s.worktree, { 'settings.ini': 'theirs\n' });
    await s.git('merge', '-q', 'feature/login');
    await s.inside('update-index', hide, 'settings.ini');
    await writeFile(join(s.worktree, 'settings.ini'), 'mine\n');
    const plan = await s.plan();
    expect(plan.refusal).toMatchObject({ kind: 'unsaved-work', files: ['settings.ini'] });
    expect(plan.losses).toContain(
      'uncommitted, and hidden from git (skip-worktree or assume-unchanged): settings.ini',
    );
    expect(plan.merged).toBeNull();
    await s.clean({ abandon: 'not needed' });
    await undone(s);
    expect(await readFile(join(s.worktree, 'settings.ini'), 'utf8')).toBe('mine\n');
    expect(await s.inside('ls-files', '-v', 'settings.ini')).toMatch(/^[Sh] /);
  });
