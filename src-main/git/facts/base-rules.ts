/** Which branch is the base, and which commit it stands for: rules over refs that were read. */
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
  for (const name of usualBases(known.initDefault)) if (candidates(refs, name).length > 0) return name;
  return known.mainBranch;
}

/** The refs that a base's name can mean, the likeliest first; a branch and the one it tracks. */
function candidates(refs: Refs, name: string): readonly string[] {
  if (refs.has(`refs/heads/${name}`)) return [`refs/heads/${name}`];
  const remotes = [...refs.keys()].filter(
    (ref) =>
      ref.startsWith('refs/remotes/') && ref.slice('refs/remotes/'.length).replace(/^[^/]+\//, '') === name,
  );
  const origin = `refs/remotes/origin/${name}`;
  const ordered = remotes.includes(origin) ? [origin, ...remotes.filter((ref) => ref !== origin)] : remotes;
  const exact = [`refs/remotes/${name}`, `refs/tags/${name}`].filter((ref) => refs.has(ref));
  return [...exact, ...ordered];
}

export interface BaseRefs {
  readonly name: string;
  readonly local: string;
  /** The fetched commit of what it tracks; null when it tracks nothing that was fetched. */
  readonly upstream: { readonly name: string; readonly oid: string } | null;
}

/** The commits a base's name stands for; null when there is nothing of that name. */
export function baseRefs(refs: Refs, name: string): BaseRefs | null {
  if (/^[0-9a-f]{40,64}$/.test(name)) return { name, local: name, upstream: null };
  const ref = refs.get(candidates(refs, name)[0] ?? '');
  if (ref === undefined) return null;
  const upstream = ref.upstream === null ? undefined : refs.get(ref.upstream);
  return {
    name,
    local: ref.oid,
    upstream: upstream === undefined ? null : { name: upstream.name, oid: upstream.oid },
  };
}

export interface Distance {
  readonly ahead: number;
  readonly behind: number;
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
