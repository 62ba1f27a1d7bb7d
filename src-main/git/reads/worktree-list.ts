/** The worktrees of a repository: what git lists, joined to the private git directories it keeps them in. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { RepositoryLocation } from '../../domain/facts';
import { answerProblem, type GitRunner } from './git-runner';
import { fromGitFile, idOf } from './locate';

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
  /** What is wrong with the directory itself, in a sentence. */
  readonly problem: string | null;
}

export interface ListedRecord {
  readonly path: string;
  readonly bare: boolean;
  readonly locked: boolean;
  readonly lockReason: string | null;
}

/** https://git-scm.com/docs/git-worktree#_porcelain_format */
export function parseWorktreeList(output: string): readonly ListedRecord[] {
  return output
    .split('\0\0')
    .map((block) => block.split('\0').filter((line) => line !== ''))
    .flatMap((lines) => {
      const path = lines[0]?.startsWith('worktree ') ? lines[0].slice(9) : null;
      if (path === null) return [];
      const lock = lines.find((line) => line === 'locked' || line.startsWith('locked '));
      const reason = lock?.slice(7) ?? '';
      return [
        {
          path,
          bare: lines.includes('bare'),
          locked: lock !== undefined,
          lockReason: reason === '' ? null : reason,
        },
      ];
    });
}

/** The directory to run repository-wide git in: the main worktree while it is there, else the repository. */
export async function repositoryDirectory(location: RepositoryLocation): Promise<string> {
  if (location.isBare || location.root === location.commonDir) return location.commonDir;
  return (await isThere(location.root)) ? location.root : location.commonDir;
}

export async function listWorktrees(
  runner: GitRunner,
  location: RepositoryLocation,
): Promise<readonly ListedWorktree[] | { readonly problem: string }> {
  const [answer, entries] = await Promise.all([
    repositoryDirectory(location).then((cwd) =>
      runner.run({ cwd, args: ['worktree', 'list', '--porcelain', '-z'], limitMs: 15_000, first: true }),
    ),
    privateDirectories(location.commonDir),
  ]);
  const failed = answerProblem(answer);
  if (failed !== null) return { problem: readProblem(answer.stderr, failed) };
  const records = parseWorktreeList(answer.stdout);
  const listed = await Promise.all(
    records.map(async (record, at): Promise<ListedWorktree | null> => {
      // Git lists the main worktree first; for a bare repository that row is the repository itself.
      if (at === 0) return location.isBare ? null : main(location, record);
      const entry = entries.get(resolve(record.path));
      if (entry === undefined) return null;
      const gitDir = join(location.commonDir, 'worktrees', entry);
      const missing = !(await isThere(record.path));
      return {
        id: idOf('w', gitDir),
        path: missing ? resolve(record.path) : await realpath(record.path),
        gitDir,
        entry,
        isMain: false,
        missing,
        // While `git worktree add` is at work it holds a lock of its own under this name.
        locked: record.locked && record.lockReason !== 'initializing',
        lockReason: record.lockReason === 'initializing' ? null : record.lockReason,
        problem: missing ? null : await linkProblem(record.path, gitDir),
      };
    }),
  );
  return listed.filter((worktree) => worktree !== null);
}

async function main(location: RepositoryLocation, record: ListedRecord): Promise<ListedWorktree> {
  return {
    id: idOf('w', location.commonDir),
    // For a submodule or a separate git directory git names the git directory here; we know better.
    path: location.root,
    gitDir: location.commonDir,
    entry: null,
    isMain: true,
    missing: !(await isThere(location.root)),
    locked: record.locked,
    lockReason: record.lockReason,
    problem: null,
  };
}

/** Worktree path → entry name. Resolved: on Windows git writes '/' where Node says '\\'. */
async function privateDirectories(commonDir: string): Promise<ReadonlyMap<string, string>> {
  const worktrees = join(commonDir, 'worktrees');
  let names: string[];
  try {
    names = await readdir(worktrees);
  } catch {
    return new Map();
  }
  const found = new Map<string, string>();
  await Promise.all(
    names.map(async (name) => {
      try {
        const text = (await readFile(join(worktrees, name, 'gitdir'), 'utf8')).replace(/[\r\n]+$/, '');
        found.set(resolve(dirname(fromGitFile(join(worktrees, name), text))), name);
      } catch {
        // Half made or half removed: git does not list it either.
      }
    }),
  );
  return found;
}

/** A worktree whose `.git` file does not lead back to its entry would be read as another repository. */
async function linkProblem(path: string, gitDir: string): Promise<string | null> {
  try {
    const text = await readFile(join(path, '.git'), 'utf8');
    const target = /^gitdir: (.+?)[\r\n]*$/s.exec(text)?.[1];
    if (target !== undefined && (await realpath(fromGitFile(path, target))) === gitDir) return null;
  } catch {
    // Falls through to the sentence below.
  }
  return 'Its .git file does not lead to its repository; `git worktree repair` may help.';
}

export async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
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
