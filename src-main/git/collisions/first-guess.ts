/**
 * A word for pairs that were never decided, while the trial merges take their time: from the paths that
 * each side changed. Two short processes for all of them, and none where verdicts come at once.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { OpenPair } from '../../domain/collision-pairs';
import { sharedPaths, type TouchedPaths, touchedPaths } from '../../domain/provisional-collisions';
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';
import type { SideHistory } from './side-history';

export interface GuessQuestion {
  readonly git: GitRunner;
  readonly commonDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly history: SideHistory;
  readonly signal: AbortSignal;
}

/** Of a side that changed more, the first so many tell enough for a guess. */
const MOST_PATHS = 5_000;
const LIMIT_MS = 10_000;

type GuessedSide = OpenPair['one' | 'other'];

/** A commit that stands for more than HEAD, where that is known. */
const liveOf = ({ commit, head }: GuessedSide): string | null => (commit === head ? null : commit);

/** The paths that each pair shares, in their order. Null when git can't tell. */
export async function guessPairs(
  question: GuessQuestion,
  pairs: readonly OpenPair[],
): Promise<readonly (readonly string[])[] | null> {
  const uncommitted = await uncommittedPaths(
    question,
    pairs.flatMap(({ one, other }) => [one, other]),
  );
  if (uncommitted === null) return null;
  const known = new Map<string, TouchedPaths>();
  const touched = (side: GuessedSide, other: GuessedSide): TouchedPaths => {
    const live = liveOf(side);
    const key = `${side.head} ${live} ${other.head}`;
    const found =
      known.get(key) ??
      touchedPaths(
        [...(uncommitted.get(live ?? '') ?? []), ...question.history.ownPaths(side.head, other.head)],
        MOST_PATHS,
      );
    known.set(key, found);
    return found;
  };
  const shared: (readonly string[])[] = [];
  for (const { one, other } of pairs) {
    shared.push(sharedPaths(touched(one, other), touched(other, one)));
    await yieldToOthers();
    if (question.signal.aborted) return null;
  }
  return shared;
}

/** By live commit: the paths in which it differs from its HEAD. */
async function uncommittedPaths(
  { git, commonDir, env, signal }: GuessQuestion,
  sides: readonly GuessedSide[],
): Promise<ReadonlyMap<string, readonly string[]> | null> {
  const found = new Map<string, string[]>();
  for (const live of sides.map(liveOf)) if (live !== null) found.set(live, []);
  if (found.size === 0) return found;
  const answer = await git.run({
    cwd: commonDir,
    args: ['diff-tree', '--stdin', '-r', '-z', '--name-only', '--no-renames'],
    input: [...found.keys()].map((commit) => `${commit}\n`).join(''),
    env,
    first: true,
    limitMs: LIMIT_MS,
    signal,
  });
  if (answerProblem(answer) !== null) return null;
  // `<commit> NUL path NUL path NUL <commit> NUL …`
  let paths: string[] | undefined;
  for (const field of answer.stdout.split('\0')) {
    const next = found.get(field);
    if (next !== undefined) paths = next;
    else if (field !== '') paths?.push(field);
  }
  return found;
}
