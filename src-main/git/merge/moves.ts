/**
 * Moves a branch, and the worktree that has it checked out, from one commit to another; never past
 * what somebody else did meanwhile, and never over a file that git does not know.
 */
import { join } from 'node:path';
import type { CommonFailure, FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import { exists } from '../../system/small-reads';
import { commitOf, isAncestor } from '../facts/base';
import { listCheckouts, proveCheckout } from '../facts/checkouts';
import type { GitCall, GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';
import { refFailure } from '../run/ref-failure';
import { pathsInTheWay } from './paths-in-the-way';

export type MoveFailure =
  | CommonFailure
  | FailureOf<'plan-outdated' | 'hook-refused' | 'operation-under-way' | 'worktree-missing'>
  | { readonly kind: 'in-the-way'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'moved'; readonly expected: string; readonly actual: string };

/** A person's configuration may not add steps of its own to a merge or rebase of ours. */
const plainMerge = [
  '-c',
  'rerere.enabled=false',
  '-c',
  'rebase.updateRefs=false',
  '-c',
  'rebase.autoSquash=false',
  '-c',
  'rebase.autoStash=false',
  '-c',
  'merge.autoStash=false',
  // What it would refuse has been built and validated by now, and the plan did not say so.
  '-c',
  'merge.verifySignatures=false',
  // A repack is not what was asked for, and packing refs runs hooks of its own.
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
  // A program in the working tree may be named here; what it knows it is asked again by the next status.
  '-c',
  'core.fsmonitor=false',
];

/**
 * `branch.<name>.mergeOptions` is read as if it stood on our command line
 * (https://git-scm.com/docs/git-merge#_configuration). By the environment: in `-c`, a name ends at its first '='.
 */
const withoutMergeOptions = (branch: string): Readonly<Record<string, string>> => ({
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: `branch.${branch}.mergeOptions`,
  GIT_CONFIG_VALUE_0: '',
});

/** A checkout that is ended half way leaves files of both commits: it is not cancelled, and has time. */
const limitMs = 600_000;

export interface Move {
  readonly branch: string;
  readonly from: string;
  readonly to: string;
  /** For the reflog. */
  readonly reason: string;
}

/** Where the branch is checked out right now decides how it moves. */
export async function moveBranch(
  git: GitCommand,
  location: RepositoryLocation,
  move: Move,
  mode: 'write' | 'quiet',
): Promise<Result<void, MoveFailure>> {
  const listed = await listCheckouts(git, location);
  if (!listed.ok) return listed;
  const holders = listed.value.filter((one) => one.holds.includes(move.branch));
  const now = await commitOf(git, location, `refs/heads/${move.branch}`);
  if (now !== move.from) return fail({ kind: 'moved', expected: move.from, actual: now ?? '' });
  const [holder, second] = holders;
  if (holder === undefined) return moveRef(git, location, move, mode);
  if (second !== undefined)
    return fail({ kind: 'in-the-way', path: holder.path, files: [`also checked out in ${second.path}`] });
  if (holder.missing) return fail({ kind: 'worktree-missing', path: holder.path });
  const proven = await proveCheckout(git, location, holder);
  if (!proven.ok) return proven;
  if (holder.branch !== move.branch || holder.ongoing !== null)
    return fail({ kind: 'operation-under-way', path: holder.path, operation: holder.ongoing ?? 'rebase' });
  if (await exists(join(holder.gitDir, 'index.lock')))
    return fail({ kind: 'operation-under-way', path: holder.path, operation: 'git command (index.lock)' });
  return moveCheckout(git, location, holder.path, move, mode);
}

async function moveRef(
  git: GitCommand,
  location: RepositoryLocation,
  move: Move,
  mode: 'write' | 'quiet',
): Promise<Result<void, MoveFailure>> {
  const args = ['update-ref', '-m', move.reason, `refs/heads/${move.branch}`, move.to, move.from];
  const moved = await git(location.root, args, { mode });
  if (moved.code === 0) return ok(undefined);
  const failure = refFailure(args, moved, `${move.branch} moved`);
  if (failure.kind !== 'plan-outdated') return fail(failure);
  const actual = await commitOf(git, location, `refs/heads/${move.branch}`);
  return fail({ kind: 'moved', expected: move.from, actual: actual ?? '' });
}

async function moveCheckout(
  git: GitCommand,
  location: RepositoryLocation,
  path: string,
  move: Move,
  mode: 'write' | 'quiet',
): Promise<Result<void, MoveFailure>> {
  // `reset --keep` would write over an ignored file without a word.
  const inTheWay = await pathsInTheWay(git, path, path, move.from, move.to);
  if (!inTheWay.ok) return inTheWay;
  if (inTheWay.value.length > 0) return fail({ kind: 'in-the-way', path, files: inTheWay.value });
  const forward = await isAncestor(git, location, move.from, move.to);
  if (!forward.ok) return forward;
  const args = forward.value
    ? [
        ...plainMerge,
        'merge',
        '--ff-only',
        '--no-squash',
        '--no-overwrite-ignore',
        '--no-edit',
        '--no-stat',
        '--end-of-options',
        move.to,
      ]
    : [...plainMerge, 'reset', '-q', '--keep', move.to];
  const call: GitCall = {
    mode,
    limitMs,
    env: { GIT_REFLOG_ACTION: move.reason, ...withoutMergeOptions(move.branch) },
  };
  const moved = await git(path, args, call);
  const now = await commitOf(git, location, `refs/heads/${move.branch}`);
  if (moved.code === 0 && now === move.to) {
    if (forward.value) return ok(undefined);
    return afterReset(git, location, path, move);
  }
  if (moved.code === 0 || (now !== null && now !== move.from))
    return fail({ kind: 'moved', expected: move.to, actual: now ?? '' });
  const settled = await settleBack(git, path, move);
  if (!settled.ok) return settled;
  const said = moved.stderr;
  if (/aborted by hook/.test(said))
    return fail({ kind: 'hook-refused', hook: 'reference-transaction', details: said.trim().slice(-4_000) });
  const named = [...said.matchAll(/^\t(.+)$/gm)].map((match) => match[1] ?? '');
  if (/would be overwritten|not uptodate|local changes|Entry '.*'/i.test(said)) {
    const entries = [...said.matchAll(/Entry '(.+?)'/g)].map((match) => match[1] ?? '');
    return fail({ kind: 'in-the-way', path, files: named.length > 0 ? named : entries });
  }
  if (/Not possible to fast-forward|Diverging branches/i.test(said))
    return fail({ kind: 'moved', expected: move.from, actual: now ?? '' });
  return fail(gitFailure(args, moved));
}

/**
 * git writes the working tree first and the ref last: when a hook refuses the ref, everything is left
 * staged. A two-way merge back takes away exactly that, and refuses over anything else.
 */
async function settleBack(git: GitCommand, path: string, move: Move): Promise<Result<void, CommonFailure>> {
  const args = ['read-tree', '-m', '-u', move.to, move.from];
  const back = await git(path, args, { mode: 'quiet', limitMs });
  return back.code === 0 ? ok(undefined) : fail(gitFailure(args, back));
}

/** `reset` does not compare before it swaps: the reflog tells whether a commit came in between. */
async function afterReset(
  git: GitCommand,
  location: RepositoryLocation,
  path: string,
  move: Move,
): Promise<Result<void, MoveFailure>> {
  const before = await commitOf(git, location, `refs/heads/${move.branch}@{1}`);
  if (before === null || before === move.from) return ok(undefined);
  const args = ['reset', '-q', '--keep', before];
  const back = await git(path, args, { mode: 'quiet', limitMs });
  if (back.code !== 0) return fail(gitFailure(args, back));
  return fail({ kind: 'moved', expected: move.from, actual: before });
}
