/**
 * A commit of a working tree as it is now, uncommitted work included, that nobody but us can see: made
 * through a copy of the index and an object directory of our own. The person's index, refs, object
 * store and stash are never touched.
 */
import { copyFile, lstat, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorktreeFacts } from '../../domain/facts';
import { errorCode } from '../../system/file-failure';
import { scratchObjects } from '../run/git-command';
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';
import { configOverrides } from './config-overrides';

export interface LiveCommitDeps {
  readonly git: GitRunner;
  /** An object directory of our own; the repository's is its alternate. */
  readonly objects: string;
  /** Where temporary indexes go. */
  readonly scratch: string;
  /** Options that switch this worktree's filters off. */
  filters(path: string): Promise<readonly string[]>;
}

/** Larger untracked files compare by what they are, not by what is in them. */
const LARGE_FILE_BYTES = 10 * 1024 * 1024;

/** Fixed, so that the same content gives the same commit, and so the same cached verdicts. */
const identity = {
  GIT_AUTHOR_NAME: 'Orchard',
  GIT_AUTHOR_EMAIL: 'orchard@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Orchard',
  GIT_COMMITTER_EMAIL: 'orchard@localhost',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};

/** Objects are written to a directory of our own, and read from the repository's too. */
export const ownObjects = (objects: string, commonDir: string): Readonly<Record<string, string>> =>
  scratchObjects(commonDir, objects);

const isDirty = ({ changes, ongoing }: WorktreeFacts) =>
  ongoing !== null || changes.staged + changes.changed + changes.untracked + changes.conflicted > 0;

/**
 * Answers the commit that stands for a worktree: its HEAD when nothing is uncommitted, else a synthetic
 * child of HEAD. Null when it can't be made (a broken index, a disk error): then nothing is claimed.
 * @param nested absolute directories below the worktree that are worktrees of their own
 */
export async function liveCommit(
  deps: LiveCommitDeps,
  commonDir: string,
  worktree: WorktreeFacts,
  nested: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  if (worktree.head === null) return null;
  if (!isDirty(worktree)) return worktree.head;
  const scratch = await mkdtemp(join(deps.scratch, 'live-'));
  try {
    const index = join(scratch, 'index');
    const [filters, large] = await Promise.all([
      deps.filters(worktree.path),
      worktree.changes.untracked === 0 ? [] : largeUntracked(deps.git, worktree.path, nested, signal),
      copyIndex(join(worktree.gitDir, 'index'), index),
    ]);
    const env = { ...ownObjects(deps.objects, commonDir), ...identity, GIT_INDEX_FILE: index };
    // On every one of them: even `write-tree` reads an entry anew whose time is too close to call.
    const run = (args: readonly string[], input?: string) =>
      deps.git.run({
        cwd: worktree.path,
        args: [...filters, ...args],
        env,
        signal,
        ...(input === undefined ? {} : { input }),
      });

    const out = [...nested.map((path) => relativeTo(worktree.path, path)), ...large.map(({ path }) => path)];
    const added = await run([
      'add',
      '--all',
      // A nested repository without a commit can't be added; the rest still is.
      '--ignore-errors',
      '--',
      '.',
      ...out.map((path) => `:(top,exclude,literal)${path}`),
    ]);
    if (added.reason !== 'exited' || (added.exitCode !== 0 && added.exitCode !== 1)) return null;
    for (const { path, stamp } of large) {
      const blob = await run(['hash-object', '-w', '--stdin'], stamp);
      if (answerProblem(blob) !== null) return null;
      const entry = `100644 ${blob.stdout.trim()}\t${path}\0`;
      if (answerProblem(await run(['update-index', '--add', '-z', '--index-info'], entry)) !== null)
        return null;
    }
    const tree = await run(['write-tree']);
    if (answerProblem(tree) !== null) return null;
    const commit = await run(['commit-tree', tree.stdout.trim(), '-p', worktree.head, '-m', 'live']);
    return answerProblem(commit) === null ? commit.stdout.trim() : null;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * With its time: entries that are as young as their index are compared by content, and a copy that
 * looked younger would pass an edit off as none (https://git-scm.com/docs/racy-git).
 */
async function copyIndex(from: string, to: string): Promise<void> {
  try {
    const { atime, mtime } = await stat(from);
    await copyFile(from, to);
    await utimes(to, atime, mtime);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

const relativeTo = (root: string, path: string) =>
  path.slice(root.length).replaceAll('\\', '/').replace(/^\/+/, '');

/** Filters (LFS and the like) would run programs; content under one is compared as it lies on disk. */
export const filterOverrides = (git: GitRunner, cwd: string, signal: AbortSignal) =>
  configOverrides(
    git,
    cwd,
    '^filter\\..*\\.(clean|process|required)$',
    (key) => (key.endsWith('.required') ? 'false' : ''),
    signal,
  );

async function largeUntracked(
  git: GitRunner,
  cwd: string,
  nested: readonly string[],
  signal: AbortSignal,
): Promise<readonly { readonly path: string; readonly stamp: string }[]> {
  const listed = await git.run({
    cwd,
    args: [
      'ls-files',
      '--others',
      '--exclude-standard',
      '-z',
      '--',
      '.',
      ...nested.map((path) => `:(top,exclude,literal)${relativeTo(cwd, path)}`),
    ],
    signal,
  });
  if (answerProblem(listed) !== null) return [];
  const found: { path: string; stamp: string }[] = [];
  for (const path of listed.stdout.split('\0')) {
    if (path === '' || path.endsWith('/')) continue;
    const stat = await lstat(join(cwd, path)).catch(() => null);
    if (stat?.isFile() === true && stat.size > LARGE_FILE_BYTES)
      found.push({ path, stamp: `large file, ${stat.size} bytes, ${stat.mtimeMs}` });
  }
  return found;
}
