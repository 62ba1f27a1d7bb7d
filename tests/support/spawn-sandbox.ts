import { chmod, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SpawnPlan } from '../../src-main/contract/plans';
import type { Result } from '../../src-main/contract/result';
import { createSandbox } from './repositories';
import { createTestSpawner, locationOf, type SpawnerOptions } from './spawner';

/** A repository in a directory of its own, so that "as before" includes everything beside it. */
export async function createSpawnSandbox(name = 'project') {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository(`place/${name}`);
  const emptyDirectory = join(sandbox.root, 'no-hooks');
  await mkdir(emptyDirectory);
  const location = locationOf(repository);
  return {
    ...sandbox,
    root: repository,
    location,
    parent: dirname(repository),
    emptyDirectory,
    spawner: (options: Partial<SpawnerOptions> = {}) =>
      createTestSpawner({ location, env: sandbox.env, emptyDirectory, ...options }),
    /** An executable file. */
    async script(file: string, content: string) {
      await sandbox.write(file, content);
      await chmod(file, 0o755);
    },
    /** What a failed spawn has to leave as it was. */
    async state() {
      const [worktrees, refs, status, entries, parent] = await Promise.all([
        sandbox.git(repository, 'worktree', 'list', '--porcelain'),
        sandbox.git(repository, 'for-each-ref', '--format=%(refname) %(objectname)'),
        sandbox.git(repository, '--no-optional-locks', 'status', '--porcelain'),
        readdir(join(repository, '.git', 'worktrees')).catch(() => 'none'),
        readdir(dirname(repository)),
      ]);
      return { worktrees, refs, status, entries, parent };
    },
  };
}
export type SpawnSandbox = Awaited<ReturnType<typeof createSpawnSandbox>>;

export function value<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`failed: ${JSON.stringify(result.error)}`);
  return result.value;
}

export const yes = ({ token }: SpawnPlan) => ({ token, force: false, approve: false, open: true });
