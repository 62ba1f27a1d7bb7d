import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { SessionMemory } from '../domain/facts';
import { mergeMemory } from '../domain/session-memory';
import type { Clock, Log, SessionLedger } from '../engine/ports';
import { LOCK_WAIT_MS, readText, setAside, type WriteLock, watchFile, writeWhole } from './shared-file';

const entrySchema = z.object({
  firstSeenAt: z.number(),
  seenAt: z.number().nullable(),
  /** When any Orchard process last wrote about it. */
  metAt: z.number(),
});
type Entry = Readonly<z.infer<typeof entrySchema>>;
type Entries = Readonly<Record<string, Entry>>;

const FORGET_AFTER_MS = 7 * 86_400_000;
/** Being met again alone is worth a write this often. */
const REMEET_MS = 3_600_000;

export interface SessionLedgerOptions {
  /** `<state directory>/sessions.json`. */
  readonly file: string;
  readonly lock: WriteLock;
  readonly clock: Clock;
  readonly log: Log;
  readonly watch: boolean;
}

/**
 * What Orchard's processes tell each other about sessions, in one small file. Entries are merged: the
 * earliest first sight and the latest look win, whoever writes last.
 */
export function createSessionLedger({ file, lock, clock, log, watch }: SessionLedgerOptions): SessionLedger {
  const listeners = new Set<() => void>();
  let line: Promise<unknown> = Promise.resolve();
  /** The text that this process wrote or read last; null before the first time. */
  let known: string | null = null;

  /** Null when it can't be used: it only remembers, so a damaged one starts anew, kept aside. */
  const parse = (text: string): Entries | null => {
    try {
      const parsed: unknown = JSON.parse(text);
      const sessions = z.object({ version: z.literal(1), sessions: z.record(z.string(), z.unknown()) });
      const good = sessions.safeParse(parsed);
      if (!good.success) return null;
      return Object.fromEntries(
        Object.entries(good.data.sessions).flatMap(([key, value]) => {
          const entry = entrySchema.safeParse(value);
          return entry.success ? [[key, entry.data]] : [];
        }),
      );
    } catch {
      return null;
    }
  };

  const read = async (): Promise<Entries> => {
    const text = await readText(file).catch((error: unknown) => {
      log.warn('ledger.unreadable', { file, error });
      return null;
    });
    known = text ?? '';
    return text === null ? {} : (parse(text) ?? {});
  };

  const merge = (entries: Readonly<Record<string, SessionMemory>>, old: Entries): Entries => {
    const now = clock.now();
    const next: Record<string, Entry> = {};
    for (const [key, entry] of Object.entries(old))
      if (now - entry.metAt < FORGET_AFTER_MS || Object.hasOwn(entries, key)) next[key] = entry;
    for (const [key, memory] of Object.entries(entries)) {
      const before = next[key];
      next[key] = {
        ...mergeMemory(memory, before),
        metAt: before !== undefined && now - before.metAt < REMEET_MS ? before.metAt : now,
      };
    }
    return next;
  };

  const write = async (entries: Readonly<Record<string, SessionMemory>>) => {
    // Owner only, before the lock makes it for everybody.
    await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => undefined);
    const held = await lock.acquire(`${file}.lock`, 'remembering sessions', { waitMs: LOCK_WAIT_MS });
    if (!held.ok) {
      log.warn('ledger.not-written', { file, failure: held.error });
      return;
    }
    try {
      const text = await readText(file);
      const old = text === null ? {} : parse(text);
      if (old === null) log.warn('ledger.set-aside', { file, path: await setAside(file, clock.now()) });
      const next = `${JSON.stringify({ version: 1, sessions: merge(entries, old ?? {}) })}\n`;
      if (next !== text) await writeWhole(file, next);
      known = next;
    } catch (error) {
      log.warn('ledger.not-written', { file, error });
    } finally {
      await held.value.release();
    }
  };

  const stopWatching = watch
    ? watchFile({
        file,
        clock,
        log,
        onChange: () =>
          void readText(file).then(
            (text) => {
              // What this process wrote itself is no news.
              if (known === null) known = text ?? '';
              if ((text ?? '') === known) return;
              known = text ?? '';
              for (const listener of [...listeners]) listener();
            },
            (error: unknown) => log.warn('ledger.unreadable', { file, error }),
          ),
      })
    : () => {};

  return {
    async read() {
      const entries = await read();
      return Object.fromEntries(
        Object.entries(entries).map(([key, { firstSeenAt, seenAt }]) => [key, { firstSeenAt, seenAt }]),
      );
    },
    write(entries) {
      const result = line.then(() => write(entries));
      line = result;
      return result;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose() {
      listeners.clear();
      stopWatching();
    },
  };
}
