import type { FailureOf } from '../contract/failures';
import type { OperationId } from '../contract/ids';
import type { OperationEvent } from '../contract/operations';

/** The operations that a face was told have started and not finished. */
export interface RunningList {
  note(event: OperationEvent): void;
  /** The ends of all of them, for an engine that can't say them any more. */
  end(failure: FailureOf<'engine-ended'>, now: number): readonly OperationEvent[];
}

export function createRunningList(): RunningList {
  const running = new Map<OperationId, OperationEvent>();
  return {
    note(event) {
      if (event.change.type === 'finished') running.delete(event.operation);
      else if (!running.has(event.operation)) running.set(event.operation, event);
    },
    end: (failure, now) =>
      [...running.values()].map((event) => ({
        ...event,
        at: new Date(now).toISOString(),
        change: { type: 'finished', failure, summary: 'Interrupted' },
      })),
  };
}
