/**
 * Whether a directory is the worktree that it is taken for. A path is no proof: its `.git` file may be
 * gone (and git would answer for a repository around it), or another repository may be there by now.
 * Proven both ways, as `git worktree remove` does: the directory leads to the private git directory,
 * and that one leads back (https://git-scm.com/docs/gitrepository-layout).
 */
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import { statOrNull, textOrNull } from '../../system/small-reads';
import { type GitCommand, gitFailure, lines } from '../run/git-command';
import { type CoreConfig, coreConfig, fromGitFile, isBareWithCheckout } from './locate';

/** A worktree by where it is and which git directory is its own. */
export interface WorktreePlace {
  readonly path: string;
  /** Its private git directory; the common one of the main worktree. */
  readonly gitDir: string;
}

/**
 * A known corruption: some tool wrote `core.bare = true` into the configuration of a repository that
 * has a checkout. Git then takes the checkout for none, and commands act on something else.
 */
export const BARE_WITH_CHECKOUT =
  'Its repository says core.bare=true although it has a checkout; nothing is done here until `git config core.bare false` has mended that.';

/**
 * What is wrong with a worktree's directory, in sentences; null when it is the worktree. Reads files
 * alone. A directory that is not there at all is not judged here.
 *
 * @param core the repository's own configuration, where it was read already
 */
export async function whatIsThere(
  { commonDir }: Pick<RepositoryLocation, 'commonDir'>,
  place: WorktreePlace,
  core?: CoreConfig,
): Promise<string | null> {
  const isMain = place.gitDir === commonDir;
  core ??= await coreConfig(commonDir);
  if (await isBareWithCheckout(commonDir, core.bare)) return BARE_WITH_CHECKOUT;
  if (isMain && place.path === commonDir)
    return 'Git does not record where this main worktree is (`git init --separate-git-dir`); from inside it Orchard finds it.';
  const away = await leadsElsewhere(place);
  if (away !== null) return away;
  if (isMain)
    return core.worktree === null || (await isSameFile(fromGitFile(commonDir, core.worktree), place.path))
      ? null
      : `Its core.worktree is ${core.worktree}, so git would work in that directory.`;
  // The way back. Git names the `.git` file in it; a repository that was moved whole may have a relative one.
  const back = (await textOrNull(join(place.gitDir, 'gitdir')))?.trimEnd() ?? '';
  const home = fromGitFile(place.gitDir, back);
  if (back === '' || !(await isSameFile(home, join(place.path, '.git'))))
    return `Its .git file leads to ${place.gitDir}, which belongs to ${back === '' ? 'no directory' : home.replace(/[\\/]\.git$/, '')}; it may be a copy.`;
  if (!core.perWorktree) return null;
  const own = await coreConfig(place.gitDir, ['config.worktree']);
  if (own.bare) return BARE_WITH_CHECKOUT;
  if (own.worktree !== null && !(await isSameFile(fromGitFile(place.gitDir, own.worktree), place.path)))
    return `Its core.worktree is ${own.worktree}, so git would work in that directory.`;
  return null;
}

/** Where its `.git` leads, when that is not to this worktree's git directory. */
async function leadsElsewhere({ path, gitDir }: WorktreePlace): Promise<string | null> {
  const dotGit = join(path, '.git');
  const found = await lstat(dotGit).catch(() => null);
  const mend = '`git worktree repair` in the main worktree may mend that.';
  if (found === null) return `Its .git file is gone, so nothing tells that it is this worktree; ${mend}`;
  if (await isSameFile(dotGit, gitDir)) return null;
  const link = /^gitdir: (.+?)[\r\n]*$/s.exec((await textOrNull(dotGit)) ?? '')?.[1];
  if (link === undefined)
    return (await stat(dotGit).catch(() => null))?.isDirectory() === true
      ? 'Another repository is there now: its .git is a directory.'
      : `Its .git file can’t be understood, so nothing tells that it is this worktree; ${mend}`;
  const target = fromGitFile(path, link);
  if (await isSameFile(target, gitDir)) return null;
  return (await statOrNull(target)) === null
    ? `Its .git file leads to ${target}, which is not there; ${mend}`
    : `Its .git file leads to ${target}: another worktree or repository is there now.`;
}

/** Whether a directory's `.git` file names this git directory, be that one there at the moment or not. */
export async function names(directory: string, gitDir: string): Promise<boolean> {
  const link = /^gitdir: (.+?)[\r\n]*$/s.exec((await textOrNull(join(directory, '.git'))) ?? '')?.[1];
  if (link === undefined) return false;
  const target = fromGitFile(directory, link);
  return basename(target) === basename(gitDir) && (await isSameFile(dirname(target), dirname(gitDir)));
}

/** One file by its identity on the disk: links, case and spelling of a path don't matter. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  if (one === other) return (await statOrNull(one)) !== null;
  const [a, b] = await Promise.all(
    [one, other].map((path) => stat(path, { bigint: true }).catch(() => null)),
  );
  return a != null && b != null && a.ino === b.ino && a.dev === b.dev;
}

/**
 * Proof before a command in the directory: what its files say, and what git itself makes of them there.
 * Fails with what is there instead.
 */
export async function proveWorktree(
  git: GitCommand,
  location: RepositoryLocation,
  place: WorktreePlace,
): Promise<Result<void, CommonFailure>> {
  const { path } = place;
  if ((await statOrNull(path))?.isDirectory() !== true)
    return fail({ kind: 'not-this-worktree', path, there: 'No directory is there.' });
  const instead = await whatIsThere(location, place);
  if (instead !== null) return fail({ kind: 'not-this-worktree', path, there: instead });
  const args = ['rev-parse', '--path-format=absolute', '--git-dir', '--git-common-dir', '--show-toplevel'];
  const asked = await git(path, args, { mode: 'read' });
  if (asked.code === null) return fail(gitFailure(args, asked));
  const [gitDir = '', commonDir = '', top = ''] = lines(asked.stdout);
  const same = await Promise.all([
    isSameFile(gitDir, place.gitDir),
    isSameFile(commonDir, location.commonDir),
    isSameFile(top, path),
  ]);
  if (asked.code === 0 && !same.includes(false)) return ok(undefined);
  const words = asked.stderr.trim().split('\n').at(-1) ?? '';
  const there =
    asked.code === 0
      ? `Git takes it for ${top} of ${commonDir}.`
      : `Git does not take it for a worktree: ${words.replace(/^fatal: /, '')}.`;
  return fail({ kind: 'not-this-worktree', path, there });
}
