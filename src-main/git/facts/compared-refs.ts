/**
 * How far branches are from their base, told by the same `for-each-ref` that reads them: one process
 * instead of up to three. `%(push:track)` counts what separates a branch from the ref that its pushes
 * would reach, and which one that is may be said for this one process: each branch gets a remote of ours
 * whose refspecs lead to the base. Nothing is written, and nothing is ever pushed.
 * https://git-scm.com/docs/git-for-each-ref#Documentation/git-for-each-ref.txt-push
 */
import type { Distance } from './distance';

/** Full ref names: how far `ref` is from `against`. */
export interface Comparison {
  readonly ref: string;
  readonly against: string;
}

/** What a ref was compared with. Valid for the commits that both were at, if neither moved meanwhile. */
export interface Compared extends Distance {
  readonly against: string;
}

/** The atoms, to be read by `parseCompared`. */
export const COMPARED_FORMAT = '%(push)%00%(push:track)';

const REMOTE = 'orchard-distance';
/** The environment of a process has its limits; more branches than this are counted on their own. */
const MOST_COMPARED = 200;

/** https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT: any name is safe there. */
export function comparingEnvironment(comparisons: readonly Comparison[]): Record<string, string> {
  const settings: [string, string][] = [
    // Without a refspec of its own a branch is compared with nothing, which costs nothing.
    ['remote.pushDefault', REMOTE],
    [`remote.${REMOTE}.url`, '.'],
  ];
  const bases = [...new Set(comparisons.map(({ against }) => against))];
  bases.forEach((base, at) => {
    settings.push([`remote.${REMOTE}.fetch`, `refs/heads/base-${at}:${base}`]);
  });
  for (const { ref, against } of comparisons.slice(0, MOST_COMPARED)) {
    settings.push([`remote.${REMOTE}.push`, `${ref}:refs/heads/base-${bases.indexOf(against)}`]);
    settings.push([`branch.${ref.replace(/^refs\/heads\//, '')}.pushRemote`, REMOTE]);
  }
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], at) => {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  });
  return env;
}

/** Null when it was compared with nothing, or with something that is not there. */
export function parseCompared(against: string, track: string): Compared | null {
  if (against === '' || track === '[gone]') return null;
  if (track === '') return { against, ahead: 0, behind: 0 };
  const found = /^\[(?:ahead (\d+))?(?:, )?(?:behind (\d+))?\]$/.exec(track);
  if (found === null) return null;
  return { against, ahead: Number(found[1] ?? 0), behind: Number(found[2] ?? 0) };
}
