/**
 * What became of the directory that `orch` was started in. A shell stays in a directory that was cleaned
 * away: on macOS and Linux it is then in trash, where it was renamed to, or nowhere once that is emptied.
 */
import type { FailureOf } from '../../contract/failures';

/** Where the current directory lies in trash. */
export interface InTrash {
  readonly operation: string;
  /** The git directory of its repository; null when the trash is beside the worktree, on another disk. */
  readonly commonDir: string | null;
}

const operation = /^(?:cleanup|spawn)-\d{14}-[0-9a-f]{6}$/;

/** Null when the directory is an ordinary one. */
export function inTrash(cwd: string): InTrash | null {
  const parts = cwd.split(/[/\\]/);
  const at = parts.findIndex(
    (part, index) =>
      operation.test(part) && ['trash', 'doomed', '.orchard-trash'].includes(parts[index - 1] ?? ''),
  );
  const found = parts[at];
  if (found === undefined) return null;
  const isOwn = parts[at - 2] === 'orchard' && parts[at - 1] !== '.orchard-trash';
  if (!isOwn && parts[at - 1] !== '.orchard-trash') return null;
  let length = 0;
  for (const part of parts.slice(0, at - 2)) length += part.length + 1;
  return { operation: found, commonDir: isOwn ? cwd.slice(0, length - 1) : null };
}

/** Why a command can't be about the current directory; null when it can. */
export function currentDirectoryProblem(host: {
  readonly cwd: string;
  readonly cwdGone: boolean;
}): FailureOf<'directory-gone' | 'directory-in-trash'> | null {
  if (host.cwdGone) return { kind: 'directory-gone', path: host.cwd };
  const found = inTrash(host.cwd);
  return found === null ? null : { kind: 'directory-in-trash', path: host.cwd, operation: found.operation };
}
