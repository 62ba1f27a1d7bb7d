import type { Input, Output } from '@contract/requests';
import { useCallback, useEffect, useState } from 'react';
import type { Trouble } from '../bridge';
import { useOrchard } from './orchard-context';

type PlanRequest =
  | 'repository.planSpawn'
  | 'worktree.planMerge'
  | 'worktree.planRebase'
  | 'worktree.planCleanup';

export interface Planned<P> {
  /** The last plan that came; keep showing it while a newer one is on its way. */
  readonly plan: P | null;
  readonly trouble: Trouble | null;
  /** True while what is shown does not belong to what was asked last. */
  readonly pending: boolean;
  /** Makes the plan anew: things moved, or a problem was mended. */
  again(): void;
}

interface Held<P> {
  readonly key: string;
  readonly plan: P | null;
  readonly trouble: Trouble | null;
}

/**
 * A plan that follows its input, asked `waitMs` after the last change. Answers that come late for an
 * input that is no longer there are dropped. Null asks nothing and shows nothing.
 */
export function usePlan<N extends PlanRequest>(
  name: N,
  input: Input<N> | null,
  waitMs: number,
): Planned<Output<N>> {
  const { ask } = useOrchard();
  const [attempt, setAttempt] = useState(0);
  const [held, setHeld] = useState<Held<Output<N>> | null>(null);
  const text = input === null ? null : JSON.stringify(input);
  const key = `${attempt} ${text}`;
  useEffect(() => {
    if (text === null) {
      setHeld(null);
      return;
    }
    let stopped = false;
    const timer = setTimeout(async () => {
      const answer = await ask(name, JSON.parse(text));
      if (stopped) return;
      setHeld(
        answer.ok ? { key, plan: answer.value, trouble: null } : { key, plan: null, trouble: answer.error },
      );
    }, waitMs);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [ask, name, text, key, waitMs]);
  return {
    plan: held?.plan ?? null,
    trouble: held?.trouble ?? null,
    pending: text !== null && held?.key !== key,
    again: useCallback(() => setAttempt((count) => count + 1), []),
  };
}
