/** Tries many merges in one `merge-tree` process, or in two. */
import type { Log } from '../../engine/ports';
import { parseTrialMerges, type TrialMerge } from '../facts/merge-tree-output';
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';

export interface TrialQuestion {
  readonly git: Pick<GitRunner, 'run'>;
  /** Where they are tried: its attributes count. */
  readonly directory: string;
  /** More options for git, before the verb. */
  readonly options?: readonly string[];
  /** An object directory of our own: every merge leaves a tree. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'warn'>;
}

/** So many pairs are decided sooner by two processes than by one. */
const WORTH_TWO = 4;
const LIMIT_MS = 60_000;

/** One answer per pair of commits, in their order; null when git can't tell or it was cancelled. */
export async function tryMerges(
  question: TrialQuestion,
  pairs: readonly (readonly [string, string])[],
): Promise<readonly TrialMerge[] | null> {
  if (pairs.length === 0) return [];
  const half = Math.ceil(pairs.length / 2);
  const parts = pairs.length < WORTH_TWO ? [pairs] : [pairs.slice(0, half), pairs.slice(half)];
  const done = await Promise.all(parts.map((part) => tryTogether(question, part)));
  return done.flatMap((part) => part ?? []).length === pairs.length
    ? done.flatMap((part) => part ?? [])
    : null;
}

async function tryTogether(
  { git, directory, options: more = [], env, signal, log }: TrialQuestion,
  pairs: readonly (readonly [string, string])[],
): Promise<readonly TrialMerge[] | null> {
  // The style is fixed because the markers are read afterwards.
  const options = [...more, '-c', 'merge.renames=true', '-c', 'merge.conflictStyle=merge'];
  const answer = await git.run({
    cwd: directory,
    args: [...options, 'merge-tree', '--write-tree', '--stdin', '-z'],
    input: pairs.map(([a, b]) => `${a} ${b}\n`).join(''),
    env,
    limitMs: LIMIT_MS,
    signal,
  });
  if (answer.reason === 'cancelled') return null;
  // It ends with 1 when one of them conflicts in some versions, with 0 in others.
  if (answer.reason !== 'exited' || (answer.exitCode ?? 2) > 1) {
    log.warn('collisions.undecided', { problem: answerProblem(answer) });
    return null;
  }
  const merges = parseTrialMerges(answer.stdout, pairs);
  if (merges.length === pairs.length) return merges;
  log.warn('collisions.undecided', { asked: pairs.length, answered: merges.length });
  return null;
}
