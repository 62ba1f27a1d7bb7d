import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { TranscriptTail } from '../domain/facts';
import { createTailFold, type TailFold } from './transcript-tail';

/** `read`: its tail, for the first time or anew; `grew`: lines that were appended. */
export type ReadOutcome = 'missing' | 'same' | 'read' | 'grew';

export interface TranscriptReader {
  readonly file: string;
  /**
   * Reads what was appended since the last time; the first time, and after the file shrank or was
   * replaced, its tail. One at a time: calls that come meanwhile share the next run.
   */
  read(): Promise<ReadOutcome>;
  tail(): TranscriptTail | null;
  readonly directories: ReadonlySet<string>;
}

export interface TranscriptReaderOptions {
  /** Goes further back (up to `deepest`) until the beginning of the newest turn was met. */
  readonly wantTurnStart: boolean;
}

// Half of the time that the same takes through a FileHandle: there may be hundreds of transcripts.
const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
const read = promisify(fs.read);
const close = promisify(fs.close);

/** Most of the time of a first look goes into parsing what is read, so it begins small. */
const WINDOW = 16 * 1024;
/** How far back the beginning of a long turn is looked for. */
const DEEPEST_FOR_TURN = 1024 * 1024;
/** One line can hold a whole picture: this far back for anything at all. */
const DEEPEST_FOR_LINE = 16 * 1024 * 1024;
/** What was appended is read in pieces; more than this at once is read as a tail again. */
const PIECE = 1024 * 1024;
const NEWLINE = 10;

export function createTranscriptReader(
  file: string,
  { wantTurnStart }: TranscriptReaderOptions,
): TranscriptReader {
  let fold: TailFold | null = null;
  let inode = 0n;
  /** Everything before it has been read; it stands behind a line break. */
  let offset = 0;
  let running: Promise<ReadOutcome> | null = null;
  let next: Promise<ReadOutcome> | null = null;

  const readTail = async (handle: number, size: number) => {
    for (let window = WINDOW; ; window *= 4) {
      const start = Math.max(0, size - window);
      const bytes = await readBytes(handle, start, size);
      // What comes before the first line break belongs to a line that began earlier.
      const from = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      const whole = bytes.lastIndexOf(NEWLINE) + 1;
      const found = createTailFold();
      if (start === 0 || from > 0) addLines(found, bytes.subarray(from, Math.max(from, whole)));
      const enough = found.spoken && (!wantTurnStart || found.tail().turnStartedAt !== null);
      const deepest = found.spoken ? DEEPEST_FOR_TURN : DEEPEST_FOR_LINE;
      if (!enough && start > 0 && window < deepest) continue;
      fold = found;
      // No line break at all: the one unfinished line is read again when it is whole.
      offset = whole === 0 ? start : start + whole;
      return;
    }
  };

  const readAppended = async (handle: number, size: number) => {
    while (offset < size && fold !== null) {
      const bytes = await readBytes(handle, offset, Math.min(size, offset + PIECE));
      let whole = bytes.lastIndexOf(NEWLINE) + 1;
      if (whole === 0) {
        if (offset + bytes.length >= size) return; // A line that is still being written.
        const rest = await readBytes(handle, offset, size);
        whole = rest.lastIndexOf(NEWLINE) + 1;
        if (whole === 0) return;
        addLines(fold, rest.subarray(0, whole));
      } else addLines(fold, bytes.subarray(0, whole));
      offset += whole;
    }
  };

  const readOnce = async (): Promise<ReadOutcome> => {
    let handle: number;
    try {
      handle = await open(file, 'r');
    } catch {
      fold = null;
      return 'missing';
    }
    try {
      const { size, ino } = await fstat(handle, { bigint: true });
      const length = Number(size);
      if (fold === null || ino !== inode || length < offset || length - offset > DEEPEST_FOR_LINE) {
        inode = ino;
        await readTail(handle, length);
        return 'read';
      }
      if (length === offset) return 'same';
      await readAppended(handle, length);
      return 'grew';
    } finally {
      await close(handle);
    }
  };

  const run = (): Promise<ReadOutcome> => {
    const done = readOnce().finally(() => {
      running = null;
    });
    running = done;
    return done;
  };

  return {
    file,
    read() {
      if (running === null) return run();
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = null;
          return run();
        });
      return next;
    },
    tail: () => fold?.tail() ?? null,
    get directories() {
      return fold?.directories ?? new Set();
    },
  };
}

async function readBytes(handle: number, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await read(handle, bytes, length, bytes.length - length, from + length);
    if (bytesRead === 0) break; // It shrank meanwhile.
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function addLines(fold: TailFold, bytes: Buffer): void {
  for (const line of bytes.toString('utf8').split('\n')) if (line !== '') fold.add(line);
}
