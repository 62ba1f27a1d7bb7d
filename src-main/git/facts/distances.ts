/**
 * How far two commits are apart. The answer for a pair never changes, so it is computed once and kept,
 * on disk too.
 */
import type { Log } from '../../engine/ports';
import { answerProblem, type GitRunner } from '../run/git-runner';
import type { Distance } from './distance';
import { distancesTogether } from './distances-together';

const MOST_KEPT = 4_000;

export interface Pair {
  readonly base: string;
  readonly head: string;
  /** A ref that is at `head`, when there is one: git 2.41 counts all of them in one process. */
  readonly ref: string | null;
}

export function createDistances(deps: {
  readonly runner: GitRunner;
  readonly log: Log;
  /** git ≥ 2.41 knows `%(ahead-behind:<commit>)`. */
  readonly hasAheadBehind: boolean;
}) {
  const kept = new Map<string, Distance>();
  const keyOf = (base: string, head: string) => `${base}..${head}`;

  const keep = (key: string, distance: Distance) => {
    kept.delete(key);
    kept.set(key, distance);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
  };

  const get = (base: string, head: string): Distance | undefined =>
    base === head ? { ahead: 0, behind: 0 } : kept.get(keyOf(base, head));

  async function countOne(cwd: string, pair: Pair): Promise<void> {
    const answer = await deps.runner.run({
      cwd,
      first: true,
      args: ['rev-list', '--left-right', '--count', '--end-of-options', `${pair.base}...${pair.head}`, '--'],
    });
    const [behind, ahead] = answer.stdout.trim().split('\t').map(Number);
    const problem = answerProblem(answer);
    if (problem === null && behind !== undefined && ahead !== undefined)
      keep(keyOf(pair.base, pair.head), { ahead, behind });
    else if (answer.reason !== 'cancelled') deps.log.warn('git.distance', { problem, ...pair });
  }

  async function countRefs(cwd: string, base: string, pairs: readonly Pair[]): Promise<void> {
    const refs = pairs.flatMap((pair) => (pair.ref === null ? [] : [pair.ref]));
    if (refs.length === 0) return;
    const answer = await deps.runner.run({
      cwd,
      first: true,
      args: ['for-each-ref', `--format=%(objectname) %(ahead-behind:${base})`, '--', ...refs],
    });
    if (answerProblem(answer) !== null) return;
    for (const line of answer.stdout.split('\n')) {
      const [oid, ahead, behind] = line.split(' ');
      if (oid !== undefined && ahead !== undefined && behind !== undefined)
        keep(keyOf(base, oid), { ahead: Number(ahead), behind: Number(behind) });
    }
  }

  return {
    get,
    /** What was counted elsewhere. */
    keep: (base: string, head: string, { ahead, behind }: Distance) =>
      keep(keyOf(base, head), { ahead, behind }),
    get size() {
      return kept.size;
    },
    /** Counts what is not known yet; afterwards `get` knows it, or git could not tell (logged). */
    async compute(cwd: string, pairs: readonly Pair[]): Promise<void> {
      const missing = new Map<string, Pair>();
      for (const pair of pairs)
        if (get(pair.base, pair.head) === undefined) missing.set(keyOf(pair.base, pair.head), pair);
      const byBase = new Map<string, Pair[]>();
      for (const pair of missing.values()) byBase.set(pair.base, [...(byBase.get(pair.base) ?? []), pair]);
      await Promise.all(
        [...byBase].map(async ([base, pairs]) => {
          if (deps.hasAheadBehind) await countRefs(cwd, base, pairs);
          else if (pairs.length > 1) {
            const heads = pairs.map((pair) => pair.head);
            const found = await distancesTogether(deps.runner, cwd, base, heads);
            for (const [head, distance] of found) keep(keyOf(base, head), distance);
          }
        }),
      );
      const left = [...missing.values()].filter((pair) => get(pair.base, pair.head) === undefined);
      await Promise.all(left.map((pair) => countOne(cwd, pair)));
    },
    entries: (): readonly (readonly [string, number, number])[] =>
      [...kept].map(([key, { ahead, behind }]) => [key, ahead, behind]),
    restore(entries: readonly (readonly [string, number, number])[]) {
      for (const [key, ahead, behind] of entries) keep(key, { ahead, behind });
    },
  };
}
export type Distances = ReturnType<typeof createDistances>;
