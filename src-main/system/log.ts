import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../engine/ports';

export interface FileLog extends Log {
  readonly file: string;
  /** Resolves when everything logged so far is on disk, or is known not to get there. */
  flush(): Promise<void>;
  /** Why lines can't be written, once known; a log has nowhere else to say so. */
  readonly problem: string | null;
}

export interface FileLogOptions {
  /** `<log directory>/orchard.log`; the directory is made, for the owner only. */
  readonly file: string;
  readonly now: () => number;
  /** Beyond this many bytes the file is put aside under a timestamp. */
  readonly maxBytes?: number;
  /** How many of those are kept. */
  readonly keep?: number;
}

/** A line longer than this is cut: a log is read by people. */
const LONGEST_LINE = 64 * 1024;
/** Lines waiting for a disk that does not answer; the oldest are dropped beyond it. */
const MOST_WAITING = 10_000;

/**
 * JSON lines, appended asynchronously in batches. Several Orchard processes may write to one file:
 * every batch is one append, and a full file is renamed to a name of its own, so that two processes
 * that rotate at once lose nothing.
 */
export function createFileLog(options: FileLogOptions): FileLog {
  const { file, now, maxBytes = 1_048_576, keep = 4 } = options;
  const prefix = `${file.replace(/\.log$/, '')}-`;
  let waiting: string[] = [];
  let dropped = 0;
  let writing: Promise<void> | null = null;
  let problem: string | null = null;

  const rotate = async () => {
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size < maxBytes) return;
    const stamp = new Date(now()).toISOString().replace(/[-:.]/g, '');
    // ENOENT: another process was faster, which is just as well.
    await rename(file, `${prefix}${stamp}-${randomBytes(2).toString('hex')}.log`).catch(() => {});
    const old = (await readdir(dirname(file)))
      .map((name) => join(dirname(file), name))
      .filter((path) => path.startsWith(prefix) && path.endsWith('.log'))
      .sort()
      .slice(0, -keep);
    await Promise.all(old.map((path) => rm(path, { force: true })));
  };

  const write = async () => {
    // Lines of the same turn of the event loop go out together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      if (dropped > 0) lines.unshift(line(now(), 'warn', 'log.dropped', { lines: dropped }));
      dropped = 0;
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await rotate();
        await appendFile(file, lines.join(''), { mode: 0o600 });
        problem = null;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
  };

  const add = (text: string) => {
    waiting.push(text);
    if (waiting.length > MOST_WAITING) {
      waiting.shift();
      dropped++;
    }
    writing ??= write().finally(() => {
      writing = null;
    });
  };

  return {
    file,
    get problem() {
      return problem;
    },
    info: (event, data) => add(line(now(), 'info', event, data)),
    warn: (event, data) => add(line(now(), 'warn', event, data)),
    bug(event, error) {
      const reference = `B-${randomBytes(4).toString('hex')}`;
      add(line(now(), 'bug', event, { reference, error: describeError(error) }));
      return reference;
    },
    async flush() {
      while (writing !== null) await writing;
    },
  };
}

function line(
  at: number,
  level: 'info' | 'warn' | 'bug',
  event: string,
  data?: Readonly<Record<string, unknown>>,
): string {
  const head = { at: new Date(at).toISOString(), level, event, pid: process.pid };
  const text = stringify({ ...head, ...data });
  if (text.length <= LONGEST_LINE) return `${text}\n`;
  return `${stringify({ ...head, cut: text.slice(0, LONGEST_LINE) })}\n`;
}

/** JSON that never throws: what JSON can't hold is said in words. */
function stringify(value: unknown): string {
  const above: unknown[] = [];
  try {
    return JSON.stringify(value, function (this: unknown, _key, part: unknown) {
      if (typeof part === 'bigint') return `${part}n`;
      if (part instanceof Error) return describeError(part);
      if (typeof part !== 'object' || part === null) return part;
      while (above.length > 0 && above.at(-1) !== this) above.pop();
      if (above.includes(part)) return '[circular]';
      above.push(part);
      return part;
    });
  } catch (error) {
    return JSON.stringify({ unwritable: String(error) });
  }
}

function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' ? error : String(error);
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? null,
    ...('code' in error ? { code: error.code } : {}),
    ...(error.cause !== undefined && depth < 4 ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}
