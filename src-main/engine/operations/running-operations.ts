/** Operations under way in this process: their progress goes out as events, and each can be cancelled. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Failure } from '../../contract/failures';
import type { OperationId, RepositoryId, WorktreeId } from '../../contract/ids';
import type { OperationEvent, OperationKind } from '../../contract/operations';
import type { PlanStep } from '../../contract/plans';
import type { Clock, Log } from '../ports';

export type StepState = Extract<OperationEvent['change'], { type: 'step' }>['state'];

export interface RunningOperation {
  readonly id: OperationId;
  readonly signal: AbortSignal;
  step(step: string, state: StepState): void;
  /** It waits for something that somebody else does, in words. */
  waits(what: string): void;
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
  /** Whatever the work throws ends the operations that it began, so that no face waits for ever. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Before the process ends: what is under way is asked to stop, what still begins is cancelled as it
   * does. Resolves when all work is over: taken back, or finished where a step can't be interrupted. It
   * has no limit of its own; whoever ends the process has.
   */
  close(): Promise<void>;
}

export function createRunningOperations(deps: {
  readonly clock: Clock;
  readonly log: Pick<Log, 'bug'>;
  emit(event: OperationEvent): void;
}): RunningOperations {
  const running = new Map<OperationId, AbortController>();
  const begunHere = new AsyncLocalStorage<Set<RunningOperation>>();
  // Longer than their operations: a lock is released, and a record written, after the last word about one.
  const works = new Set<Promise<unknown>>();
  let closed = false;

  async function watched<T>(work: () => Promise<T>): Promise<T> {
    const begun = new Set<RunningOperation>();
    try {
      return await begunHere.run(begun, work);
    } catch (error) {
      const reference = deps.log.bug('operation', error);
      for (const operation of begun)
        if (running.has(operation.id)) operation.finish({ kind: 'internal', reference }, 'It broke off.');
      throw error;
    }
  }

  return {
    begin({ id, kind, repositoryId, worktreeId, title, steps }) {
      // One that had to wait first goes on by its id, and a cancel that came meanwhile counts.
      const controller = running.get(id) ?? new AbortController();
      if (closed) controller.abort();
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
      const operation: RunningOperation = {
        id,
        signal: controller.signal,
        step: (step, state) => emit({ type: 'step', step: textOf(step), state }),
        output: (step, text) => emit({ type: 'output', step: textOf(step), text }),
        waits: (what) => emit({ type: 'waiting', for: what }),
        finish(failure, summary) {
          if (!running.delete(id)) return;
          emit({ type: 'finished', failure, summary });
        },
      };
      begunHere.getStore()?.add(operation);
      return operation;
    },
    cancel(id) {
      const controller = running.get(id);
      controller?.abort();
      return controller !== undefined;
    },
    async during(work) {
      const done = watched(work);
      works.add(done);
      try {
        return await done;
      } finally {
        works.delete(done);
      }
    },
    async close() {
      closed = true;
      for (const controller of running.values()) controller.abort();
      while (works.size > 0) await Promise.allSettled(works);
    },
  };
}
