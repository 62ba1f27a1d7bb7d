/**
 * Which branch will probably turn out to be the base, before any ref was read: to be compared with while
 * they are. A wrong guess costs a process more and makes nothing false.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usualBases } from './base';

export async function likelyBase(
  commonDir: string,
  known: {
    readonly configured: string | null;
    readonly initDefault: string | null;
    readonly mainBranch: string | null;
  },
): Promise<string | null> {
  if (known.configured !== null) return known.configured;
  const remoteHead = await readFile(join(commonDir, 'refs/remotes/origin/HEAD'), 'utf8').catch(() => '');
  const remote = /^ref: refs\/remotes\/origin\/(.+)$/m.exec(remoteHead)?.[1];
  if (remote !== undefined) return remote;
  for (const name of usualBases(known.initDefault)) {
    const loose = await stat(join(commonDir, 'refs/heads', name)).catch(() => null);
    if (loose?.isFile() === true) return name;
  }
  return known.mainBranch;
}
