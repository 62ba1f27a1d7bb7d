/**
 * What a merge would give, by `git merge-tree --write-tree`, without touching any working tree, index
 * or object store of the repository.
 */
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { CollisionKind } from '../../contract/snapshot';
import type { GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';

export interface MergedTree {
  readonly tree: string;
  /** Empty when it merges cleanly. */
  readonly files: readonly string[];
  readonly kinds: readonly CollisionKind[];
}

type Env = Readonly<Record<string, string>>;

/** `directory` is where the merge would happen: its attributes count. */
export async function mergeTrees(
  git: GitCommand,
  directory: string,
  ours: string,
  theirs: string,
  options: { readonly env?: Env; readonly mode: 'read' | 'quiet' },
): Promise<Result<MergedTree, CommonFailure>> {
  const args = ['merge-tree', '--write-tree', '-z', '--messages', '--end-of-options', ours, theirs];
  const merged = await git(directory, args, {
    mode: options.mode,
    limitMs: 60_000,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (merged.code !== 0 && merged.code !== 1) return fail(gitFailure(args, merged));
  return ok(readMergedTree(merged.stdout, merged.code === 0));
}

/**
 * `<tree> NUL`, then for a conflict `<mode> <object> <stage> TAB <path> NUL` each, an empty field, and
 * messages: `<count> NUL <path>… NUL <type> NUL <text> NUL`.
 * https://git-scm.com/docs/git-merge-tree#OUTPUT
 */
export function readMergedTree(output: string, clean: boolean): MergedTree {
  const parts = output.split('\0');
  const tree = (parts[0] ?? '').trim();
  if (clean) return { tree, files: [], kinds: [] };
  const files = new Set<string>();
  let at = 1;
  for (; at < parts.length && parts[at] !== ''; at++) {
    const part = parts[at] ?? '';
    files.add(part.slice(part.indexOf('\t') + 1));
  }
  const kinds = new Set<CollisionKind>();
  for (at++; at < parts.length; ) {
    const count = Number(parts[at]);
    if (!Number.isInteger(count) || parts[at] === '') break;
    const paths = parts.slice(at + 1, at + 1 + count);
    const type = parts[at + 1 + count] ?? '';
    const text = parts[at + 2 + count] ?? '';
    if (type.startsWith('CONFLICT')) {
      kinds.add(kindOf(type, text));
      // A conflict may be about paths that have no entry of their own (a directory renamed twice).
      for (const path of paths) if (path !== '') files.add(path);
    }
    at += 3 + count;
  }
  return { tree, files: [...files].sort(), kinds: [...kinds] };
}

function kindOf(type: string, text: string): CollisionKind {
  if (/binary/i.test(type)) return 'binary';
  if (/rename/i.test(type)) return 'rename';
  if (/modify\/delete/.test(type)) return 'delete-modify';
  if (/mode/i.test(type)) return 'mode';
  if (/add\/add/.test(text)) return 'add-add';
  if (/contents/.test(type)) return 'content';
  return 'other';
}
