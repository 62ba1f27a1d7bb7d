/**
 * One function per request of the contract. Each resolves ids against the fleet as it is now, asks one
 * use case, and answers a Result; anything thrown on the way is caught at the boundary (`guarded`).
 */
import type { FailureOf } from '../contract/failures';
import type { Answer, Handlers, Input, RequestName } from '../contract/requests';
import { fail, ok } from '../contract/result';
import type { Settings, SettingsPatch } from '../contract/settings';
import type { Fleet } from './fleet/fleet';
import type { Opener } from './open';
import type { Person } from './orchard';
import type { BrainNotes, Doctor, Log, SettingsStore, Terminals } from './ports';

/** A use case behind one request: takes its decoded input, gives its answer. */
type UseCase<N extends RequestName> = (input: Input<N>) => Promise<Answer<N>>;

export interface HandlerDeps {
  readonly fleet: Fleet;
  readonly settings: SettingsStore;
  readonly terminals: Terminals;
  readonly notes: BrainNotes;
  readonly person: Person | null;
  readonly doctor: Doctor;
  readonly log: Log;
  readonly opener: Opener;
  readonly spawner: {
    readonly plan: UseCase<'repository.planSpawn'>;
    readonly execute: UseCase<'repository.spawn'>;
  };
  readonly landing: {
    readonly planMerge: UseCase<'worktree.planMerge'>;
    readonly planRebase: UseCase<'worktree.planRebase'>;
    readonly merge: UseCase<'worktree.merge'>;
    readonly planCleanup: UseCase<'worktree.planCleanup'>;
    readonly cleanup: UseCase<'worktree.cleanup'>;
    readonly operations: UseCase<'operation.list'>;
    readonly undo: UseCase<'operation.undo'>;
  };
  /** Asks a running operation to stop; false when there is none of that name. */
  cancel(operation: string): boolean;
}

const missing = (what: FailureOf<'not-found'>['what'], name: string): FailureOf<'not-found'> => ({
  kind: 'not-found',
  what,
  name,
});

function patched(settings: Settings, patch: SettingsPatch): Settings {
  return {
    ...settings,
    thresholds: { ...settings.thresholds, ...defined(patch.thresholds) },
    notifications: { ...settings.notifications, ...defined(patch.notifications) },
    terminal: { ...settings.terminal, preferred: patch.preferredTerminal ?? settings.terminal.preferred },
    shortcut: patch.shortcut === undefined ? settings.shortcut : patch.shortcut,
    openAtLogin: patch.openAtLogin ?? settings.openAtLogin,
  };
}

/** A partial less its undefined entries, which would otherwise wipe what is there. */
function defined<T extends object>(partial: T | undefined): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  const entries = Object.entries(partial ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]-?: Exclude<T[K], undefined> };
}

export function createHandlers(deps: HandlerDeps): Handlers {
  const { fleet, settings, person } = deps;

  /** Work that Orchard began stays in sight, also before its first session has registered. */
  async function keepWatching(root: string): Promise<void> {
    const { added, hidden } = settings.get().repositories;
    if (added.includes(root) || hidden.includes(root)) return;
    const changed = await settings.update((current) => addRepository(current, root));
    if (!changed.ok) deps.log.warn('repository.keep', { failure: changed.error });
  }

  return {
    'snapshot.get': async () => ok(fleet.snapshot()),
    'snapshot.refresh': async () => ok(await fleet.refresh()),

    'worktree.open': ({ worktreeId, sessionId }) => deps.opener.open(worktreeId, sessionId),
    'worktree.openToResolve': ({ worktreeId }) => deps.opener.openToResolve(worktreeId),
    'worktree.openCommand': ({ worktreeId, sessionId }) => deps.opener.openCommand(worktreeId, sessionId),
    'worktree.markSeen': async ({ worktreeId }) => {
      if (fleet.worktree(worktreeId) === null) return fail(missing('worktree', worktreeId));
      await fleet.markWorktreeSeen(worktreeId);
      return ok(null);
    },
    'worktree.notes': async ({ worktreeId }) => {
      const worktree = fleet.worktree(worktreeId);
      if (worktree === null) return fail(missing('worktree', worktreeId));
      const notes = await deps.notes.list(worktree.facts.path);
      return notes.ok ? ok({ notes: notes.value }) : notes;
    },
    'session.open': ({ sessionId }) => deps.opener.openSession(sessionId),
    'session.mute': async ({ sessionId, muted }) => {
      const session = fleet.session(sessionId);
      if (session === null) return fail(missing('session', sessionId));
      const name = session.placed.view.sessionId;
      const changed = await settings.update((current) => {
        const others = current.notifications.mutedSessions.filter((other) => other !== name);
        return {
          ...current,
          notifications: { ...current.notifications, mutedSessions: muted ? [...others, name] : others },
        };
      });
      return changed.ok ? ok(null) : changed;
    },

    'repository.planSpawn': (input) => deps.spawner.plan(input),
    'repository.spawn': async (input) => {
      const spawned = await deps.spawner.execute(input);
      if (spawned.ok) {
        const location = await fleet.lookAt(spawned.value.path);
        if (location !== null) await keepWatching(location.root);
        await fleet.discover();
      }
      return spawned;
    },
    'repository.hide': async ({ repositoryId }) => {
      const repository = fleet.repository(repositoryId);
      if (repository === null) return fail(missing('repository', repositoryId));
      const { root } = repository.location;
      const changed = await settings.update((current) => ({
        ...current,
        repositories: {
          ...current.repositories,
          hidden: [...current.repositories.hidden.filter((hidden) => hidden !== root), root],
        },
      }));
      return changed.ok ? ok(null) : changed;
    },
    'repository.unhideAll': async () => {
      const changed = await settings.update((current) => ({
        ...current,
        repositories: { ...current.repositories, hidden: [] },
      }));
      return changed.ok ? ok(null) : changed;
    },
    'repository.add': async () => {
      if (person === null) return fail({ kind: 'desktop-only', what: 'Choosing a folder' });
      const directory = await person.chooseDirectory('Choose a git repository');
      if (directory === null) return ok({ added: null });
      const location = await fleet.lookAt(directory);
      if (location === null) return fail({ kind: 'not-a-repository', path: directory });
      const changed = await settings.update((current) => addRepository(current, location.root));
      return changed.ok ? ok({ added: location.root }) : changed;
    },

    'worktree.planMerge': (input) => deps.landing.planMerge(input),
    'worktree.merge': (input) => deps.landing.merge(input),
    'worktree.planRebase': (input) => deps.landing.planRebase(input),
    'worktree.planCleanup': (input) => deps.landing.planCleanup(input),
    'worktree.cleanup': (input) => deps.landing.cleanup(input),
    'operation.list': (input) => deps.landing.operations(input),
    'operation.undo': (input) => deps.landing.undo(input),
    'operation.cancel': async ({ operation }) =>
      deps.cancel(operation) ? ok(null) : fail(missing('operation', operation)),

    'settings.get': async () =>
      ok({
        settings: settings.get(),
        terminals: await deps.terminals.capabilities(),
        readOnly: person === null ? ['repositories.added', 'terminal.custom', 'naming.parent'] : [],
      }),
    'settings.update': async (patch) => {
      const changed = await settings.update((current) => patched(current, patch));
      return changed.ok ? ok(changed.value) : changed;
    },
    'settings.chooseWorktreeParent': async () => {
      if (person === null) return fail({ kind: 'desktop-only', what: 'Choosing where worktrees go' });
      const directory = await person.chooseDirectory('Choose where new worktrees go');
      if (directory === null) return ok(settings.get());
      const changed = await settings.update((current) => ({
        ...current,
        naming: { ...current.naming, parent: directory },
      }));
      return changed.ok ? ok(changed.value) : changed;
    },
    'settings.testTerminal': ({ terminal }) => deps.terminals.test(terminal),

    'doctor.run': async () => ok({ checks: await deps.doctor.checks() }),
    'popover.opened': async () => {
      fleet.popoverOpened();
      return ok(null);
    },
  };
}

/** Adding brings a hidden one back: the person asked for it by name. */
export function addRepository(settings: Settings, root: string): Settings {
  const { added, hidden } = settings.repositories;
  return {
    ...settings,
    repositories: {
      added: added.includes(root) ? added : [...added, root],
      hidden: hidden.filter((other) => other !== root),
    },
  };
}

function internal(log: Log, event: string, error: unknown) {
  return fail({ kind: 'internal', reference: log.bug(event, error) } as const);
}

/** The same handlers with a net under them: a throw is logged whole and answered as `internal`. */
export function guarded(handlers: Handlers, log: Log): Handlers {
  const guard =
    <N extends RequestName>(name: N): UseCase<N> =>
    async (input) => {
      try {
        return await (handlers[name] as UseCase<N>)(input);
      } catch (error) {
        return internal(log, name, error);
      }
    };
  // TypeScript can't follow a mapped record through Object.entries; the names come from the record itself.
  const names = Object.keys(handlers) as RequestName[];
  return Object.fromEntries(names.map((name) => [name, guard(name)])) as unknown as Handlers;
}
