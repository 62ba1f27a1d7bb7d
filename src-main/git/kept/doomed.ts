/**
 * Where trash goes when its time is over: a rename, made under the repository's lock; what takes long,
 * removing thousands of files, is done afterwards without it. What a crash left there the next start
 * removes.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { operationId } from '../../contract/ids';
import type { RepositoryLocation } from '../../domain/facts';
import type { Log, TrashLeftover } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { bytesOf } from './disk-bytes';
import { emptyOut } from './emptying';

const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'doomed');
/** Names what lies on another disk, where a rename can't reach it. */
const ELSEWHERE = 'elsewhere.json';
const elsewhereSchema = z.array(z.string());
/** What could not be removed the last time, an operation a file; beside it, so that it stays when that goes. */
const stuckOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'stuck');
const leftoverSchema = z.object({ path: z.string(), reason: z.string() });
/** The longest that one round takes; the rest waits for the next start. */
const ROUND_MS = 2 * 60_000;

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

/**
 * Removes all of it for good, without the lock. What can't be removed stays, is noted with its reason, and
 * is tried again the next time; it keeps nothing else from going.
 */
export async function emptyDoomed(location: RepositoryLocation, log: Log): Promise<void> {
  const directory = directoryOf(location);
  const until = performance.now() + ROUND_MS;
  for (const operation of await readdir(directory).catch(() => [])) {
    const doomed = join(directory, operation);
    const left: TrashLeftover[] = [];
    try {
      for (const place of await elsewhereOf(doomed)) {
        if (!isTrashOf(place, operation)) continue;
        left.push(...(await emptyOut(place, until)));
        await removeIfEmpty(dirname(place));
        await removeIfEmpty(dirname(dirname(place)));
      }
      // The note about the other disk is in here, and is wanted the next time.
      if (left.length === 0) left.push(...(await emptyOut(doomed, until)));
    } catch (error) {
      left.push({ path: doomed, reason: String(error) });
    }
    await note(location, operation, left[0] ?? null, log);
  }
  await removeIfEmpty(directory);
}

/** A path in a file is a reason to remove something only where such trash can be. */
const isTrashOf = (place: string, operation: string): boolean =>
  basename(dirname(place)) === operation &&
  basename(dirname(dirname(place))) === '.orchard-trash' &&
  operationId.safeParse(operation).success;

async function note(
  location: RepositoryLocation,
  operation: string,
  left: TrashLeftover | null,
  log: Log,
): Promise<void> {
  const file = join(stuckOf(location), `${operation}.json`);
  try {
    if (left === null) await rm(file, { force: true });
    else {
      log.warn('trash.not-emptied', { operation, ...left });
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, JSON.stringify(left), { mode: 0o600 });
    }
  } catch (error) {
    log.warn('trash.not-noted', { operation, error: String(error) });
  }
  await removeIfEmpty(dirname(file));
}

/** What could not be removed so far, with the bytes that it takes. */
export async function stuckTrash(
  location: RepositoryLocation,
): Promise<readonly (TrashLeftover & { readonly operation: string; readonly diskBytes: number })[]> {
  const found: (TrashLeftover & { readonly operation: string; readonly diskBytes: number })[] = [];
  for (const operation of await readdir(directoryOf(location)).catch(() => [])) {
    const text = await readFile(join(stuckOf(location), `${operation}.json`), 'utf8').catch(() => null);
    if (text === null) continue;
    const doomed = join(directoryOf(location), operation);
    let diskBytes = await bytesOf(doomed);
    for (const place of await elsewhereOf(doomed).catch(() => []))
      if (isTrashOf(place, operation)) diskBytes += await bytesOf(place);
    found.push({ operation, diskBytes, ...leftoverIn(text, doomed) });
  }
  return found;
}

function leftoverIn(text: string, path: string): TrashLeftover {
  try {
    return leftoverSchema.parse(JSON.parse(text));
  } catch {
    return { path, reason: 'the note of it can’t be read' };
  }
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
