/**
 * Where trash goes when its time is over: a rename, made under the repository's lock; what takes long,
 * removing thousands of files, is done afterwards without it. What a crash left there the next start
 * removes.
 */
import { mkdir, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { operationId } from '../../contract/ids';
import type { RepositoryLocation } from '../../domain/facts';
import type { Log } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { removeWhole } from '../../system/remove-whole';

const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'doomed');
/** Names what lies on another disk, where a rename can't reach it. */
const ELSEWHERE = 'elsewhere.json';
const elsewhereSchema = z.array(z.string());

/**
 * Renames `directory` away, to be removed by `emptyDoomed`, and notes the trash on another disk that goes
 * with it. False when it can't be renamed and stays as it is; doing it again is harmless.
 */
export async function doom(
  location: RepositoryLocation,
  operation: string,
  directory: string,
  elsewhere: readonly string[] = [],
): Promise<boolean> {
  const doomed = join(directoryOf(location), operation);
  try {
    await mkdir(dirname(doomed), { recursive: true, mode: 0o700 });
    if (elsewhere.length > 0) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(join(directory, ELSEWHERE), JSON.stringify(elsewhere), { mode: 0o600 });
    }
    await rename(directory, doomed);
    return true;
  } catch (error) {
    await removeIfEmpty(dirname(doomed));
    return errorCode(error) === 'ENOENT';
  }
}

/** Removes all of it for good, without the lock; what can't be removed stays for the next time. */
export async function emptyDoomed(location: RepositoryLocation, log: Log): Promise<void> {
  const directory = directoryOf(location);
  for (const operation of await readdir(directory).catch(() => [])) {
    const doomed = join(directory, operation);
    try {
      for (const place of await elsewhereOf(doomed)) {
        // A path in a file is a reason to remove something only where such trash can be.
        const trash = dirname(dirname(place));
        if (basename(dirname(place)) !== operation || basename(trash) !== '.orchard-trash') continue;
        if (!operationId.safeParse(operation).success) continue;
        await removeWhole(place);
        await removeIfEmpty(dirname(place));
        await removeIfEmpty(trash);
      }
      await removeWhole(doomed);
    } catch (error) {
      log.warn('trash.not-emptied', { path: doomed, error: String(error) });
    }
  }
  await removeIfEmpty(directory);
}

async function elsewhereOf(doomed: string): Promise<readonly string[]> {
  const text = await readFile(join(doomed, ELSEWHERE), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return '[]';
    throw error;
  });
  return elsewhereSchema.parse(JSON.parse(text));
}

async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined); // not empty or not there: both fine
}
