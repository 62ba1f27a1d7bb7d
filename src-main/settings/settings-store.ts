import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureOf, FileFailure } from '../contract/failures';
import type { Result } from '../contract/result';
import { fail, ok } from '../contract/result';
import { type Settings, settingsSchema } from '../contract/settings';
import type { Clock, Log, SettingsStore } from '../engine/ports';
import { errorCode, fileFailure } from '../system/file-failure';
import {
  emptyFile,
  formatSettings,
  parseSettings,
  type SettingsFile,
  UnusableSettings,
} from './settings-text';
import { LOCK_WAIT_MS, readText, setAside, type WriteLock, watchFile, writeWhole } from './shared-file';

export interface SettingsStoreOptions {
  /** The one directory that app and command line share (`findDirectories().config`). */
  readonly directory: string;
  readonly lock: WriteLock;
  readonly clock: Clock;
  readonly log: Log;
  /** False for a one-shot command, which would not live to hear of a change. */
  readonly watch: boolean;
}

export interface OpenSettingsStore extends SettingsStore {
  /** Why the file can't be read or is not in use, in a sentence; null when all is well. */
  readonly problem: string | null;
}

/** The library's part: opens `<directory>/settings.json` and answers it, `{}` when there is none. */
export type OpenLibrary = (options: {
  readonly directory: string;
  readonly name: 'settings';
  readonly deserialize: (text: string) => SettingsFile['whole'];
}) => Readonly<Record<string, unknown>>;

/**
 * Settings in electron-store's (the app) or conf's (plain Node) file. Both libraries read and write
 * synchronously on every `get` and `set`, and a `set` is a read-modify-write without a lock. So each
 * opens and decodes the file once, at start-up; after that `get` answers from memory, and an update is
 * asynchronous: under the lock that all Orchard processes share, the newest file is read, changed, and
 * replaced in one step, in the format the libraries write. No defaults are handed to the library either:
 * it would write them back at once, without the lock.
 */
export async function openSettings(
  openLibrary: OpenLibrary,
  { directory, lock, clock, log, watch }: SettingsStoreOptions,
): Promise<OpenSettingsStore> {
  const file = join(directory, 'settings.json');
  const listeners = new Set<(settings: Settings) => void>();
  let current: SettingsFile = emptyFile;
  let aside: FailureOf<'settings-set-aside'> | null = null;
  let problem: string | null = null;
  let line: Promise<unknown> = Promise.resolve();

  const underLock = async <T>(
    run: () => Promise<Result<T, FileFailure>>,
  ): Promise<Result<T, FileFailure>> => {
    const held = await lock.acquire(`${file}.lock`, 'changing settings', { waitMs: LOCK_WAIT_MS });
    if (!held.ok)
      return fail(
        held.error.kind === 'held'
          ? { kind: 'file-failed', path: file, details: `another Orchard holds ${held.error.file}` }
          : held.error,
      );
    try {
      return await run();
    } catch (error) {
      if (errorCode(error) === null) throw error;
      return fail(fileFailure(error, file));
    } finally {
      await held.value.release();
    }
  };

  /** The newest file; one that can't be used is moved away first, and what was good of it is kept. Under the lock. */
  const readNewest = async (): Promise<SettingsFile> => {
    const text = await readText(file);
    if (text === null) return emptyFile;
    try {
      return parseSettings(text);
    } catch (error) {
      if (!(error instanceof UnusableSettings)) throw error;
      const path = await setAside(file, clock.now());
      aside = { kind: 'settings-set-aside', path, problem: error.problem };
      log.warn('settings.set-aside', { path, problem: error.problem });
      return error.salvaged;
    }
  };

  const adopt = (next: SettingsFile) => {
    const changed = JSON.stringify(next.settings) !== JSON.stringify(current.settings);
    current = next;
    problem = null;
    if (changed) for (const listener of [...listeners]) listener(next.settings);
  };

  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    let decoded: SettingsFile = emptyFile;
    openLibrary({
      directory,
      name: 'settings',
      deserialize(text) {
        decoded = parseSettings(text);
        return decoded.whole;
      },
    });
    current = decoded;
  } catch (error) {
    if (error instanceof UnusableSettings) {
      const recovered = await underLock(async () => ok(await readNewest()));
      if (recovered.ok) current = recovered.value;
      else {
        current = error.salvaged;
        problem = `${file} ${error.problem}, and could not be set aside`;
      }
    } else {
      problem = `${file} can’t be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (problem !== null) log.warn('settings.unreadable', { file, error });
  }

  /** Looks at what another process wrote. A file that is being edited by hand may be broken for a while. */
  const lookAgain = async () => {
    try {
      const text = await readText(file);
      adopt(text === null ? emptyFile : parseSettings(text));
    } catch (error) {
      problem =
        error instanceof UnusableSettings
          ? `${file} ${error.problem}; the settings from before are in use`
          : `${file} can’t be read: ${String(error)}`;
      log.warn('settings.unreadable', { file, error });
    }
  };
  const inLine = <T>(run: () => Promise<T>): Promise<T> => {
    const result = line.then(run);
    line = result.catch(() => undefined);
    return result;
  };
  const stopWatching = watch
    ? watchFile({
        file,
        clock,
        log,
        onChange: () =>
          void inLine(lookAgain).catch((error) => {
            log.bug('settings.look-again', error);
          }),
      })
    : () => {};

  return {
    file,
    get: () => current.settings,
    get setAside() {
      return aside;
    },
    get problem() {
      return problem;
    },
    update: (change) =>
      inLine(() =>
        underLock(async () => {
          const newest = await readNewest();
          // Throws on settings that are none: that is a bug of the caller, and nothing is written.
          const settings = settingsSchema.parse(change(newest.settings));
          const { text, whole } = formatSettings(settings, newest.whole);
          if ((await readText(file)) !== text) await writeWhole(file, text);
          adopt({ settings, whole });
          return ok(settings);
        }),
      ),
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
