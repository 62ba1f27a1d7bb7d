/** Whether two commits are merged never changes, so an answer is kept by the commits it was given for. */
import type { Merged } from '../../contract/snapshot';

/** What the observer wants to know of a clean branch. */
export interface MergedQuestion {
  readonly branch: string;
  readonly tip: string;
  /** The base and its fetched upstream. */
  readonly bases: readonly { readonly name: string; readonly commit: string }[];
  /** The commit that the branch was made at, as recorded; null when Orchard did not make it. */
  readonly createdAtCommit: string | null;
  readonly dirty: boolean;
}

const MOST_KEPT = 2_000;

export function createMergedMemory() {
  const kept = new Map<string, Merged>();
  const keyOf = (question: MergedQuestion) =>
    [
      question.branch,
      question.tip,
      question.createdAtCommit ?? '',
      ...question.bases.map((b) => b.commit),
    ].join(' ');
  const keep = (key: string, answer: Merged) => {
    kept.set(key, answer);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
  };
  return {
    get: (question: MergedQuestion): Merged | undefined => kept.get(keyOf(question)),
    keep: (question: MergedQuestion, answer: Merged) => keep(keyOf(question), answer),
    entries: (): readonly (readonly [string, Merged])[] => [...kept],
    restore(entries: readonly (readonly [string, Merged])[]) {
      for (const [key, answer] of entries) keep(key, answer);
    },
  };
}
export type MergedMemory = ReturnType<typeof createMergedMemory>;
