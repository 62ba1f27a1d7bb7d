import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../engine/ports';
import { isAlive } from '../../system/processes';

/**
 * Removes what an Orchard that was killed left of trying merges: directories named by the process that had
 * them. One whose number was given to another process since stays until that is gone.
 */
export async function clearLeftScratch(directory: string, log: Log): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const pid = Number(name);
    if (!/^[1-9]\d*$/.test(name) || pid === process.pid || (await isAlive(pid))) continue;
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      log.warn('collisions.left-scratch', { directory, name, error: String(error) }),
    );
  }
}
