/** From what was read to what is told: pure. */
import { basename } from 'node:path';
import type { Merged } from '../../contract/snapshot';
import type { TaskRecord, Unwatched, WorktreeFacts } from '../../domain/facts';
import type { BaseRefs } from '../facts/base-rules';
import type { Distance } from '../facts/distance';
import type { CommitInfo } from '../facts/refs';
import { countChanges } from '../facts/status-map';
import type { WorktreeReader } from './worktree-reader';

export type NoteFact = NonNullable<WorktreeFacts['note']>;

export interface DeriveInput {
  readonly worktree: Pick<WorktreeReader, 'listed' | 'status' | 'privateFacts' | 'editedAt' | 'problem'>;
  readonly branch: string | null;
  readonly head: string | null;
  readonly commit: CommitInfo | null;
  readonly baseName: string | null;
  readonly base: {
    readonly found: BaseRefs;
    readonly tip: { readonly oid: string; readonly diverged: boolean } | undefined;
  } | null;
  readonly refsKnown: boolean;
  readonly distance: Distance | undefined;
  readonly merged: Merged;
  readonly note: NoteFact | null;
  readonly record: TaskRecord | null;
  readonly watched: 'files' | 'git-only';
  readonly unwatched: Unwatched | null;
  readonly now: number;
}

const NO_CHANGES = { staged: 0, changed: 0, untracked: 0, conflicted: 0 };

export function deriveWorktree(input: DeriveInput): WorktreeFacts {
  const { worktree, head, commit } = input;
  const { listed } = worktree;
  const changes =
    worktree.status === null ? NO_CHANGES : countChanges(worktree.status.entries, worktree.status.own);
  return {
    id: listed.id,
    path: listed.path,
    gitDir: listed.gitDir,
    name: basename(listed.path),
    isMain: listed.isMain,
    branch: input.branch,
    head,
    locked: listed.locked,
    lockReason: listed.lockReason,
    missing: listed.missing,
    base: input.baseName,
    baseTip: input.base?.tip?.oid ?? null,
    lastCommit: head === null || commit === null ? null : { sha: head, ...commit },
    ahead: input.distance?.ahead ?? 0,
    behind: input.distance?.behind ?? 0,
    changes,
    ongoing: worktree.privateFacts?.ongoing ?? null,
    merged: input.merged,
    lastActivityAt: lastActivity(input, changes.staged),
    record: input.record,
    note: input.note,
    watched: input.watched,
    unwatched: input.unwatched,
    stale: false,
    problem: worktree.problem ?? baseProblem(input),
  };
}

/** The newest time that something tells of; times from the future (another clock) tell nothing. */
function lastActivity({ worktree, commit, now }: DeriveInput, staged: number): number | null {
  const times = [
    worktree.privateFacts?.headMovedAt,
    commit?.at,
    worktree.editedAt,
    // Git refreshes an index for its own sake too; with something staged, its time is a person's.
    staged > 0 ? worktree.privateFacts?.indexChangedAt : null,
  ].filter((time): time is number => time != null && time <= now);
  return times.length === 0 ? null : Math.max(...times);
}

function baseProblem({ baseName, base, refsKnown, head }: DeriveInput): string | null {
  if (baseName === null || !refsKnown || head === null) return null;
  if (base === null) return `Its base ${baseName} does not exist here.`;
  if (base.tip?.diverged)
    return `${baseName} and ${shortRef(base.found.upstream?.name)} have diverged; it is compared with the local ${baseName}.`;
  return null;
}

const shortRef = (name: string | undefined): string =>
  name?.replace(/^refs\/(heads|remotes)\//, '') ?? 'its upstream';
