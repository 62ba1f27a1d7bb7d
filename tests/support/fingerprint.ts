import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Every file below a directory with its content and time. Of objects only what they are: who writes an
 * object that is there already (an object directory of one's own has the repository's for an alternate)
 * makes git set its file's time, so that nobody collects it
 * (https://github.com/git/git/commit/33d4221). Their directories' times
 * still tell of one that came or went.
 */
export async function fingerprint(directory: string): Promise<string> {
  const lines: string[] = [];
  for (const name of (await readdir(directory, { recursive: true })).sort()) {
    const path = join(directory, name);
    const file = await lstat(path, { bigint: true });
    const content = file.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    const time = file.isFile() && /(^|\/)objects\/(pack|[0-9a-f]{2})\//.test(name) ? 'object' : file.mtimeNs;
    lines.push(`${name} ${time} ${file.ino} ${content}`);
  }
  return lines.join('\n');
}
