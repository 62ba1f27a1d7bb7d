import type { CollisionKind } from '../../contract/snapshot';

/** One side's version of a conflicting path, as the merge sees it. */
export interface StageEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

/** One conflict: usually one path; a rename on both sides is one conflict about several. */
export interface TrialConflict {
  /** As a person knows it. */
  readonly file: string;
  /** In the tree that the merge gave. */
  readonly path: string;
  readonly kind: CollisionKind;
  /** Every path that git names for it. */
  readonly names: readonly string[];
  /** Null where that side has no such file. */
  readonly ours: StageEntry | null;
  readonly theirs: StageEntry | null;
}

export interface TrialMerge {
  readonly clean: boolean;
  readonly tree: string;
  /** Paths that conflict, each once, in git's order. */
  readonly files: readonly string[];
  readonly kinds: readonly CollisionKind[];
  readonly conflicts: readonly TrialConflict[];
}

/**
 * Where a submodule conflicts, git puts advice for a person into the output, in the place of the empty
 * field (print_submodule_conflict_suggestion in merge-ort.c prints it wherever messages are shown).
 */
const ADVICE = 'Recursive merging with submodules';

interface Message {
  readonly paths: readonly string[];
  readonly kind: CollisionKind;
}

/**
 * What git calls a conflict, in our few words. The type is meant for programs and coarser than the text:
 * "CONFLICT (contents)" stands for submodules and for new files on both sides too.
 * https://git-scm.com/docs/git-merge-tree#_mistakes_to_avoid
 */
function kindOf(type: string, text: string): CollisionKind | null {
  if (!type.startsWith('CONFLICT')) return null;
  if (type.includes('submodule') || text.startsWith('CONFLICT (submodule)')) return 'submodule';
  if (type.includes('binary')) return 'binary';
  if (type.includes('modify/delete')) return 'delete-modify';
  if (type.includes('rename') || type.includes('directory')) return 'rename';
  if (type.includes('mode') || type.includes('type')) return 'mode';
  if (type.includes('add/add') || text.startsWith('CONFLICT (add/add)')) return 'add-add';
  return type.includes('contents') || type.includes('content') ? 'content' : 'other';
}

/** When git has several words for one path, the one that says most. */
const telling: readonly CollisionKind[] = [
  'submodule',
  'binary',
  'delete-modify',
  'rename',
  'mode',
  'add-add',
  'content',
  'other',
];
const mostTelling = (kinds: Iterable<CollisionKind>): CollisionKind => {
  const all = new Set(kinds);
  return telling.find((kind) => all.has(kind)) ?? 'other';
};

/**
 * Reads the answers of `git merge-tree --write-tree --stdin -z`: per merge `status NUL tree NUL`, for a
 * conflict the entries `mode oid stage TAB path NUL`, an empty field, the messages
 * (`count NUL paths… NUL type NUL text NUL`), and an empty field.
 * @param asked the commits of each merge, as they were asked for
 * @throws when the output is not of that form: a verdict is never guessed.
 */
export function parseTrialMerges(
  output: string,
  asked: readonly (readonly [string, string])[] = [],
): readonly TrialMerge[] {
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
    const stages = new Map<string, { ours: StageEntry | null; theirs: StageEntry | null }>();
    const messages: Message[] = [];
    for (let entry = next(); entry !== ''; entry = next()) {
      const tab = entry.indexOf('\t');
      const [mode = '', oid = '', stage] = entry.slice(0, tab).split(' ');
      const path = entry.slice(tab + 1);
      const found = stages.get(path) ?? { ours: null, theirs: null };
      if (stage === '2') found.ours = { path, mode, oid };
      if (stage === '3') found.theirs = { path, mode, oid };
      stages.set(path, found);
    }
    if (status === '0')
      for (let count = next(); count !== '' && !count.startsWith(ADVICE); count = next()) {
        if (!/^\d+$/.test(count)) throw new Error(`merge-tree said ${JSON.stringify(count.slice(0, 80))}`);
        const paths = Array.from({ length: Number(count) }, next);
        const type = next();
        const kind = kindOf(type, next());
        if (kind !== null) messages.push({ paths, kind });
      }
    const shown = shownName(asked[merges.length] ?? []);
    const conflicts = conflictsOf(stages, messages, shown);
    const named = new Set([...stages.keys()].map(shown));
    // A conflict without higher-stage entries (some renames) is still about these paths.
    if (named.size === 0) for (const { paths } of messages) for (const path of paths) named.add(shown(path));
    merges.push({
      clean: status === '1',
      tree,
      files: [...named],
      kinds: [...new Set(conflicts.map(({ kind }) => kind))],
      conflicts,
    });
  }
  return merges;
}

/** Where both sides want a name, git gives one of them `name~<commit>`, which tells a person nothing. */
function shownName(commits: readonly string[]): (path: string) => string {
  return (path) => {
    const at = path.lastIndexOf('~');
    const suffix = path.slice(at + 1).replace(/_\d+$/, '');
    return at > 0 && commits.includes(suffix) ? path.slice(0, at) : path;
  };
}

function conflictsOf(
  stages: ReadonlyMap<string, { readonly ours: StageEntry | null; readonly theirs: StageEntry | null }>,
  messages: readonly Message[],
  shown: (path: string) => string,
): readonly TrialConflict[] {
  const conflicts: TrialConflict[] = [];
  const done = new Set<string>();
  // What is about several paths at once is one conflict, not one per path.
  for (const { paths, kind } of messages) {
    const [first] = paths;
    if (first === undefined || (kind !== 'rename' && kind !== 'mode')) continue;
    if (paths.length < 2 || paths.some((path) => done.has(path))) continue;
    for (const path of paths) done.add(path);
    const sideOf = (side: 'ours' | 'theirs') =>
      paths.map((path) => stages.get(path)?.[side] ?? null).find((entry) => entry !== null) ?? null;
    conflicts.push({
      file: shown(first),
      path: first,
      kind,
      names: paths.map(shown),
      ours: sideOf('ours'),
      theirs: sideOf('theirs'),
    });
  }
  const paths = new Set(stages.size > 0 ? stages.keys() : messages.flatMap((message) => message.paths));
  for (const path of paths) {
    if (done.has(path)) continue;
    const { ours, theirs } = stages.get(path) ?? { ours: null, theirs: null };
    const said = mostTelling(
      messages.filter((message) => message.paths.includes(path)).map(({ kind }) => kind),
    );
    // The same content with different permissions: git says no more than "contents".
    const onlyMode = ours !== null && theirs !== null && ours.oid === theirs.oid && ours.mode !== theirs.mode;
    conflicts.push({
      file: shown(path),
      path,
      kind: onlyMode ? 'mode' : said,
      names: [shown(path)],
      ours,
      theirs,
    });
  }
  return conflicts;
}
