/** Names and files that want to be something else. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locationOf } from '../../support/git-command';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { photograph } from '../../support/landing/photograph';
import { createSandbox } from '../../support/repositories';

const branches = [
  '--upload-pack=touch$IFS$HOME/pwned',
  '-x',
  '$(touch$IFS$HOME/pwned)',
  '`id`',
  'a"b',
  "it's",
  'ünï/🌳',
  'aux/con',
  'x'.repeat(120),
];

for (const branch of branches)
  test(`merge, clean up and undo a branch called ${branch.slice(0, 40)}`, async () => {
    const sandbox = await createSandbox();
    const repository = await sandbox.repository('-odd $(repo)');
    const git = (...args: string[]) => sandbox.git(repository, ...args);
    // Made by plumbing: `git branch` itself refuses a leading dash.
    await git('update-ref', `refs/heads/${branch}`, 'main');
    const worktree = join(sandbox.root, "wt '$(x)' -- é");
    await git('worktree', 'add', '-q', '--detach', worktree);
    await sandbox.git(worktree, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
    for (const name of ['-rf', '$(touch pwned)', 'new\nline', ':(exclude)x'])
      await sandbox.write(join(worktree, name), 'x\n');
    await sandbox.git(worktree, 'add', '-A');
    await sandbox.git(worktree, 'commit', '-q', '-m', '--amend');
    await sandbox.commit(repository, { 'moved.txt': 'x\n' });
    await sandbox.write(join(worktree, '.planning/brain/--note $(x).md'), 'note\n');
    const before = await photograph(worktree);
    const house = createHouse({ locations: [locationOf(repository)], env: sandbox.env, home: sandbox.home });
    const planned = await house.merger.planMerge({
      worktreeId: worktreeIdOf(worktree),
      strategy: 'squash',
      update: 'rebase',
      skipValidation: true,
      push: false,
    });
    if (!planned.ok) throw new Error(JSON.stringify(planned.error));
    expect(planned.value).toMatchObject({ refusal: null, branch });
    expect(await house.merger.merge({ token: planned.value.token, approve: true })).toMatchObject({
      ok: true,
    });
    expect(await git('log', '-1', '--format=%s', 'main')).toBe('--amend');
    const cleanup = await house.cleaner.planCleanup({
      worktreeId: worktreeIdOf(worktree),
      abandon: null,
      keepBranch: false,
      deleteRemote: false,
    });
    if (!cleanup.ok) throw new Error(JSON.stringify(cleanup.error));
    expect(cleanup.value.refusal).toBe(null);
    expect(await house.cleaner.cleanup({ token: cleanup.value.token, approve: true })).toMatchObject({
      ok: true,
    });
    expect(await git('for-each-ref', '--format=%(refname)', 'refs/heads')).toBe('refs/heads/main');
    for (let count = 0; count < 2; count++)
      expect(await house.undoer.undo({ operation: null })).toMatchObject({ ok: true });
    const after = await photograph(worktree);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(await sandbox.git(worktree, 'symbolic-ref', 'HEAD')).toBe(`refs/heads/${branch}`);
    // Nothing ran.
    for (const place of [sandbox.home, sandbox.root, repository, worktree])
      expect(await readdir(place)).not.toContain('pwned');
  });

test('a plan token that is a path is no plan', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const house = createHouse({ locations: [locationOf(repository)], env: sandbox.env, home: sandbox.home });
  for (const token of ['../../../etc/passwd', 'a'.repeat(31), `${'a'.repeat(32)}\0`])
    expect(await house.cleaner.cleanup({ token, approve: true })).toMatchObject({
      ok: false,
      error: { kind: 'not-found' },
    });
});

test('commands of .orchard.json reach the shell as they are, only when approved, and git options in them stay text', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const worktree = await sandbox.worktree(repository, join(sandbox.root, 'wt'), 'f');
  await sandbox.commit(worktree, { 'a.txt': 'a\n' });
  const seen: string[] = [];
  const evil = '--upload-pack=x; echo "$(id)"\n# second line';
  const house = createHouse({
    locations: [locationOf(repository)],
    env: sandbox.env,
    home: sandbox.home,
    config: { validate: [evil] },
    runner: {
      async run(command) {
        seen.push(command);
        return { exitCode: 0, reason: 'exited', tail: '' };
      },
    },
  });
  const planned = await house.merger.planMerge({
    worktreeId: worktreeIdOf(worktree),
    strategy: 'merge',
    update: 'merge',
    skipValidation: false,
    push: false,
  });
  if (!planned.ok) throw new Error('no plan');
  expect(await house.merger.merge({ token: planned.value.token, approve: false })).toMatchObject({
    ok: false,
    error: { kind: 'approval-needed', commands: [{ text: evil }] },
  });
  expect(seen).toEqual([]);
  expect((await house.merger.merge({ token: planned.value.token, approve: true })).ok).toBe(true);
  expect(seen).toEqual([evil]);
  expect(await readFile(join(repository, 'a.txt'), 'utf8')).toBe('a\n');
});
