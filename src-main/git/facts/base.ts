/**
 * A worktree's base, as it is here and on its remote, read with care: for an action, with one attempt to
 * fetch. What the name means and which commit is the tip is decided in `base-rules.ts`, for the list too.
 */
import type { CommonFailure, FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import type { GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';
import { type BaseRefs, baseRefs, baseTip, repositoryBase } from './base-rules';
import type { Distance } from './distance';
import { firstBaseThere } from './former-base';
import { readHead } from './private-directory';
import { parseRefs, REFS_FORMAT, type Refs } from './refs';
import { repositoryDirectory } from './worktrees';

export interface Upstream {
  readonly remote: string;
  /** `refs/heads/…` on the remote. */
  readonly remoteRef: string;
  /** `refs/remotes/…` here. */
  readonly trackingRef: string;
  readonly commit: string;
}

export interface Base {
  /** The branch's name, without its remote's; for a tag or a commit the name that was given. */
  readonly name: string;
  /** The local branch's commit; null without one. */
  readonly local: string | null;
  readonly upstream: Upstream | null;
  readonly tip: string;
  /** 'fetched', or why the base is as old as it is. */
  readonly freshness: string;
  /** The base that was meant and is gone; `name` is the one that that one came from. */
  readonly insteadOf: string | null;
}

export type BaseFailure = CommonFailure | FailureOf<'base-not-found' | 'base-diverged'>;

/**
 * @param wanted what the base is called; null is the repository's default branch
 * @param fetch null asks no remote
 */
export async function readBase(
  git: GitCommand,
  location: RepositoryLocation,
  wanted: string | null,
  fetch: { readonly limitMs: number; readonly signal: AbortSignal } | null,
): Promise<Result<Base, BaseFailure>> {
  const directory = await repositoryDirectory(location);
  const before = await readAllRefs(git, directory);
  if (!before.ok) return before;
  const asked = wanted ?? repositoryBase(before.value, await knownOf(git, location, directory));
  if (asked === null) return fail({ kind: 'base-not-found', base: 'the default branch' });
  let insteadOf: string | null = null;
  let meaning = await meaningOf(git, directory, before.value, asked);
  if (meaning === null) {
    const former = await firstBaseThere(
      location.commonDir,
      asked,
      (one) => baseRefs(before.value, one) !== null,
    );
    meaning = former === null ? null : await meaningOf(git, directory, before.value, former);
    insteadOf = asked;
  }
  if (meaning === null) return fail({ kind: 'base-not-found', base: asked });
  let freshness = unfetched(before.value, meaning);
  if (meaning.upstream !== null) {
    const { remote, remoteRef, name } = meaning.upstream;
    const upstream = { remote, remoteRef, trackingRef: name };
    freshness = fetch === null ? 'not fetched' : await fetchInto(git, directory, upstream, fetch);
    if (fetch?.signal.aborted === true) return fail({ kind: 'cancelled' });
    const after = fetch === null || fetch.limitMs <= 0 ? before : await readAllRefs(git, directory);
    if (!after.ok) return after;
    meaning = (await meaningOf(git, directory, after.value, meaning.ref ?? name)) ?? meaning;
  }
  const { name, ref, local, upstream } = meaning;
  const apart =
    upstream === null || upstream.oid === local
      ? ok({ ahead: 0, behind: 0 })
      : await distanceBetween(git, directory, upstream.oid, local);
  if (!apart.ok) return apart;
  const tip = baseTip(meaning, () => apart.value);
  if (tip?.diverged === true && upstream !== null)
    return fail({ kind: 'base-diverged', base: name, local, upstream: upstream.oid });
  return ok({
    name,
    local: ref === null ? null : local,
    upstream:
      upstream === null
        ? null
        : {
            remote: upstream.remote,
            remoteRef: upstream.remoteRef,
            trackingRef: upstream.name,
            commit: upstream.oid,
          },
    tip: tip?.oid ?? local,
    freshness,
    insteadOf,
  });
}

/** Every branch here and of remotes, and every tag: what a base's name can mean. */
export async function readAllRefs(git: GitCommand, directory: string): Promise<Result<Refs, CommonFailure>> {
  const args = [
    'for-each-ref',
    `--format=${REFS_FORMAT}`,
    '--',
    'refs/heads/',
    'refs/remotes/',
    'refs/tags/',
  ];
  const asked = await git(directory, args, { mode: 'read' });
  return asked.code === 0 ? ok(parseRefs(asked.stdout)) : fail(gitFailure(args, asked));
}

/** The meaning of a name; a tag's or any other revision's commit is asked of git. */
async function meaningOf(
  git: GitCommand,
  directory: string,
  refs: Refs,
  name: string,
): Promise<BaseRefs | null> {
  // Nothing that git could take for an option or for more than one line is a name.
  if (name === '' || name.startsWith('-') || /\p{Cc}/u.test(name)) return null;
  const meant = baseRefs(refs, name);
  if (meant?.ref != null || meant?.upstream != null) return meant;
  const tag = `refs/tags/${name}`;
  const commit = await commitIn(git, directory, refs.has(tag) ? tag : name);
  return commit === null ? null : { name, ref: null, local: commit, upstream: null };
}

function unfetched(refs: Refs, { name, ref }: BaseRefs): string {
  if (ref === null) return 'a fixed commit';
  if (refs.get(ref)?.upstream?.startsWith('refs/heads/') === true) return 'follows a local branch';
  const hasRemotes = [...refs.keys()].some((one) => one.startsWith('refs/remotes/'));
  return hasRemotes && !refs.has(`refs/remotes/origin/${name}`) ? 'not on a remote' : 'no remote';
}

/** What the default branch is told from when nobody said. */
async function knownOf(
  git: GitCommand,
  location: RepositoryLocation,
  directory: string,
): Promise<{ configured: null; initDefault: string | null; mainBranch: string | null }> {
  const [init, head] = await Promise.all([
    git(directory, ['config', '--global', '--get', 'init.defaultBranch'], { mode: 'read' }),
    readHead(location.commonDir),
  ]);
  return {
    configured: null,
    initDefault: init.code === 0 ? init.stdout.trim() || null : null,
    mainBranch: head === null || head === 'unreadable' ? null : head.branch,
  };
}

async function distanceBetween(
  git: GitCommand,
  directory: string,
  from: string,
  to: string,
): Promise<Result<Distance, CommonFailure>> {
  const args = ['rev-list', '--left-right', '--count', '--end-of-options', `${from}...${to}`, '--'];
  const counted = await git(directory, args, { mode: 'read' });
  if (counted.code !== 0) return fail(gitFailure(args, counted));
  const [behind = 0, ahead = 0] = counted.stdout.trim().split(/\s+/).map(Number);
  return ok({ ahead, behind });
}

export const commitOf = (
  git: GitCommand,
  location: RepositoryLocation,
  name: string,
): Promise<string | null> => commitIn(git, location.root, name);

async function commitIn(git: GitCommand, directory: string, name: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`];
  const found = await git(directory, args, { mode: 'read' });
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

async function fetchInto(
  git: GitCommand,
  directory: string,
  upstream: Pick<Upstream, 'remote' | 'remoteRef' | 'trackingRef'>,
  limits: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<string> {
  if (limits.limitMs <= 0) return 'not fetched';
  const fetched = await git(
    directory,
    [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      // Fetching must not start housekeeping in somebody's repository.
      '--no-auto-maintenance',
      '--no-write-fetch-head',
      '--end-of-options',
      upstream.remote,
      `+${upstream.remoteRef}:${upstream.trackingRef}`,
    ],
    {
      mode: 'quiet',
      limitMs: limits.limitMs,
      signal: limits.signal,
      // Nobody is there to answer; a prompt would only use up the time.
      env: { SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' },
    },
  );
  if (fetched.code === 0) return 'fetched';
  if (fetched.ended === 'timed-out')
    return `the remote did not answer in ${Math.round(limits.limitMs / 1000)} s`;
  const words = fetched.stderr.trim().split('\n').at(-1) ?? '';
  return `${upstream.remote} could not be reached, so it could not be fetched: ${words.replace(/^(fatal|error): /, '').slice(0, 200)}`;
}
