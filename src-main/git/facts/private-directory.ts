/** What the files of a worktree's private git directory tell without asking git. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OngoingOperation } from '../../contract/snapshot';
import { readText, statOrNull, tailOrNull, textOrNull } from '../../system/small-reads';

export interface PrivateFacts {
  readonly ongoing: OngoingOperation | null;
  /** The branch that a rebase or bisect works on, though git calls the worktree detached. */
  readonly workedOnBranch: string | null;
  /** Every branch that what is under way will come back to or move: git keeps others off it. */
  readonly workedOn: readonly string[];
  /** When HEAD last moved, from its reflog. */
  readonly headMovedAt: number | null;
  readonly indexChangedAt: number | null;
}

export async function readPrivateDirectory(gitDir: string): Promise<PrivateFacts> {
  const [names, headMovedAt, indexChangedAt] = await Promise.all([
    readdir(gitDir).then(
      (list) => new Set(list),
      () => new Set<string>(),
    ),
    lastReflogTime(join(gitDir, 'logs', 'HEAD')),
    statOrNull(join(gitDir, 'index')).then((index) => index?.mtimeMs ?? null),
  ]);
  const [ongoing, branches] = await Promise.all([ongoingOperation(gitDir, names), workedOn(gitDir, names)]);
  return {
    ongoing,
    workedOnBranch: branches[0] ?? null,
    workedOn: branches,
    headMovedAt,
    indexChangedAt,
  };
}

/** In the order of git's own wt-status: a rebase leaves a CHERRY_PICK_HEAD of its own. */
async function ongoingOperation(
  gitDir: string,
  names: ReadonlySet<string>,
): Promise<OngoingOperation | null> {
  if (names.has('rebase-merge') || names.has('rebase-apply')) return 'rebase';
  if (names.has('MERGE_HEAD')) return 'merge';
  if (names.has('CHERRY_PICK_HEAD')) return 'cherry-pick';
  if (names.has('REVERT_HEAD')) return 'revert';
  if (names.has('sequencer')) {
    // Between two picks of several there is no *_HEAD; the list of what is left says what it is.
    const todo = await textOrNull(join(gitDir, 'sequencer', 'todo'));
    if (todo !== null) return /^\s*revert\b/.test(todo) ? 'revert' : 'cherry-pick';
  }
  return names.has('BISECT_LOG') || names.has('BISECT_START') ? 'bisect' : null;
}

/** As git's own `branch_checked_out` has it: https://github.com/git/git/blob/master/branch.c */
async function workedOn(gitDir: string, names: ReadonlySet<string>): Promise<readonly string[]> {
  const found = new Set<string>();
  const add = (ref: string | undefined) => {
    if (ref?.startsWith('refs/heads/')) found.add(ref.slice('refs/heads/'.length));
  };
  for (const directory of ['rebase-merge', 'rebase-apply'])
    if (names.has(directory)) add((await textOrNull(join(gitDir, directory, 'head-name')))?.trim());
  if (names.has('BISECT_START')) {
    const start = (await textOrNull(join(gitDir, 'BISECT_START')))?.trim() ?? '';
    if (start !== '' && !/^[0-9a-f]{40,64}$/.test(start))
      add(start.startsWith('refs/heads/') ? start : `refs/heads/${start}`);
  }
  // `rebase --update-refs`: a ref, what it was and what it will be, each on a line.
  if (names.has('rebase-merge'))
    for (const line of ((await textOrNull(join(gitDir, 'rebase-merge', 'update-refs'))) ?? '').split('\n'))
      add(line.trim());
  return [...found];
}

export interface Head {
  /** Null when detached. */
  readonly branch: string | null;
  /** The commit of a detached HEAD. */
  readonly oid: string | null;
}

/** The branch in a HEAD file where HEAD itself is in a table: https://git-scm.com/docs/reftable */
export const TABLE_BRANCH = '.invalid';

/** From its HEAD file; null where the file does not say (the reftable format keeps a stub there). */
export async function readHead(gitDir: string): Promise<Head | null | 'unreadable'> {
  try {
    const text = (await readText(join(gitDir, 'HEAD'))).trim();
    const branch = /^ref: refs\/heads\/(.+)$/.exec(text)?.[1];
    if (branch !== undefined) return branch === TABLE_BRANCH ? null : { branch, oid: null };
    return /^[0-9a-f]{40,64}$/.test(text) ? { branch: null, oid: text } : null;
  } catch {
    return 'unreadable';
  }
}

/** A reflog line carries the whole commit subject, so its end is looked for in a window. */
const REFLOG_WINDOW = 8_192;

async function lastReflogTime(path: string): Promise<number | null> {
  // No reflog: bare-bones settings, or nothing committed yet.
  const tail = await tailOrNull(path, REFLOG_WINDOW);
  const times = [...(tail?.toString('latin1') ?? '').matchAll(/> (\d+) [+-]\d{4}(?:\t|$)/gm)];
  const seconds = times.at(-1)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
