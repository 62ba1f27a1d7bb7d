import { rm } from 'node:fs/promises';
import { errorCode } from './file-failure';

/** What passes: a virus scanner or an indexer has it open, or something was written into it meanwhile. */
const PASSING = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM', 'EACCES']);
const FIRST_WAIT_MS = 50;
const LONGEST_RETRYING_MS = 3_000;

export interface Removing {
  readonly rm: (path: string) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

const real: Removing = {
  rm: (path) => rm(path, { recursive: true, force: true }),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Removes a file, or a directory with everything in it; links are not followed, and what is not there is
 * no failure. What is refused for a moment is tried again, with growing waits that come to 3 seconds for
 * the whole of it: Node's own `maxRetries` counts for every entry, so that a tree with many stubborn
 * ones takes minutes (https://nodejs.org/docs/latest-v20.x/api/fs.html#fspromisesrmpath-options).
 * Throws what the system says when it stays.
 */
export async function removeWhole(path: string, removing: Removing = real): Promise<void> {
  let waited = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
    try {
      return await removing.rm(path);
    } catch (error) {
      if (!PASSING.has(errorCode(error) ?? '') || waited + waitMs > LONGEST_RETRYING_MS) throw error;
      await removing.sleep(waitMs);
      waited += waitMs;
    }
  }
}
