import { mkdir, readFile, rmdir, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileFailure, SpawnFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation, WorktreeMaker, WorktreeSpec } from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';
import { exists } from '../../system/small-reads';
import { idOf } from '../facts/locate';
import { entriesOf } from '../facts/repository-survey';
import { type GitCommand, type GitOutcome, gitFailure } from '../run/git-command';

/** A big checkout with large files to fetch takes minutes; nothing takes longer than this. */
const LIMIT_MS = 15 * 60_000;

/** The steps that `addWorktree` announces, in this order; `takeBack` reads them after a crash. */
export const ADDITION = {
  /** `{entries}`: git's private directories that were there before. */
  branch: 'branch',
  /** `{parents}`: the directories above that are missing and will be made, the topmost first. */
  directory: 'directory',
  directoryMade: 'directory-made',
  worktree: 'worktree',
} as const;

/** What marks a branch as made by an operation: the only line of its reflog. */
export const reflogMark = (operation: string): string => `orchard: ${operation}`;

/**
 * Makes the branch, the directory and the worktree, each in a way that fails when something of that
 * name is there: `update-ref` from nothing, `mkdir`, and only then git's own `worktree add` into the
 * empty directory. `worktree add -b` would do it in one, but could not be told from somebody else's
 * branch afterwards. No upstream is set: `--track` belongs to `-b`.
 */
export async function addWorktree(
  command: GitCommand,
  location: RepositoryLocation,
  spec: WorktreeSpec,
  options: Parameters<WorktreeMaker['add']>[2],
): Promise<Result<{ readonly entry: string; readonly worktreeId: string }, SpawnFailure>> {
  const { signal, announce } = options;
  const cwd = location.isBare ? location.commonDir : location.root;
  const stopped = () => signal.aborted;
  const run = (args: readonly string[]) =>
    command(cwd, ['-c', 'core.fsmonitor=false', ...args], {
      mode: 'write',
      limitMs: LIMIT_MS,
      signal,
      onStart: options.onProcess,
      onOutput: options.onOutput,
    });

  if (stopped()) return fail({ kind: 'cancelled' });
  const branchSaid = await announce(ADDITION.branch, { entries: await entriesOf(location) });
  if (!branchSaid.ok) return branchSaid;
  const branch = await run([
    'update-ref',
    '--create-reflog',
    '-m',
    reflogMark(spec.operation),
    `refs/heads/${spec.branch}`,
    spec.commit,
    '0'.repeat(spec.commit.length),
  ]);
  if (branch.code !== 0) return fail(branchFailure(branch, spec));

  if (stopped()) return fail({ kind: 'cancelled' });
  const parents = await missingParents(spec.path);
  const directorySaid = await announce(ADDITION.directory, { parents });
  if (!directorySaid.ok) return directorySaid;
  const directory = await makeDirectories(parents, spec.path);
  if (!directory.ok) return directory;
  const madeSaid = await announce(ADDITION.directoryMade);
  if (!madeSaid.ok) {
    // Without that note nobody would take it for ours.
    await rmdir(spec.path);
    return madeSaid;
  }

  if (stopped()) return fail({ kind: 'cancelled' });
  const worktreeSaid = await announce(ADDITION.worktree);
  if (!worktreeSaid.ok) return worktreeSaid;
  const added = await run(['worktree', 'add', '--quiet', '--end-of-options', spec.path, spec.branch]);
  const entry = await entryAt(spec.path);
  if (added.code !== 0) {
    const whole = entry !== null && !(await exists(join(location.commonDir, 'worktrees', entry, 'locked')));
    if (/unable to write/.test(added.stderr) && (await isTooBig(command, location, spec)))
      return fail({ kind: 'no-space', path: spec.path });
    return fail(additionFailure(added, spec, whole));
  }
  if (entry === null)
    return fail({ kind: 'git-failed', command: 'worktree', exitCode: 0, details: 'It made no worktree.' });
  return ok({ entry, worktreeId: idOf('w', join(location.commonDir, 'worktrees', entry)) });
}

/** The name of the private git directory that a worktree's `.git` file leads to; null without one. */
async function entryAt(path: string): Promise<string | null> {
  try {
    const target = /^gitdir: (.+?)[\r\n]*$/s.exec(await readFile(join(path, '.git'), 'utf8'))?.[1];
    return target === undefined ? null : basename(resolve(path, target));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}

async function missingParents(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let here = dirname(path); !(await exists(here)) && dirname(here) !== here; here = dirname(here))
    missing.unshift(here);
  return missing;
}

async function makeDirectories(
  parents: readonly string[],
  path: string,
): Promise<Result<void, SpawnFailure | FileFailure>> {
  for (const directory of [...parents, path]) {
    try {
      await mkdir(directory);
    } catch (error) {
      // Somebody made a parent meanwhile: theirs is as good.
      if (errorCode(error) !== 'EEXIST') return fail(fileFailure(error, directory));
      if (directory === path) return fail({ kind: 'directory-exists', path });
    }
  }
  return ok(undefined);
}

function branchFailure(outcome: GitOutcome, spec: WorktreeSpec): SpawnFailure {
  const { stderr } = outcome;
  if (/reference already exists/.test(stderr))
    return { kind: 'branch-exists', branch: spec.branch, existing: spec.branch };
  const inTheWay = /'refs\/heads\/([^']+)' exists; cannot create/.exec(stderr)?.[1];
  if (inTheWay !== undefined) return { kind: 'branch-exists', branch: spec.branch, existing: inTheWay };
  return additionFailure(outcome, spec, false);
}

function additionFailure(outcome: GitOutcome, spec: WorktreeSpec, whole: boolean): SpawnFailure {
  const { stderr } = outcome;
  if (outcome.ended !== 'exited') return gitFailure(['worktree'], outcome);
  if (/No space left on device|Disk quota exceeded/i.test(stderr))
    return { kind: 'no-space', path: spec.path };
  if (/aborted by (the )?(reference-transaction )?hook|reference-transaction/i.test(stderr))
    return { kind: 'hook-refused', hook: 'reference-transaction', details: stderr.trim().slice(-4_000) };
  if (/Read-only file system|Permission denied/i.test(stderr) && !whole)
    return { kind: 'read-only', path: spec.path };
  // Git has done its part and answers with the hook's own exit code.
  if (whole) return { kind: 'hook-refused', hook: 'post-checkout', details: stderr.trim().slice(-4_000) };
  return gitFailure(['worktree'], outcome);
}

/**
 * Git does not say why it was "unable to write file", and clears what it wrote, so the disk has room
 * again by now: whether the commit fits on it at all has to be counted.
 */
async function isTooBig(
  command: GitCommand,
  location: RepositoryLocation,
  spec: WorktreeSpec,
): Promise<boolean> {
  const tree = await command(location.commonDir, ['ls-tree', '-r', '-l', '--full-tree', spec.commit], {
    mode: 'read',
  });
  if (tree.code !== 0) return false;
  const bytes = tree.stdout
    .split('\n')
    .reduce((sum, line) => sum + (Number(/^\S+ \S+ \S+ +(\d+)\t/.exec(line)?.[1]) || 0), 0);
  const disk = await statfs(dirname(spec.path)).catch(() => null);
  return disk !== null && bytes > disk.bavail * disk.bsize;
}
