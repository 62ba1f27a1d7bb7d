/** What each side of a repository's collisions did, commit by commit, from one `git log` for all of them. */
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';

export interface SideHistory {
  /** Paths that commits of `one` changed that `other` doesn't have. */
  ownPaths(one: string, other: string): ReadonlySet<string>;
  /** Those of them that changed one of these paths, the newest first. */
  commitsTo(
    paths: readonly string[],
    one: string,
    other: string,
  ): readonly { readonly id: string; readonly subject: string }[];
}

export interface HistoryTip {
  readonly commit: string;
  /** The base's tip, and how many of the base's commits this one lacks. */
  readonly base: { readonly commit: string; readonly behind: number } | null;
}

/** Work of a worktree that is longer than this is told by its newest commits. */
const MOST_COMMITS = 2_000;
const LIMIT_MS = 10_000;

/**
 * The arguments of the log; equal ones have equal answers.
 * @param shared commits that all of the tips have, and what came before which is of no interest
 */
export function historyArguments(
  tips: readonly HistoryTip[],
  shared: readonly string[] = [],
): readonly string[] {
  const behind = new Map<string, number>();
  for (const { base } of tips)
    if (base !== null) behind.set(base.commit, Math.max(behind.get(base.commit) ?? 0, base.behind));
  return [
    'log',
    '-z',
    '--format=%x00%H %P%x00%s',
    '--encoding=UTF-8',
    '--no-show-signature',
    '--name-only',
    '--no-renames',
    '--ignore-submodules=none',
    // Of a merge only what it changed against both sides is its own.
    '--diff-merges=combined',
    `--max-count=${MOST_COMMITS}`,
    // A base with fewer commits than that has no such ancestor, and then needs no bound.
    '--ignore-missing',
    ...new Set([...tips.map(({ commit }) => commit), ...behind.keys()]),
    // Following first parents, so many steps lead to a commit that all of them have, or past it.
    ...[...behind].map(([commit, steps]) => `^${commit}~${steps}`),
    ...shared.map((commit) => `^${commit}`),
    '--',
  ];
}

/**
 * Null when git can't tell.
 * @param first before what else waits for git
 */
export async function readSideHistory(
  git: Pick<GitRunner, 'run'>,
  commonDir: string,
  args: readonly string[],
  signal: AbortSignal,
  first = false,
): Promise<SideHistory | null> {
  const answer = await git.run({ cwd: commonDir, args, limitMs: LIMIT_MS, signal, first });
  return answerProblem(answer) === null ? sideHistory(parseHistory(answer.stdout)) : null;
}

interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly subject: string;
  readonly paths: readonly string[];
}

/** `NUL id parents NUL subject NUL`, then LF and the paths, each with a NUL; paths are never empty. */
export function parseHistory(output: string): readonly Commit[] {
  const fields = output.split('\0');
  const commits: Commit[] = [];
  let at = 0;
  while (at < fields.length) {
    const header = fields[at++] ?? '';
    if (header === '') continue;
    const [id = '', ...parents] = header.trim().split(' ');
    const subject = fields[at++] ?? '';
    const paths: string[] = [];
    for (let path = fields[at]; path !== undefined && path !== ''; path = fields[++at])
      paths.push(paths.length === 0 ? path.replace(/^\n/, '') : path);
    commits.push({ id, parents, subject, paths });
  }
  return commits;
}

function sideHistory(commits: readonly Commit[]): SideHistory {
  const byId = new Map(commits.map((commit) => [commit.id, commit]));
  const reached = new Map<string, ReadonlySet<string>>();
  const reachOf = (tip: string): ReadonlySet<string> => {
    const known = reached.get(tip);
    if (known !== undefined) return known;
    const reach = new Set<string>();
    const waiting = [tip];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const commit = byId.get(id);
      if (commit === undefined || reach.has(id)) continue;
      reach.add(id);
      waiting.push(...commit.parents);
    }
    reached.set(tip, reach);
    return reach;
  };
  const own = (one: string, other: string) => {
    const [mine, shared] = [reachOf(one), reachOf(other)];
    return commits.filter(({ id }) => mine.has(id) && !shared.has(id));
  };
  return {
    ownPaths: (one, other) => new Set(own(one, other).flatMap(({ paths }) => paths)),
    commitsTo: (wanted, one, other) =>
      own(one, other).filter(({ paths }) => wanted.some((path) => paths.includes(path))),
  };
}
