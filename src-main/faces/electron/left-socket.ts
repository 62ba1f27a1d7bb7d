/**
 * Chromium keeps the socket of the single-instance lock in a directory of its own below the temporary one,
 * and a link to it in the user-data directory. A killed app leaves that directory, and the next start makes
 * another: the first one is nobody's any more.
 * https://source.chromium.org/chromium/chromium/src/+/main:chrome/browser/process_singleton_posix.cc
 */
import { readlinkSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** As Chromium's ScopedTempDir names it (since about 2016 and before). */
const CHROMIUMS = /^(scoped_dir|\.org\.chromium\.Chromium\.)[A-Za-z0-9]+$/;

/**
 * Where the lock's socket is, absolute; null when there is no lock, or another system's. For the start only:
 * it has to be known before the lock is asked for, which happens before `ready`.
 */
export function instanceSocket(userData: string): string | null {
  try {
    return readlinkSync(join(userData, 'SingletonSocket'));
  } catch {
    return null;
  }
}

/**
 * Removes what an earlier run left. Call it while holding the lock.
 *
 * @param before what `instanceSocket` answered before the lock was asked for
 */
export async function removeLeftSocket(before: string | null, userData: string): Promise<void> {
  if (before === null) return;
  const directory = dirname(before);
  const now = instanceSocket(userData);
  if (now === null || dirname(now) === directory || !CHROMIUMS.test(basename(directory))) return;
  for (const name of ['SingletonSocket', 'SingletonCookie']) await rm(join(directory, name), { force: true });
  // Only when nothing else is in it.
  await rmdir(directory).catch(() => undefined);
}
