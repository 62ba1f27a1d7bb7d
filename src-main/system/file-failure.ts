import type { FileFailure } from '../contract/failures';

/** The `code` of a Node system error ('ENOENT'…), or null for anything else that was thrown. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** What a failed file operation means to a person. */
export function fileFailure(error: unknown, path: string): FileFailure {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { kind: 'no-space', path };
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return { kind: 'read-only', path };
    default:
      return {
        kind: 'file-failed',
        path,
        details: error instanceof Error ? error.message : String(error),
      };
  }
}
