import type { Landing, Removal, RepositoryLocation } from '../ports';
import { type Cleaner, createCleaner } from './cleanup';
import { createMerger, type Merger } from './merge';
import { createMergeReversal } from './merge-execution';
import { createRecovery, type RecoverOne, type Recovery } from './recovery';
import type { TransactionDeps } from './transaction-deps';
import { createCleanupReversal, createUndoer, type Undoer } from './undo';

export interface LandingsDeps extends TransactionDeps {
  readonly landing: Landing;
  readonly removal: Removal;
  /** Milliseconds that one validation command may take. */
  readonly validationLimitMs?: number;
  /** What other use cases left unfinished (a spawn) is recovered by them. */
  readonly others: readonly RecoverOne[];
}

export interface Landings {
  readonly merger: Merger;
  readonly cleaner: Cleaner;
  readonly undoer: Undoer;
  /** `atStart` for every repository at the start of a process; `underLock` before any operation. */
  readonly recovery: Recovery;
  /** Resolves when what is removed in the background is removed; before a process ends. */
  settled(): Promise<void>;
}

export function createLandings(deps: LandingsDeps): Landings {
  const { removal, landing } = deps;
  const recover = async (location: RepositoryLocation) => {
    await recovery.underLock(location, 'landing');
  };
  const cleaner = createCleaner({ ...deps, recover });
  const merger = createMerger({ ...deps, recover, cleanupMerged: cleaner.cleanupMerged });
  const undoer = createUndoer({
    ...deps,
    recover,
    empty: (location) => removal.empty(location),
    stuckTrash: removal.stuck,
    reversals: { cleanup: createCleanupReversal(removal), merge: createMergeReversal(landing) },
  });
  const recovery = createRecovery({
    ...deps,
    recoverers: [merger.recover, cleaner.recover, undoer.recover, ...deps.others],
    pinnedWork: (location, operation) => landing.pinnedWork(location, operation),
    dropLeft: (location) => deps.records.dropLeft(location),
    collect: (location) => undoer.collect(location),
    tidy: (location) => undoer.tidy(location),
    empty: (location) => removal.empty(location),
  });
  return { merger, cleaner, undoer, recovery, settled: () => cleaner.settled() };
}
