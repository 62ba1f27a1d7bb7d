/** The whole output of an operation as a file; faces get the same text as it comes. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Log, OutputFile, RepositoryLocation } from '../../engine/ports';

const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;

export async function openOperationLog(
  location: RepositoryLocation,
  operation: string,
  deps: { readonly log: Log; readonly now: () => number },
): Promise<OutputFile> {
  const directory = join(location.commonDir, 'orchard', 'logs');
  const path = join(directory, `${operation}.log`);
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(() => undefined); // told by the stream
  await dropOld(directory, deps.now());
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  let problem: unknown = null;
  stream.on('error', (error) => {
    if (problem === null) deps.log.warn('operation-log.not-written', { path, error: error.message });
    problem = error;
  });
  return {
    path,
    write(text) {
      if (problem === null) stream.write(text);
    },
    async close() {
      stream.end();
      await finished(stream).catch(() => undefined); // logged above
    },
  };
}

async function dropOld(directory: string, now: number): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const file = join(directory, name);
    const found = await stat(file).catch(() => null);
    if (found !== null && now - found.mtimeMs > KEPT_MS) await rm(file, { force: true });
  }
}
