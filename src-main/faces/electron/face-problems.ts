import type { Problem } from '../../contract/snapshot';
import type { FaceProblems } from '../../engine/orchard';

/** What this face could not do, one sentence per thing, for the engine to show beside its own. */
export function createFaceProblems(): FaceProblems & { set(where: string, message: string | null): void } {
  const problems = new Map<string, Problem>();
  const listeners = new Set<() => void>();
  return {
    list: () => [...problems.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    set(where, message) {
      if ((problems.get(where)?.message ?? null) === message) return;
      if (message === null) problems.delete(where);
      else problems.set(where, { where, message });
      for (const listener of listeners) listener();
    },
  };
}
