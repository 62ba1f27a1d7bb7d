/** What `orch undo` and the line that points to it say. */
import type { StuckTrash, UndoableOperation } from '../../contract/plans';
import type { Snapshot } from '../../contract/snapshot';
import { bytesText } from '../../domain/bytes-text';
import { ago } from './ages';
import { shellWord } from './shell-words';
import { clean } from './text';
import { type Place, resolveWorktree } from './worktree-name';

/**
 * The command that takes an operation back, as it works when typed right here: from elsewhere the
 * repository is named, since `orch` may not know it otherwise.
 */
export async function undoLine(
  place: Place,
  operation: string,
  root: string | null,
  snapshot: Snapshot,
): Promise<string> {
  const line = `orch undo ${operation}`;
  // As the snapshot was before: a directory that was cleaned up knows its way back by itself.
  const here = await resolveWorktree(null, snapshot, place);
  const around = here.ok
    ? snapshot.repositories.find(({ worktrees }) => worktrees.some(({ id }) => id === here.value.id))
    : undefined;
  return root === null || around?.root === root ? line : `${line} --repo ${shellWord(root, place.platform)}`;
}

export function undoListText(
  {
    operations,
    stuck,
  }: { readonly operations: readonly UndoableOperation[]; readonly stuck: readonly StuckTrash[] },
  now: number,
): string {
  const size = (bytes: number | null) => (bytes === null ? '' : `, ${bytesText(bytes)}`);
  const lines = operations.map(
    ({ operation, repository, summary, at, until, diskBytes }) =>
      `${operation}  ${clean(repository)}: ${clean(summary)}, ${ago(at, now)}, until ${until.slice(0, 10)}${size(diskBytes)}`,
  );
  const left = stuck.map(
    ({ operation, repository, path, reason, diskBytes }) =>
      `Can’t be removed yet: ${clean(path)} (${clean(repository)}, of ${operation}${size(diskBytes)}): ${clean(reason)}`,
  );
  return [...(lines.length === 0 ? ['Nothing to undo.'] : lines), ...left].join('\n');
}
