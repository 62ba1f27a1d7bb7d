/**
 * Removes for good what trash holds. What can't be removed is left, named, and stops nothing else; a link
 * is removed and never followed; what is mounted in it belongs to somebody else and is not touched.
 */
import { chmod, lstat, readdir, realpath, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TrashLeftover } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { mountsBelow } from './mounts';

/** Files removed at once: the rest of the program reads files as well. */
const AT_ONCE = 4;
/** Named of what is left; the rest has the same reasons. */
const MOST_NAMED = 20;

/** @param until milliseconds of `performance.now()` after which the rest waits for the next time */
export async function emptyOut(named: string, until: number): Promise<readonly TrashLeftover[]> {
  // As the kernel names it; a last part that is a link stays one.
  const path = join(await realpath(dirname(named)).catch(() => dirname(named)), basename(named));
  const left: TrashLeftover[] = [];
  const leave = (where: string, reason: string) => {
    if (left.length < MOST_NAMED) left.push({ path: where, reason });
  };
  const top = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') leave(path, wordsOf(error));
    return null;
  });
  if (top === null) return left;
  const mounts = await mountsBelow(path);
  let late = false;

  /** Runs again once with permissions that allow it: trash is ours, and undo is past. */
  const insist = async (where: string, directory: string, act: () => Promise<void>): Promise<boolean> => {
    for (const mend of [() => chmod(directory, 0o700), null]) {
      try {
        await act();
        return true;
      } catch (error) {
        const code = errorCode(error);
        if (code === 'ENOENT') return true;
        const denied = code === 'EACCES' || code === 'EPERM';
        if (mend !== null && denied) {
          await mend().catch(() => undefined);
          // Windows refuses to remove a file that is marked read-only.
          if (process.platform === 'win32') await chmod(where, 0o600).catch(() => undefined);
          continue;
        }
        // Not empty: what is left in it has been named already.
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') leave(where, wordsOf(error));
        return false;
      }
    }
    return false;
  };

  const removeDirectory = async (directory: string, parent: string, device: number): Promise<void> => {
    if (mounts.has(directory) || device !== top.dev) return leave(directory, 'something is mounted there');
    let names: readonly string[] = [];
    const listed = await insist(directory, directory, async () => {
      names = await readdir(directory);
    });
    if (!listed) return;
    const waiting = [...names];
    while (waiting.length > 0) {
      if (performance.now() > until) {
        late = true;
        return;
      }
      await Promise.all(waiting.splice(0, AT_ONCE).map((name) => remove(join(directory, name), directory)));
    }
    await insist(directory, parent, () => rmdir(directory));
  };
  const remove = async (where: string, parent: string): Promise<void> => {
    const found = await lstat(where).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') leave(where, wordsOf(error));
      return null;
    });
    if (found === null) return;
    if (found.isDirectory()) await removeDirectory(where, parent, found.dev);
    else if (mounts.has(where)) leave(where, 'something is mounted there');
    else await insist(where, parent, () => unlink(where));
  };

  if (top.isDirectory()) await removeDirectory(path, path, top.dev);
  else await insist(path, path, () => unlink(path));
  if (late) leave(path, 'there was no time for all of it');
  return left;
}

function wordsOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'it belongs to somebody else, or is protected against changes';
    case 'EROFS':
      return 'its disk is read-only';
    case 'EBUSY':
      return 'a program uses it';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
