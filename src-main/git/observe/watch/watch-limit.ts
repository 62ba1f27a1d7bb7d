/** How many watches the system has to give, and what it means when it gives no more. */
import { readFile } from 'node:fs/promises';
import type { Unwatched } from '../../../domain/facts';

/**
 * inotify's limits for this user, and those of a container's user namespace:
 * https://man7.org/linux/man-pages/man7/inotify.7.html, https://man7.org/linux/man-pages/man7/namespaces.7.html
 */
const WATCHES = ['/proc/sys/fs/inotify/max_user_watches', '/proc/sys/user/max_inotify_watches'];
const INSTANCES = ['/proc/sys/fs/inotify/max_user_instances', '/proc/sys/user/max_inotify_instances'];

export interface WatchLimits {
  readonly watches: number;
  readonly instances: number;
}

/** Null where there is no such limit, or it can't be read. */
export async function readWatchLimits(platform: 'darwin' | 'linux' | 'win32'): Promise<WatchLimits | null> {
  if (platform !== 'linux') return null;
  const least = async (files: readonly string[]) => {
    const numbers = await Promise.all(
      files.map((file) => readFile(file, 'utf8').then(Number, () => Number.POSITIVE_INFINITY)),
    );
    return Math.min(...numbers.filter((number) => number >= 0));
  };
  const [watches, instances] = await Promise.all([least(WATCHES), least(INSTANCES)]);
  return Number.isFinite(watches) ? { watches, instances } : null;
}

/** More than this buys little, and every watch costs the kernel a kilobyte. */
const MOST_WATCHES = 20_000;

/** Orchard's part of what there is: other programs of the same person need theirs. */
export const fairShare = (limits: WatchLimits | null): number =>
  limits === null ? MOST_WATCHES : Math.min(MOST_WATCHES, Math.floor(limits.watches / 2));

/** What a refusal by the system says to a person. */
export function refusalOf(error: Error): Unwatched {
  const code = 'code' in error ? error.code : null;
  // ENOSPC says "no space left on device", and it is not about the disk.
  if (code === 'ENOSPC')
    return { kind: 'limit', why: 'the system has no file watches left (fs.inotify.max_user_watches)' };
  if (code === 'EMFILE')
    return {
      kind: 'limit',
      why: 'too many programs watch files already (fs.inotify.max_user_instances)',
    };
  return { kind: 'limit', why: `the system refused to watch (${error.message})` };
}
