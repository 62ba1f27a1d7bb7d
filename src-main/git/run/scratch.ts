import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName } from '../../system/left-files';
import { removeWhole } from '../../system/remove-whole';

/** Runs with a directory that is gone afterwards, whatever happens: with the next start, after a crash. */
export async function withScratch<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = join(tmpdir(), `orchard-${await ownName()}`);
  await mkdir(directory, { mode: 0o700 });
  try {
    return await use(directory);
  } finally {
    await removeWhole(directory);
  }
}
