/** What the files of a worktree's private git directory tell without asking git. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OngoingOperation } from '../../contract/snapshot';
import { statOrNull, tailOrNull, textOrNull } from '../../system/small-reads';

export interface PrivateFacts {
  readonly ongoing: OngoingOperation | null;
  /** The branch that a rebase or bisect works on, though git calls the worktree detached. */
  readonly workedOnBranch: string | null;
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
  const ongoing = await ongoingOperation(gitDir, names);
  return {
    ongoing,
    workedOnBranch: ongoing === 'rebase' || ongoing === 'bisect' ? await workedOn(gitDir, names) : null,
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

async function workedOn(gitDir: string, names: ReadonlySet<string>): Promise<string | null> {
  for (const directory of ['rebase-merge', 'rebase-apply']) {
    if (!names.has(directory)) continue;
    const head = (await textOrNull(join(gitDir, directory, 'head-name')))?.trim();
    if (head?.startsWith('refs/heads/')) return head.slice('refs/heads/'.length);
  }
  const start = names.has('BISECT_START')
    ? (await textOrNull(join(gitDir, 'BISECT_START')))?.trim()
    : undefined;
  if (start === undefined || start === '' || /^[0-9a-f]{40,64}$/.test(start)) return null;
  return start.replace(/^refs\/heads\//, '');
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
