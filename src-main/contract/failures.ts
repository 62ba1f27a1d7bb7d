/**
 * Everything that can be refused or go wrong, as data. One closed union; each use case names its own
 * part of it. `describeFailure` (failure-texts.ts) turns one into words, the same on every face.
 */
export type Failure =
  // Any request
  | { readonly kind: 'invalid-request'; readonly field: string; readonly problem: string }
  | { readonly kind: 'forbidden'; readonly problem: string }
  | {
      readonly kind: 'not-found';
      readonly what: 'repository' | 'worktree' | 'session' | 'operation' | 'note' | 'plan';
      readonly name: string;
    }
  | { readonly kind: 'ambiguous'; readonly name: string; readonly candidates: readonly string[] }
  | { readonly kind: 'not-a-repository'; readonly path: string }
  /** The directory that a command was started in. */
  | { readonly kind: 'directory-gone'; readonly path: string }
  | { readonly kind: 'directory-in-trash'; readonly path: string; readonly operation: string }
  | { readonly kind: 'no-git'; readonly found: string | null; readonly needed: string }
  | { readonly kind: 'no-claude' }
  | {
      readonly kind: 'git-failed';
      readonly command: string;
      readonly exitCode: number | null;
      readonly details: string;
    }
  | { readonly kind: 'timed-out'; readonly what: string; readonly seconds: number }
  | { readonly kind: 'busy'; readonly repository: string; readonly owner: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'plan-outdated'; readonly changed: string }
  | { readonly kind: 'needs-confirmation'; readonly what: string }
  | { readonly kind: 'desktop-only'; readonly what: string }
  | { readonly kind: 'port-taken'; readonly port: number; readonly details: string }
  | { readonly kind: 'not-available'; readonly what: string }
  | { readonly kind: 'internal'; readonly reference: string }
  | { readonly kind: 'engine-ended' }
  // Files
  | { readonly kind: 'no-space'; readonly path: string }
  | { readonly kind: 'read-only'; readonly path: string }
  | { readonly kind: 'file-failed'; readonly path: string; readonly details: string }
  // Spawn
  | { readonly kind: 'empty-task' }
  | { readonly kind: 'invalid-name'; readonly name: string; readonly problem: string }
  | { readonly kind: 'branch-exists'; readonly branch: string; readonly existing: string }
  | { readonly kind: 'directory-exists'; readonly path: string }
  | { readonly kind: 'too-many-worktrees'; readonly count: number; readonly limit: number }
  | { readonly kind: 'no-commits'; readonly repository: string }
  | { readonly kind: 'base-not-found'; readonly base: string }
  | {
      readonly kind: 'base-diverged';
      readonly base: string;
      readonly local: string;
      readonly upstream: string;
    }
  | { readonly kind: 'approval-needed'; readonly commands: readonly RepositoryCommand[] }
  | {
      readonly kind: 'setup-failed';
      readonly command: string;
      readonly exitCode: number | null;
      readonly output: string;
    }
  | { readonly kind: 'invalid-orchard-json'; readonly path: string; readonly problem: string }
  // Open
  | { readonly kind: 'no-terminal'; readonly tried: readonly string[] }
  | { readonly kind: 'terminal-failed'; readonly terminal: string; readonly details: string }
  /** A live session whose terminal nobody can raise from outside: said, instead of opening a second one. */
  | {
      readonly kind: 'terminal-unreachable';
      readonly terminal: string;
      /** "process 100 on /dev/pts/4". */
      readonly where: string;
      readonly reason: string | null;
    }
  | { readonly kind: 'worktree-missing'; readonly path: string }
  /** The directory is not, or can't be proved to be, the worktree that it is taken for; `there`: sentences. */
  | { readonly kind: 'not-this-worktree'; readonly path: string; readonly there: string }
  // Merge, clean up, undo
  | { readonly kind: 'dirty'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'operation-under-way'; readonly path: string; readonly operation: string }
  | { readonly kind: 'session-busy'; readonly path: string; readonly state: string }
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  | { readonly kind: 'base-moved'; readonly base: string; readonly expected: string; readonly actual: string }
  | { readonly kind: 'base-dirty'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'nothing-to-merge'; readonly branch: string; readonly base: string }
  | { readonly kind: 'not-fast-forward'; readonly branch: string; readonly base: string }
  | {
      readonly kind: 'validation-failed';
      readonly command: string;
      readonly exitCode: number | null;
      /** Its dependencies were never installed there; this command does. */
      readonly setup?: { readonly command: string; readonly path: string };
    }
  | { readonly kind: 'validation-changed-files'; readonly files: readonly string[] }
  | { readonly kind: 'no-identity'; readonly details: string }
  | { readonly kind: 'signing-failed'; readonly details: string }
  | { readonly kind: 'push-refused'; readonly remote: string; readonly details: string }
  | { readonly kind: 'hook-refused'; readonly hook: string; readonly details: string }
  | { readonly kind: 'is-main-worktree'; readonly path: string }
  /** The branch that others merge into: no worktree of it is a leftover. */
  | { readonly kind: 'is-base'; readonly path: string; readonly branch: string }
  | { readonly kind: 'detached'; readonly path: string }
  | { readonly kind: 'locked'; readonly path: string; readonly reason: string }
  | { readonly kind: 'not-merged'; readonly branch: string }
  | { readonly kind: 'unsaved-work'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'session-live'; readonly path: string; readonly pid: number }
  | { readonly kind: 'nested-worktrees'; readonly path: string; readonly nested: readonly string[] }
  /** Commits or stashes that only the submodules of a worktree have: "libs/ui (2 commits on topic)". */
  | {
      readonly kind: 'submodule-work';
      readonly path: string;
      readonly submodules: readonly string[];
      readonly stopped: 'push' | 'cleanup';
    }
  | { readonly kind: 'nothing-to-undo' }
  | { readonly kind: 'undo-blocked'; readonly reason: string; readonly wayOut: string }
  // Settings
  | { readonly kind: 'settings-read-only'; readonly field: string }
  | { readonly kind: 'settings-set-aside'; readonly path: string; readonly problem: string };

export type FailureKind = Failure['kind'];
export type FailureOf<K extends FailureKind> = Extract<Failure, { kind: K }>;

/** A command that a repository's `.orchard.json` (or a hook inside the working tree) asks to run. */
export interface RepositoryCommand {
  readonly purpose: 'setup' | 'validate' | 'teardown' | 'hook';
  /** The exact text that was read, and that runs if approved. */
  readonly text: string;
}

export type CommonFailure = FailureOf<
  | 'invalid-request'
  | 'forbidden'
  | 'not-found'
  | 'not-this-worktree'
  | 'ambiguous'
  | 'no-git'
  | 'git-failed'
  | 'timed-out'
  | 'busy'
  | 'cancelled'
  | 'internal'
  | 'engine-ended'
>;
export type FileFailure = FailureOf<'no-space' | 'read-only' | 'file-failed'>;
export type SpawnFailure =
  | CommonFailure
  | FileFailure
  | FailureOf<
      | 'empty-task'
      | 'invalid-name'
      | 'branch-exists'
      | 'directory-exists'
      | 'too-many-worktrees'
      | 'no-commits'
      | 'base-not-found'
      | 'base-diverged'
      | 'approval-needed'
      | 'setup-failed'
      | 'invalid-orchard-json'
      | 'plan-outdated'
      | 'hook-refused'
      | 'worktree-missing'
    >;
export type OpenFailure =
  | CommonFailure
  | FailureOf<
      | 'no-terminal'
      | 'terminal-failed'
      | 'terminal-unreachable'
      | 'worktree-missing'
      | 'no-claude'
      | 'file-failed'
    >;
export type MergeFailure =
  | CommonFailure
  | FileFailure
  | FailureOf<
      | 'dirty'
      | 'operation-under-way'
      | 'session-busy'
      | 'conflict'
      | 'base-moved'
      | 'base-dirty'
      | 'base-diverged'
      | 'base-not-found'
      | 'nothing-to-merge'
      | 'not-fast-forward'
      | 'validation-failed'
      | 'validation-changed-files'
      | 'no-identity'
      | 'signing-failed'
      | 'push-refused'
      | 'hook-refused'
      | 'approval-needed'
      | 'invalid-orchard-json'
      | 'plan-outdated'
      | 'needs-confirmation'
      | 'detached'
      | 'is-main-worktree'
      | 'worktree-missing'
      | 'no-commits'
      | 'submodule-work'
    >;
export type CleanupFailure =
  | CommonFailure
  | FileFailure
  | FailureOf<
      | 'is-main-worktree'
      | 'is-base'
      | 'locked'
      | 'not-merged'
      | 'unsaved-work'
      | 'session-live'
      | 'nested-worktrees'
      | 'submodule-work'
      | 'operation-under-way'
      | 'plan-outdated'
      | 'needs-confirmation'
      | 'worktree-missing'
      | 'push-refused'
      | 'hook-refused'
      | 'approval-needed'
      | 'invalid-orchard-json'
      | 'base-not-found'
      | 'no-commits'
      | 'base-diverged'
    >;
export type UndoFailure =
  | CommonFailure
  | FileFailure
  | FailureOf<'nothing-to-undo' | 'undo-blocked' | 'push-refused' | 'hook-refused'>;
