import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeWhole } from '../../system/remove-whole';

/** Runs with a directory that is gone afterwards, whatever happens. */
export async function withScratch<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'orchard-'));
  try {
    return await use(directory);
  } finally {
    await removeWhole(directory);
  }
}
