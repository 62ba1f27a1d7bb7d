import { chown, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const nobody = 65_534;

/**
 * Runs without the powers of root, which reads and removes whatever it likes. `directory` and what is
 * in it become the ordinary user's.
 */
export async function asOrdinaryUser<T>(directory: string, run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return run();
  await chown(dirname(directory), nobody, nobody);
  await chown(directory, nobody, nobody);
  for (const name of await readdir(directory, { recursive: true }))
    await chown(join(directory, name), nobody, nobody);
  process.seteuid(nobody);
  try {
    return await run();
  } finally {
    process.seteuid(0);
  }
}
