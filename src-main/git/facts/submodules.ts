/**
 * Which submodules a worktree has. Each worktree has repositories of its own for them, below its entry
 * (`worktrees/<id>/modules/`), which go when the worktree goes:
 * https://git-scm.com/docs/gitrepository-layout, https://git-scm.com/docs/git-worktree#_bugs
 */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { errorCode } from '../../system/file-failure';
import { exists } from '../../system/small-reads';
import type { GitCommand } from '../run/git-command';
import { fields } from '../run/git-command';

export interface Submodule {
  /** Its path below the worktree, '/'-separated; the name of its repository when it is checked out nowhere. */
  readonly name: string;
  readonly gitDir: string;
  /** Null when it is not checked out, or the worktree's directory is away. */
  readonly workTree: string | null;
  /** Whether its repository goes with the worktree: below its entry, or inside its directory. */
  readonly goesAlong: boolean;
  /** Other repositories of the same submodule, which stay. */
  readonly siblings: readonly string[];
}

/** A submodule in a submodule in a submodule… deeper than this, somebody plays games. */
const DEEPEST = 8;

/**
 * Every submodule of a worktree, nested ones and those no longer checked out included.
 *
 * @param checkout `path` null when the directory is away
 * @param commonDir the repository's, whose other worktrees may have the same submodules
 */
export async function submodulesOf(
  git: GitCommand,
  checkout: { readonly path: string | null; readonly gitDir: string },
  commonDir: string,
): Promise<readonly Submodule[]> {
  const found = new Map<string, Submodule>();
  const roots = [await realOf(checkout.gitDir)];
  if (checkout.path !== null) roots.push(await realOf(checkout.path));
  const others = (await holders(commonDir)).filter((one) => one !== join(checkout.gitDir, 'modules'));
  const add = async (name: string, gitDir: string, workTree: string | null) => {
    const real = await realOf(gitDir);
    if (found.has(real)) return false;
    const own = join(await realOf(checkout.gitDir), 'modules') + sep;
    const below = real.startsWith(own) ? real.slice(own.length) : null;
    const siblings: string[] = [];
    if (below !== null)
      for (const other of others)
        if (await isRepository(join(other, below))) siblings.push(join(other, below));
    const goesAlong = roots.some((root) => real.startsWith(root + sep));
    found.set(real, { name, gitDir: real, workTree, goesAlong, siblings });
    return true;
  };
  const checkedOut = async (path: string, prefix: string, depth: number): Promise<void> => {
    for (const { path: name } of await gitlinks(git, path, null)) {
      const workTree = join(path, name);
      const gitDir = await gitDirOf(workTree);
      if (gitDir === null || depth > DEEPEST) continue;
      if (await add(`${prefix}${name}`, gitDir, workTree))
        await checkedOut(workTree, `${prefix}${name}/`, depth + 1);
    }
  };
  const kept = async (directory: string, prefix: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) return;
    for (const name of await directoriesIn(directory)) {
      const gitDir = join(directory, name);
      if (!(await isRepository(gitDir))) await kept(gitDir, `${prefix}${name}/`, depth + 1);
      else {
        await add(`${prefix}${name}`, gitDir, null);
        await kept(join(gitDir, 'modules'), `${prefix}${name}/`, depth + 1);
      }
    }
  };
  if (checkout.path !== null) await checkedOut(checkout.path, '', 0);
  await kept(join(checkout.gitDir, 'modules'), '', 0);
  return [...found.values()];
}

/** Where a commit names another repository's commit; of the index when `commit` is null. */
export async function gitlinks(
  git: GitCommand,
  directory: string,
  commit: string | null,
  env?: Readonly<Record<string, string>>,
): Promise<readonly { readonly path: string; readonly commit: string }[]> {
  const args =
    commit === null ? ['ls-files', '--stage', '-z'] : ['ls-tree', '-r', '-z', '--full-tree', commit];
  const listed = await git(directory, args, { mode: 'read', ...(env === undefined ? {} : { env }) });
  if (listed.code !== 0) return [];
  return fields(listed.stdout).flatMap((line) => {
    const match = /^160000 (?:commit )?([0-9a-f]+)(?: [0-3])?\t(.*)$/s.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [{ path: match[2], commit: match[1] }];
  });
}

/** How git is run in a submodule's repository, whether or not its working tree is there. */
export const insideOf = ({ gitDir, workTree }: Submodule): Readonly<Record<string, string>> => ({
  GIT_DIR: gitDir,
  // `core.worktree` names a directory that may be away, and then git refuses even to list refs.
  GIT_WORK_TREE: workTree ?? gitDir,
});

/** The repository of a checked-out submodule, or null when there is none. */
export async function gitDirOf(workTree: string): Promise<string | null> {
  const file = join(workTree, '.git');
  const found = await lstat(file).catch(() => null);
  if (found === null) return null;
  if (found.isDirectory()) return (await isRepository(file)) ? file : null;
  const text = await readFile(file, 'utf8').catch(() => '');
  const match = /^gitdir: (.*?)\r?\n?$/s.exec(text);
  if (match?.[1] === undefined) return null;
  const gitDir = isAbsolute(match[1]) ? match[1] : resolve(workTree, match[1]);
  return (await isRepository(gitDir)) ? gitDir : null;
}

/** The `modules` directories of the main checkout and of every worktree. */
async function holders(commonDir: string): Promise<readonly string[]> {
  const entries = await directoriesIn(join(commonDir, 'worktrees'));
  return [
    join(commonDir, 'modules'),
    ...entries.map((entry) => join(commonDir, 'worktrees', entry, 'modules')),
  ];
}

const isRepository = async (directory: string): Promise<boolean> =>
  (await exists(join(directory, 'HEAD'))) &&
  (await exists(join(directory, 'objects'))) &&
  (await exists(join(directory, 'refs')));

async function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  try {
    const items = await readdir(directory, { withFileTypes: true });
    return items.filter((item) => item.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
