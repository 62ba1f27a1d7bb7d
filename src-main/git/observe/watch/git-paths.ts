/** What a changed path in a git directory means. Names that mean nothing to a row are not listed. */

export type GitChange =
  /** Worktrees were added, removed, moved, locked or unlocked. */
  | 'list'
  /** A branch, a remote's branch, or the packed ones. */
  | 'refs'
  /** This worktree's HEAD. */
  | 'head'
  /** This worktree's index, or what decides how its files are read. */
  | 'status'
  /** An operation began or ended in this worktree. */
  | 'ongoing'
  /** Exclude rules or attributes of all worktrees. */
  | 'all-status'
  | 'config'
  | 'tasks';

const ONGOING =
  /^(MERGE_HEAD|CHERRY_PICK_HEAD|REVERT_HEAD|BISECT_[A-Z]+|rebase-merge|rebase-apply|sequencer)$/;

/** `path` is relative to the worktree's private directory, '/'-separated. */
export function privateChange(path: string, isLinked: boolean): GitChange | null {
  if (path.endsWith('.lock')) return null;
  if (path === 'HEAD') return 'head';
  if (path === 'index' || path === 'config.worktree' || path === 'info/sparse-checkout') return 'status';
  if (ONGOING.test(path)) return 'ongoing';
  // Each worktree keeps its HEAD in a table of its own: https://git-scm.com/docs/reftable
  if (isLinked && path === 'reftable/tables.list') return 'head';
  if (isLinked && (path === 'locked' || path === 'gitdir')) return 'list';
  return null;
}

/** `path` is relative to the common directory, '/'-separated. */
export function commonChange(path: string): GitChange | null {
  if (path.endsWith('.lock')) return null;
  if (path === 'packed-refs' || /^refs\/(heads|remotes|tags)(\/|$)/.test(path)) return 'refs';
  if (path === 'worktrees' || /^worktrees\/[^/]+$/.test(path)) return 'list';
  if (path === 'config') return 'config';
  if (path === 'info/exclude' || path === 'info/attributes') return 'all-status';
  if (path === 'orchard' || path.startsWith('orchard/tasks')) return 'tasks';
  // The new ref format keeps HEADs and branches in one place: https://git-scm.com/docs/reftable
  if (path.startsWith('reftable/')) return 'refs';
  return null;
}
