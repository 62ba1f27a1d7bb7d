import { ok } from '../../src-main/contract/result';
import type { Journal, JournalEntry } from '../../src-main/engine/ports';

/** A journal whose entries say or do something else in places: what a test wants to happen at a step. */
export const alteredJournal =
  (alter: (entry: JournalEntry, operation: string) => Partial<JournalEntry>) =>
  (journal: Journal): Journal => ({
    ...journal,
    async begin(location, record) {
      const begun = await journal.begin(location, record);
      return begun.ok ? ok({ ...begun.value, ...alter(begun.value, record.operation) }) : begun;
    },
  });

/** Something happens right before a step is announced. */
export const beforeStep = (act: (step: string, operation: string) => void | Promise<void>) =>
  alteredJournal((entry, operation) => ({
    async step(step, data) {
      await act(step, operation);
      return entry.step(step, data);
    },
  }));
