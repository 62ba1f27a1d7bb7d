import { join } from 'node:path';
import { fail, ok } from '../../contract/result';
import type { RepositoryLock } from '../../engine/ports';
import type { FileLock, LockHeld } from '../../system/file-lock';

const PATIENCE_MS = 5_000;

/** The repository's lock is a file in the common git directory, where every worktree finds it. */
export function createRepositoryLock({ fileLock }: { readonly fileLock: FileLock }): RepositoryLock {
  return {
    async acquire(location, what, options = {}) {
      const result = await fileLock.acquire(join(location.commonDir, 'orchard', 'lock'), what, {
        waitMs: PATIENCE_MS,
        ...options,
      });
      if (result.ok) return ok({ release: () => result.value.release() });
      if (result.error.kind !== 'held') return fail(result.error);
      return fail({ kind: 'busy', repository: location.name, owner: ownerInWords(result.error) });
    },
  };
}

/** The subject of "… is working on <repository>". */
function ownerInWords({ owner, foreign, file }: LockHeld): string {
  if (owner === null) return `Something that left ${file}`;
  const who = `Orchard (${owner.what}, process ${owner.pid}`;
  return foreign ? `${who} on ${owner.hostName}; if that is gone for good, delete ${file})` : `${who})`;
}
