/** Which branch is the base, and which commit it stands for: rules over refs that were read. */
import type { Distance } from './distance';
import type { Refs } from './refs';

/** Names to try when nobody said: asked for from the start, so that one `for-each-ref` answers. */
export const usualBases = (initDefault: string | null): readonly string[] => [
  ...new Set([...(initDefault === null ? [] : [initDefault]), 'main', 'master']),
];

/** The remotes' default branch as their HEAD tells: origin's, else the only other one's. */
function remoteDefault(refs: Refs): string | null {
  const heads = [...refs.values()].flatMap((ref) => {
    const remote = /^refs\/remotes\/([^/]+)\/HEAD$/.exec(ref.name)?.[1];
    const prefix = `refs/remotes/${remote}/`;
    return remote !== undefined && ref.symref?.startsWith(prefix)
      ? [{ remote, branch: ref.symref.slice(prefix.length) }]
      : [];
  });
  const origin = heads.find((head) => head.remote === 'origin');
  if (origin !== undefined) return origin.branch;
  return heads.length === 1 ? (heads[0]?.branch ?? null) : null;
}

export function repositoryBase(
  refs: Refs,
  known: {
    readonly configured: string | null;
    readonly initDefault: string | null;
    readonly mainBranch: string | null;
  },
): string | null {
  if (known.configured !== null) return known.configured;
  const remote = remoteDefault(refs);
  if (remote !== null) return remote;
  for (const name of usualBases(known.initDefault)) if (baseRefs(refs, name) !== null) return name;
  return known.mainBranch;
}

export interface BaseRefs {
  /** The branch's name, without its remote's. */
  readonly name: string;
  /** The full name of the local branch; null for a base that only a remote has, a tag or a commit. */
  readonly ref: string | null;
  /** The local branch's commit; without one, what stands for it. */
  readonly local: string;
  /** What it was fetched as last; null when it follows nothing that was fetched. */
  readonly upstream: Followed | null;
}

export interface Followed {
  /** The full name of the ref here that remembers it. */
  readonly name: string;
  readonly oid: string;
  readonly remote: string;
  /** Its full name on the remote. */
  readonly remoteRef: string;
}

const TRACKING = 'refs/remotes/';

/** A remote-tracking ref by its usual name: `refs/remotes/<remote>/<branch>`. */
function followed(refs: Refs, name: string): Followed | null {
  const ref = refs.get(name);
  const [, remote, branch] = /^refs\/remotes\/([^/]+)\/(.+)$/.exec(name) ?? [];
  if (ref === undefined || remote === undefined || branch === undefined || branch === 'HEAD') return null;
  return { name, oid: ref.oid, remote, remoteRef: `refs/heads/${branch}` };
}

/** A branch as a remote has it: origin's, else the only one's. */
function onRemote(refs: Refs, branch: string): Followed | null {
  const all = [...refs.keys()].flatMap((name) => {
    const one = name.startsWith(TRACKING) ? followed(refs, name) : null;
    return one !== null && one.remoteRef === `refs/heads/${branch}` ? [one] : [];
  });
  return all.find(({ remote }) => remote === 'origin') ?? (all.length === 1 ? (all[0] ?? null) : null);
}

/** A local branch with what it is set to follow; one that was never told follows its namesake on the remote. */
function localBase(refs: Refs, branch: string): BaseRefs | null {
  const ref = refs.get(`refs/heads/${branch}`);
  if (ref === undefined) return null;
  const base = { name: branch, ref: ref.name, local: ref.oid };
  if (ref.upstream === null) return { ...base, upstream: onRemote(refs, branch) };
  const target = refs.get(ref.upstream);
  // A branch that follows a local one (remote '.') is as fresh as it is.
  if (target === undefined || ref.upstream.startsWith('refs/heads/')) return { ...base, upstream: null };
  const usual = followed(refs, target.name);
  const remote = ref.remote ?? usual?.remote;
  if (remote === undefined) return { ...base, upstream: null };
  const remoteRef = ref.remoteRef ?? usual?.remoteRef ?? `refs/heads/${branch}`;
  return { ...base, upstream: { name: target.name, oid: target.oid, remote, remoteRef } };
}

/** A branch of a remote: the local one that follows it where there is one, else as it was fetched. */
function remoteBase(refs: Refs, found: Followed): BaseRefs {
  const branch = found.remoteRef.replace(/^refs\/heads\//, '');
  // Feature branches follow it as well (`checkout -b x origin/main`), so only a base's usual name counts.
  for (const name of [branch, ...usualBases(null)]) {
    const local = localBase(refs, name);
    if (
      local !== null &&
      (local.upstream?.name === found.name || (name === branch && local.upstream === null))
    )
      return local;
  }
  return { name: branch, ref: null, local: found.oid, upstream: found };
}

/**
 * What a base's name means: the local branch, else the branch of the remote that the name begins with,
 * else the one that a remote has, else a tag or a commit; null when there is nothing of that name. The
 * same for the list, a merge, a cleanup and a spawn.
 */
export function baseRefs(refs: Refs, asked: string): BaseRefs | null {
  const name = asked.replace(/^refs\/heads\//, '');
  const local = localBase(refs, name);
  if (local !== null) return local;
  const remote = followed(refs, `${TRACKING}${name.replace(/^refs\/remotes\//, '')}`) ?? onRemote(refs, name);
  if (remote !== null) return remoteBase(refs, remote);
  const fixed = /^[0-9a-f]{40,64}$/.test(name) ? name : refs.get(`refs/tags/${name}`)?.oid;
  return fixed === undefined ? null : { name, ref: null, local: fixed, upstream: null };
}

/**
 * The commit that counts as the base: whichever of the local branch and its upstream contains the
 * other. Undefined while their distance is not known yet.
 */
export function baseTip(
  base: BaseRefs,
  distance: (from: string, to: string) => Distance | undefined,
): { readonly oid: string; readonly diverged: boolean } | undefined {
  if (base.upstream === null || base.upstream.oid === base.local) return { oid: base.local, diverged: false };
  const apart = distance(base.upstream.oid, base.local);
  if (apart === undefined) return undefined;
  if (apart.ahead > 0 && apart.behind > 0) return { oid: base.local, diverged: true };
  return { oid: apart.ahead > 0 ? base.local : base.upstream.oid, diverged: false };
}
