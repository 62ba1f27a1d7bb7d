import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory of the test's own, by its real path, removed when the test is over. */
export async function temporaryDirectory(prefix = 'orchard-test-'): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
