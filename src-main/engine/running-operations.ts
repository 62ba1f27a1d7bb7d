/** Operations under way in this process: their progress goes out as events, and each can be cancelled. */
import type { Failure } from '../contract/failures';
import type { OperationId, RepositoryId, WorktreeId } from '../contract/ids';
import type { OperationEvent, OperationKind } from '../contract/operations';
import type { PlanStep } from '../contract/plans';
import type { Clock } from './ports';

export type StepState = Extract<OperationEvent['change'], { type: 'step' }>['state'];

export interface RunningOperation {
  readonly id: OperationId;
  readonly signal: AbortSignal;
  step(step: string, state: StepState): void;
  output(step: string, text: string): void;
  finish(failure: Failure | null, summary: string): void;
}

export interface RunningOperations {
  begin(operation: {
    readonly id: OperationId;
    readonly kind: OperationKind;
    readonly repositoryId: RepositoryId;
    readonly worktreeId: WorktreeId | null;
    readonly title: string;
    readonly steps: readonly PlanStep[];
  }): RunningOperation;
  /** Asks it to stop; false when there is none of that name. */
  cancel(id: OperationId): boolean;
}

export function createRunningOperations(deps: {
  readonly clock: Clock;
  emit(event: OperationEvent): void;
}): RunningOperations {
  const running = new Map<OperationId, AbortController>();
  return {
    begin({ id, kind, repositoryId, worktreeId, title, steps }) {
      const controller = new AbortController();
      running.set(id, controller);
      const emit = (change: OperationEvent['change']) =>
        deps.emit({
          operation: id,
          kind,
          repositoryId,
          worktreeId,
          at: new Date(deps.clock.now()).toISOString(),
          change,
        });
      emit({ type: 'started', title, steps: steps.map((step) => step.text) });
      const textOf = (id: string) => steps.find((step) => step.id === id)?.text ?? id;
      return {
        id,
        signal: controller.signal,
        step: (step, state) => emit({ type: 'step', step: textOf(step), state }),
        output: (step, text) => emit({ type: 'output', step: textOf(step), text }),
        finish(failure, summary) {
          running.delete(id);
          emit({ type: 'finished', failure, summary });
        },
      };
    },
    cancel(id) {
      const controller = running.get(id);
      controller?.abort();
      return controller !== undefined;
    },
  };
}
