/** Takes back a merge or a cleanup, within its time, never over anything; and recovers after a crash. */
import { describeFailure } from '../../contract/failure-texts';
import type { CommonFailure, FileFailure, UndoFailure } from '../../contract/failures';
import type { PlanStep, StuckTrash, UndoDone } from '../../contract/plans';
import type { Answer, Input } from '../../contract/requests';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { isExpired } from '../../domain/undo-rules';
import type {
  CleanupWork,
  Clock,
  FleetResolver,
  Journal,
  JournalEntry,
  JournalRecord,
  Log,
  OperationRecord,
  OperationRecords,
  Removal,
  RepositoryLocation,
  RepositoryLock,
} from '../ports';
import { cleanupWork } from './cleanup';
import type { RunningOperations } from './running-operations';
import { inTurn, waitingOperation } from './turn';

type Announce = (step: string) => Promise<Result<void, FileFailure>>;

/** How each kind of operation is taken back; merge and cleanup bring theirs. */
export interface Reversal {
  takeBack(
    location: RepositoryLocation,
    record: OperationRecord,
    options: { readonly restoreRemote: boolean; readonly announce: Announce },
  ): Promise<Result<readonly string[], UndoFailure>>;
  /**
   * Puts right what a git left that was killed while it took this back: after these steps were announced,
   * in a try that began at `since` (ms). Answers the places of what is nobody's that is known.
   */
  settle(
    location: RepositoryLocation,
    record: OperationRecord,
    steps: readonly string[],
    since: number,
  ): Promise<Result<readonly string[], UndoFailure>>;
  /** Under the repository's lock; takes no time. */
  discard(location: RepositoryLocation, record: OperationRecord): Promise<Result<void, FileFailure>>;
  /** A branch that was deleted on its remote. */
  remoteBranch?(
    record: OperationRecord,
  ): { readonly remote: string; readonly ref: string; readonly commit: string } | null;
  diskBytes(record: OperationRecord): Promise<number | null>;
  /** Frees what was to be removed in the background by a process that ended before. */
  tidy(record: OperationRecord): Promise<void>;
}

export interface UndoerDeps {
  readonly fleet: FleetResolver;
  readonly records: OperationRecords;
  readonly lock: RepositoryLock;
  readonly journal: Journal;
  readonly reversals: Readonly<Record<OperationRecord['kind'], Reversal>>;
  readonly running: RunningOperations;
  readonly clock: Clock;
  readonly log: Log;
  recover(location: RepositoryLocation): Promise<void>;
  /** Removes what was let go, once the lock is free. */
  empty(location: RepositoryLocation): Promise<void>;
  readonly stuckTrash: Removal['stuck'];
}

export interface Undoer {
  list(): Promise<Answer<'operation.list'>>;
  undo(input: Input<'operation.undo'>): Promise<Answer<'operation.undo'>>;
  recover(
    location: RepositoryLocation,
    record: JournalRecord & { readonly entry: JournalEntry },
  ): Promise<string | null>;
  /** Lets go of what is over its time; under the repository's lock. */
  collect(location: RepositoryLocation): Promise<readonly string[]>;
  /** Frees what a process that ended before had yet to free; without the lock. */
  tidy(location: RepositoryLocation): Promise<void>;
  /** Trash that could not be removed. */
  stuck(): Promise<readonly StuckTrash[]>;
}

/** What is announced while taking something back, in this order. */
const UNDO_STEPS: { readonly [K in OperationRecord['kind']]: readonly PlanStep[] } = {
  merge: [
    { id: 'restore-base', text: 'Put the base back to where it was' },
    { id: 'restore-branch', text: 'Put the branch back to where it was' },
    { id: 'unpin', text: 'Let go of the pinned commits' },
  ],
  cleanup: [
    { id: 'restore-branch', text: 'Put the branch back' },
    { id: 'restore-directory', text: 'Put the directory back' },
    { id: 'restore-entry', text: 'Put the worktree back into git' },
    { id: 'take-notes-back', text: 'Take the copied notes back' },
    { id: 'restore-remote', text: 'Put the remote branch back' },
    { id: 'empty-trash', text: 'Tidy up the trash' },
  ],
};

export function createCleanupReversal(removal: Removal): Reversal {
  const workOf = (record: OperationRecord): CleanupWork | null => {
    const parsed = cleanupWork.safeParse(record.work);
    return parsed.success ? parsed.data : null;
  };
  return {
    async takeBack(location, record, options) {
      const work = workOf(record);
      if (work === null) return fail({ kind: 'not-found', what: 'operation', name: record.operation });
      return removal.takeBack(location, work, options);
    },
    async settle(location, record, _steps, since) {
      const work = workOf(record);
      return work === null ? ok([]) : removal.settle(location, work, since);
    },
    async discard(location, record) {
      const work = workOf(record);
      return work === null ? ok(undefined) : removal.discard(location, work);
    },
    remoteBranch(record) {
      const remote = workOf(record)?.remote ?? null;
      return remote === null ? null : { remote: remote.remote, ref: remote.ref, commit: remote.seen };
    },
    async diskBytes(record) {
      const work = workOf(record);
      return work === null ? null : removal.diskBytes(work);
    },
    async tidy(record) {
      const work = workOf(record);
      if (work !== null) await removal.free(work);
    },
  };
}

interface UndoData {
  readonly record: OperationRecord;
  readonly restoreRemote: boolean;
}

export function createUndoer(deps: UndoerDeps): Undoer {
  const { fleet, records, clock } = deps;

  const current = async (location: RepositoryLocation) =>
    (await records.list(location)).filter((record) => !isExpired(record, clock.now()));

  const find = async (
    operation: string | null,
  ): Promise<{ location: RepositoryLocation; record: OperationRecord } | null> => {
    let newest: { location: RepositoryLocation; record: OperationRecord } | null = null;
    for (const location of await fleet.repositories())
      for (const record of await current(location)) {
        if (operation !== null && record.operation !== operation) continue;
        if (newest === null || record.at > newest.record.at) newest = { location, record };
      }
    return newest;
  };

  const run = async (
    location: RepositoryLocation,
    { record, restoreRemote }: UndoData,
    announce: Announce,
  ): Promise<Result<readonly string[], UndoFailure>> => {
    const back = await deps.reversals[record.kind].takeBack(location, record, { restoreRemote, announce });
    if (!back.ok) return back;
    const removed = await records.remove(location, record.operation);
    return removed.ok ? back : removed;
  };

  const stuck = async (): Promise<readonly StuckTrash[]> => {
    const found: StuckTrash[] = [];
    for (const location of await fleet.repositories())
      for (const left of await deps.stuckTrash(location))
        found.push({ repositoryId: location.id, repository: location.name, ...left });
    return found;
  };

  return {
    stuck,

    async list() {
      const operations = [];
      for (const location of await fleet.repositories())
        for (const record of await current(location))
          operations.push({
            operation: record.operation,
            kind: record.kind,
            repositoryId: location.id,
            repository: location.name,
            summary: record.summary,
            at: new Date(record.at).toISOString(),
            until: new Date(record.until).toISOString(),
            diskBytes: await deps.reversals[record.kind].diskBytes(record),
          });
      return ok({
        operations: operations.sort((a, b) => b.at.localeCompare(a.at)),
        stuck: await stuck(),
      });
    },

    async undo({ operation, restoreRemote = false }) {
      const found = await find(operation);
      if (found === null)
        return operation === null
          ? fail({ kind: 'nothing-to-undo' })
          : fail({ kind: 'not-found', what: 'operation', name: operation });
      const { location, record } = found;
      const id = records.newId('undo');
      const started = {
        id,
        kind: 'undo',
        repositoryId: location.id,
        worktreeId: null,
        title: `Undo: ${record.summary}`,
      } as const;
      const waiting = waitingOperation(deps.running, { ...started, steps: [] });
      const { signal, onWait } = waiting;
      const what = `the undo of “${record.summary}”`;
      const turned = await inTurn<UndoDone, UndoFailure>(
        deps.lock,
        location,
        { scope: 'landing', what, signal, onWait },
        async () => {
          await deps.recover(location);
          // Somebody else may have taken it back while this one waited for the lock.
          const still = (await current(location)).find((one) => one.operation === record.operation);
          if (still === undefined) return fail({ kind: 'nothing-to-undo' });
          const running = deps.running.begin({ ...started, steps: UNDO_STEPS[record.kind] });
          const refuse = (failure: UndoFailure | CommonFailure) => {
            running.finish(failure, 'Nothing was overwritten.');
            return fail(failure);
          };
          const data: UndoData = { record: still, restoreRemote };
          const begun = await deps.journal.begin(location, { operation: id, kind: 'undo', data });
          if (!begun.ok) return refuse(begun.error);
          const announced: string[] = [];
          const back = await run(location, data, async (step) => {
            const before = announced.at(-1);
            if (before !== undefined) running.step(before, 'done');
            announced.push(step);
            running.step(step, 'running');
            return begun.value.step(step);
          });
          const last = announced.at(-1);
          if (last !== undefined) running.step(last, back.ok ? 'done' : 'failed');
          for (const { id: step } of UNDO_STEPS[record.kind])
            if (!announced.includes(step)) running.step(step, 'skipped');
          await begun.value.finish(back.ok ? 'done' : 'rolled-back');
          if (!back.ok) return refuse(back.error);
          running.finish(null, `Restored ${back.value.join(', ')}.`);
          await fleet.changed(location.id);
          const remote = restoreRemote ? null : (deps.reversals[record.kind].remoteBranch?.(still) ?? null);
          return ok({
            operation: record.operation,
            repository: location.name,
            restored: back.value,
            remoteBranch: remote === null ? null : { root: location.root, ...remote },
          });
        },
      );
      await deps.empty(location);
      waiting.over(turned.ok ? null : turned.error);
      return turned;
    },

    async recover(location, unfinished) {
      if (unfinished.kind !== 'undo') return null;
      const data = unfinished.data as Partial<UndoData> | null;
      const listed = (await records.list(location)).find((one) => one.operation === data?.record?.operation);
      if (listed === undefined) {
        // The last thing an undo does is to remove the record.
        await unfinished.entry.finish('done');
        return 'Finished an undo that was interrupted.';
      }
      const steps = unfinished.steps.map(({ step }) => step);
      const settled = await deps.reversals[listed.kind].settle(location, listed, steps, unfinished.begunAt);
      if (!settled.ok)
        return `The undo of “${listed.summary}” was interrupted and waits: ${describeFailure(settled.error).message}`;
      const kept =
        settled.value.length === 0
          ? ''
          : ` What somebody else had written there meanwhile is kept in ${settled.value.join(', ')}.`;
      const back = await run(
        location,
        { record: listed, restoreRemote: data?.restoreRemote === true },
        async () => ok(undefined),
      );
      await unfinished.entry.finish(back.ok ? 'done' : 'rolled-back');
      return back.ok
        ? `Finished the undo of “${listed.summary}” that was interrupted.${kept}`
        : `The undo of “${listed.summary}” was interrupted; orch undo ${listed.operation} goes on with it.${kept}`;
    },

    async collect(location) {
      const gone: string[] = [];
      for (const record of await records.list(location)) {
        if (!isExpired(record, clock.now())) continue;
        const discarded = await deps.reversals[record.kind].discard(location, record);
        if (!discarded.ok) {
          // Its record stays, so the next start tries again.
          deps.log.warn('undo.not-discarded', { operation: record.operation, failure: discarded.error });
          continue;
        }
        await records.remove(location, record.operation);
        gone.push(record.operation);
      }
      return gone;
    },

    async tidy(location) {
      for (const record of await current(location)) await deps.reversals[record.kind].tidy(record);
    },
  };
}
