import type { Failure } from './failures';
import type { OperationId, RepositoryId, WorktreeId } from './ids';

export type OperationKind = 'spawn' | 'merge' | 'cleanup' | 'undo' | 'rebase';

/** One push about a running operation; a face keeps the last of each `step` and appends `output`. */
export interface OperationEvent {
  readonly operation: OperationId;
  readonly kind: OperationKind;
  readonly repositoryId: RepositoryId;
  readonly worktreeId: WorktreeId | null;
  readonly at: string;
  readonly change:
    | { readonly type: 'started'; readonly title: string; readonly steps: readonly string[] }
    | {
        readonly type: 'step';
        readonly step: string;
        readonly state: 'running' | 'done' | 'skipped' | 'failed' | 'undone';
      }
    /** It can't begin, or go on, yet: "the merge of feature/a, running its tests". Told again when that changes. */
    | { readonly type: 'waiting'; readonly for: string }
    | { readonly type: 'output'; readonly step: string; readonly text: string }
    | { readonly type: 'finished'; readonly failure: Failure | null; readonly summary: string };
}
