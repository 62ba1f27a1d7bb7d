/** Where the bases of a repository's worktrees are now. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { GitRunner } from '../run/git-runner';

/** Commits by the base's name; one that has none is not in it. */
export async function baseTips(
  git: GitRunner,
  facts: RepositoryFacts,
  worktrees: readonly WorktreeFacts[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(worktrees.flatMap(({ base }) => (base === null ? [] : [base])))];
  const tips = new Map<string, string>();
  // What ahead and behind are counted from: also an upstream that is past the local base, as after a fetch.
  for (const { base, baseTip } of worktrees) if (base !== null && baseTip != null) tips.set(base, baseTip);
  const unknown = names.filter((name) => !tips.has(name));
  // A loose ref is the truth and costs no process; packed ones and other formats are git's to read.
  const loose = await Promise.all(unknown.map((name) => looseRef(facts.location.commonDir, name)));
  for (const [at, name] of unknown.entries()) {
    const commit = loose[at];
    if (commit != null) tips.set(name, commit);
  }
  const packed = names.filter((name) => !tips.has(name));
  if (packed.length === 0) return tips;
  const listed = await git.run({
    cwd: facts.location.commonDir,
    args: [
      'for-each-ref',
      '--format=%(refname)%00%(objectname)',
      '--',
      ...packed.flatMap((name) => [`refs/heads/${name}`, `refs/remotes/origin/${name}`]),
    ],
    signal,
  });
  for (const line of listed.stdout.split('\n')) {
    const [ref, commit] = line.split('\0');
    const name = ref?.replace(/^refs\/(heads|remotes\/origin)\//, '');
    // The local branch is listed first and wins.
    if (name !== undefined && commit !== undefined && !tips.has(name)) tips.set(name, commit);
  }
  return tips;
}

/** A branch that has a file of its own; null when it is packed, symbolic, or not there. */
async function looseRef(commonDir: string, name: string): Promise<string | null> {
  const text = await readFile(join(commonDir, 'refs', 'heads', ...name.split('/')), 'utf8').catch(() => '');
  return /^([0-9a-f]{40}|[0-9a-f]{64})\n?$/.exec(text)?.[1] ?? null;
}
