/** The part of a spawn that is all or nothing, and what a crash in the middle of it needs. */
import { z } from 'zod';
import type { Failure, SpawnFailure } from '../../contract/failures';
import type { WorktreeId } from '../../contract/ids';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { SPAWN_STEPS } from '../../domain/spawn-plan';
import type {
  Clock,
  CommandRunner,
  FileCopier,
  Journal,
  JournalEntry,
  LeftProcesses,
  Log,
  RepositoryLocation,
  TaskRecord,
  TaskRecords,
  WorktreeMaker,
  WorktreeSpec,
} from '../ports';
import { type Approvals, stillApproved } from './approvals';
import type { RecoverOne } from './recovery';
import type { RunningOperation } from './running-operations';
import type { PlannedSpawn } from './spawn-planning';
import type { Turn } from './turn';

export interface SpawnTransactionDeps {
  readonly maker: WorktreeMaker;
  readonly copier: FileCopier;
  readonly commands: CommandRunner;
  readonly records: TaskRecords;
  readonly journal: Journal;
  readonly leftProcesses: LeftProcesses;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a setup command may take, ms. */
  readonly setupLimitMs: number;
}

interface WithApprovals {
  readonly approvals: Pick<Approvals, 'isApproved'>;
}

/** Announced besides the steps of `WorktreeMaker.add`. */
const MADE = 'made';
const PROCESS = 'process';

const specData = z.object({
  operation: z.string(),
  path: z.string(),
  branch: z.string(),
  commit: z.string(),
});
const begunData = z.object({ spec: specData, copies: z.array(z.string()) });
const madeData = z.object({ entry: z.string() });
const processData = z.object({ pid: z.number().int().positive(), identity: z.string() });

export interface Made {
  readonly entry: string;
  readonly worktreeId: WorktreeId;
}

type Steps = readonly { readonly step: string; readonly data: unknown }[];

/**
 * Makes the worktree, copies, runs setup, writes the record. Each step is in the journal before it is
 * done; whatever fails (a cancel too), all of it is taken back before the failure is answered.
 */
export async function makeSpawn(
  deps: SpawnTransactionDeps & WithApprovals,
  planned: PlannedSpawn,
  operation: RunningOperation,
  sessionId: string | null,
  turn: Pick<Turn, 'say' | 'leaveNames'>,
): Promise<Result<Made, SpawnFailure>> {
  const { location, facts } = planned;
  const spec: WorktreeSpec = {
    operation: operation.id,
    path: facts.path,
    branch: facts.branch,
    commit: facts.commit,
  };
  const begun = await deps.journal.begin(location, {
    operation: operation.id,
    kind: 'spawn',
    data: { spec, copies: facts.copies },
  });
  if (!begun.ok) return begun;
  const written: { step: string; data: unknown }[] = [];
  const announce: Announce = async (step, data = null) => {
    const said = await begun.value.step(step, data);
    if (said.ok) written.push({ step, data });
    return said;
  };
  const shown: string[] = [];
  const show = (step: string) => {
    shown.push(step);
    operation.step(step, 'running');
  };

  let result: Result<Made, SpawnFailure>;
  try {
    result = await makeAll(deps, planned, operation, spec, sessionId, announce, show, turn);
    if (result.ok) {
      // Unless this is on the disk, the next start would take a finished worktree back.
      const closed = await begun.value.finish('done');
      if (closed.ok) return result;
      result = fail(closed.error);
    }
  } catch (error) {
    await undo(deps, location, spec, written, planned, begun.value);
    throw error;
  }
  const current = shown.at(-1);
  if (current !== undefined) operation.step(current, 'failed');
  const undone = await undo(deps, location, spec, written, planned, begun.value);
  for (const step of shown.slice(0, -1)) operation.step(step, 'undone');
  if (!undone.ok)
    return fail({
      kind: 'file-failed',
      path: spec.path,
      details: `${inWords(result.error)}; and it could not be taken back whole: ${inWords(undone.error)}. The next start tries again.`,
    });
  for (const kept of undone.value.kept)
    operation.output(SPAWN_STEPS.worktree, `Kept ${kept}: it has something that the spawn did not make.\n`);
  return result;
}

type Announce = Parameters<WorktreeMaker['add']>[2]['announce'];

async function makeAll(
  deps: SpawnTransactionDeps & WithApprovals,
  planned: PlannedSpawn,
  operation: RunningOperation,
  spec: WorktreeSpec,
  sessionId: string | null,
  announce: Announce,
  show: (step: string) => void,
  turn: Pick<Turn, 'say' | 'leaveNames'>,
): Promise<Result<Made, SpawnFailure>> {
  const { location, facts } = planned;
  const { signal } = operation;
  // A process that outlives a crash has to be found again; by the time it is named it may be gone.
  const naming: Promise<unknown>[] = [];
  const noteProcess = (pid: number) => {
    naming.push(
      deps.leftProcesses.identify(pid).then(async (identity) => {
        if (identity !== null) await announce(PROCESS, { pid, identity });
      }),
    );
  };

  show(SPAWN_STEPS.worktree);
  const added = await deps.maker.add(location, spec, {
    signal,
    announce,
    onProcess: noteProcess,
    onOutput: (text) => operation.output(SPAWN_STEPS.worktree, text),
  });
  await Promise.all(naming);
  if (!added.ok) return added;
  const { entry } = added.value;
  const made = await announce(MADE, { entry });
  if (!made.ok) return made;
  operation.step(SPAWN_STEPS.worktree, 'done');
  // Branch and worktree are there: copying and setup concern nobody else.
  await turn.leaveNames();

  let copies: Readonly<Record<string, string>> = {};
  if (planned.copyFrom !== null && facts.copies.length > 0) {
    show(SPAWN_STEPS.copy);
    const said = await announce(SPAWN_STEPS.copy);
    if (!said.ok) return said;
    const copied = await deps.copier.copy(
      planned.copyFrom,
      spec.path,
      facts.copies,
      signal,
      planned.leaveOut,
    );
    if (!copied.ok) return copied;
    copies = copied.value;
    operation.step(SPAWN_STEPS.copy, 'done');
  }

  if (planned.setup !== null) {
    show(SPAWN_STEPS.setup);
    // A hook or a copied file may have changed what it does, since its text was approved.
    const text = await deps.maker.commandText(location, { directory: spec.path }, planned.setup);
    const approved = stillApproved(deps.approvals, location.id, [{ purpose: 'setup', text }]);
    if (!approved.ok) return approved;
    await turn.say('running its setup');
    const said = await announce(SPAWN_STEPS.setup);
    if (!said.ok) return said;
    const ran = await deps.commands.run(planned.setup, spec.path, {
      signal,
      limitMs: deps.setupLimitMs,
      env: {
        ORCHARD_REPOSITORY: location.root,
        ORCHARD_WORKTREE: spec.path,
        ORCHARD_BRANCH: spec.branch,
      },
      onOutput: (text) => operation.output(SPAWN_STEPS.setup, text),
      onStart: noteProcess,
    });
    await Promise.all(naming);
    if (ran.reason === 'cancelled') return fail({ kind: 'cancelled' });
    if (ran.reason !== 'exited' || ran.exitCode !== 0)
      return fail({
        kind: 'setup-failed',
        command: planned.setup,
        exitCode: ran.exitCode,
        output:
          ran.reason === 'timed-out'
            ? `${ran.tail}\n(ended after ${Math.round(deps.setupLimitMs / 60_000)} minutes)`
            : ran.tail,
      });
    operation.step(SPAWN_STEPS.setup, 'done');
  }

  if (signal.aborted) return fail({ kind: 'cancelled' });
  const said = await announce('record', { entry });
  if (!said.ok) return said;
  const recorded = await deps.records.write(location, recordOf(planned, deps, entry, copies, sessionId));
  return recorded.ok ? ok(added.value) : recorded;
}

function recordOf(
  planned: PlannedSpawn,
  { clock }: SpawnTransactionDeps,
  entry: string,
  copies: Readonly<Record<string, string>>,
  sessionId: string | null,
): TaskRecord {
  const now = new Date(clock.now()).toISOString();
  return {
    version: 1,
    entry,
    path: planned.facts.path,
    task: planned.task,
    branch: planned.facts.branch,
    base: planned.facts.base,
    createdAt: now,
    createdAtCommit: planned.facts.commit,
    quick: planned.plan.quick,
    sessionId,
    spawnedAt: now,
    copies,
    group: planned.group,
  };
}

async function undo(
  deps: SpawnTransactionDeps,
  location: RepositoryLocation,
  spec: WorktreeSpec,
  steps: Steps,
  planned: PlannedSpawn,
  entry: JournalEntry,
): Promise<Result<{ readonly kept: readonly string[] }, SpawnFailure>> {
  await removeRecord(deps, location, steps);
  const taken = await deps.maker.takeBack(location, spec, steps, {
    since: null,
    copies: planned.facts.copies,
  });
  if (!taken.ok) {
    deps.log.warn('spawn.not-taken-back', { operation: spec.operation, failure: taken.error });
    return taken;
  }
  const closed = await entry.finish('rolled-back');
  // Found again at the next start, where there is nothing left to take back.
  if (!closed.ok) deps.log.warn('spawn.journal-not-closed', { operation: spec.operation });
  return taken;
}

async function removeRecord(deps: SpawnTransactionDeps, location: RepositoryLocation, steps: Steps) {
  const made = madeData.safeParse(steps.find(({ step }) => step === MADE)?.data);
  if (made.success) await deps.records.remove(location, made.data.entry);
}

const inWords = (failure: Failure): string =>
  'details' in failure && typeof failure.details === 'string'
    ? `${failure.kind}: ${failure.details}`
    : failure.kind;

/** Rolls a spawn back that a crash interrupted, at whatever step; to be run under the lock. */
export function createSpawnRecovery(deps: SpawnTransactionDeps): RecoverOne {
  return async (location, record) => {
    if (record.kind !== 'spawn') return null;
    const begun = begunData.safeParse(record.data);
    if (!begun.success) {
      deps.log.warn('spawn.unknown-journal', { operation: record.operation });
      return null;
    }
    const { spec, copies } = begun.data;
    for (const { step, data } of record.steps) {
      const left = processData.safeParse(data);
      if (step === PROCESS && left.success) await deps.leftProcesses.end(left.data.pid, left.data.identity);
    }
    const taken = await deps.maker.takeBack(location, spec, record.steps, {
      since: record.begunAt,
      copies,
    });
    if (!taken.ok) {
      deps.log.warn('spawn.not-recovered', { operation: record.operation, failure: taken.error });
      return `could not take back the interrupted spawn of ${spec.branch}; it is tried again`;
    }
    if (taken.value.kept.includes(spec.branch) && taken.value.kept.includes(spec.path)) {
      await record.entry.finish('done');
      return `kept ${spec.path}: its spawn was interrupted, but work has been done there since`;
    }
    await removeRecord(deps, location, record.steps);
    await record.entry.finish('rolled-back');
    return `took back the interrupted spawn of ${spec.branch}`;
  };
}
