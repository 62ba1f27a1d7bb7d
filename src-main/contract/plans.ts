import type { Failure, RepositoryCommand } from './failures';
import type { OperationId, PlanToken, RepositoryId, WorktreeId } from './ids';
import type { Collision, Merged } from './snapshot';

export type Preload = 'brain' | 'gsd' | 'gsd-quick' | 'none';

/** What a spawn would make. Nothing exists yet. */
export interface SpawnPlan {
  readonly token: PlanToken;
  readonly repositoryId: RepositoryId;
  readonly name: string;
  readonly path: string;
  readonly branch: string;
  readonly base: string;
  readonly baseCommit: string;
  readonly baseSubject: string;
  /** 'fetched', or why the base is as old as it is: 'no remote', 'the remote did not answer in 10 s'. */
  readonly freshness: string;
  /** Paths relative to the repository's main worktree that will be copied. */
  readonly copies: readonly string[];
  readonly setup: { readonly command: RepositoryCommand; readonly approved: boolean } | null;
  /** Hooks inside the working tree that git would run, which need the same approval. */
  readonly hooks: readonly { readonly command: RepositoryCommand; readonly approved: boolean }[];
  /** What Claude will be told first; null when there is no task. */
  readonly firstPrompt: string | null;
  readonly quick: boolean;
  readonly steps: readonly string[];
  /** The same by hand, as lines for a shell; the last one starts Claude. Nothing of it has been run. */
  readonly commands: readonly string[];
  readonly warnings: readonly string[];
  /** Why it can't be done as it stands. 'too-many-worktrees' and 'approval-needed' yield to a yes. */
  readonly refusal: Failure | null;
}

export interface SpawnDone {
  readonly worktreeId: WorktreeId;
  readonly path: string;
  readonly branch: string;
  /** What to type in a terminal, when none was opened (and to copy, when one was). */
  readonly commands: readonly string[];
  readonly opened: OpenDone | null;
  readonly warnings: readonly string[];
}

export interface OpenDone {
  /** What came to the front: the exact pane or tab, its window, the application, or something new. */
  readonly reached: 'pane' | 'window' | 'application' | 'new';
  readonly terminal: string;
  /** The same by hand. */
  readonly command: string;
}

export type MergeStrategy = 'merge' | 'ff' | 'squash' | 'pr';
export type UpdateStrategy = 'rebase' | 'merge';

export interface PlanStep {
  readonly id: string;
  readonly text: string;
}

export interface ChangedFile {
  readonly path: string;
  readonly added: number | null;
  readonly removed: number | null;
}

export interface MergePlan {
  readonly token: PlanToken;
  readonly worktreeId: WorktreeId;
  readonly branch: string;
  readonly base: string;
  readonly strategy: MergeStrategy;
  readonly update: UpdateStrategy | null;
  readonly steps: readonly PlanStep[];
  /** Files that conflict with the base. */
  readonly conflicts: readonly string[];
  readonly collisions: readonly Collision[];
  /** Whether a sibling had better land first, in a sentence; null when nothing speaks for any order. */
  readonly order: string | null;
  readonly validation: readonly {
    readonly command: RepositoryCommand | { readonly purpose: 'detected'; readonly text: string };
    readonly approved: boolean;
  }[];
  /** What the branch changes in the base, by file; a binary file's lines are null. */
  readonly files?: readonly ChangedFile[];
  /** Hooks inside a working tree that a step would run, as they will be when it does. */
  readonly hooks?: readonly { readonly command: RepositoryCommand; readonly approved: boolean }[];
  /** Copied `CLAUDE.md` or `.claude/` files that differ from the base's: carry them over by hand. */
  readonly carryOver: readonly string[];
  readonly warnings: readonly string[];
  readonly losses: readonly string[];
  readonly refusal: Failure | null;
}

export interface MergeDone {
  readonly operation: OperationId;
  readonly landed: { readonly sha: string; readonly base: string } | null;
  /** For 'pr': where to look at it, or to make it. */
  readonly pullRequest: string | null;
  readonly removed: string | null;
  readonly rebaseNow: readonly WorktreeId[];
  /** What did not work and changes nothing about the landing: quick's cleanup was refused. */
  readonly warnings?: readonly string[];
}

export interface CleanupPlan {
  readonly token: PlanToken;
  readonly worktreeId: WorktreeId;
  readonly path: string;
  readonly branch: string | null;
  readonly merged: Merged;
  readonly mergedHow: string;
  readonly steps: readonly PlanStep[];
  /** Everything there that is not in the base, in words; trash keeps it for 7 days. */
  readonly losses: readonly string[];
  /** Ignored files that are reproducible and not kept even in trash. */
  readonly notKept: readonly string[];
  readonly warnings: readonly string[];
  readonly refusal: Failure | null;
}

export interface CleanupDone {
  readonly operation: OperationId;
  readonly removed: string;
  readonly undoUntil: string;
  /** What did not work and changes nothing about the removal: the remote branch stayed. */
  readonly warnings?: readonly string[];
}

export interface UndoableOperation {
  readonly operation: OperationId;
  readonly kind: 'merge' | 'cleanup';
  readonly repositoryId: RepositoryId;
  /** The repository's name. */
  readonly repository: string;
  readonly summary: string;
  readonly at: string;
  readonly until: string;
  readonly diskBytes: number | null;
}

/** Trash of an operation that is over, of which something could not be removed; it is tried again. */
export interface StuckTrash {
  readonly operation: OperationId;
  readonly repositoryId: RepositoryId;
  readonly repository: string;
  /** What could not be removed first. */
  readonly path: string;
  readonly reason: string;
  readonly diskBytes: number;
}

export interface UndoDone {
  readonly operation: OperationId;
  /** The repository's name. */
  readonly repository: string;
  readonly restored: readonly string[];
  /** A branch that the cleanup deleted on its remote, and that was not put back there. */
  readonly remoteBranch: {
    readonly root: string;
    readonly remote: string;
    readonly ref: string;
    readonly commit: string;
  } | null;
}
