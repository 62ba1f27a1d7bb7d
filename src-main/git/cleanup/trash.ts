/**
 * Trash is a rename: nothing is read, nothing is copied, and undo is the same rename back. A rename
 * can't leave its file system, so a worktree on another disk has its trash beside it.
 */
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { errorCode, fileFailure } from '../../system/file-failure';
import { isThere } from '../../system/small-reads';

/**
 * Renames to the first place that is on the same file system; never over anything. A source that is
 * gone while a place has it is a move already made.
 */
export async function moveTo(from: string, places: readonly string[]): Promise<Result<string, FileFailure>> {
  for (const place of places)
    if (await isThere(place)) {
      if (!(await isThere(from))) return ok(place);
      return fail({ kind: 'file-failed', path: place, details: 'something is there already' });
    }
  let last: unknown = new Error('nowhere to move it');
  for (const place of places) {
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await rename(from, place);
      return ok(place);
    } catch (error) {
      last = error;
      await removeIfEmpty(dirname(place));
      await removeIfEmpty(dirname(dirname(place)), '.orchard-trash');
      // EXDEV: another file system, a bind mount or an overlay's lower layer.
      if (errorCode(error) !== 'EXDEV') break;
    }
  }
  return fail(fileFailure(last, from));
}

/** Removes a directory that is empty; with a name, only one that is called so. */
export async function removeIfEmpty(directory: string, named?: string): Promise<void> {
  if (named !== undefined && !directory.endsWith(named)) return;
  await rmdir(directory).catch(() => undefined); // not empty or not there: both fine
}
