/**
 * Where each branch is checked out. A branch is checked out also while a rebase or bisect of it is
 * under way, though `worktree list` calls that worktree detached.
 */
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { OngoingOperation } from '../../contract/snapshot';
import type { RepositoryLocation, WorktreeFacts } from '../../domain/facts';
import type { GitCommand } from '../run/git-command';
import { gitFailure, lines } from '../run/git-command';
import { proveWorktree } from './identity';
import { type Head, readHead, readPrivateDirectory } from './private-directory';
import { type ListedWorktree, listWorktrees, repositoryDirectory } from './worktrees';

export interface Checkout {
  readonly path: string;
  /** This worktree's private git directory. */
  readonly gitDir: string;
  /** Its name below `<common>/worktrees/`; null for the main worktree. */
  readonly entry: string | null;
  readonly isMain: boolean;
  readonly head: string | null;
  readonly branch: string | null;
  /** Every branch that git would refuse to have moved elsewhere because of this worktree. */
  readonly holds: readonly string[];
  readonly ongoing: OngoingOperation | null;
  /** Null when not locked; the empty string is a lock without a reason. */
  readonly locked: string | null;
  readonly missing: boolean;
  /** Why nothing may be done in its directory, in sentences. */
  readonly problem: string | null;
}

/** The main worktree first; a bare repository has none. Of one look at the files and one at the refs. */
export async function listCheckouts(
  git: GitCommand,
  location: RepositoryLocation,
): Promise<Result<readonly Checkout[], CommonFailure>> {
  const listed = await listWorktrees(location);
  if ('problem' in listed)
    return fail({ kind: 'git-failed', command: 'worktree list', exitCode: null, details: listed.problem });
  const directory = await repositoryDirectory(location);
  const heads = await readHeads(git, directory, listed);
  if (!heads.ok) return heads;
  const commits = await commitsOf(git, directory, heads.value);
  if (!commits.ok) return commits;
  return ok(
    await Promise.all(
      listed.map(async (one, at): Promise<Checkout> => {
        const head = heads.value[at] ?? null;
        const { ongoing, workedOn } = await readPrivateDirectory(one.gitDir);
        const branch = head?.branch ?? null;
        return {
          path: one.path,
          gitDir: one.gitDir,
          entry: one.entry,
          isMain: one.isMain,
          head: head?.oid ?? (branch === null ? null : (commits.value.get(branch) ?? null)),
          branch,
          holds: [...new Set([...(branch === null ? [] : [branch]), ...workedOn])],
          ongoing,
          locked: one.locked ? (one.lockReason ?? '') : null,
          missing: one.missing,
          problem: one.problem,
        };
      }),
    ),
  );
}

async function readHeads(
  git: GitCommand,
  directory: string,
  listed: readonly ListedWorktree[],
): Promise<Result<readonly (Head | null)[], CommonFailure>> {
  const read = await Promise.all(listed.map((one) => readHead(one.gitDir)));
  const heads = read.map((head) => (head === 'unreadable' ? null : head));
  if (!read.includes(null)) return ok(heads);
  // Reftable keeps them where only git can look: https://git-scm.com/docs/git-worktree#_porcelain_format
  const args = ['worktree', 'list', '--porcelain', '-z'];
  const asked = await git(directory, args, { mode: 'read' });
  if (asked.code !== 0) return fail(gitFailure(args, asked));
  const told = new Map<string, Head>();
  for (const block of asked.stdout.split('\0\0')) {
    const field = (name: string) =>
      block
        .split('\0')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1);
    const branch = field('branch')?.replace(/^refs\/heads\//, '') ?? null;
    told.set(field('worktree') ?? '', { branch, oid: branch === null ? (field('HEAD') ?? null) : null });
  }
  return ok(heads.map((head, at) => head ?? told.get(listed[at]?.path ?? '') ?? null));
}

async function commitsOf(
  git: GitCommand,
  directory: string,
  heads: readonly (Head | null)[],
): Promise<Result<ReadonlyMap<string, string>, CommonFailure>> {
  const branches = [...new Set(heads.flatMap((head) => head?.branch ?? []))];
  if (branches.length === 0) return ok(new Map());
  const args = [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    '--',
    ...branches.map((branch) => `refs/heads/${branch}`),
  ];
  const asked = await git(directory, args, { mode: 'read' });
  if (asked.code !== 0) return fail(gitFailure(args, asked));
  return ok(
    new Map(
      lines(asked.stdout).map((line) => {
        const at = line.indexOf(' ');
        return [line.slice(at + 1).replace(/^refs\/heads\//, ''), line.slice(0, at)];
      }),
    ),
  );
}

/**
 * All of them, and the one that is this worktree: by its git directory, which it keeps when it is moved.
 * Fails when what is at its place can't be proved to be this worktree; one whose directory is away is
 * for the caller to judge.
 */
export async function findCheckout(
  git: GitCommand,
  location: RepositoryLocation,
  worktree: Pick<WorktreeFacts, 'path' | 'gitDir' | 'name'>,
): Promise<Result<{ readonly checkouts: readonly Checkout[]; readonly here: Checkout }, CommonFailure>> {
  const listed = await listCheckouts(git, location);
  if (!listed.ok) return listed;
  const checkouts = listed.value;
  const here =
    checkouts.find((one) => one.gitDir === worktree.gitDir && one.path === worktree.path) ??
    checkouts.find((one) => one.path === worktree.path) ??
    checkouts.find((one) => one.gitDir === worktree.gitDir && !one.isMain);
  if (here === undefined) return fail({ kind: 'not-found', what: 'worktree', name: worktree.name });
  const proven = await proveCheckout(git, location, here);
  return proven.ok ? ok({ checkouts, here }) : proven;
}

/** Proof that a worktree is what it was listed as, before anything is run in it; one that is away passes. */
export async function proveCheckout(
  git: GitCommand,
  location: RepositoryLocation,
  one: Checkout,
): Promise<Result<void, CommonFailure>> {
  return one.missing ? ok(undefined) : proveWorktree(git, location, one);
}

/** The same, right before a step, of the worktree that a plan saw at this path. */
export async function proveAt(
  git: GitCommand,
  location: RepositoryLocation,
  path: string,
): Promise<Result<void, CommonFailure>> {
  const listed = await listWorktrees(location);
  const one = 'problem' in listed ? undefined : listed.find((candidate) => candidate.path === path);
  if (one === undefined)
    return fail({ kind: 'not-this-worktree', path, there: 'Its repository lists no worktree there.' });
  return proveWorktree(git, location, one);
}
