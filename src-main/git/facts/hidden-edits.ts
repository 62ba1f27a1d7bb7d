/**
 * Edits that git is told not to see: files marked skip-worktree or assume-unchanged
 * (https://git-scm.com/docs/git-update-index). `git status` calls them clean, whatever is in them. They
 * are compared through a copy of the index in which nothing is hidden; the person's own stays as it is.
 */
import { copyFile, lstat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { isThere } from '../../system/small-reads';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure } from '../run/git-command';
import { withScratch } from '../run/scratch';

const limitMs = 60_000;

/**
 * Paths whose content, kind or permissions differ from the index though git hides it, '/'-separated. A
 * skipped file that is not there is what a sparse checkout looks like, and no edit.
 *
 * @param gitDir the private git directory of the checkout at `path`
 */
export async function hiddenEdits(
  git: GitCommand,
  path: string,
  gitDir: string,
): Promise<Result<readonly string[], CommonFailure>> {
  const list = ['ls-files', '-v', '-z'];
  const listed = await git(path, list, { mode: 'read', limitMs });
  if (listed.code !== 0) return fail(gitFailure(list, listed));
  const assumed: string[] = [];
  const skipped: string[] = [];
  for (const line of fields(listed.stdout)) {
    const [tag = ''] = line;
    const name = line.slice(2);
    // A small letter is assume-unchanged; an S, large or small, is skip-worktree.
    if (tag.toUpperCase() === 'S') {
      if (await isThere(join(path, name))) skipped.push(name);
    } else if (tag !== tag.toUpperCase()) assumed.push(name);
  }
  const hidden = [...assumed, ...skipped];
  if (hidden.length === 0) return ok([]);

  return withScratch(async (scratch) => {
    const own = join(gitDir, 'index');
    const index = join(scratch, 'index');
    try {
      const { atime, mtime } = await lstat(own);
      await copyFile(own, index);
      // Git compares a file's time with its index's to know which entries are too close to call.
      await utimes(index, atime, mtime);
    } catch (error) {
      return fail({ kind: 'git-failed', command: 'status', exitCode: null, details: String(error) });
    }
    const env = { GIT_INDEX_FILE: index };
    const stdin = hidden.map((name) => `${name}\0`).join('');
    for (const option of ['--no-skip-worktree', '--no-assume-unchanged']) {
      const args = ['update-index', option, '-z', '--stdin'];
      const shown = await git(path, args, { mode: 'quiet', limitMs, env, stdin });
      if (shown.code !== 0) return fail(gitFailure(args, shown));
    }
    // No path is given: thousands of hidden ones would not fit a command line.
    const args = [
      'status',
      '--porcelain=v2',
      '-z',
      '--untracked-files=no',
      '--no-renames',
      '--ignore-submodules=none',
    ];
    const status = await git(path, args, { mode: 'read', limitMs, env });
    if (status.code !== 0) return fail(gitFailure(args, status));
    const wanted = new Set(hidden);
    return ok(
      fields(status.stdout).flatMap((line) => {
        // `1 XY sub mH mI mW hH hI path`: only Y, the working tree against the index, was hidden.
        const [, , , , , , , , ...name] = line.split(' ');
        return line.startsWith('1 ') && line[3] !== '.' && wanted.has(name.join(' ')) ? [name.join(' ')] : [];
      }),
    );
  });
}
