/**
 * Watching many directories as one thing. On Linux each directory is a watch of its own (inotify knows
 * no trees); on macOS and Windows one recursive subscription covers a whole tree, and the directories
 * that are added only say which of its events are wanted.
 */
import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';

export type WatchEvent = 'rename' | 'change';
/** `fs.watch`, or what a test puts in its place. */
export type WatchFunction = (
  path: string,
  options: { readonly persistent: boolean; readonly recursive: boolean },
  listener: (event: WatchEvent, name: string | null) => void,
) => Pick<FSWatcher, 'close' | 'on'>;

export const systemWatch: WatchFunction = (path, options, listener) =>
  watchDirectory(path, { ...options, encoding: 'utf8' }, listener);

export interface DirectoryWatches {
  /**
   * Watches these too. Answers the error when the system refuses (ENOSPC: no inotify watches left,
   * EMFILE: no instances); directories that are gone are left out silently.
   */
  add(directories: readonly string[]): Promise<Error | null>;
  has(directory: string): boolean;
  /** Stops watching the directory and everything below it. */
  removeBelow(directory: string): void;
  directories(): Iterable<string>;
  readonly size: number;
  dispose(): void;
}

export interface DirectoryWatchesDeps {
  readonly watch: WatchFunction;
  /** `name` null: something happened in there, the system does not say what. */
  readonly onEvent: (directory: string, name: string | null, event: WatchEvent) => void;
  readonly onError: (error: Error) => void;
  /** What bears this directory's name may be another one now: what is below it has no watch yet. */
  readonly onReplaced?: (directory: string) => void;
}

/** Adding a watch is a system call; this many at a time keep the event loop's stall under 10 ms. */
const ADDED_AT_A_TIME = 100;

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
const GONE = new Set(['ENOENT', 'ENOTDIR']);

export function createPerDirectoryWatches(deps: DirectoryWatchesDeps): DirectoryWatches {
  const watches = new Map<string, ReturnType<WatchFunction>>();
  let disposed = false;

  const remove = (directory: string) => {
    watches.get(directory)?.close();
    watches.delete(directory);
  };
  const addOne = (directory: string): Error | null => {
    if (watches.has(directory)) return null;
    try {
      const watcher = deps.watch(directory, { persistent: false, recursive: false }, (event, name) => {
        // Its own name: it was removed or moved away, and perhaps made anew. inotify follows the old
        // inode, so whatever has the path now gets a watch of its own.
        if (event === 'rename' && name === basename(directory)) {
          remove(directory);
          const failed = addOne(directory);
          if (failed !== null) deps.onError(failed);
          else if (watches.has(directory)) deps.onReplaced?.(directory);
        }
        deps.onEvent(directory, name, event);
      });
      watcher.on('error', (error: Error) => {
        // Windows reports a deleted directory as EPERM: https://github.com/nodejs/node/issues/31702
        remove(directory);
        if (!GONE.has(codeOf(error) ?? '') && codeOf(error) !== 'EPERM') deps.onError(error);
      });
      watches.set(directory, watcher);
      return null;
    } catch (error) {
      if (GONE.has(codeOf(error) ?? '') || codeOf(error) === 'EACCES') return null;
      return error instanceof Error ? error : new Error(String(error));
    }
  };

  return {
    async add(directories) {
      for (let at = 0; at < directories.length; at++) {
        if (disposed) return null;
        const directory = directories[at];
        const error = directory === undefined ? null : addOne(directory);
        if (error !== null) return error;
        if (at % ADDED_AT_A_TIME === ADDED_AT_A_TIME - 1) await new Promise((next) => setImmediate(next));
      }
      return null;
    },
    has: (directory) => watches.has(directory),
    removeBelow(directory) {
      for (const watched of [...watches.keys()]) if (isWithin(directory, watched)) remove(watched);
    },
    directories: () => watches.keys(),
    get size() {
      return watches.size;
    },
    dispose() {
      disposed = true;
      for (const directory of [...watches.keys()]) remove(directory);
    },
  };
}

/** https://nodejs.org/docs/latest-v20.x/api/fs.html#caveats: recursive is native on macOS and Windows. */
export function createRecursiveWatches(root: string, deps: DirectoryWatchesDeps): DirectoryWatches {
  const wanted = new Set<string>();
  let watcher: ReturnType<WatchFunction> | null = null;

  const hear = (event: WatchEvent, name: string | null) => {
    if (name === null) {
      deps.onEvent(root, null, event);
      return;
    }
    const path = join(root, name);
    const directory = dirname(path);
    if (wanted.has(directory)) {
      deps.onEvent(directory, basename(path), event);
      return;
    }
    // In a directory that is not known: what is new is the highest such one above it.
    let child = directory;
    while (child.length > root.length && !wanted.has(dirname(child))) child = dirname(child);
    if (wanted.has(dirname(child))) deps.onEvent(dirname(child), basename(child), 'rename');
  };

  return {
    async add(directories) {
      for (const directory of directories) wanted.add(directory);
      if (watcher !== null) return null;
      try {
        watcher = deps.watch(root, { persistent: false, recursive: true }, hear);
        watcher.on('error', (error: Error) => {
          watcher?.close();
          watcher = null;
          if (!GONE.has(codeOf(error) ?? '') && codeOf(error) !== 'EPERM') deps.onError(error);
        });
        return null;
      } catch (error) {
        if (GONE.has(codeOf(error) ?? '')) return null;
        return error instanceof Error ? error : new Error(String(error));
      }
    },
    has: (directory) => wanted.has(directory),
    removeBelow(directory) {
      for (const one of [...wanted]) if (isWithin(directory, one)) wanted.delete(one);
    },
    directories: () => wanted,
    get size() {
      return watcher === null ? 0 : 1;
    },
    dispose() {
      watcher?.close();
      watcher = null;
      wanted.clear();
    },
  };
}

export const isWithin = (parent: string, path: string): boolean =>
  path === parent || path.startsWith(parent.endsWith(sep) ? parent : parent + sep);

/** A place below a root as git names it: relative, with '/'. */
export const relativePath = (root: string, path: string): string => relative(root, path).split(sep).join('/');
