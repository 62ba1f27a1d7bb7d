/**
 * The distances of many commits to one base in one to three processes, for a git that can not count
 * them together itself (before 2.41). A process per pair is what it would cost otherwise.
 *
 * What is ahead: `^base heads…` lists every commit that any head has and the base has not, with
 * parents; each head's own ones are those it reaches there. Their parents outside the list are where
 * that head left the base. What is behind: the base's commits since a common ancestor of all those
 * places, less the ones that the head's own places reach.
 */

import { answerProblem, type GitRunner } from '../run/git-runner';
import type { Distance } from './distance';

/** Longer lists cost more than counting one by one. */
const MOST_COMMITS = 20_000;
const MOST_PLACES = 100;

type Graph = ReadonlyMap<string, readonly string[]>;

/** Leaves out the heads for which one by one is the better way. */
export async function distancesTogether(
  runner: GitRunner,
  cwd: string,
  base: string,
  heads: readonly string[],
): Promise<ReadonlyMap<string, Distance>> {
  const nothing = new Map<string, Distance>();
  const above = await readGraph(runner, cwd, [...heads, `^${base}`]);
  if (above === null) return nothing;
  const own = heads.map((head) => {
    const reached = reach(above, [head]);
    const places = above.has(head)
      ? [...reached].flatMap((commit) => (above.get(commit) ?? []).filter((parent) => !above.has(parent)))
      : [head];
    return { head, ahead: reached.size, places: new Set(places) };
  });
  const places = new Set(own.flatMap((one) => [...one.places]));
  // A history without any common commit has no such place.
  if (places.size > MOST_PLACES || own.some((one) => one.places.size === 0)) return nothing;
  const below = await graphSince(runner, cwd, base, [...places]);
  if (below === null) return nothing;
  return new Map(
    own.map(({ head, ahead, places: left }) => [
      head,
      { ahead, behind: below.size - reach(below, left).size },
    ]),
  );
}

/** The base's commits since a common ancestor of these places. */
async function graphSince(
  runner: GitRunner,
  cwd: string,
  base: string,
  places: readonly string[],
): Promise<Graph | null> {
  let [common] = places;
  if (places.length > 1) {
    const answer = await runner.run({
      first: true,
      cwd,
      args: ['merge-base', '--octopus', '--end-of-options', ...places],
    });
    if (answerProblem(answer) !== null) return null;
    common = answer.stdout.trim();
  }
  if (common === undefined || common === '') return null;
  return common === base ? new Map() : readGraph(runner, cwd, [base, `^${common}`]);
}

async function readGraph(runner: GitRunner, cwd: string, range: readonly string[]): Promise<Graph | null> {
  const answer = await runner.run({
    first: true,
    cwd,
    args: ['rev-list', '--parents', `--max-count=${MOST_COMMITS}`, '--end-of-options', ...range, '--'],
  });
  if (answerProblem(answer) !== null) return null;
  const graph = new Map<string, readonly string[]>();
  for (const line of answer.stdout.split('\n')) {
    const [commit, ...parents] = line.split(' ');
    if (commit !== undefined && commit !== '') graph.set(commit, parents);
  }
  return graph.size >= MOST_COMMITS ? null : graph;
}

function reach(graph: Graph, from: Iterable<string>): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [...from];
  for (let commit = queue.pop(); commit !== undefined; commit = queue.pop()) {
    const parents = graph.get(commit);
    if (parents === undefined || seen.has(commit)) continue;
    seen.add(commit);
    queue.push(...parents);
  }
  return seen;
}
