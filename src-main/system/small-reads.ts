/**
 * Reading many small files: what observation does by the hundred. `fs/promises` makes a FileHandle for
 * each, which costs the event loop about twice as much as the callbacks do (28 : 14 µs a file, measured
 * on Node 20 with 50 at a time).
 */
import { close, fstat, lstat, open, read, readFile, type Stats, stat } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);

/** The whole file as UTF-8. Rejects as `readFile` does. */
export const readText = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    readFile(path, 'utf8', (error, text) => (error === null ? resolve(text) : reject(error)));
  });

/** The whole file, or null when it is not there or may not be read. */
export const textOrNull = (path: string): Promise<string | null> =>
  new Promise((resolve) => {
    readFile(path, 'utf8', (error, text) => resolve(error === null ? text : null));
  });

/** What the system knows of a file (symbolic links followed), or null when it can not be asked. */
export const statOrNull = (path: string): Promise<Stats | null> =>
  new Promise((resolve) => {
    stat(path, (error, stats) => resolve(error === null ? stats : null));
  });

/** Whether something is there; a link that leads nowhere is not. */
export const exists = async (path: string): Promise<boolean> => (await statOrNull(path)) !== null;

/** Whether a directory is there, or a link to one. */
export const isDirectory = async (path: string): Promise<boolean> =>
  (await statOrNull(path))?.isDirectory() === true;

/** Whether something has this name; a link that leads nowhere counts. */
export const isThere = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    lstat(path, (error) => resolve(error === null));
  });

/**
 * The start of a file in one read of at most `bytes`; null when it can not be read. For files of the
 * kernel, which tell no size: reading them whole takes a question for it and another read for the end.
 */
export async function headOrNull(path: string, bytes: number): Promise<string | null> {
  let descriptor: number;
  try {
    descriptor = await openFile(path, 'r');
  } catch {
    return null;
  }
  return new Promise((resolve) => {
    const buffer = Buffer.allocUnsafe(bytes);
    read(descriptor, buffer, 0, bytes, 0, (error, count) => {
      // Nobody waits for it to be closed.
      close(descriptor, () => undefined);
      resolve(error === null ? buffer.toString('utf8', 0, count) : null);
    });
  });
}

/** At most the last `bytes` bytes of a file; null when it can not be read. */
export async function tailOrNull(path: string, bytes: number): Promise<Buffer | null> {
  let descriptor: number;
  try {
    descriptor = await openFile(path, 'r');
  } catch {
    return null;
  }
  return new Promise((resolve) => {
    const done = (tail: Buffer | null) => close(descriptor, () => resolve(tail));
    fstat(descriptor, (failed, stats) => {
      if (failed !== null) return done(null);
      const length = Math.min(stats.size, bytes);
      const buffer = Buffer.alloc(length);
      read(descriptor, buffer, 0, length, stats.size - length, (error, count) =>
        done(error === null ? buffer.subarray(0, count) : null),
      );
    });
  });
}
