/** A small file that several processes read and write: whole writes, and word of each other's. */
import { randomBytes } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import type { FileFailure } from '../contract/failures';
import type { Result } from '../contract/result';
import type { Cancel, Clock, Log } from '../engine/ports';
import { errorCode } from '../system/file-failure';
import { renameStubbornly, writeWhole as replaceWhole } from '../system/whole-file';

/** The part of a cross-process file lock that is needed here (`createFileLock` in system/). */
export interface WriteLock {
  acquire(
    file: string,
    what: string,
    options?: { readonly waitMs?: number },
  ): Promise<
    Result<{ release(): Promise<void> }, { readonly kind: 'held'; readonly file: string } | FileFailure>
  >;
}

/** How long a write waits for another process's; each takes milliseconds. */
export const LOCK_WAIT_MS = 10_000;

/** The text, or null when there is no such file. Throws what the system says otherwise. */
export async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Replaces the file in one step: no reader ever sees half of it, also after a power cut. A link is
 * followed, so that settings kept in a dotfiles repository stay there. Owner only.
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  await replaceWhole(target, text, { keep: 'lasting' });
}

/** Renames a file to `<name>.set-aside-<time>.json` beside it and answers the new path. */
export async function setAside(file: string, now: number): Promise<string> {
  const { dir, name, ext } = parse(file);
  const stamp = new Date(now).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const kept = join(dir, `${name}.set-aside-${stamp}-${randomBytes(2).toString('hex')}${ext}`);
  await renameStubbornly(file, kept);
  return kept;
}

/** Bursts of events (a rename is two) become one look. */
const COALESCE_MS = 40;
/** Behind the events: network homes deliver none. */
const SWEEP_MS = 30_000;

/**
 * Says when the file may have changed. The directory is watched, not the file: a whole write replaces
 * the file, and a watch on the old one would go deaf.
 */
export function watchFile(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  onChange(): void;
}): Cancel {
  const { file, clock, log, onChange } = options;
  const name = basename(file);
  let watcher: FSWatcher | null = null;
  let pending: Cancel | null = null;
  let sweep: Cancel | null = null;
  let seen = 'never';
  let over = false;

  const soon = () => {
    pending ??= clock.schedule(COALESCE_MS, () => {
      pending = null;
      onChange();
    });
  };
  const fingerprint = () =>
    stat(file).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs}:${size}:${ino}`,
      () => 'absent',
    );
  const look = async () => {
    const now = await fingerprint();
    if (over) return;
    if (now !== seen) soon();
    seen = now;
    sweep = clock.schedule(SWEEP_MS, () => void look());
  };
  const start = async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => undefined);
    if (over) return;
    try {
      watcher = watch(dirname(file), { persistent: false }, (_event, changed) => {
        if (changed === null || changed === name) soon();
      });
      watcher.on('error', (error) => {
        log.warn('settings.watch-lost', { file, error });
        watcher?.close();
        watcher = null;
      });
    } catch (error) {
      log.warn('settings.not-watched', { file, error });
    }
    // The first look always says "may have changed": since the caller read it, it may have.
    await look();
  };
  void start();

  return () => {
    over = true;
    watcher?.close();
    pending?.();
    sweep?.();
  };
}
