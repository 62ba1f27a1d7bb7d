/** A worktree beside its repository, with clean up and undo put together as the app does. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CleanupPlan } from '../../../src-main/contract/plans';
import { locationOf } from '../git-command';
import type { Sandbox } from '../repositories';
import { createSandbox } from '../repositories';
import { worktreeIdOf } from './fleet';
import type { House, HouseOptions } from './house';
import { createHouse } from './house';
import { photograph } from './photograph';

export interface CleanupScene extends Omit<House, 'git'> {
  readonly sandbox: Sandbox;
  readonly repository: string;
  readonly worktree: string;
  readonly id: string;
  plan(
    choices?: Partial<{ abandon: string | null; keepBranch: boolean; deleteRemote: boolean }>,
  ): Promise<CleanupPlan>;
  /** Plans and executes; throws what was refused. */
  clean(choices?: Parameters<CleanupScene['plan']>[0]): Promise<string>;
  git(...args: string[]): Promise<string>;
  inside(...args: string[]): Promise<string>;
  /** Everything that undo has to bring back. */
  everything(): Promise<unknown>;
}

export async function cleanupScene(
  options: Partial<HouseOptions> = {},
  branch = 'feature/login',
): Promise<CleanupScene> {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const worktree = await sandbox.worktree(repository, join(sandbox.root, 'project-wt-login'), branch);
  const house = createHouse({
    locations: [locationOf(repository)],
    env: sandbox.env,
    home: sandbox.home,
    ...options,
  });
  const id = worktreeIdOf(worktree);
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  const plan: CleanupScene['plan'] = async (choices = {}) => {
    const planned = await house.cleaner.planCleanup({
      worktreeId: id,
      abandon: null,
      keepBranch: false,
      deleteRemote: false,
      ...choices,
    });
    if (!planned.ok) throw new Error(JSON.stringify(planned.error));
    return planned.value;
  };
  return {
    ...house,
    sandbox,
    repository,
    worktree,
    id,
    git,
    inside: (...args) => sandbox.git(worktree, ...args),
    plan,
    async clean(choices) {
      const { token } = await plan(choices);
      const done = await house.cleaner.cleanup({ token, approve: false });
      if (!done.ok) throw new Error(JSON.stringify(done.error));
      await house.cleaner.settled();
      return done.value.operation;
    },
    async everything() {
      return {
        directory: await photograph(worktree),
        entry: await photograph(join(repository, '.git/worktrees')),
        refs: await git(
          'for-each-ref',
          '--format=%(objectname) %(refname)',
          'refs/heads',
          'refs/remotes',
          'refs/tags',
        ),
        log: await readFile(join(repository, '.git/logs/refs/heads', branch), 'utf8').catch(() => null),
        config: (await git('config', '--local', '--list')).split('\n').sort(),
        list: await git('worktree', 'list', '--porcelain'),
      };
    },
  };
}

export const undone = async (s: CleanupScene, operation: string | null = null) => {
  const back = await s.undoer.undo({ operation });
  if (!back.ok) throw new Error(JSON.stringify(back.error));
  return back.value;
};

/** Nothing of an operation is left: no trash, no pin, no journal that begins anew. */
export async function expectNothingLeft(s: CleanupScene) {
  expect(await s.git('for-each-ref', 'refs/orchard')).toBe('');
  expect(await readdir(join(s.repository, '.git/orchard/trash')).catch(() => [])).toEqual([]);
  expect((await readdir(s.sandbox.root)).filter((name) => name.includes('trash'))).toEqual([]);
  expect(await s.recovery.atStart(locationOf(s.repository))).toEqual([]);
}
