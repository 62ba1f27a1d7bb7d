import { join } from 'node:path';
import { fail, ok } from '../../contract/result';
import type { LockScope, RepositoryLock } from '../../engine/ports';
import type { FileLock, LockHeld } from '../../system/file-lock';

const PATIENCE_MS = 5_000;

/**
 * The repository's locks are files in the common git directory, where every worktree finds them. `lock`
 * is for branch names and the list of worktrees; the other two say who may go on with what is in the
 * journal.
 */
const FILES: { readonly [S in LockScope]: string } = {
  names: 'lock',
  landing: 'landing-lock',
  spawn: 'spawn-lock',
};

export function createRepositoryLock({ fileLock }: { readonly fileLock: FileLock }): RepositoryLock {
  return {
    async acquire(location, what, { scope = 'names', onWait, ...options } = {}) {
      const result = await fileLock.acquire(join(location.commonDir, 'orchard', FILES[scope]), what, {
        waitMs: PATIENCE_MS,
        ...options,
        ...(onWait === undefined ? {} : { onWait: (held: LockHeld) => onWait(waitedFor(held)) }),
      });
      if (result.ok) {
        const { release, say } = result.value;
        return ok({ release, say });
      }
      if (result.error.kind !== 'held') return fail(result.error);
      return fail({ kind: 'busy', repository: location.name, owner: ownerInWords(result.error) });
    },
  };
}

/** The object of "waits for …". */
const waitedFor = (held: LockHeld): string =>
  held.owner === null || held.foreign ? ownerInWords(held) : held.owner.what;

/** The subject of "… is working on <repository>". */
function ownerInWords({ owner, foreign, file }: LockHeld): string {
  if (owner === null) return `Something that left ${file}`;
  const who = `Orchard (${owner.what}, process ${owner.pid}`;
  return foreign ? `${who} on ${owner.hostName}; if that is gone for good, delete ${file})` : `${who})`;
}
