/**
 * Which branch will probably turn out to be the base, before any ref was read: to be compared with while
 * they are. A wrong guess costs a process more and makes nothing false.
 */
import { join } from 'node:path';
import { statOrNull, textOrNull } from '../../system/small-reads';
import { usualBases } from './base-rules';

export async function likelyBase(
  commonDir: string,
  known: {
    readonly configured: string | null;
    readonly initDefault: string | null;
    readonly mainBranch: string | null;
  },
): Promise<string | null> {
  if (known.configured !== null) return known.configured;
  const remoteHead = await textOrNull(join(commonDir, 'refs/remotes/origin/HEAD'));
  const remote = /^ref: refs\/remotes\/origin\/(.+)$/m.exec(remoteHead ?? '')?.[1];
  if (remote !== undefined) return remote;
  for (const name of usualBases(known.initDefault)) {
    const loose = await statOrNull(join(commonDir, 'refs/heads', name));
    if (loose?.isFile() === true) return name;
  }
  return known.mainBranch;
}
