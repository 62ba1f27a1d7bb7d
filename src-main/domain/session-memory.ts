/** What several Orchard processes remember about sessions, put together in any order. */
import type { SessionMemory } from './facts';

const latest = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));

/** The earliest first sight and the latest look win. */
export const mergeMemory = (one: SessionMemory, other: SessionMemory | undefined): SessionMemory =>
  other === undefined
    ? { firstSeenAt: one.firstSeenAt, seenAt: one.seenAt }
    : {
        firstSeenAt: Math.min(one.firstSeenAt, other.firstSeenAt),
        seenAt: latest(one.seenAt, other.seenAt),
      };

export function mergeMemories(
  one: Readonly<Record<string, SessionMemory>>,
  other: Readonly<Record<string, SessionMemory>>,
): Readonly<Record<string, SessionMemory>> {
  const merged: Record<string, SessionMemory> = { ...one };
  for (const [key, memory] of Object.entries(other)) merged[key] = mergeMemory(memory, one[key]);
  return merged;
}
