import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { ToolState } from '../contract/snapshot';
import type { SessionFacts } from '../domain/facts';
import type { Cancel, Clock, Log, SessionObserver } from '../engine/ports';
import type { Platform, Processes } from '../system/processes';
import { findClaude } from './find-claude';
import { createKnownProjects } from './known-projects';
import { findClaudePlaces } from './places';
import { createRegistry, type RegisteredSession, SWEEP_MS } from './registry';
import { createTranscripts } from './transcripts';

export interface SessionObserverDeps {
  /** The login shell's environment; HOME and CLAUDE_CONFIG_DIR in it say whose sessions. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly processes: Pick<Processes, 'exists' | 'startTimes' | 'bootTime'>;
  /** False: one look at `start` and at each `refresh`, no watchers, no timers. */
  readonly watch: boolean;
}

/**
 * The client writes its transcript up to 100 ms after it changed its status (seen on 2.1.330). So long a
 * change waits for the lines that say why: the tool, the question, how the turn ended.
 */
const TRANSCRIPT_LAG_MS = 150;
/** A version that was found stays for this long; a missing client is looked for at every question. */
const TOOL_MS = 600_000;

/**
 * Claude Code's sessions from its registry, its transcripts and their processes. Nothing of Claude
 * Code's is written, and nothing has to be installed in it.
 */
export function createSessionObserver(deps: SessionObserverDeps): SessionObserver {
  const { env, platform, clock, log, watch } = deps;
  const homeDirectory = (platform === 'win32' ? env.USERPROFILE : env.HOME) ?? homedir();
  const places = findClaudePlaces({ platform, env, homeDirectory });
  const registry = createRegistry({ ...deps, directory: places.sessions });
  const transcripts = createTranscripts({ projects: places.projects, clock, log, watch });
  const projects = createKnownProjects({ file: places.configuration, log });
  const listeners = new Set<(sessions: readonly SessionFacts[]) => void>();
  const activity = new Set<(directory: string) => void>();
  const realPaths = new Map<string, string>();
  let current: readonly RegisteredSession[] = [];
  /** Sessions whose transcript lags behind their status, as they were before. */
  const lagging = new Map<string, { readonly before: RegisteredSession; readonly cancel: Cancel }>();
  let shape = '';
  let started = false;
  let disposed = false;
  let cancelSweep: Cancel = () => undefined;
  let tool: { readonly at: number; readonly state: ToolState } | null = null;

  const background = (work: Promise<unknown>) => {
    work.catch((error: unknown) => log.bug('claude.sessions', error));
  };

  const realDirectory = async (directory: string): Promise<string> => {
    const known = realPaths.get(directory);
    if (known !== undefined) return known;
    try {
      const real = await realpath(directory);
      realPaths.set(directory, real);
      return real;
    } catch {
      return directory; // Removed under the session, or on a disk that is away.
    }
  };
  const realOf = (directory: string) => realPaths.get(directory) ?? directory;

  /** A conversation that was resumed elsewhere has not crashed: its old file is only a leftover. */
  const shown = (sessions: readonly RegisteredSession[]): readonly RegisteredSession[] => {
    const living = new Set(sessions.filter(({ alive }) => alive).map(({ sessionId }) => sessionId));
    return sessions.filter(({ alive, sessionId }) => alive || !living.has(sessionId));
  };

  const factsOf = (session: RegisteredSession): SessionFacts => ({
    key: session.key,
    pid: session.pid,
    procStart: session.procStart,
    sessionId: session.sessionId,
    cwd: realOf(session.cwd),
    name: session.name,
    startedAt: session.startedAt,
    alive: session.alive,
    ...(session.foreign ? { foreign: true } : {}),
    sinceBoot: session.sinceBoot,
    status: session.status,
    waitingFor: session.waitingFor,
    statusSince: session.statusSince,
    updatedAt: session.updatedAt,
    tmux: session.tmux,
    version: session.version,
    transcript: transcripts.tail(session.sessionId),
  });

  /** Whether the transcript does not yet tell what this status is about. */
  const lags = (session: RegisteredSession, before: RegisteredSession): boolean => {
    if (!session.alive) return false;
    const tail = transcripts.tail(session.sessionId);
    if (session.status === 'waiting')
      return (
        /^(permission prompt|input needed)$/.test(session.waitingFor ?? '') &&
        (tail?.pendingTool ?? null) === null
      );
    if (session.status !== 'idle' || session.sessionId !== before.sessionId) return false;
    return (
      tail?.turnOpen === true || (before.status === 'busy' && (tail?.turnEndedAt ?? 0) < before.statusSince)
    );
  };
  const release = (key: string) => {
    lagging.get(key)?.cancel();
    lagging.delete(key);
  };
  const holdBack = (session: RegisteredSession, before: RegisteredSession | undefined) => {
    const held = lagging.get(session.key)?.before ?? before;
    if (held === undefined || !lags(session, held)) return release(session.key);
    const news = before?.status !== session.status || before.statusSince !== session.statusSince;
    if (!watch || !news || lagging.has(session.key)) return;
    const cancel = clock.schedule(TRANSCRIPT_LAG_MS, () => {
      lagging.delete(session.key);
      background(transcripts.refresh(session.sessionId).then(emit));
    });
    lagging.set(session.key, { before: held, cancel });
  };

  const emit = () => {
    if (disposed) return;
    for (const session of current) {
      const held = lagging.get(session.key);
      if (held !== undefined && !lags(session, held.before)) release(session.key);
    }
    const facts = current.map((session) => factsOf(lagging.get(session.key)?.before ?? session));
    const next = JSON.stringify(facts);
    if (next === shape) return;
    shape = next;
    for (const listener of listeners) listener(facts);
  };

  /** Takes over what the registry says, its transcripts with it: a row's reason comes from there. */
  const take = async () => {
    const sessions = shown(registry.sessions());
    await Promise.all(sessions.map(({ cwd }) => realDirectory(cwd)));
    const before = new Map(current.map((session) => [session.key, session]));
    // Of those that ended before this boot nothing is shown: their transcripts are not followed.
    const wanted = sessions.filter(({ alive, sinceBoot }) => alive || sinceBoot);
    await transcripts.follow(
      wanted.map(({ sessionId, cwd }) => ({ sessionId, directories: [cwd, realOf(cwd)] })),
    );
    await Promise.all(
      wanted
        .filter(({ key, updatedAt }) => before.get(key)?.updatedAt !== updatedAt)
        .map(({ sessionId }) => transcripts.refresh(sessionId)),
    );
    current = sessions;
    for (const session of sessions) holdBack(session, before.get(session.key));
    for (const key of lagging.keys()) if (!sessions.some((session) => session.key === key)) release(key);
    emit();
  };

  /** One at a time; changes that come meanwhile are taken together afterwards. */
  let taking: Promise<void> | null = null;
  let takeAgain = false;
  const takeSoon = (): Promise<void> => {
    takeAgain = true;
    taking ??= (async () => {
      while (takeAgain && !disposed) {
        takeAgain = false;
        await take();
      }
    })().finally(() => {
      taking = null;
    });
    return taking;
  };

  registry.onChange(() => {
    if (started) background(takeSoon());
  });
  transcripts.onChange((sessionId, grew) => {
    if (!started) return;
    const session = current.find((one) => one.sessionId === sessionId);
    if (session === undefined) return;
    emit();
    if (grew) for (const listener of activity) listener(realOf(session.cwd));
  });

  const sweep = () => {
    cancelSweep = clock.schedule(SWEEP_MS, () => {
      background(
        transcripts
          .ensureWatched()
          .then(() => Promise.all(current.map(({ sessionId }) => transcripts.refresh(sessionId))))
          .finally(() => {
            if (!disposed) sweep();
          }),
      );
    });
  };

  return {
    async start() {
      await registry.start();
      started = true;
      await takeSoon();
      if (watch && !disposed) sweep();
    },
    onSessions(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onActivity(listener) {
      activity.add(listener);
      return () => void activity.delete(listener);
    },
    async refresh() {
      await registry.refresh();
      await takeSoon();
      await Promise.all(current.map(({ sessionId }) => transcripts.refresh(sessionId)));
      emit();
    },
    pastConversation(directory) {
      const living = current.filter(({ alive }) => alive).map(({ sessionId }) => sessionId);
      return transcripts.past(directory, new Set(living));
    },
    knownProjects: () => projects.list(),
    async tool() {
      if (tool !== null && clock.now() - tool.at < TOOL_MS && tool.state.state === 'ok') return tool.state;
      const state = await findClaude({ platform, env, homeDirectory, log });
      tool = { at: clock.now(), state };
      return state;
    },
    async dispose() {
      disposed = true;
      cancelSweep();
      for (const key of lagging.keys()) release(key);
      registry.dispose();
      transcripts.dispose();
      listeners.clear();
      activity.clear();
      await taking?.catch(() => undefined);
    },
  };
}
