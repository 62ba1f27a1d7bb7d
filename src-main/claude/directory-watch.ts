import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Log } from '../engine/ports';

export interface DirectoryWatch {
  /**
   * Watches the directory if it is there, else the nearest one above it that is, and looks again: it may
   * have been made, removed or replaced meanwhile. Cheap enough for a slow sweep.
   */
  ensure(): Promise<void>;
  close(): void;
}

/** How far above a missing directory is watched for its appearing; a sweep finds what is deeper. */
const LEVELS_ABOVE = 2;

/**
 * Watches one directory by its entries' names, not deeper, through its not being there yet, going away
 * and coming back. `onEvent` gets an entry's name, or null for "anything may have changed".
 */
export function createDirectoryWatch(
  directory: string,
  onEvent: (name: string | null) => void,
  log: Log,
): DirectoryWatch {
  let watcher: FSWatcher | null = null;
  let watched: { readonly path: string; readonly ino: bigint } | null = null;
  let closed = false;
  let again = false;
  let ensuring: Promise<void> | null = null;

  const stop = () => {
    watcher?.close();
    watcher = null;
    watched = null;
  };

  const onWatched = (path: string) => (_: string, name: string | null) => {
    if (closed) return;
    if (path !== directory) return void ensure();
    // An event about the directory itself bears its own name: it may be another one by now.
    if (name === null || name === basename(directory)) {
      void ensure();
      onEvent(null);
    } else onEvent(name);
  };

  const start = (path: string, ino: bigint) => {
    stop();
    try {
      watcher = watch(path, { persistent: false }, onWatched(path));
      watcher.on('error', (error) => {
        // Windows reports the removal of a watched directory this way.
        log.info('claude.watch-ended', { directory: path, error: String(error) });
        stop();
      });
      watched = { path, ino };
    } catch (error) {
      // Out of watches, or gone in between: the sweep sees what changes, only later.
      log.warn('claude.watch-refused', { directory: path, error: String(error) });
    }
  };

  /** The directory, else the nearest one above it that is there. */
  const nearest = async () => {
    let path = directory;
    for (let level = 0; level <= LEVELS_ABOVE; level++, path = dirname(path)) {
      const found = await stat(path, { bigint: true }).catch(() => null);
      if (found?.isDirectory() === true) return { path, ino: found.ino };
    }
    return null;
  };

  const look = async () => {
    const found = await nearest();
    if (closed) return;
    if (found === null) return stop();
    if (watched?.path === found.path && watched.ino === found.ino) return;
    start(found.path, found.ino);
    if (found.path === directory) onEvent(null);
    // What is nearer may have been made between the look and the watch. A refused watch is the sweep's
    // to try again: at once would be for ever.
    else if (watched !== null) again = true;
  };

  /** One look at a time; an event that comes during one is followed by another. */
  const ensure = (): Promise<void> => {
    again = true;
    ensuring ??= (async () => {
      while (again && !closed) {
        again = false;
        await look();
      }
    })()
      .catch((error: unknown) => {
        log.bug('claude.watch', error);
      })
      .finally(() => {
        ensuring = null;
      });
    return ensuring;
  };

  return {
    ensure,
    close() {
      closed = true;
      stop();
    },
  };
}
