/**
 * A worktree's base, as it is here and on its remote. Its tip is whichever of the two contains the
 * other; when neither does, it has diverged and nothing is decided for the person.
 */
import type { CommonFailure, FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import type { GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';

export interface Upstream {
  readonly remote: string;
  /** `refs/heads/…` on the remote. */
  readonly remoteRef: string;
  /** `refs/remotes/…` here. */
  readonly trackingRef: string;
  readonly commit: string;
}

export interface Base {
  /** The local branch's name; for a base without one, the name that was given. */
  readonly name: string;
  readonly local: string | null;
  readonly upstream: Upstream | null;
  readonly tip: string;
  /** 'fetched', or why the upstream is as old as it is. */
  readonly freshness: string;
}

type BaseFailure = CommonFailure | FailureOf<'base-not-found' | 'base-diverged'>;

export async function readBase(
  git: GitCommand,
  location: RepositoryLocation,
  wanted: string | null,
  fetch: { readonly limitMs: number; readonly signal: AbortSignal } | null,
): Promise<Result<Base, BaseFailure>> {
  const name = wanted === null ? await defaultBranch(git, location) : await asLocal(git, location, wanted);
  if (name === null) return fail({ kind: 'base-not-found', base: wanted ?? 'the default branch' });
  const local = await commitOf(git, location, `refs/heads/${name}`);
  let freshness = 'no remote';
  let upstream = local === null ? null : await upstreamOf(git, location, name);
  if (upstream !== null && fetch !== null) {
    freshness = await fetchInto(git, location, upstream, fetch);
    if (fetch.signal.aborted) return fail({ kind: 'cancelled' });
    upstream = await upstreamOf(git, location, name);
  } else if (upstream !== null) freshness = 'not fetched';

  if (local === null) {
    const commit =
      (await commitOf(git, location, `refs/remotes/${name}`)) ?? (await commitOf(git, location, name));
    if (commit === null) return fail({ kind: 'base-not-found', base: name });
    return ok({ name, local: null, upstream: null, tip: commit, freshness: 'no local branch' });
  }
  if (upstream === null || upstream.commit === local)
    return ok({ name, local, upstream, tip: local, freshness });
  const ahead = await isAncestor(git, location, upstream.commit, local);
  if (!ahead.ok) return ahead;
  if (ahead.value) return ok({ name, local, upstream, tip: local, freshness });
  const behind = await isAncestor(git, location, local, upstream.commit);
  if (!behind.ok) return behind;
  if (behind.value) return ok({ name, local, upstream, tip: upstream.commit, freshness });
  return fail({ kind: 'base-diverged', base: name, local, upstream: upstream.commit });
}

export async function commitOf(
  git: GitCommand,
  location: RepositoryLocation,
  name: string,
): Promise<string | null> {
  const found = await git(
    location.root,
    ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`],
    { mode: 'read' },
  );
  // rev-parse repeats `--end-of-options` before git 2.41 or so; the last line is the commit.
  const commit = found.stdout.trim().split('\n').at(-1) ?? '';
  return found.code === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : null;
}

export async function isAncestor(
  git: GitCommand,
  location: RepositoryLocation,
  older: string,
  newer: string,
): Promise<Result<boolean, CommonFailure>> {
  const args = ['merge-base', '--is-ancestor', '--end-of-options', older, newer];
  const found = await git(location.root, args, { mode: 'read' });
  if (found.code === 0 || found.code === 1) return ok(found.code === 0);
  return fail(gitFailure(args, found));
}

/** `origin/main` means the local `main` that follows it, when there is one. */
async function asLocal(git: GitCommand, location: RepositoryLocation, wanted: string): Promise<string> {
  const plain = wanted.replace(/^refs\/heads\//, '');
  if ((await commitOf(git, location, `refs/heads/${plain}`)) !== null) return plain;
  const remote = plain.replace(/^refs\/remotes\//, '');
  if ((await commitOf(git, location, `refs/remotes/${remote}`)) === null) return plain;
  const branch = remote.slice(remote.indexOf('/') + 1);
  const upstream = await upstreamOf(git, location, branch);
  return upstream?.trackingRef === `refs/remotes/${remote}` ? branch : remote;
}

/** What the remote calls its default branch, else `main` or `master`, else where the main worktree is. */
async function defaultBranch(git: GitCommand, location: RepositoryLocation): Promise<string | null> {
  const head = await git(location.root, ['symbolic-ref', '-q', '--short', 'refs/remotes/origin/HEAD'], {
    mode: 'read',
  });
  const named = head.code === 0 ? head.stdout.trim().replace(/^origin\//, '') : '';
  for (const name of [named, 'main', 'master'])
    if (name !== '' && (await commitOf(git, location, `refs/heads/${name}`)) !== null) return name;
  const current = await git(location.root, ['symbolic-ref', '-q', '--short', 'HEAD'], { mode: 'read' });
  const branch = current.stdout.trim();
  return current.code === 0 && (await commitOf(git, location, `refs/heads/${branch}`)) !== null
    ? branch
    : null;
}

/** A local branch's upstream, when it is fetched from a remote and was fetched at least once. */
async function upstreamOf(
  git: GitCommand,
  location: RepositoryLocation,
  branch: string,
): Promise<Upstream | null> {
  const asked = await git(
    location.root,
    [
      'for-each-ref',
      '--format=%(refname)%00%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)',
      `refs/heads/${branch}`,
    ],
    { mode: 'read' },
  );
  for (const line of asked.stdout.split('\n')) {
    const [ref, trackingRef = '', remote = '', remoteRef = ''] = line.split('\0');
    if (ref !== `refs/heads/${branch}` || trackingRef === '' || remote === '' || remote === '.') continue;
    const commit = await commitOf(git, location, trackingRef);
    if (commit !== null) return { remote, remoteRef, trackingRef, commit };
  }
  return null;
}

async function fetchInto(
  git: GitCommand,
  location: RepositoryLocation,
  upstream: Upstream,
  limits: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<string> {
  const fetched = await git(
    location.root,
    [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-auto-maintenance',
      '--no-write-fetch-head',
      '--end-of-options',
      upstream.remote,
      `+${upstream.remoteRef}:${upstream.trackingRef}`,
    ],
    { mode: 'quiet', limitMs: limits.limitMs, signal: limits.signal },
  );
  if (fetched.code === 0) return 'fetched';
  if (fetched.ended === 'timed-out')
    return `${upstream.remote} did not answer in ${Math.round(limits.limitMs / 1000)} s`;
  if (/couldn't find remote ref/.test(fetched.stderr)) return `${upstream.remote} no longer has it`;
  return `${upstream.remote} could not be reached`;
}
