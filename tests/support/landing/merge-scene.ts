import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MergeDone, MergePlan } from '../../../src-main/contract/plans';
import type { CommandRunner } from '../../../src-main/engine/ports';
import { locationOf } from '../git-command';
import type { Sandbox } from '../repositories';
import { createSandbox } from '../repositories';
import { worktreeIdOf } from './fleet';
import type { House, HouseOptions } from './house';
import { createHouse } from './house';

export interface MergeScene extends Omit<House, 'git'> {
  readonly sandbox: Sandbox;
  readonly repository: string;
  readonly worktree: string;
  readonly id: string;
  plan(choices?: Partial<Choices>): Promise<MergePlan>;
  /** Plans and executes, approving; throws what was refused. */
  land(choices?: Partial<Choices>): Promise<MergeDone>;
  /** The same, answering whatever came. */
  attempt(choices?: Partial<Choices>): Promise<Awaited<ReturnType<House['merger']['merge']>>>;
  git(...args: string[]): Promise<string>;
  inside(...args: string[]): Promise<string>;
  /** Branches, remote branches, and both worktrees' contents and state. */
  state(): Promise<unknown>;
}
interface Choices {
  readonly strategy: 'merge' | 'ff' | 'squash' | 'pr';
  readonly update: 'rebase' | 'merge';
  readonly skipValidation: boolean;
  readonly push: boolean;
}

/** Runs approved commands for real. */
export const shellRunner = (env: NodeJS.ProcessEnv): CommandRunner => ({
  run: (command, directory, { signal, limitMs, onOutput }) =>
    new Promise((resolve) => {
      const child = execFile(
        '/bin/sh',
        ['-c', command],
        { cwd: directory, env, signal, timeout: limitMs },
        (error) => {
          const reason = signal.aborted ? 'cancelled' : child.killed ? 'timed-out' : 'exited';
          resolve({ exitCode: error === null ? 0 : (child.exitCode ?? null), reason, tail: '' });
        },
      );
      child.stdout?.on('data', (text: string) => onOutput(text));
      child.stderr?.on('data', (text: string) => onOutput(text));
    }),
});

/** A repository with `feature/login` in a worktree, two commits ahead of `main`. */
export async function mergeScene(
  options: Partial<HouseOptions> & {
    readonly prepare?: (repository: string, sandbox: Sandbox) => Promise<void>;
  } = {},
): Promise<MergeScene> {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  await options.prepare?.(repository, sandbox);
  const worktree = await sandbox.worktree(
    repository,
    join(sandbox.root, 'project-wt-login'),
    'feature/login',
  );
  await sandbox.commit(worktree, { 'login.txt': 'login\n' }, 'Add login');
  await sandbox.commit(worktree, { 'login.txt': 'login\nlogout\n' }, 'Add logout');
  const house = createHouse({
    locations: [locationOf(repository)],
    env: sandbox.env,
    home: sandbox.home,
    runner: shellRunner(sandbox.env),
    ...options,
  });
  const id = worktreeIdOf(worktree);
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  const inside = (...args: string[]) => sandbox.git(worktree, ...args);
  const plan: MergeScene['plan'] = async (choices = {}) => {
    const planned = await house.merger.planMerge({
      worktreeId: id,
      strategy: 'merge',
      update: 'merge',
      skipValidation: false,
      push: false,
      ...choices,
    });
    if (!planned.ok) throw new Error(JSON.stringify(planned.error));
    return planned.value;
  };
  const attempt: MergeScene['attempt'] = async (choices) =>
    house.merger.merge({ token: (await plan(choices)).token, approve: true });
  return {
    ...house,
    sandbox,
    repository,
    worktree,
    id,
    git,
    inside,
    plan,
    attempt,
    async land(choices) {
      const done = await attempt(choices);
      if (!done.ok) throw new Error(JSON.stringify(done.error));
      return done.value;
    },
    async state() {
      return {
        refs: await git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags'),
        backups: await git('for-each-ref', 'refs/orchard'),
        main: await git('status', '--porcelain=v2', '--branch'),
        worktree: await inside('status', '--porcelain=v2', '--branch'),
        login: await readFile(join(worktree, 'login.txt'), 'utf8'),
        list: await git('worktree', 'list', '--porcelain'),
      };
    },
  };
}
