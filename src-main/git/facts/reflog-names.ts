/**
 * The commits that only reflogs and a worktree's own refs still name. With files as the ref format they are
 * read off the files; with reftable (git ≥ 2.45, https://git-scm.com/docs/reftable) nothing but git reads them.
 */
import { join } from 'node:path';
import type { RepositoryLocation } from '../../domain/facts';
import { isDirectory } from '../../system/small-reads';
import type { GitCommand } from '../run/git-command';
import { lines } from '../run/git-command';

const limitMs = 60_000;

/** Whether refs and reflogs of this repository are kept as reftables. */
export const keepsReftables = (commonDir: string): Promise<boolean> =>
  isDirectory(join(commonDir, 'reftable'));

/**
 * Names of commits in the reflogs of HEAD (of the worktree whose private directory is `gitDir`) and of
 * `branch`, and in that worktree's own refs (ORIG_HEAD, refs/bisect, refs/worktree). Empty where there is
 * nothing, or where git can't read it: the caller pins what it knows besides.
 */
export async function reftableNames(
  git: GitCommand,
  location: RepositoryLocation,
  { gitDir, branch }: { readonly gitDir: string | null; readonly branch: string | null },
): Promise<readonly string[]> {
  const ask = async (args: readonly string[], directory: string): Promise<readonly string[]> => {
    const answer = await git(location.root, args, {
      mode: 'read',
      limitMs,
      env: { GIT_DIR: directory },
    });
    return answer.code === 0 ? lines(answer.stdout).flatMap((line) => line.split(' ')) : [];
  };
  const log = (ref: string, directory: string) =>
    ask(['reflog', 'show', '--format=%H', '--end-of-options', ref], directory);
  const [head, own, ofBranch] = await Promise.all([
    gitDir === null ? [] : log('HEAD', gitDir),
    gitDir === null
      ? []
      : ask(
          [
            'for-each-ref',
            '--include-root-refs',
            '--format=%(objectname)',
            '--',
            'refs/bisect',
            'refs/worktree',
            'refs/rewritten',
            '*HEAD',
          ],
          gitDir,
        ),
    branch === null ? [] : log(`refs/heads/${branch}`, location.commonDir),
  ]);
  return [...head, ...own, ...ofBranch];
}
