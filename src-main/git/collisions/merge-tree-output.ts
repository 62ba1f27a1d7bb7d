import type { CollisionKind } from '../../contract/snapshot';

export interface TrialMerge {
  readonly clean: boolean;
  readonly tree: string;
  /** Paths that conflict, each once, in git's order. */
  readonly files: readonly string[];
  readonly kinds: readonly CollisionKind[];
}

/** What git calls a conflict, in our few words: https://git-scm.com/docs/git-merge-tree#_mistakes_to_avoid */
function kindOf(type: string): CollisionKind | null {
  if (!type.startsWith('CONFLICT')) return null;
  if (type.includes('binary')) return 'binary';
  if (type.includes('modify/delete')) return 'delete-modify';
  if (type.includes('rename') || type.includes('directory')) return 'rename';
  if (type.includes('mode') || type.includes('type')) return 'mode';
  if (type.includes('add/add')) return 'add-add';
  return type.includes('contents') || type.includes('content') ? 'content' : 'other';
}

/**
 * Reads the answers of `git merge-tree --write-tree --stdin -z`: per merge `status NUL tree NUL`, for a
 * conflict the entries `mode oid stage TAB path NUL`, an empty field, the messages
 * (`count NUL paths… NUL type NUL text NUL`), and an empty field.
 * @throws when the output is not of that form: a verdict is never guessed.
 */
export function parseTrialMerges(output: string): readonly TrialMerge[] {
  const fields = output.split('\0');
  const merges: TrialMerge[] = [];
  let at = 0;
  const next = (): string => {
    const field = fields[at++];
    if (field === undefined) throw new Error('merge-tree ended in the middle of an answer');
    return field;
  };
  while (at < fields.length - 1) {
    const status = next();
    if (status !== '0' && status !== '1') throw new Error(`merge-tree answered ${JSON.stringify(status)}`);
    const tree = next();
    const files = new Set<string>();
    const kinds = new Set<CollisionKind>();
    for (let entry = next(); entry !== ''; entry = next()) files.add(entry.slice(entry.indexOf('\t') + 1));
    if (status === '0')
      for (let count = next(); count !== ''; count = next()) {
        const paths = Array.from({ length: Number(count) }, next);
        const kind = kindOf(next());
        next();
        if (kind === null) continue;
        kinds.add(kind);
        // A conflict without higher-stage entries (some renames) is still about these paths.
        if (files.size === 0) for (const path of paths) files.add(path);
      }
    merges.push({ clean: status === '1', tree, files: [...files], kinds: [...kinds] });
  }
  return merges;
}
