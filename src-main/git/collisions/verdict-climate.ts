/** What verdicts rest on besides the commits, and where none may be asked for. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Equal while the same two commits give the same verdict. */
export async function verdictClimate(commonDir: string, gitVersion: string): Promise<string> {
  const stamps = await Promise.all(
    ['config', 'info/attributes'].map(async (name) => {
      const found = await stat(join(commonDir, name)).catch(() => null);
      return found === null ? '' : `${found.mtimeMs}:${found.size}`;
    }),
  );
  return createHash('sha256')
    .update(`${gitVersion} ${stamps.join(' ')}`)
    .digest('hex')
    .slice(0, 8);
}

/** A partial clone would fetch what it lacks; before git 2.45 it can't be told not to. */
export async function wouldFetch(commonDir: string, gitVersion: string): Promise<boolean> {
  const [major = 0, minor = 0] = gitVersion.split('.').map(Number);
  if (major > 2 || minor >= 45) return false;
  const config = await readFile(join(commonDir, 'config'), 'utf8').catch(() => '');
  return /^\s*(promisor|partialclone)\s*=/im.test(config);
}
