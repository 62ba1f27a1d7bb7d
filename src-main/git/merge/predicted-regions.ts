/** Where a predicted merge conflicts, for a plan: the same words as for collisions seen all along. */
import { type Explanation, explainPairs } from '../collisions/collision-regions';
import { historyArguments, readSideHistory } from '../collisions/side-history';
import { tryMerges } from '../collisions/trial-merges';
import type { GitCommand } from '../run/git-command';
import { lines } from '../run/git-command';
import type { GitRunner } from '../run/git-runner';

/** A plan is made once, for somebody who is about to merge. */
const MOST_REGIONS = 24;

export interface PredictedQuestion {
  /** Where the merge would happen: its attributes count. */
  readonly directory: string;
  /** Objects of our own, which the trial merges may write. */
  readonly env: Readonly<Record<string, string>>;
  readonly ours: string;
  /** Commits that conflict with `ours`. */
  readonly others: readonly string[];
}

/** One explanation per other commit, in their order; none at all when git can't tell. */
export async function predictedRegions(
  git: GitCommand,
  { directory, env, ours, others }: PredictedQuestion,
): Promise<readonly Explanation[]> {
  const reader = readerOf(git);
  const { signal } = new AbortController();
  const merges = await tryMerges(
    // The git command notes each of its calls itself.
    { git: reader, directory, env, signal, log: { warn: () => undefined } },
    others.map((other) => [ours, other]),
  );
  if (merges === null) return [];
  const shared = await git(directory, ['merge-base', '--octopus', ours, ...others], { mode: 'read' });
  const history =
    shared.code === 0
      ? await readSideHistory(
          reader,
          directory,
          historyArguments(
            [ours, ...others].map((commit) => ({ commit, base: null })),
            lines(shared.stdout),
          ),
          signal,
        )
      : null;
  const explained = await explainPairs(
    { git: reader, commonDir: directory, env, history, signal },
    merges.map((merge, at) => {
      const other = others[at] ?? '';
      return { ours: { commit: ours, head: ours }, theirs: { commit: other, head: other }, merge };
    }),
    MOST_REGIONS,
  );
  return explained ?? [];
}

/** The calls of observation, made by a git that serves what people ask for. */
function readerOf(git: GitCommand): Pick<GitRunner, 'run' | 'runBinary'> {
  const run: GitRunner['run'] = async (call) => {
    const { code, stdout, stderr, ended } = await git(call.cwd, call.args, callOf(call));
    return { reason: ended, exitCode: code, stdout, stderr, tookMs: 0 };
  };
  return {
    run,
    async runBinary(call) {
      const { code, stdout, stderr, ended } = await git(call.cwd, call.args, {
        ...callOf(call),
        encoding: 'latin1',
      });
      return { reason: ended, exitCode: code, stdout: Buffer.from(stdout, 'latin1'), stderr, tookMs: 0 };
    },
  };
}

const callOf = ({ input, env, limitMs, signal }: Parameters<GitRunner['run']>[0]) => ({
  mode: 'read' as const,
  ...(input === undefined ? {} : { stdin: input }),
  ...(env === undefined ? {} : { env }),
  ...(limitMs === undefined ? {} : { limitMs }),
  ...(signal === undefined ? {} : { signal }),
});
