/** A branch on its remote: where it is, and taking it away only while it is still there. */
import type { CleanupFailure, FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { PullRequestState, RemoteBranch } from '../../domain/cleanup-plan';
import type { RepositoryLocation } from '../../domain/facts';
import type { GitCommand, GitOutcome } from '../run/git-command';
import { fields, gitFailure, lines } from '../run/git-command';
import { commitOf, isAncestor } from './base';

/** Whether a branch has a pull request that is open; 'unknown' when nobody can be asked. */
export interface PullRequestLook {
  state(
    location: RepositoryLocation,
    remoteUrl: string,
    branch: string,
    signal: AbortSignal,
  ): Promise<PullRequestState>;
}

const answerMs = 10_000;
const pushMs = 120_000;

export interface RemotePlace {
  readonly remote: string;
  readonly ref: string;
  readonly trackingRef: string | null;
}

/** Where a branch is pushed to: its configured upstream, else the one remote that has it. */
export async function remotePlaceOf(
  git: GitCommand,
  location: RepositoryLocation,
  branch: string,
): Promise<RemotePlace | null> {
  const upstream = await git(
    location.root,
    [
      'for-each-ref',
      '--format=%(refname)%00%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)',
      `refs/heads/${branch}`,
    ],
    { mode: 'read' },
  );
  for (const line of lines(upstream.stdout)) {
    const [ref, trackingRef = '', remote = '', remoteRef = ''] = line.split('\0');
    // A branch made with `--track origin/main` follows the base: that is not its own remote branch.
    if (
      ref === `refs/heads/${branch}` &&
      remote !== '' &&
      remote !== '.' &&
      remoteRef === `refs/heads/${branch}`
    )
      return { remote, ref: remoteRef, trackingRef };
  }
  const remotes = lines((await git(location.root, ['remote'], { mode: 'read' })).stdout);
  const having: RemotePlace[] = [];
  for (const remote of remotes) {
    const trackingRef = `refs/remotes/${remote}/${branch}`;
    if ((await commitOf(git, location, trackingRef)) !== null)
      having.push({ remote, ref: `refs/heads/${branch}`, trackingRef });
  }
  return having.length === 1 ? (having[0] ?? null) : null;
}

export async function remoteUrl(
  git: GitCommand,
  location: RepositoryLocation,
  remote: string,
): Promise<string | null> {
  const asked = await git(location.root, ['config', '-z', '--get', `remote.${remote}.url`], { mode: 'read' });
  return asked.code === 0 ? (fields(asked.stdout)[0] ?? null) : null;
}

/** The commit that a remote has at a ref: null when it has none, 'unknown' when it does not answer. */
export async function remoteCommit(
  git: GitCommand,
  location: RepositoryLocation,
  remote: string,
  ref: string,
  signal: AbortSignal,
): Promise<string | null | 'unknown'> {
  const asked = await git(
    location.root,
    ['ls-remote', '--refs', '--quiet', '--end-of-options', remote, ref],
    { mode: 'read', limitMs: answerMs, signal },
  );
  if (asked.code !== 0) return 'unknown';
  for (const line of lines(asked.stdout)) {
    const [commit = '', name] = line.split('\t');
    if (name === ref) return commit;
  }
  return null;
}

export async function lookAtRemoteBranch(
  git: GitCommand,
  location: RepositoryLocation,
  branch: string,
  heldBy: readonly string[],
  pullRequests: PullRequestLook,
  signal: AbortSignal,
): Promise<RemoteBranch | null> {
  const place = await remotePlaceOf(git, location, branch);
  if (place === null) return null;
  const seen = await remoteCommit(git, location, place.remote, place.ref, signal);
  if (seen === null) return null;
  if (seen === 'unknown')
    return { ...withoutTracking(place), seen: '', known: false, pullRequest: 'unknown' };
  const url = await remoteUrl(git, location, place.remote);
  const pullRequest = url === null ? 'unknown' : await pullRequests.state(location, url, branch, signal);
  let known = false;
  if ((await commitOf(git, location, seen)) !== null)
    for (const holder of heldBy) {
      const contained = await isAncestor(git, location, seen, holder);
      if (contained.ok && contained.value) known = true;
    }
  return { ...withoutTracking(place), seen, known, pullRequest };
}

const withoutTracking = ({ remote, ref }: RemotePlace) => ({ remote, ref });

/**
 * Pushes with a lease on what was seen, so that nobody's newer work is overwritten. `commit` null
 * deletes the ref; `seen` null creates it.
 */
export async function pushRef(
  git: GitCommand,
  location: RepositoryLocation,
  push: {
    readonly directory: string;
    readonly remote: string;
    readonly ref: string;
    readonly seen: string | null;
    readonly commit: string | null;
    readonly mode: 'write' | 'quiet';
    readonly onOutput?: (text: string) => void;
  },
  signal: AbortSignal,
): Promise<Result<void, PushFailure>> {
  const args = [
    'push',
    '--porcelain',
    '--no-follow-tags',
    '--recurse-submodules=no',
    `--force-with-lease=${push.ref}:${push.seen ?? ''}`,
    '--end-of-options',
    push.remote,
    `${push.commit ?? ''}:${push.ref}`,
  ];
  const pushed = await git(push.directory, args, {
    mode: push.mode,
    limitMs: pushMs,
    signal,
    ...(push.onOutput === undefined ? {} : { onOutput: push.onOutput }),
  });
  if (pushed.code === 0) return ok(undefined);
  // A lost connection may have lost the answer only.
  if (pushed.ended === 'exited' || pushed.ended === 'timed-out') {
    const now = await remoteCommit(git, location, push.remote, push.ref, AbortSignal.timeout(answerMs));
    if (now === push.commit) return ok(undefined);
  }
  return fail(pushFailure(args, push.remote, pushed));
}

export type PushFailure = Extract<
  CleanupFailure,
  FailureOf<'push-refused' | 'hook-refused' | 'git-failed' | 'timed-out' | 'cancelled'>
>;

function pushFailure(args: readonly string[], remote: string, outcome: GitOutcome): PushFailure {
  if (outcome.ended === 'timed-out' || outcome.ended === 'cancelled' || outcome.code === null)
    return gitFailure(args, outcome);
  const details = `${outcome.stdout}\n${outcome.stderr}`.trim().slice(-4_000);
  // A pre-push hook's failure is all that git says on stdout's behalf: no ref line was printed.
  if (!/^[!*=+\- ]\t/m.test(outcome.stdout) && /failed to push some refs/.test(outcome.stderr))
    return { kind: 'hook-refused', hook: 'pre-push', details };
  return { kind: 'push-refused', remote, details };
}
