/** The few refs that rows depend on, by one `for-each-ref` for a whole repository. */

import { answerProblem, type GitAnswer, type GitRunner } from '../run/git-runner';
import {
  COMPARED_FORMAT,
  type Compared,
  type Comparison,
  comparingEnvironment,
  parseCompared,
} from './compared-refs';

export interface Ref {
  readonly name: string;
  readonly oid: string;
  /** What a symbolic ref (`refs/remotes/origin/HEAD`) points to. */
  readonly symref: string | null;
  /** The full name of the branch that it is set to track. */
  readonly upstream: string | null;
  /** The name of that branch's remote, and its full name there. */
  readonly remote?: string | null;
  readonly remoteRef?: string | null;
  /** When that was asked for too. */
  readonly compared: Compared | null;
  readonly commit: CommitInfo | null;
}
export interface CommitInfo {
  readonly subject: string;
  readonly at: number;
}
export type Refs = ReadonlyMap<string, Ref>;

const FORMAT =
  '%(refname)%00%(objectname)%00%(symref)%00%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)';
/** Needs the commits themselves: fails as a whole when one of them is missing. */
const COMMIT_FORMAT = '%(committerdate:unix)%00%(contents:subject)';
const NOT_COMPARED = '%00';

/** The whole format without comparisons and commits, for one who runs git another way. */
export const REFS_FORMAT = `${FORMAT}%00${NOT_COMPARED}`;

export function parseRefs(output: string): Refs {
  const refs = new Map<string, Ref>();
  for (const line of output.split('\n')) {
    const [name, oid, symref, upstream, remote, remoteRef, against, track, date, ...subject] =
      line.split('\0');
    if (name === undefined || name === '' || oid === undefined) continue;
    refs.set(name, {
      name,
      oid,
      symref: symref || null,
      upstream: upstream || null,
      remote: remote || null,
      remoteRef: remoteRef || null,
      compared: parseCompared(against ?? '', track ?? ''),
      commit: date ? { at: Number(date) * 1000, subject: subject.join('\0') } : null,
    });
  }
  return refs;
}

/** What may name a base or be its upstream, whatever the remotes are called. */
export function refPatterns(branches: Iterable<string>, baseNames: Iterable<string>): readonly string[] {
  const patterns = new Set<string>();
  for (const branch of branches) patterns.add(`refs/heads/${branch}`);
  for (const base of baseNames) {
    patterns.add(`refs/heads/${base}`);
    patterns.add(`refs/remotes/${base}`);
    patterns.add(`refs/remotes/*/${base}`);
    patterns.add(`refs/tags/${base}`);
    // `origin/dev` is the branch `dev` of `origin`.
    const slash = base.indexOf('/');
    if (slash > 0) patterns.add(`refs/heads/${base.slice(slash + 1)}`);
  }
  patterns.add('refs/remotes/*/HEAD');
  return [...patterns];
}

/** `comparisons`: distances to be told as well, as far as git can. */
export async function readRefs(
  runner: GitRunner,
  cwd: string,
  patterns: readonly string[],
  comparisons: readonly Comparison[],
): Promise<Refs | { readonly problem: string; readonly stderr: string }> {
  const ask = (format: string, env: Readonly<Record<string, string>>): Promise<GitAnswer<string>> =>
    runner.run({
      cwd,
      args: ['for-each-ref', `--format=${FORMAT}%00${format}`, '--', ...patterns],
      limitMs: 15_000,
      first: true,
      env,
    });
  let answer =
    comparisons.length === 0
      ? await ask(`${NOT_COMPARED}%00${COMMIT_FORMAT}`, {})
      : await ask(`${COMPARED_FORMAT}%00${COMMIT_FORMAT}`, comparingEnvironment(comparisons));
  if (answer.reason === 'exited' && answer.exitCode !== 0) answer = await ask(NOT_COMPARED, {});
  const problem = answerProblem(answer);
  return problem === null ? parseRefs(answer.stdout) : { problem, stderr: answer.stderr };
}

/** A raw commit object (`git cat-file -p`): the committer's time and the first line of the message. */
export function parseCommit(content: string): CommitInfo | null {
  const headersEnd = content.indexOf('\n\n');
  const headers = headersEnd < 0 ? content : content.slice(0, headersEnd);
  const seconds = /^committer .*> (\d+) [+-]\d{4}$/m.exec(headers)?.[1];
  if (seconds === undefined) return null;
  // As %(contents:subject) has it: the first paragraph on one line.
  const message = headersEnd < 0 ? '' : content.slice(headersEnd + 2).replace(/^\n+/, '');
  const paragraph = message.split(/\n[ \t]*\n/)[0] ?? '';
  return { at: Number(seconds) * 1000, subject: paragraph.trim().replace(/\s*\n/g, ' ') };
}
