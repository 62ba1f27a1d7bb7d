import type { SpawnFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../engine/ports';
import type { GitCommand } from '../run/git-command';
import type { GitReadFailure, PlainGit } from '../run/simple-git-instance';

export interface BaseTip {
  readonly base: string;
  readonly commit: string;
  readonly subject: string;
  readonly freshness: string;
}

interface Refs {
  /** Commit by full name. */
  readonly commits: ReadonlyMap<string, string>;
  /** The remote-tracking ref that a branch is configured to follow, by the branch's full name. */
  readonly upstreams: ReadonlyMap<
    string,
    { readonly remote: string; readonly remoteRef: string; readonly ref: string }
  >;
  readonly remotes: readonly string[];
}

/** A ref on a remote and the local ref that remembers it. */
interface Followed {
  readonly remote: string;
  readonly remoteRef: string;
  readonly ref: string;
}

/**
 * The commit that new work starts from: whichever of the local base and its upstream contains the
 * other, after one attempt to fetch. The fetch runs no hook and is limited in time; that it failed is
 * said, and never stops anything: the person decides with the age of the base in view.
 */
export async function resolveSpawnBase(
  deps: { readonly git: PlainGit; readonly command: GitCommand },
  location: RepositoryLocation,
  asked: string | null,
  fetchLimitMs: number,
  signal?: AbortSignal,
): Promise<Result<BaseTip, SpawnFailure>> {
  const { git } = deps;
  const before = await readRefs(git, location);
  if (!before.ok) return before;
  const name = asked ?? (await defaultBranch(git, location, before.value));
  if (name === null) return fail({ kind: 'no-commits', repository: location.name });
  const wanted = await meaningOf(git, location, name, before.value);
  if (wanted === null) {
    const empty = before.value.commits.size === 0;
    return fail(
      empty && asked === null
        ? { kind: 'no-commits', repository: location.name }
        : { kind: 'base-not-found', base: name },
    );
  }
  const { followed } = wanted;
  const freshness =
    followed === null
      ? (wanted.why ?? 'no remote')
      : await fetchOne(deps, location, followed, fetchLimitMs, signal);
  if (signal?.aborted === true) return fail({ kind: 'cancelled' });
  const after = followed === null ? before : await readRefs(git, location);
  if (!after.ok) return after;
  const local = wanted.ref === null ? wanted.commit : (after.value.commits.get(wanted.ref) ?? null);
  const upstream = followed === null ? null : (after.value.commits.get(followed.ref) ?? null);
  const tip = await newerOf(git, location, local, upstream);
  if (!tip.ok) return tip;
  if (tip.value === 'diverged')
    return fail({ kind: 'base-diverged', base: name, local: local ?? '', upstream: upstream ?? '' });
  if (tip.value === null) return fail({ kind: 'base-not-found', base: name });
  const subject = await git.read(location.commonDir, [
    'log',
    '-1',
    '--format=%s',
    '--no-show-signature',
    '--end-of-options',
    tip.value,
    '--',
  ]);
  if (!subject.ok) return subject;
  return ok({ base: name, commit: tip.value, subject: subject.value.trim(), freshness });
}

/** What a base's name stands for: a branch, a branch that only a remote has, a tag or a commit. */
async function meaningOf(
  git: PlainGit,
  location: RepositoryLocation,
  name: string,
  refs: Refs,
): Promise<{
  readonly ref: string | null;
  readonly commit: string | null;
  readonly followed: Followed | null;
  readonly why?: string;
} | null> {
  // Nothing that git could take for an option or for more than one line is a name.
  if (name === '' || name.startsWith('-') || /[\p{Cc}]/u.test(name)) return null;
  const branch = `refs/heads/${name}`;
  if (refs.commits.has(branch)) {
    const configured = refs.upstreams.get(branch);
    if (configured !== undefined)
      return configured.remote === '.'
        ? { ref: branch, commit: null, followed: null, why: 'follows a local branch' }
        : { ref: branch, commit: null, followed: configured };
    const remote = usualRemote(refs.remotes);
    const ref = `refs/remotes/${remote}/${name}`;
    if (remote !== null && refs.commits.has(ref))
      return { ref: branch, commit: null, followed: { remote, remoteRef: branch, ref } };
    return {
      ref: branch,
      commit: null,
      followed: null,
      why: remote === null ? 'no remote' : 'not on a remote',
    };
  }
  const exact = refs.remotes.find((remote) => name.startsWith(`${remote}/`));
  const remote = exact ?? usualRemote(refs.remotes);
  const short = exact === undefined ? name : name.slice(exact.length + 1);
  const ref = `refs/remotes/${remote}/${short}`;
  if (remote !== null && refs.commits.has(ref) && short !== 'HEAD')
    return { ref: null, commit: null, followed: { remote, remoteRef: `refs/heads/${short}`, ref } };
  const commit = await git.read(location.commonDir, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${name}^{commit}`,
  ]);
  const found = commit.ok ? commit.value.trim() : '';
  return /^[0-9a-f]{40,64}$/.test(found)
    ? { ref: null, commit: found, followed: null, why: 'a fixed commit' }
    : null;
}

async function fetchOne(
  { command }: { readonly command: GitCommand },
  location: RepositoryLocation,
  { remote, remoteRef, ref }: Followed,
  limitMs: number,
  signal?: AbortSignal,
): Promise<string> {
  if (limitMs <= 0) return 'not fetched';
  const outcome = await command(
    location.commonDir,
    [
      // Fetching must not start housekeeping in somebody's repository.
      '-c',
      'gc.auto=0',
      '-c',
      'maintenance.auto=false',
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-write-fetch-head',
      '--end-of-options',
      remote,
      `+${remoteRef}:${ref}`,
    ],
    {
      mode: 'quiet',
      limitMs,
      // Nobody is there to answer; a prompt would only use up the time.
      env: { SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (outcome.ended === 'timed-out') return `the remote did not answer in ${Math.round(limitMs / 1_000)} s`;
  if (outcome.code === 0) return 'fetched';
  const words = outcome.stderr.trim().split('\n').at(-1) ?? '';
  return `could not be fetched: ${words.replace(/^(fatal|error): /, '').slice(0, 200)}`;
}

/** The one of two commits that contains the other; either may be missing. */
async function newerOf(
  git: PlainGit,
  location: RepositoryLocation,
  local: string | null,
  upstream: string | null,
): Promise<Result<string | null | 'diverged', GitReadFailure>> {
  if (local === null || upstream === null || local === upstream) return ok(local ?? upstream);
  const counts = await git.read(location.commonDir, [
    'rev-list',
    '--left-right',
    '--count',
    '--end-of-options',
    `${local}...${upstream}`,
    '--',
  ]);
  if (!counts.ok) return counts;
  const [onlyLocal = 0, onlyUpstream = 0] = counts.value.trim().split(/\s+/).map(Number);
  if (onlyLocal > 0 && onlyUpstream > 0) return ok('diverged');
  return ok(onlyLocal > 0 ? local : upstream);
}

async function readRefs(git: PlainGit, location: RepositoryLocation): Promise<Result<Refs, GitReadFailure>> {
  const [refs, remotes] = await Promise.all([
    git.read(location.commonDir, [
      'for-each-ref',
      // A NUL can't be in a format's output on 2.39, and none of these can hold a tab.
      '--format=%(refname)%09%(objectname)%09%(upstream:remotename)%09%(upstream:remoteref)%09%(upstream)',
      'refs/heads/',
      'refs/remotes/',
    ]),
    git.read(location.commonDir, ['remote']),
  ]);
  if (!refs.ok) return refs;
  if (!remotes.ok) return remotes;
  const commits = new Map<string, string>();
  const upstreams = new Map<string, Followed>();
  for (const line of refs.value.split('\n')) {
    const [name = '', commit = '', remote = '', remoteRef = '', ref = ''] = line.split('\t');
    if (name === '') continue;
    commits.set(name, commit);
    if (remote !== '' && remoteRef !== '' && (ref !== '' || remote === '.'))
      upstreams.set(name, { remote, remoteRef, ref });
  }
  return ok({ commits, upstreams, remotes: remotes.value.split('\n').filter((name) => name !== '') });
}

const usualRemote = (remotes: readonly string[]): string | null =>
  remotes.includes('origin') ? 'origin' : remotes.length === 1 ? (remotes[0] ?? null) : null;

/** What a remote calls its default branch, else a usual name, else what is checked out. */
async function defaultBranch(
  git: PlainGit,
  location: RepositoryLocation,
  refs: Refs,
): Promise<string | null> {
  const remote = usualRemote(refs.remotes);
  const read = async (...args: readonly string[]) => {
    const answer = await git.read(location.commonDir, args);
    return answer.ok ? answer.value.trim() : '';
  };
  if (remote !== null) {
    const prefix = `refs/remotes/${remote}/`;
    const head = await read('symbolic-ref', '--quiet', `${prefix}HEAD`);
    if (head.startsWith(prefix)) return head.slice(prefix.length);
  }
  const usual = [await read('config', '--get', 'init.defaultBranch'), 'main', 'master'];
  const found = usual.find(
    (name) =>
      name !== '' &&
      (refs.commits.has(`refs/heads/${name}`) ||
        (remote !== null && refs.commits.has(`refs/remotes/${remote}/${name}`))),
  );
  if (found !== undefined) return found;
  const current = await read('symbolic-ref', '--quiet', '--short', 'HEAD');
  if (current !== '' && refs.commits.has(`refs/heads/${current}`)) return current;
  // Detached, and no branch of a usual name: the commit itself.
  const head = await read('rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
  return head === '' ? null : head;
}
