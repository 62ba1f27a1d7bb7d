/**
 * The truth and its revision. Observations come in from the adapters, one snapshot goes out whenever
 * something that a face can see has changed.
 */
import type { RepositoryId, WorktreeId } from '../../contract/ids';
import type { Collision, Problem, Snapshot, ToolState } from '../../contract/snapshot';
import { pathStyleOf } from '../../domain/containment';
import type {
  PastConversation,
  RepositoryFacts,
  RepositoryLocation,
  SessionFacts,
  SessionMemory,
  WorktreeFacts,
} from '../../domain/facts';
import { mergeMemories } from '../../domain/session-memory';
import { TRUST_PROMPT_MS } from '../../domain/session-state';
import { buildSnapshot, type PlacedSession } from '../../domain/snapshot';
import type {
  Cancel,
  Clock,
  CollisionObserver,
  DiskUsage,
  GitObserver,
  Log,
  SessionLedger,
  SessionObserver,
  SettingsStore,
  Terminals,
} from '../ports';
import { createDiscovery } from './discovery';
import { placeSessions } from './place-sessions';
import { sessionIdOf } from './session-ids';

export interface FleetDeps {
  readonly git: GitObserver;
  readonly sessions: SessionObserver;
  readonly ledger: SessionLedger;
  readonly settings: SettingsStore;
  readonly terminals: Pick<Terminals, 'describe'>;
  readonly collisions: CollisionObserver | null;
  readonly diskUsage: DiskUsage | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** 'all', or the directories whose repositories are looked at. */
  readonly scope: 'all' | readonly string[];
  readonly watch: boolean;
  /** Snapshots count on from here. */
  readonly firstRevision?: number;
  gitTool(): Promise<ToolState>;
  /** What else to tell: notifications refused, settings set aside. */
  problems(): readonly Problem[];
}

export interface WorktreeInFleet {
  readonly location: RepositoryLocation;
  readonly repository: RepositoryFacts;
  readonly facts: WorktreeFacts;
  readonly sessions: readonly PlacedSession[];
}

/** Thresholds pass in hours; half a minute late is on time. */
const TICK_MS = 30_000;
const KNOWN_PROJECTS_MS = 300_000;
const MEET_AGAIN_MS = 12 * 3_600_000;

export function createFleet(deps: FleetDeps) {
  const { git, sessions, ledger, settings, clock, log } = deps;
  const style = pathStyleOf(deps.platform);
  const discovery = createDiscovery({ git, clock });
  const cancels: Cancel[] = [];
  const listeners = new Set<(snapshot: Snapshot) => void>();

  let facts = new Map<RepositoryId, RepositoryFacts>();
  let expected = new Set<RepositoryId>();
  let live: readonly SessionFacts[] = [];
  let memory: Readonly<Record<string, SessionMemory>> = {};
  const past = new Map<WorktreeId, PastConversation>();
  let pastAsked = new Map<WorktreeId, string>();
  let placed: readonly PlacedSession[] = [];
  const terminals = new Map<string, string | null>();
  const collisions = new Map<RepositoryId, ReadonlyMap<WorktreeId, readonly Collision[]>>();
  const undecided = new Map<RepositoryId, ReadonlySet<WorktreeId>>();
  const diskBytes = new Map<WorktreeId, number>();
  let tools: Snapshot['tools'] = { git: { state: 'missing' }, claude: { state: 'missing' } };
  let toolsKnown = false;
  let projects: readonly string[] = [];
  let projectsAt = Number.NEGATIVE_INFINITY;
  let discovered = false;
  let lastLookAt: number | null = null;
  let metAt = clock.now();
  let disposed = false;
  let cancelTick: Cancel = () => undefined;
  let cancelTrustLook: Cancel = () => undefined;

  let snapshot: Snapshot = {
    revision: deps.firstRevision ?? 0,
    takenAt: new Date(clock.now()).toISOString(),
    line: 'no sessions',
    counts: { needsYou: 0, working: 0, done: 0, worktrees: 0, repositories: 0 },
    tray: { icon: 'calm', title: '' },
    repositories: [],
    elsewhere: [],
    suggestions: [],
    problems: [],
    tools,
    complete: false,
  };
  let shape = '';
  let publishing: NodeJS.Immediate | null = null;

  function isComplete(): boolean {
    return (
      toolsKnown &&
      discovered &&
      [...expected].every((id) => {
        const known = facts.get(id);
        return known?.worktrees.every(({ stale }) => !stale) ?? false;
      })
    );
  }

  const watched = () => [...facts.values()].filter(({ location }) => expected.has(location.id));

  function place(): void {
    placed = placeSessions({
      now: clock.now(),
      style,
      repositories: watched(),
      hiddenRoots: settings.get().repositories.hidden,
      scoped: deps.scope !== 'all',
      sessions: live,
      memory,
      past,
      terminals,
      mutedSessions: settings.get().notifications.mutedSessions,
    });
  }

  function publish(): void {
    publishing = null;
    if (disposed) return;
    place();
    lookWhenTrustPromptIsLikely();
    const built = buildSnapshot({
      now: clock.now(),
      repositories: watched(),
      sessions: placed,
      collisions: new Map([...collisions.values()].flatMap((byWorktree) => [...byWorktree])),
      diskBytes,
      thresholds: settings.get().thresholds,
      lastLookAt,
      problems: deps.problems(),
      tools,
      complete: isComplete(),
    });
    const nextShape = JSON.stringify({ ...built, takenAt: null });
    if (nextShape === shape) return;
    shape = nextShape;
    snapshot = { revision: snapshot.revision + 1, ...built };
    for (const listener of listeners) listener(snapshot);
  }

  /** Half a minute is too coarse for a person who waits for a session that they just spawned. */
  function lookWhenTrustPromptIsLikely(): void {
    cancelTrustLook();
    const due = placed
      .filter(({ view }) => view.state === 'starting' && view.attention === 'none')
      .map(({ view }) => Date.parse(view.since) + TRUST_PROMPT_MS - clock.now());
    if (deps.watch && due.length > 0)
      cancelTrustLook = clock.schedule(Math.max(0, Math.min(...due)), changed);
  }

  /** Once per turn of the event loop, however much came in. */
  function changed(): void {
    if (publishing === null && !disposed) publishing = setImmediate(publish);
  }

  function background(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => log.bug(what, error));
  }

  async function rememberNewSessions(): Promise<void> {
    const now = clock.now();
    const fresh: Record<string, SessionMemory> = {};
    for (const { key } of live)
      if (memory[key] === undefined) fresh[key] = { firstSeenAt: now, seenAt: null };
    if (Object.keys(fresh).length === 0) return;
    memory = { ...memory, ...fresh };
    await ledger.write(fresh);
  }

  async function describeTerminals(): Promise<void> {
    const fresh = live.filter(({ key, alive }) => alive && !terminals.has(key));
    if (fresh.length === 0) return;
    await Promise.all(
      fresh.map(async (session) => {
        terminals.set(session.key, null);
        terminals.set(session.key, await deps.terminals.describe(session));
      }),
    );
    changed();
  }

  /** The newest past conversation of each worktree without a live session; asked again when that changes. */
  async function lookAtPast(): Promise<void> {
    // By the sessions of this moment: one that just ended leaves a conversation to look for.
    place();
    const occupied = new Set(placed.filter((session) => session.live).map(({ worktree }) => worktree));
    const wanted = [...facts.values()].flatMap(({ worktrees }) =>
      worktrees.filter(({ id, missing }) => !missing && !occupied.has(id)),
    );
    const asked = new Map<WorktreeId, string>();
    const stamp = live.map(({ key }) => key).join(' ');
    let anything = false;
    await Promise.all(
      wanted.map(async ({ id, path }) => {
        asked.set(id, stamp);
        if (pastAsked.get(id) === stamp) return;
        const conversation = await sessions.pastConversation(path);
        if (conversation === null) anything = past.delete(id) || anything;
        else {
          past.set(id, conversation);
          anything = true;
        }
      }),
    );
    pastAsked = asked;
    if (anything) changed();
  }

  let discovering: Promise<void> | null = null;
  let discoverAgain = false;
  async function discoverOnce(): Promise<void> {
    const known = settings.get().repositories;
    if (deps.scope === 'all' && clock.now() - projectsAt > KNOWN_PROJECTS_MS) {
      projectsAt = clock.now();
      projects = await sessions.knownProjects();
    }
    const directories =
      deps.scope === 'all'
        ? [
            ...known.added,
            ...live.filter(({ alive, sinceBoot }) => alive || sinceBoot).map(({ cwd }) => cwd),
            ...projects,
          ]
        : deps.scope;
    // A repository that a person names is looked at even when it is hidden.
    const locations = await discovery.repositories(directories, deps.scope === 'all' ? known.hidden : []);
    if (disposed) return;
    const ids = new Set(locations.map(({ id }) => id));
    const same = discovered && ids.size === expected.size && [...ids].every((id) => expected.has(id));
    discovered = true;
    if (!same) {
      for (const id of expected)
        if (!ids.has(id)) {
          facts.delete(id);
          collisions.delete(id);
          undecided.delete(id);
          deps.collisions?.forget(id);
        }
      expected = ids;
      await git.observe(locations);
    }
    changed();
  }
  /** One at a time; what comes in meanwhile is looked at once more afterwards. */
  function discover(): Promise<void> {
    if (discovering !== null) {
      discoverAgain = true;
      return discovering;
    }
    discovering = (async () => {
      do {
        discoverAgain = false;
        await discoverOnce();
      } while (discoverAgain && !disposed);
    })().finally(() => {
      discovering = null;
    });
    return discovering;
  }

  function onSessions(next: readonly SessionFacts[]): void {
    live = next;
    for (const key of terminals.keys())
      if (!next.some((session) => session.key === key)) terminals.delete(key);
    background('remember sessions', rememberNewSessions());
    background('describe terminals', describeTerminals());
    changed();
    background('discover', discover());
    background('past conversations', lookAtPast());
  }

  function onFacts(next: RepositoryFacts): void {
    if (!expected.has(next.location.id)) return;
    facts = new Map(facts).set(next.location.id, next);
    changed();
    if (next.worktrees.every(({ stale }) => !stale)) {
      deps.collisions?.observe(next);
      deps.diskUsage?.observe(next);
    }
    background('past conversations', lookAtPast());
  }

  /** A session that lives for weeks is met again now and then, or the ledger would forget it. */
  function meetAgain(): void {
    if (clock.now() - metAt < MEET_AGAIN_MS) return;
    metAt = clock.now();
    const entries: Record<string, SessionMemory> = {};
    for (const { key } of live) {
      const known = memory[key];
      if (known !== undefined) entries[key] = known;
    }
    if (Object.keys(entries).length > 0) background('meet sessions again', ledger.write(entries));
  }

  function tick(): void {
    changed();
    meetAgain();
    if (deps.scope === 'all') background('discover', discover());
    cancelTick = clock.schedule(TICK_MS, tick);
  }

  async function markSeen(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const now = clock.now();
    const entries: Record<string, SessionMemory> = {};
    for (const key of keys) entries[key] = { firstSeenAt: memory[key]?.firstSeenAt ?? now, seenAt: now };
    memory = { ...memory, ...entries };
    changed();
    await ledger.write(entries);
  }

  /** What was observed of the session behind a view. */
  const observed = ({ view }: PlacedSession): SessionFacts | null =>
    live.find(({ key }) => sessionIdOf(key) === view.id) ?? null;

  return {
    snapshot: () => snapshot,
    onSnapshot(listener: (snapshot: Snapshot) => void): Cancel {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },

    /** Begins observing; resolves with the first complete snapshot. */
    async start(): Promise<Snapshot> {
      cancels.push(
        git.onFacts(onFacts),
        sessions.onSessions(onSessions),
        sessions.onActivity((directory) => git.hint(directory)),
        settings.onChange(() => {
          changed();
          background('discover', discover());
        }),
        ledger.onChange(() =>
          background(
            'read the ledger',
            ledger.read().then((next) => {
              // What was seen here may not be written yet; the file must not make it unseen.
              memory = mergeMemories(memory, next);
              changed();
            }),
          ),
        ),
      );
      if (deps.collisions !== null)
        cancels.push(
          deps.collisions.onCollisions((repository, found, open) => {
            collisions.set(repository, found);
            undecided.set(repository, open);
            changed();
          }),
        );
      if (deps.diskUsage !== null)
        cancels.push(
          deps.diskUsage.onUsage((worktree, bytes) => {
            diskBytes.set(worktree, bytes);
            changed();
          }),
        );
      lastLookAt = clock.now();
      memory = await ledger.read();
      const [gitTool, claudeTool] = await Promise.all([deps.gitTool(), sessions.tool(), sessions.start()]);
      tools = { git: gitTool, claude: claudeTool };
      toolsKnown = true;
      if (gitTool.state === 'ok') await discover();
      else discovered = true;
      changed();
      if (deps.watch) cancelTick = clock.schedule(TICK_MS, tick);
      if (snapshot.complete) return snapshot;
      return new Promise((resolve) => {
        const stop = this.onSnapshot((next) => {
          if (!next.complete) return;
          stop();
          resolve(next);
        });
        changed();
      });
    },

    /** Reads everything anew; resolves with the snapshot after it. */
    async refresh(): Promise<Snapshot> {
      projectsAt = Number.NEGATIVE_INFINITY;
      await sessions.refresh();
      await discover();
      await git.refresh(null);
      await lookAtPast();
      publish();
      return snapshot;
    },

    /** Sessions as they are at this moment, placed anew. */
    async refreshSessions(): Promise<void> {
      await sessions.refresh();
      publish();
    },
    async refreshRepository(id: RepositoryId): Promise<void> {
      await git.refresh(id);
      publish();
    },

    /** The person looked at these sessions' outcome. */
    markSeen,
    async markWorktreeSeen(id: WorktreeId): Promise<void> {
      const there = placed.filter(({ worktree }) => worktree === id).map(observed);
      await markSeen(there.flatMap((facts) => (facts === null ? [] : [facts.key])));
    },

    /** Something outside the fleet that a snapshot shows has changed. */
    changed,

    popoverOpened(): void {
      lastLookAt = clock.now();
      changed();
    },

    /** Resolves when nothing provisional is left: collisions decided, past conversations read. */
    async settled(): Promise<Snapshot> {
      await lookAtPast();
      await deps.collisions?.settled();
      await deps.collisions?.explained();
      publish();
      return snapshot;
    },

    /** A directory became interesting (just spawned into, added by hand): look soon. */
    async lookAt(directory: string): Promise<RepositoryLocation | null> {
      discovery.forget(directory);
      return discovery.locate(directory);
    },
    discover,

    worktree(id: WorktreeId): WorktreeInFleet | null {
      for (const repository of facts.values()) {
        const worktree = repository.worktrees.find((candidate) => candidate.id === id);
        if (worktree !== undefined)
          return {
            location: repository.location,
            repository,
            facts: worktree,
            sessions: placed.filter((session) => session.worktree === id),
          };
      }
      return null;
    },
    repository: (id: RepositoryId): RepositoryFacts | null => facts.get(id) ?? null,
    repositories: (): readonly RepositoryFacts[] => [...facts.values()],
    /** Null until each of its pairs was decided once. */
    collisions(id: WorktreeId): readonly Collision[] | null {
      for (const open of undecided.values()) if (open.has(id)) return null;
      for (const byWorktree of collisions.values()) {
        const found = byWorktree.get(id);
        if (found !== undefined) return found;
      }
      return null;
    },
    /** The session behind a view's id, with what was observed of it; null for ended conversations. */
    session(id: string): { readonly placed: PlacedSession; readonly facts: SessionFacts | null } | null {
      const found = placed.find(({ view }) => view.id === id);
      if (found === undefined) return null;
      return { placed: found, facts: observed(found) };
    },
    placedSessions: () => placed,

    dispose(): void {
      disposed = true;
      if (publishing !== null) clearImmediate(publishing);
      cancelTick();
      cancelTrustLook();
      for (const cancel of cancels) cancel();
      listeners.clear();
    },
  };
}
export type Fleet = ReturnType<typeof createFleet>;
