import type { Merged, WorktreeView } from '../../contract/snapshot';
import { clean } from './text';

export const worktreeName = (worktree: WorktreeView): string =>
  clean(worktree.name) + (worktree.isMain ? ' (main)' : '');

export const branchName = (worktree: WorktreeView): string =>
  worktree.branch !== null
    ? clean(worktree.branch)
    : worktree.head === null
      ? '(no commits)'
      : `(detached ${worktree.head.slice(0, 7)})`;

/** "3 changed, 1 untracked"; empty when all is committed. */
export function changesText({ changes }: WorktreeView): string {
  const parts = [
    changes.conflicted > 0 && `${changes.conflicted} conflicted`,
    changes.staged > 0 && `${changes.staged} staged`,
    changes.changed > 0 && `${changes.changed} changed`,
    changes.untracked > 0 && `${changes.untracked} untracked`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** "↑2 ↓1" against the base; empty when even. */
export const syncText = ({ ahead, behind }: WorktreeView): string =>
  [ahead > 0 && `↑${ahead}`, behind > 0 && `↓${behind}`].filter((part) => part !== false).join(' ');

const merged: { readonly [M in NonNullable<Merged>]: string } = {
  ancestor: 'merged',
  'same-tree': 'merged (same content)',
  squash: 'merged (squashed)',
  patches: 'merged (patch by patch)',
};
export const mergedText = ({ merged: how }: WorktreeView): string => (how === null ? '' : merged[how]);
