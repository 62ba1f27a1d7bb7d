/** The commit that a branch was made at: what was recorded, else what its reflog says, else unknown. */
import { join } from 'node:path';
import type { RepositoryLocation, TaskRecord } from '../../domain/facts';
import { headOrNull } from '../../system/small-reads';

/** A first line is some hundred bytes; a message that is longer does not say that a branch was created. */
const FIRST_LINE_BYTES = 4_096;

/** Null when nobody knows: then nothing may be concluded from where the branch is now. */
export async function createdAt(
  { commonDir }: Pick<RepositoryLocation, 'commonDir'>,
  record: Pick<TaskRecord, 'branch' | 'createdAtCommit'> | null,
  branch: string | null,
): Promise<string | null> {
  // A worktree may have gone over to another branch than the one that it was recorded with.
  if (record !== null && (branch === null || record.branch === branch)) return record.createdAtCommit;
  return branch === null ? null : creationPoint(commonDir, branch);
}

/**
 * The first entry of a branch's reflog, when that entry says that the branch was created: by git
 * ("branch: Created from"), or by a spawn ("orchard: <operation>"). Null when the log is gone or says
 * something else.
 */
export async function creationPoint(commonDir: string, branch: string): Promise<string | null> {
  const log = await headOrNull(join(commonDir, 'logs', 'refs', 'heads', branch), FIRST_LINE_BYTES);
  const first = log?.slice(0, log.indexOf('\n')) ?? '';
  return /^0+ ([0-9a-f]{40,64}) .*\t(?:branch: Created from |orchard: )/.exec(first)?.[1] ?? null;
}
