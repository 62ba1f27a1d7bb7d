/** The worktrees of a repository, and the private git directories that it keeps them in. */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RepositoryLocation } from '../../domain/facts';
import { errorCode } from '../../system/file-failure';
import { isDirectory, textOrNull } from '../../system/small-reads';
import { whatIsThere } from './identity';
import { type CoreConfig, coreConfig, fromGitFile, idOf } from './locate';

export interface ListedWorktree {
  readonly id: string;
  readonly path: string;
  readonly gitDir: string;
  /** Name of its entry under `<common>/worktrees/`; null for the main worktree. */
  readonly entry: string | null;
  readonly isMain: boolean;
  readonly missing: boolean;
  readonly locked: boolean;
  readonly lockReason: string | null;
  /** Why the directory is not this worktree, or can't be worked in, in a sentence: nothing is done in it. */
  readonly problem: string | null;
}

/** The directory to run repository-wide git in: the main worktree while it is there, else the repository. */
export async function repositoryDirectory(location: RepositoryLocation): Promise<string> {
  if (location.isBare || location.root === location.commonDir) return location.commonDir;
  return (await isDirectory(location.root)) ? location.root : location.commonDir;
}

/**
 * What `git worktree list` lists, from the files that it reads itself: it is asked whenever a repository
 * is looked at whole, before anything else can be, and a process is what it would wait for.
 * https://git-scm.com/docs/git-worktree#_details,
 * `get_worktrees` in https://github.com/git/git/blob/master/worktree.c
 */
export async function listWorktrees(
  location: RepositoryLocation,
): Promise<readonly ListedWorktree[] | { readonly problem: string }> {
  let entries: readonly Entry[];
  let core: CoreConfig;
  try {
    await lstat(join(location.commonDir, 'HEAD'));
    [entries, core] = await Promise.all([readEntries(location.commonDir), coreConfig(location.commonDir)]);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { problem: readProblem(errorCode(error) === 'EACCES' ? 'Permission denied' : '', words) };
  }
  const [first, linked] = await Promise.all([
    location.isBare ? null : main(location, core),
    Promise.all(entries.map((entry) => linkedWorktree(location, entry, core))),
  ]);
  // A worktree that was made anew where a lost one had been: the old entry is still there.
  const healthy = new Set(linked.filter(({ problem }) => problem === null).map(({ path }) => path));
  const shown = linked.filter(({ path, problem }) => problem === null || !healthy.has(path));
  return first === null ? shown : [first, ...shown];
}

async function main(location: RepositoryLocation, core: CoreConfig): Promise<ListedWorktree> {
  const place = { path: location.root, gitDir: location.commonDir };
  const missing = !(await isDirectory(location.root));
  return {
    id: idOf('w', location.commonDir),
    ...place,
    entry: null,
    isMain: true,
    missing,
    // Git can not lock a main worktree.
    locked: false,
    lockReason: null,
    problem: missing ? null : await whatIsThere(location, place, core),
  };
}

async function linkedWorktree(
  location: RepositoryLocation,
  entry: Entry,
  core: CoreConfig,
): Promise<ListedWorktree> {
  const gitDir = join(location.commonDir, 'worktrees', entry.name);
  const path = await realpath(entry.path).catch(() => null);
  const missing = path === null || !(await isDirectory(path));
  // While `git worktree add` is at work it holds a lock of its own under this name.
  const lock = entry.lock === 'initializing' ? null : entry.lock;
  return {
    id: idOf('w', gitDir),
    path: path ?? entry.path,
    gitDir,
    entry: entry.name,
    isMain: false,
    missing,
    locked: lock !== null,
    lockReason: lock === '' ? null : lock,
    problem: missing ? null : await whatIsThere(location, { path, gitDir }, core),
  };
}

interface Entry {
  readonly name: string;
  readonly path: string;
  /** Why it is locked, which may be nothing; null when it is not. */
  readonly lock: string | null;
}

/** The linked worktrees in git's order: by path, byte for byte. Throws when they can not be read. */
async function readEntries(commonDir: string): Promise<readonly Entry[]> {
  const worktrees = join(commonDir, 'worktrees');
  const names = await readdir(worktrees).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const found = await Promise.all(
    names.map(async (name): Promise<Entry | null> => {
      const directory = join(worktrees, name);
      const [place, lock] = await Promise.all([
        textOrNull(join(directory, 'gitdir')),
        textOrNull(join(directory, 'locked')),
      ]);
      // Half made or half removed: git does not list it either.
      const written = place?.trimEnd() ?? '';
      if (written === '') return null;
      // Resolved: on Windows git writes '/' where Node says '\\'.
      const path = resolve(fromGitFile(directory, written.replace(/[\\/]\.git$/, '')));
      return { name, path, lock: lock === null ? null : lock.trim() };
    }),
  );
  return found
    .filter((entry) => entry !== null)
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** Git's own words in a sentence for a person, for the failures that are worth telling apart. */
export function readProblem(stderr: string, otherwise: string): string {
  if (/dubious ownership/.test(stderr))
    return 'Git does not read it because it belongs to another user (safe.directory).';
  if (/safe\.bareRepository/i.test(stderr)) return 'Git is set to refuse bare repositories here.';
  if (/Permission denied/i.test(stderr)) return 'It can not be read: permission denied.';
  if (/index file (corrupt|smaller)|bad (index|signature)|unknown index entry/i.test(stderr))
    return 'Its index is damaged, so its changes can not be counted.';
  return `Git can not read it: ${otherwise}`;
}
