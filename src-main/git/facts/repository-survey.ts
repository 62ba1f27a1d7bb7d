import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Result } from '../../contract/result';
import { ok } from '../../contract/result';
import type { RepositoryLocation, RepositorySurvey } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import type { GitReadFailure, PlainGit } from '../run/simple-git-instance';

/** What is there already: branches, worktrees, and git's own directories for them. */
export async function surveyRepository(
  git: PlainGit,
  location: RepositoryLocation,
): Promise<Result<RepositorySurvey, GitReadFailure>> {
  const [branches, list, entries] = await Promise.all([
    git.read(location.commonDir, ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/']),
    git.read(location.commonDir, ['worktree', 'list', '--porcelain', '-z']),
    entriesOf(location),
  ]);
  if (!branches.ok) return branches;
  if (!list.ok) return list;
  const worktrees = await Promise.all(
    parseWorktrees(list.value).map(async ({ path, branch, bare }, at) => ({
      bare,
      branch,
      isMain: at === 0,
      // For a submodule or a separate git directory git names the git directory here.
      path: at === 0 && !bare ? location.root : path,
      missing: at > 0 && !(await isDirectory(path)),
    })),
  );
  return ok({
    branches: branches.value.split('\n').filter((branch) => branch !== ''),
    worktrees: worktrees.flatMap(({ bare, ...worktree }) => (bare ? [] : [worktree])),
    entries,
  });
}

interface ListedWorktree {
  readonly path: string;
  readonly branch: string | null;
  readonly bare: boolean;
}

/** https://git-scm.com/docs/git-worktree#_porcelain_format */
function parseWorktrees(output: string): readonly ListedWorktree[] {
  return output.split('\0\0').flatMap((block) => {
    const fields = block.split('\0');
    const path = fields.find((field) => field.startsWith('worktree '))?.slice('worktree '.length);
    if (path === undefined) return [];
    const branch = fields.find((field) => field.startsWith('branch refs/heads/'));
    return [
      {
        path: resolve(path),
        branch: branch?.slice('branch refs/heads/'.length) ?? null,
        bare: fields.includes('bare'),
      },
    ];
  });
}

/** Git's private directories of worktrees, by name. */
export async function entriesOf(location: RepositoryLocation): Promise<readonly string[]> {
  try {
    return await readdir(join(location.commonDir, 'worktrees'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The worktree that configuration and copies come from: the main one; of a bare repository the one
 * whose branch the repository's HEAD names, else none.
 */
export async function sourceWorktree(
  git: PlainGit,
  location: RepositoryLocation,
  survey: RepositorySurvey,
): Promise<string | null> {
  if (!location.isBare) return location.root;
  const head = await git.read(location.commonDir, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  const branch = head.ok ? head.value.trim() : '';
  return survey.worktrees.find((one) => one.branch === branch && !one.missing)?.path ?? null;
}

/** The same for whoever has no survey at hand. */
export const createSourceOf =
  (git: PlainGit) =>
  async (location: RepositoryLocation): Promise<string | null> => {
    if (!location.isBare) return location.root;
    const survey = await surveyRepository(git, location);
    return survey.ok ? sourceWorktree(git, location, survey.value) : null;
  };

/** Worktrees inside another one, relative to it and '/'-separated. */
export function nestedIn(directory: string, survey: RepositorySurvey): readonly string[] {
  return survey.worktrees.flatMap(({ path }) => {
    const inside = relative(directory, path);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || resolve(inside) === inside)
      return [];
    return [inside.split(sep).join('/')];
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
