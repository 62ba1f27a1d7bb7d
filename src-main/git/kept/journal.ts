import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { FileFailure } from '../../contract/failures';
import { operationId } from '../../contract/ids';
import type { Result } from '../../contract/result';
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
import { setAside, syncDirectory } from '../../system/whole-file';

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
  /** Not even what was begun can be read. */
  readonly headless: boolean;
}

/**
 * One file of JSON lines per operation. A line is appended and synced before the step it announces, so
 * after a crash the file says at most one step more than was done. A torn last line was never acted on; but
 * a power cut may take what was on the disk, so a line that can't be read makes the whole record `damaged`.
 */
export function createJournal({ clock, log }: { readonly clock: Clock; readonly log: Log }): Journal {
  const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'journal');

  const entry = (file: string, headless = false): JournalEntry => {
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
      // A file that says nothing of what was begun is no record any more, but evidence for a person.
      finish: (outcome) => (headless ? putAside(file) : write({ finish: outcome, at: clock.now() })),
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
        ({ file, reading: { outcome, finishedAt: _unfinished, headless, ...record } }) =>
          outcome === null && !headless ? [{ ...record, entry: entry(file) }] : [],
      );
    },
    async unreadable(location) {
      return (await readAll(location)).flatMap(
        ({ file, reading: { outcome: _outcome, finishedAt: _at, headless, ...record } }) =>
          headless ? [{ ...record, entry: entry(file, true) }] : [],
      );
    },
    async finished(location) {
      return (await readAll(location))
        .flatMap(({ reading: { outcome, headless, ...record } }) =>
          outcome === null || headless || clock.now() - record.finishedAt > KEPT_MS
            ? []
            : [{ ...record, outcome }],
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

/** Renames what can't be read: it stops nothing, and a person may still look at it. */
async function putAside(file: string): Promise<Result<void, FileFailure>> {
  try {
    await setAside(file);
    return ok(undefined);
  } catch (error) {
    return fail(fileFailure(error, file));
  }
}

/** Null for a file that is no operation's. */
async function read(file: string): Promise<Reading | null> {
  const operation = operationId.safeParse(basename(file, '.jsonl'));
  if (!operation.success) return null;
  const texts = (await readFile(file, 'utf8')).split('\n').filter((text) => text !== '');
  const lines = texts.flatMap((text): Line[] => {
    const parsed = parseLine(text);
    return parsed === null ? [] : [parsed];
  });
  const [first] = lines;
  const end = lines.find((one) => 'finish' in one);
  const rest = {
    steps: lines.flatMap((one) => ('step' in one ? [{ step: one.step, data: one.data }] : [])),
    outcome: end?.finish ?? null,
    finishedAt: end?.at ?? 0,
    damaged: lines.length < texts.length || first === undefined,
  };
  return first !== undefined && 'begin' in first
    ? { ...first.begin, begunAt: first.at, ...rest, headless: false }
    : { ...toldByName(operation.data), data: null, ...rest, damaged: true, headless: true };
}

/** `<kind>-<time>-<random>`: a name says what was begun, and when, after everything else is lost. */
function toldByName(operation: string): Pick<Reading, 'operation' | 'kind' | 'begunAt'> {
  const [, kind = '', time = ''] = /^([a-z]+)-(\d{14})/.exec(operation) ?? [];
  const at = time.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z');
  return { operation, kind, begunAt: Date.parse(at) || 0 };
}

function parseLine(text: string): Line | null {
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
