import type { OperationKind } from '@contract/operations';
import type { Input, Output } from '@contract/requests';
import { useEffect, useRef, useState } from 'react';
import type { Trouble } from '../bridge';
import type { RunningOperation } from '../model/running-operations';
import { useOrchard } from './orchard-context';

type ExecuteRequest = 'repository.spawn' | 'worktree.merge' | 'worktree.cleanup' | 'operation.undo';

export interface Execution<N extends ExecuteRequest> {
  readonly state: 'idle' | 'running' | 'done' | 'failed';
  readonly done: Output<N> | null;
  readonly trouble: Trouble | null;
  /** Its progress, once its first event came. */
  readonly operation: RunningOperation | null;
  run(input: Input<N>): void;
  /** Back to the plan, after a failure. */
  reset(): void;
}

type Phase<N extends ExecuteRequest> =
  | { readonly state: 'idle' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly done: Output<N> }
  | { readonly state: 'failed'; readonly trouble: Trouble };

/**
 * Runs one operation and finds its progress: the first of its kind in its repository that began after
 * it was asked for (the answer, which names it, comes only at the end).
 */
export function useExecution<N extends ExecuteRequest>(
  name: N,
  kinds: readonly OperationKind[],
  repositoryId: string | null,
): Execution<N> {
  const { ask, operations, acknowledge, say } = useOrchard();
  const [phase, setPhase] = useState<Phase<N>>({ state: 'idle' });
  const [before, setBefore] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef(operations);
  latest.current = operations;

  const operation =
    phase.state === 'idle'
      ? null
      : ([...operations.values()].find(
          (one) =>
            kinds.includes(one.kind) &&
            (repositoryId === null || one.repositoryId === repositoryId) &&
            !before.has(one.id),
        ) ?? null);
  const finished = operation?.finished !== null && operation?.finished !== undefined ? operation.id : null;
  useEffect(() => {
    if (finished !== null) acknowledge(finished);
  }, [finished, acknowledge]);

  const run = async (input: Input<N>) => {
    setBefore(new Set(latest.current.keys()));
    setPhase({ state: 'running' });
    const answer = await ask(name, input);
    if (answer.ok) {
      setPhase({ state: 'done', done: answer.value });
      say('Done');
    } else {
      setPhase({ state: 'failed', trouble: answer.error });
    }
  };
  return {
    state: phase.state,
    done: phase.state === 'done' ? phase.done : null,
    trouble: phase.state === 'failed' ? phase.trouble : null,
    operation,
    run: (input) => void run(input),
    reset: () => setPhase({ state: 'idle' }),
  };
}
