import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PastConversation, TranscriptTail } from '../domain/facts';
import type { Cancel, Clock, Log } from '../engine/ports';
import { exists } from '../system/small-reads';
import { createDirectoryWatch, type DirectoryWatch } from './directory-watch';
import { transcriptDirectoryName } from './places';
import { createTranscriptReader, type TranscriptReader } from './transcript-reader';

export interface FollowedSession {
  readonly sessionId: string;
  /** As the client named it and as the file system resolves it: the transcript may lie under either. */
  readonly directories: readonly string[];
}

export interface Transcripts {
  /** Follows exactly these; resolves when the ones that have a transcript were read. */
  follow(sessions: readonly FollowedSession[]): Promise<void>;
  tail(sessionId: string): TranscriptTail | null;
  /** Reads what was appended to a session's transcript, or looks for it if it was not there. */
  refresh(sessionId: string): Promise<void>;
  /** `grew`: lines came in; otherwise it was read for the first time or anew. */
  onChange(listener: (sessionId: string, grew: boolean) => void): Cancel;
  /** The newest conversation that was held in exactly this directory, but for the named sessions. */
  past(directory: string, without: ReadonlySet<string>): Promise<PastConversation | null>;
  /** Looks after the watches; for the slow sweep. */
  ensureWatched(): Promise<void>;
  dispose(): void;
}

export interface TranscriptsDeps {
  /** `<config>/projects`. */
  readonly projects: string;
  readonly clock: Clock;
  readonly log: Log;
  /** False: reads when asked, watches nothing. */
  readonly watch: boolean;
}

interface Followed {
  readonly session: FollowedSession;
  reader: TranscriptReader | null;
  /** When it was last looked for everywhere. */
  searchedAt: number;
}

/** A session without a turn has no transcript: it is not looked for everywhere more often than this. */
const SEARCH_AGAIN_MS = 5_000;
/** A conversation of a working directory is one of its newest files, unless names collide. */
const MOST_PAST_LOOKED_AT = 8;
/** Enough to keep the thread pool busy; all at once would hold all their tails in memory. */
const READ_AT_A_TIME = 8;
const SESSION_FILE = /^([0-9a-f]{8}-[0-9a-f-]{27})\.jsonl$/;

export function createTranscripts({ projects, clock, log, watch }: TranscriptsDeps): Transcripts {
  const followed = new Map<string, Followed>();
  const watches = new Map<string, DirectoryWatch>();
  const listeners = new Set<(sessionId: string, grew: boolean) => void>();
  const pastKnown = new Map<string, { readonly stamp: string; readonly past: PastConversation | null }>();

  /** Places by the path rule, cheap; a name that is cut and hashed is matched by its beginning. */
  const places = async (directories: readonly string[]): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const { name, exact } of new Map(
      directories.map((directory) => [directory, transcriptDirectoryName(directory)]),
    ).values()) {
      if (exact) found.push(join(projects, name));
      else
        for (const entry of await list(projects))
          if (entry.startsWith(name)) found.push(join(projects, entry));
    }
    return [...new Set(found)];
  };

  /** `there`: whether a place has a file, for whoever asks for many in one place. */
  const locate = async (
    entry: Followed,
    there: (place: string, file: string) => Promise<boolean> = (place, file) => exists(join(place, file)),
  ): Promise<string | null> => {
    const { sessionId, directories } = entry.session;
    const file = `${sessionId}.jsonl`;
    for (const place of await places(directories)) if (await there(place, file)) return join(place, file);
    // A session that changed its directory writes on where it began.
    if (clock.now() - entry.searchedAt < SEARCH_AGAIN_MS) return null;
    entry.searchedAt = clock.now();
    for (const name of await list(projects)) {
      const candidate = join(projects, name, file);
      if (await exists(candidate)) return candidate;
    }
    return null;
  };

  const watchPlaces = async () => {
    if (!watch) return;
    const wanted = new Set<string>();
    for (const { session, reader } of followed.values()) {
      if (reader !== null) wanted.add(join(reader.file, '..'));
      else for (const place of await places(session.directories)) wanted.add(place);
    }
    for (const [place, held] of watches)
      if (!wanted.has(place)) {
        held.close();
        watches.delete(place);
      }
    await Promise.all(
      [...wanted].map((place) => {
        if (watches.has(place)) return undefined;
        const held = createDirectoryWatch(place, (name) => onEvent(place, name), log);
        watches.set(place, held);
        return held.ensure();
      }),
    );
  };

  const onEvent = (place: string, name: string | null) => {
    for (const [sessionId, { session, reader }] of followed) {
      const here = reader === null || join(reader.file, '..') === place;
      if (here && (name === null || name === `${session.sessionId}.jsonl`))
        refresh(sessionId).catch((error: unknown) => log.bug('claude.transcript', error));
    }
  };

  /** True when it has one now, and had none before. */
  const find = async (entry: Followed, there?: Parameters<typeof locate>[1]): Promise<boolean> => {
    const file = await locate(entry, there);
    if (file === null || followed.get(entry.session.sessionId) !== entry || entry.reader !== null)
      return false;
    entry.reader = createTranscriptReader(file, { wantTurnStart: true });
    return true;
  };

  const refresh = async (sessionId: string): Promise<void> => {
    const entry = followed.get(sessionId);
    if (entry === undefined) return;
    // Watched before it is read, so that nothing falls in between.
    if (entry.reader === null && (await find(entry))) await watchPlaces();
    if (entry.reader === null || followed.get(sessionId) !== entry) return;
    const outcome = await entry.reader.read();
    if (outcome === 'missing') entry.reader = null;
    if (outcome !== 'same' && followed.get(sessionId) === entry)
      for (const listener of listeners) listener(sessionId, outcome === 'grew');
  };

  const readPast = async (
    directory: string,
    candidates: readonly { readonly file: string; readonly sessionId: string }[],
  ): Promise<PastConversation | null> => {
    for (const { file, sessionId } of candidates) {
      const reader = createTranscriptReader(file, { wantTurnStart: false });
      if ((await reader.read()) === 'missing') continue;
      const tail = reader.tail();
      if (tail === null || tail.lastAt === null || (tail.lastMessage === null && tail.turnStartedAt === null))
        continue;
      // `/a/b-c` and `/a/b/c` share a directory of transcripts; the lines tell whose they are.
      const named = [...reader.directories];
      if (named.length > 0 && !named.some((name) => name === directory || isBelow(name, directory))) continue;
      return { sessionId, directory, lastAt: tail.lastAt, lastMessage: tail.lastMessage };
    }
    return null;
  };

  return {
    async follow(sessions) {
      const wanted = new Map(sessions.map((session) => [session.sessionId, session]));
      for (const sessionId of followed.keys()) if (!wanted.has(sessionId)) followed.delete(sessionId);
      const fresh = sessions.filter(({ sessionId }) => !followed.has(sessionId));
      const entries = fresh.map((session): Followed => {
        const entry = { session, reader: null, searchedAt: Number.NEGATIVE_INFINITY };
        followed.set(session.sessionId, entry);
        return entry;
      });
      // Once for all of them: looking after the watches is a look at every session.
      const lists = new Map<string, Promise<ReadonlySet<string>>>();
      const there = async (place: string, file: string) => {
        const names = lists.get(place) ?? list(place).then((found) => new Set(found));
        lists.set(place, names);
        return (await names).has(file);
      };
      await Promise.all(entries.map((entry) => find(entry, there)));
      await watchPlaces();
      const left = [...fresh];
      await Promise.all(
        Array.from({ length: READ_AT_A_TIME }, async () => {
          for (let next = left.pop(); next !== undefined; next = left.pop()) await refresh(next.sessionId);
        }),
      );
    },
    tail: (sessionId) => followed.get(sessionId)?.reader?.tail() ?? null,
    refresh,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async past(directory, without) {
      const found: { file: string; sessionId: string; at: number; size: number }[] = [];
      for (const place of await places([directory]))
        for (const entry of await list(place)) {
          const sessionId = SESSION_FILE.exec(entry)?.[1];
          if (sessionId === undefined || without.has(sessionId)) continue;
          const known = await stat(join(place, entry)).catch(() => null);
          if (known !== null)
            found.push({ file: join(place, entry), sessionId, at: known.mtimeMs, size: known.size });
        }
      found.sort((a, b) => b.at - a.at);
      const newest = found.slice(0, MOST_PAST_LOOKED_AT);
      const stamp = newest.map(({ file, at, size }) => `${file} ${at} ${size}`).join('\n');
      const known = pastKnown.get(directory);
      if (known?.stamp === stamp) return known.past;
      const past = await readPast(directory, newest);
      pastKnown.set(directory, { stamp, past });
      return past;
    },
    async ensureWatched() {
      await Promise.all([...watches.values()].map((held) => held.ensure()));
    },
    dispose() {
      for (const held of watches.values()) held.close();
      watches.clear();
      followed.clear();
      listeners.clear();
    },
  };
}

const list = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []);
const isBelow = (path: string, directory: string): boolean =>
  path.startsWith(directory) && /^[/\\]/.test(path.slice(directory.length));
