import type { Problem } from '../../contract/snapshot';
import type { FaceProblems } from '../../engine/orchard';

/** What this face could not do, one sentence per thing, for the engine to show beside its own. */
export function createFaceProblems(): FaceProblems & {
  set(about: string, message: string | null, where?: string): void;
} {
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
    /** The same `about` again replaces; `where` is what it is headed by. */
    set(about, message, where = about) {
      const before = problems.get(about);
      if ((before?.message ?? null) === message && (message === null || before?.where === where)) return;
      if (message === null) problems.delete(about);
      else problems.set(about, { where, message });
      for (const listener of listeners) listener();
    },
  };
}
