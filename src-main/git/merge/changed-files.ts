/** What a merge changes in the base, by file. */
import type { CommonFailure } from '../../contract/failures';
import type { ChangedFile } from '../../contract/plans';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure } from '../run/git-command';

/**
 * @param from a commit, or two that are compared from where they parted (`a...b`)
 * @param to null when `from` names both
 */
export async function changedFiles(
  git: GitCommand,
  directory: string,
  from: string,
  to: string | null,
  env: Readonly<Record<string, string>> = {},
): Promise<Result<readonly ChangedFile[], CommonFailure>> {
  const args = [
    'diff',
    '--numstat',
    '-z',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=none',
    '--end-of-options',
    from,
    ...(to === null ? [] : [to]),
    '--',
  ];
  const listed = await git(directory, args, { mode: 'read', env, limitMs: 60_000 });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  return ok(
    fields(listed.stdout).map((line) => {
      const [added = '-', removed = '-', ...path] = line.split('\t');
      return { path: path.join('\t'), added: count(added), removed: count(removed) };
    }),
  );
}

/** Git says `-` for a binary file. */
const count = (text: string): number | null => (text === '-' ? null : Number(text));
