import type { RebaseNow, WorktreeView } from '../contract/snapshot';
import { isBusy } from './cleanup-plan';
import { filesText } from './landing-words';

const nextOf = {
  session: 'Rebase it when Claude is done there.',
  operation: 'Finish what git has begun there, then rebase it.',
  changes: 'Commit its changes, then rebase it.',
} as const;

/**
 * Whether a worktree is to be rebased now: something landed on its base and they conflict. Told from
 * what is, not from what was done here, so that it holds after a restart, and for a merge by hand.
 */
export function rebaseNowOf(worktree: Omit<WorktreeView, 'rebaseNow'>): RebaseNow | null {
  const { isMain, missing, stale, merged, branch, base, behind, ongoing, changes } = worktree;
  if (isMain || missing || stale || merged !== null || behind === 0) return null;
  if (branch === null || base === null || branch === base) return null;
  const collision = worktree.collisions.find(
    (one) => one.with === 'base' && one.certainty === 'decided' && one.files.length > 0,
  );
  if (collision === undefined) return null;
  const { files } = collision;
  const busy = worktree.sessions.some(({ pid, state }) => pid !== null && isBusy({ state }));
  // Untracked files may be the copies made at spawn: whether they stand in the way, the plan knows.
  const unfinished = changes.staged + changes.changed + changes.conflicted > 0;
  const waitsFor = ongoing !== null ? 'operation' : busy ? 'session' : unfinished ? 'changes' : null;
  return {
    files,
    waitsFor,
    why: `${base} has moved and conflicts with it in ${filesText(files)}`,
    next: waitsFor === null ? 'Rebase it now.' : nextOf[waitsFor],
  };
}
