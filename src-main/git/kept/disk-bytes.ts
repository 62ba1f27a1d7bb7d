import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that a directory takes on its disk; links are not followed, nor what is mounted in it. */
export async function bytesOf(directory: string, device?: number): Promise<number> {
  const own = await lstat(directory).catch(() => null);
  if (own === null || (device !== undefined && own.dev !== device)) return 0;
  let sum = 0;
  const items: Dirent[] = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const item of items) {
    const path = join(directory, item.name);
    if (item.isDirectory()) sum += await bytesOf(path, own.dev);
    else {
      const found = await lstat(path).catch(() => null);
      // `blocks` is in units of 512 bytes; Windows reports none.
      if (found !== null) sum += found.blocks > 0 ? found.blocks * 512 : found.size;
    }
  }
  return sum;
}
