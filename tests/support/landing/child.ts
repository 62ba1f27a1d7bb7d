/**
 * A process of its own that does one operation, and dies by SIGKILL at the journal line it was told:
 * before that line is written (the step before it is whole) or after (its step has not begun).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryLocation } from '../../../src-main/domain/facts';
import type { Journal, JournalEntry } from '../../../src-main/engine/ports';
import { createRecordingSpawner, input } from '../spawner';
import { createHouse } from './house';

export interface ChildTask {
  readonly location: RepositoryLocation;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly worktreeId: string;
  readonly action:
    | {
        readonly kind: 'merge';
        readonly strategy: 'merge' | 'ff' | 'squash' | 'pr';
        readonly update: 'rebase' | 'merge';
        readonly push: boolean;
      }
    | { readonly kind: 'rebase' }
    | { readonly kind: 'spawn' }
    | { readonly kind: 'cleanup'; readonly deleteRemote: boolean }
    | { readonly kind: 'undo' };
  readonly kill: { readonly line: number; readonly when: 'before' | 'after' } | null;
}

const task = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildTask;
let line = 0;

async function counted<T>(write: () => Promise<T>): Promise<T> {
  line++;
  const die = task.kill?.line === line;
  if (die && task.kill?.when === 'before') await death();
  const written = await write();
  if (die) await death();
  return written;
}

function death(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

const mortal = (journal: Journal): Journal => ({
  ...journal,
  async begin(location, entry) {
    const begun = await counted(() => journal.begin(location, entry));
    if (!begun.ok) return begun;
    const inner = begun.value;
    const wrapped: JournalEntry = {
      step: (step, data) => counted(() => inner.step(step, data)),
      finish: (outcome) => counted(() => inner.finish(outcome)),
    };
    return { ok: true, value: wrapped };
  },
});

const house = createHouse({
  locations: [task.location],
  env: task.env,
  home: task.home,
  journal: mortal,
});
const { worktreeId, action } = task;

async function act(): Promise<{ ok: boolean; error?: unknown }> {
  if (action.kind === 'spawn') {
    const spawner = createRecordingSpawner(task.location, task.env, join(task.home, 'no-hooks'));
    const planned = await spawner.spawner.plan(input('Doomed', { repositoryId: task.location.id }));
    if (!planned.ok) return planned;
    return spawner.spawner.execute({
      token: planned.value.token,
      force: false,
      approve: true,
      open: false,
    });
  }
  if (action.kind === 'rebase') {
    const planned = await house.merger.planRebase({ worktreeId });
    return planned.ok ? house.merger.merge({ token: planned.value.token, approve: true }) : planned;
  }
  if (action.kind === 'undo') return house.undoer.undo({ operation: null, restoreRemote: true });
  if (action.kind === 'cleanup') {
    const planned = await house.cleaner.planCleanup({
      worktreeId,
      abandon: 'for the matrix',
      keepBranch: false,
      deleteRemote: action.deleteRemote,
    });
    return planned.ok ? house.cleaner.cleanup({ token: planned.value.token, approve: true }) : planned;
  }
  const { strategy, update, push } = action;
  const planned = await house.merger.planMerge({ worktreeId, strategy, update, push, skipValidation: true });
  return planned.ok ? house.merger.merge({ token: planned.value.token, approve: true }) : planned;
}

const done = await act();
await house.cleaner.settled();
process.stdout.write(JSON.stringify({ ok: done.ok, error: done.error ?? null, lines: line }));
