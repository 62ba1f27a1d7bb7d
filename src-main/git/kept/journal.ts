import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { operationId } from '../../contract/ids';
import { fail, ok } from '../../contract/result';
import type {
  Clock,
  Journal,
  JournalEntry,
  JournalOutcome,
  JournalRecord,
  Log,
  RepositoryLocation,
} from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';

/** Finished entries stay as long as what they can bring back. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

const line = z.union([
  z.object({
    begin: z.object({ operation: operationId, kind: z.string(), data: z.unknown() }),
    at: z.number(),
  }),
  z.object({ step: z.string(), data: z.unknown(), at: z.number() }),
  z.object({ finish: z.enum(['done', 'rolled-back']), at: z.number() }),
]);
type Line = z.infer<typeof line>;

interface Reading extends JournalRecord {
  readonly outcome: JournalOutcome | null;
  readonly finishedAt: number;
}

/**
 * One file of JSON lines per operation. A line is appended and synced before the step it announces, so
 * after a crash the file says at most one step more than was done. A torn last line was never acted on.
 */
export function createJournal({ clock, log }: { readonly clock: Clock; readonly log: Log }): Journal {
  const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'journal');

  const entry = (file: string): JournalEntry => {
    const write = async (content: Line) => {
      try {
        await append(file, content, 'a');
        return ok(undefined);
      } catch (error) {
        return fail(fileFailure(error, file));
      }
    };
    return {
      step: (step, data = null) => write({ step, data, at: clock.now() }),
      finish: (outcome) => write({ finish: outcome, at: clock.now() }),
    };
  };

  const readAll = async (location: RepositoryLocation) => {
    const directory = directoryOf(location);
    const names = await readdir(directory).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    });
    const all: { readonly file: string; readonly reading: Reading }[] = [];
    for (const name of names) {
      if (!name.endsWith('.jsonl')) continue;
      const file = join(directory, name);
      const reading = await read(file).catch((error: unknown) => {
        log.warn('journal.unreadable', { file, error: String(error) });
        return null;
      });
      // Without a whole first line nothing was begun.
      if (reading !== null) all.push({ file, reading });
    }
    return all.sort((a, b) => a.reading.begunAt - b.reading.begunAt);
  };

  const prune = async (location: RepositoryLocation) => {
    try {
      for (const { file, reading } of await readAll(location))
        if (reading.outcome !== null && clock.now() - reading.finishedAt > KEPT_MS) await rm(file);
    } catch (error) {
      log.warn('journal.not-pruned', { repository: location.root, error: String(error) });
    }
  };

  return {
    anyTrace: (location) =>
      stat(join(location.commonDir, 'orchard')).then(
        () => true,
        (error: unknown) => {
          if (errorCode(error) === 'ENOENT') return false;
          throw error;
        },
      ),
    async begin(location, { operation, kind, data }) {
      const directory = directoryOf(location);
      const file = join(directory, `${operation}.jsonl`);
      try {
        await mkdir(directory, { recursive: true });
        await prune(location);
        await append(file, { begin: { operation, kind, data: data ?? null }, at: clock.now() }, 'ax');
        await syncDirectory(directory);
        return ok(entry(file));
      } catch (error) {
        // What could not be written whole must not be found as something begun.
        if (errorCode(error) !== 'EEXIST') await rm(file, { force: true }).catch(() => undefined);
        return fail(fileFailure(error, file));
      }
    },
    async unfinished(location) {
      return (await readAll(location)).flatMap(
        ({ file, reading: { outcome, finishedAt: _unfinished, ...record } }) =>
          outcome === null ? [{ ...record, entry: entry(file) }] : [],
      );
    },
    async finished(location) {
      return (await readAll(location))
        .flatMap(({ reading: { outcome, ...record } }) =>
          outcome === null || clock.now() - record.finishedAt > KEPT_MS ? [] : [{ ...record, outcome }],
        )
        .sort((a, b) => b.finishedAt - a.finishedAt);
    },
  };
}

async function append(file: string, content: Line, flags: 'ax' | 'a'): Promise<void> {
  const handle = await open(file, flags, 0o644);
  try {
    // A newline first closes a line that a crash tore; empty lines mean nothing.
    await handle.appendFile(`${flags === 'a' ? '\n' : ''}${JSON.stringify(content)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function read(file: string): Promise<Reading | null> {
  const [first, ...rest] = (await readFile(file, 'utf8')).split('\n').flatMap((text): Line[] => {
    const parsed = parseLine(text);
    return parsed === null ? [] : [parsed];
  });
  if (first === undefined || !('begin' in first)) return null;
  const end = rest.find((one) => 'finish' in one);
  return {
    ...first.begin,
    begunAt: first.at,
    steps: rest.flatMap((one) => ('step' in one ? [{ step: one.step, data: one.data }] : [])),
    outcome: end?.finish ?? null,
    finishedAt: end?.at ?? 0,
  };
}

function parseLine(text: string): Line | null {
  if (text === '') return null;
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Makes a new file's name survive a power cut; Windows neither needs nor allows it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
