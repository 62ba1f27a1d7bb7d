/**
 * Where each branch is checked out. A branch is checked out also while a rebase or bisect of it is
 * under way, though `worktree list` calls that worktree detached.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { OngoingOperation } from '../../contract/snapshot';
import type { RepositoryLocation, WorktreeFacts } from '../../domain/facts';
import { exists } from '../../system/small-reads';
import type { GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';

export interface Checkout {
  readonly path: string;
  /** This worktree's private git directory. */
  readonly gitDir: string;
  /** Its name below `<common>/worktrees/`; null for the main worktree. */
  readonly entry: string | null;
  readonly isMain: boolean;
  readonly isBare: boolean;
  readonly head: string | null;
  readonly branch: string | null;
  /** Every branch that git would refuse to have moved elsewhere because of this worktree. */
  readonly holds: readonly string[];
  readonly ongoing: OngoingOperation | null;
  /** Null when not locked; the empty string is a lock without a reason. */
  readonly locked: string | null;
  readonly missing: boolean;
}

export async function listCheckouts(
  git: GitCommand,
  location: RepositoryLocation,
): Promise<Result<readonly Checkout[], CommonFailure>> {
  const args = ['worktree', 'list', '--porcelain', '-z'];
  const listed = await git(location.root, args, { mode: 'read' });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const entries = await entriesByPath(location.commonDir);
  const found: Checkout[] = [];
  for (const block of listed.stdout.split('\0\0')) {
    const attributes = new Map(
      block
        .split('\0')
        .filter((line) => line !== '')
        .map((line): [string, string] => {
          const at = line.indexOf(' ');
          return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
        }),
    );
    const path = attributes.get('worktree');
    if (path === undefined) continue;
    const isFirst = found.length === 0;
    const entry = isFirst ? null : (entries.get(resolve(path)) ?? null);
    const gitDir = entry === null ? location.commonDir : join(location.commonDir, 'worktrees', entry);
    const branch = attributes.get('branch')?.replace(/^refs\/heads\//, '') ?? null;
    const hidden = await branchesUnderWay(gitDir);
    found.push({
      path: resolve(path),
      gitDir,
      entry,
      isMain: isFirst,
      isBare: attributes.has('bare'),
      head: /^0*$/.test(attributes.get('HEAD') ?? '') ? null : (attributes.get('HEAD') ?? null),
      branch,
      holds: [...new Set([...(branch === null ? [] : [branch]), ...hidden])],
      ongoing: await ongoingIn(gitDir),
      locked: attributes.get('locked') ?? null,
      missing: !(await exists(path)),
    });
  }
  return ok(found);
}

/** All of them, and the one that is this worktree: by its place, or by its entry when it was moved. */
export async function findCheckout(
  git: GitCommand,
  location: RepositoryLocation,
  worktree: WorktreeFacts,
): Promise<Result<{ readonly checkouts: readonly Checkout[]; readonly here: Checkout }, CommonFailure>> {
  const listed = await listCheckouts(git, location);
  if (!listed.ok) return listed;
  const checkouts = listed.value;
  const here =
    checkouts.find((one) => one.path === worktree.path) ??
    checkouts.find((one) => one.gitDir === worktree.gitDir);
  return here === undefined
    ? fail({ kind: 'not-found', what: 'worktree', name: worktree.name })
    : ok({ checkouts, here });
}

async function entriesByPath(commonDir: string): Promise<ReadonlyMap<string, string>> {
  const directory = join(commonDir, 'worktrees');
  const found = new Map<string, string>();
  for (const entry of await readdir(directory).catch(() => [])) {
    const gitFile = (await text(join(directory, entry, 'gitdir')))?.trim();
    if (gitFile === undefined || gitFile === '') continue;
    // git ≥ 2.48 may write it relative to the entry (worktree.useRelativePaths).
    const absolute = isAbsolute(gitFile) ? gitFile : resolve(directory, entry, gitFile);
    const worktree = basename(absolute) === '.git' ? dirname(absolute) : absolute;
    found.set(resolve(worktree), entry);
    const real = await realpath(worktree).catch(() => null);
    if (real !== null) found.set(real, entry);
  }
  return found;
}

/** The branches that a rebase or bisect in this git directory will come back to. */
async function branchesUnderWay(gitDir: string): Promise<readonly string[]> {
  const names = await Promise.all(
    ['rebase-merge/head-name', 'rebase-apply/head-name', 'BISECT_START'].map((file) =>
      text(join(gitDir, file)),
    ),
  );
  return names
    .flatMap((name) => (name === null ? [] : [name.trim().replace(/^refs\/heads\//, '')]))
    .filter((name) => name !== '' && name !== 'detached HEAD' && !/^[0-9a-f]{40,64}$/.test(name));
}

async function ongoingIn(gitDir: string): Promise<OngoingOperation | null> {
  const marks: readonly (readonly [string, OngoingOperation])[] = [
    ['rebase-merge', 'rebase'],
    ['rebase-apply', 'rebase'],
    ['MERGE_HEAD', 'merge'],
    ['CHERRY_PICK_HEAD', 'cherry-pick'],
    ['REVERT_HEAD', 'revert'],
    ['BISECT_LOG', 'bisect'],
  ];
  for (const [file, operation] of marks) if (await exists(join(gitDir, file))) return operation;
  return null;
}

async function text(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}
