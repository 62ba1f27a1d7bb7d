import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { nestedIn, type PathStyle } from '../../domain/containment';
import type { RepositoryLocation, RepositorySurvey } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { type GitCommand, gitFailure, lines } from '../run/git-command';
import { listCheckouts, proveCheckout } from './checkouts';
import { repositoryDirectory } from './worktrees';

/**
 * What is there already: branches, worktrees, and git's own directories for them. Fails when the main
 * worktree can't be proved to be one: what is made from it would come from somewhere else.
 */
export async function surveyRepository(
  git: GitCommand,
  location: RepositoryLocation,
): Promise<Result<RepositorySurvey, CommonFailure>> {
  const args = ['for-each-ref', '--format=%(refname)', 'refs/heads/'];
  const [branches, listed, entries] = await Promise.all([
    repositoryDirectory(location).then((directory) => git(directory, args, { mode: 'read' })),
    listCheckouts(git, location),
    entriesOf(location),
  ]);
  if (branches.code !== 0) return fail(gitFailure(args, branches));
  if (!listed.ok) return listed;
  const main = listed.value.find((one) => one.isMain);
  const proven = main === undefined ? ok(undefined) : await proveCheckout(git, location, main);
  if (!proven.ok) return proven;
  return ok({
    branches: lines(branches.stdout).map((ref) => ref.replace(/^refs\/heads\//, '')),
    worktrees: listed.value.map(({ path, branch, isMain, missing }) => ({ path, branch, isMain, missing })),
    entries,
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
  git: GitCommand,
  location: RepositoryLocation,
  survey: RepositorySurvey,
): Promise<string | null> {
  if (!location.isBare) return location.root;
  const head = await git(location.commonDir, ['symbolic-ref', '--quiet', 'HEAD'], { mode: 'read' });
  const branch = head.stdout.trim().replace(/^refs\/heads\//, '');
  return survey.worktrees.find((one) => one.branch === branch && !one.missing)?.path ?? null;
}

/** The same for whoever has no survey at hand. */
export const createSourceOf =
  (git: GitCommand) =>
  async (location: RepositoryLocation): Promise<string | null> => {
    if (!location.isBare) return location.root;
    const survey = await surveyRepository(git, location);
    return survey.ok ? sourceWorktree(git, location, survey.value) : null;
  };

/** Worktrees inside another one, relative to it and '/'-separated. */
export const nestedPaths = (
  directory: string,
  survey: RepositorySurvey,
  style: PathStyle,
): readonly string[] =>
  nestedIn(directory, survey.worktrees, style).map(({ path }) =>
    relative(directory, path).split(sep).join('/'),
  );
