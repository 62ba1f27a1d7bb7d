/** What `orch undo --list` prints. */
import type { StuckTrash, UndoableOperation } from '../../contract/plans';
import { bytesText } from '../../domain/bytes-text';
import { ago } from './ages';
import { clean } from './text';

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
