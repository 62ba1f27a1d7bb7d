import { readFileSync, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createSessionObserver } from '../../src-main/claude/session-observer';
import type { SessionFacts, SessionMemory } from '../../src-main/domain/facts';
import { judgeSession, type SessionVerdict } from '../../src-main/domain/session-state';
import type { Log } from '../../src-main/engine/ports';
import { createSystemClock } from '../../src-main/system/clock';
import { createProcesses } from '../../src-main/system/processes';
import type { ClaudeSession, ClaudeWorld } from '../support/claude';
import { poll } from '../support/poll';

const platform =
  process.platform === 'darwin' || process.platform === 'win32' ? process.platform : ('linux' as const);

function createObserver(claude: ClaudeWorld, watch: boolean, bugs: string[]) {
  const log: Log = {
    info: () => undefined,
    warn: () => undefined,
    bug: (event, error) => {
      bugs.push(`${event}: ${String(error)}`);
      return 'bug';
    },
  };
  return createSessionObserver({
    env: claude.env,
    platform,
    clock: createSystemClock(),
    processes: createProcesses(platform),
    log,
    watch,
  });
}

/**
 * The bare floor that the observer's delay is measured against: a busy machine slows both. The client
 * makes the directory with its first session.
 */
async function watchRegistry(claude: ClaudeWorld, seen: (status: string) => void): Promise<() => void> {
  const directory = join(claude.configDirectory, 'sessions');
  await mkdir(directory, { recursive: true });
  const watcher = watch(directory, (_, name) => {
    try {
      const file: unknown = JSON.parse(readFileSync(join(directory, String(name)), 'utf8'));
      const { pid, status, statusUpdatedAt } = file as Record<string, unknown>;
      seen(`${pid} ${status} ${statusUpdatedAt}`);
    } catch {
      // Gone, or torn: the next event has it.
    }
  });
  return () => watcher.close();
}

/** What a command that runs once sees: one look, nothing watched. */
export async function lookOnce(claude: ClaudeWorld): Promise<readonly SessionFacts[]> {
  const bugs: string[] = [];
  const observer = createObserver(claude, false, bugs);
  let sessions: readonly SessionFacts[] = [];
  observer.onSessions((list) => {
    sessions = list;
  });
  await observer.start();
  await observer.dispose();
  if (bugs.length > 0) throw new Error(bugs.join('\n'));
  return sessions;
}

/** The real observer and the real rules over a world of real sessions, remembering as the engine does. */
export async function observeSessions(claude: ClaudeWorld) {
  const bugs: string[] = [];
  const processes = createProcesses(platform);
  const observer = createObserver(claude, true, bugs);
  let sessions: readonly SessionFacts[] = [];
  const memory = new Map<string, SessionMemory>();
  const states = new Map<number, string[]>();
  const active: string[] = [];
  /** When a status first stood in a registry file, seen by a watcher that does nothing else. */
  const written = new Map<string, number>();
  /** Milliseconds from there to the observer's listener. */
  const delays: number[] = [];
  const told = new Set<string>();
  const stopReference = await watchRegistry(claude, (status) => {
    if (!written.has(status)) written.set(status, performance.now());
  });

  const judge = (facts: SessionFacts) => judgeSession(facts, memory.get(facts.key) ?? null, Date.now());
  const note = (facts: SessionFacts) => {
    const state = judge(facts)?.state ?? 'none';
    const known = states.get(facts.pid) ?? [];
    if (known.at(-1) !== state) states.set(facts.pid, [...known, state]);
  };
  observer.onActivity((directory) => active.push(directory));
  observer.onSessions((list) => {
    sessions = list;
    for (const facts of list) {
      if (!memory.has(facts.key)) memory.set(facts.key, { firstSeenAt: Date.now(), seenAt: null });
      note(facts);
      const status = `${facts.pid} ${facts.status} ${facts.statusSince}`;
      // The observer may well be the first of the two.
      const since = written.get(status) ?? performance.now();
      if (!told.has(status) && facts.alive) delays.push(performance.now() - since);
      told.add(status);
    }
  });
  await observer.start();

  const factsOf = ({ pid }: ClaudeSession) => sessions.find((facts) => facts.pid === pid) ?? null;
  const verdict = (session: ClaudeSession): SessionVerdict | null => {
    const facts = factsOf(session);
    return facts === null ? null : judge(facts);
  };
  return {
    observer,
    async dispose() {
      stopReference();
      await observer.dispose();
    },
    processes,
    bugs,
    delays,
    active,
    facts: factsOf,
    verdict,
    /** Every state that a row would have shown, in order. */
    states: ({ pid }: ClaudeSession): readonly string[] => states.get(pid) ?? [],
    /**
     * Waits for a state, and answers the whole verdict. On a busy machine the client's transcript comes
     * later than its status: `also` waits for what is told from there.
     */
    async reaches(
      session: ClaudeSession,
      state: SessionVerdict['state'],
      also: (verdict: SessionVerdict) => boolean = () => true,
    ): Promise<SessionVerdict> {
      const found = await poll(
        () => verdict(session),
        (now) => now?.state === state && also(now),
        { limitMs: 20_000, what: `${state} (so far ${states.get(session.pid)?.join(' → ')})` },
      );
      if (found === null) throw new Error('poll answered null');
      return found;
    },
    /** The person looks at the row. */
    see(session: ClaudeSession) {
      const facts = factsOf(session);
      const known = facts === null ? undefined : memory.get(facts.key);
      if (facts === null || known === undefined) throw new Error('there is no such row to look at');
      memory.set(facts.key, { ...known, seenAt: Date.now() });
      note(facts);
    },
  };
}
export const hasReason = ({ reason }: SessionVerdict) => reason !== null;
export type ObservedSessions = Awaited<ReturnType<typeof observeSessions>>;
