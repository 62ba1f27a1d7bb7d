/**
 * What `git status` said about a worktree, by path, so that a look at a few paths can be merged into a
 * look at all of them. Paths are relative to the worktree's root and use '/'.
 *
 * The trap: a full status collapses an untracked directory into one entry (`nd/`), a status of one
 * path below it does not (`nd/file`). So a path is never asked for by itself when it may lie in an
 * untracked directory; `pathsToAsk` turns it into the highest directory that could be one.
 */
import type { ChangeCounts } from '../../domain/facts';

export interface StatusAnswer {
  readonly oid: string | null;
  /** Null when detached. */
  readonly branch: string | null;
  readonly entries: ReadonlyMap<string, string>;
}

/** The arguments of a status, without its pathspecs. */
export const statusArguments: readonly string[] = [
  'status',
  '--porcelain=v2',
  '--branch',
  '-z',
  '--no-renames',
  '--no-ahead-behind',
  // A person's status.showUntrackedFiles must not change what counts.
  '--untracked-files=normal',
];

/** Exactly these paths; nothing in a name is magic. An empty path is the whole worktree. */
export function pathspecs(paths: readonly string[], nested: readonly string[]): readonly string[] {
  if (paths.length === 0 && nested.length === 0) return [];
  return [
    '--',
    ...(paths.length === 0 ? [':(top)'] : paths.map((path) => `:(top,literal)${path}`)),
    ...nested.map((path) => `:(top,exclude,literal)${path}`),
  ];
}

/** Fields before the path, by kind of line: https://git-scm.com/docs/git-status#_porcelain_format_version_2 */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10 };

export function parseStatus(output: string): StatusAnswer {
  const entries = new Map<string, string>();
  let oid: string | null = null;
  let branch: string | null = null;
  const records = output.split('\0');
  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? '';
    const kind = record[0];
    if (kind === undefined) continue;
    if (kind === '#') {
      if (record.startsWith('# branch.oid ')) oid = record.slice(13);
      else if (record.startsWith('# branch.head ')) branch = record.slice(14);
    } else if (kind === '?') entries.set(record.slice(2), '??');
    else {
      const path = afterFields(record, FIELDS_BEFORE_PATH[kind] ?? 8);
      const letters = record.slice(2, 4);
      entries.set(path, kind === 'u' ? `u${letters}` : letters);
      // A rename's old name follows as a record of its own; we never ask for renames.
      if (kind === '2') at++;
    }
  }
  return {
    oid: oid === '(initial)' ? null : oid,
    branch: branch === '(detached)' ? null : branch,
    entries,
  };
}

function afterFields(record: string, count: number): string {
  let at = 0;
  for (let n = 0; n < count; n++) at = record.indexOf(' ', at) + 1;
  return record.slice(at);
}

/** `own`: entries that are nobody's change (see changes.ts). */
export function countChanges(
  entries: ReadonlyMap<string, string>,
  own: ReadonlySet<string> = new Set(),
): ChangeCounts {
  const counts = { staged: 0, changed: 0, untracked: 0, conflicted: 0 };
  for (const [path, code] of entries) {
    if (own.has(path)) continue;
    if (code === '??') counts.untracked++;
    else if (code.startsWith('u')) counts.conflicted++;
    else {
      if (code[0] !== '.') counts.staged++;
      if (code[1] !== '.') counts.changed++;
    }
  }
  return counts;
}

/** Every directory above a path, nearest last: 'a/b/c' → 'a', 'a/b'. */
export function* parents(path: string): Generator<string> {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
    if (slash < path.length - 1) yield path.slice(0, slash);
}

/**
 * What to ask git for so that the answer is the truth for the changed paths: a path itself, or the
 * highest directory above it of which it is not known that it holds tracked files.
 */
export function pathsToAsk(
  changed: Iterable<string>,
  entries: ReadonlyMap<string, string>,
  isTrackedDirectory: (directory: string) => boolean,
): readonly string[] {
  const wanted = new Set<string>();
  for (const path of changed) wanted.add(pathToAsk(path, entries, isTrackedDirectory));
  // A directory answers for everything below it.
  return [...wanted].filter((path) => {
    for (const parent of parents(path)) if (wanted.has(parent)) return false;
    return true;
  });
}

function pathToAsk(
  path: string,
  entries: ReadonlyMap<string, string>,
  isTrackedDirectory: (directory: string) => boolean,
): string {
  for (const parent of parents(path)) {
    if (entries.has(`${parent}/`)) return parent;
    // Everything above a tracked path holds tracked files, so only the first doubt matters.
    if (!isTrackedDirectory(parent)) return parent;
  }
  return path;
}

/** The map with the answer for `asked` in the place of what it held at and below those paths. */
export function mergeStatus(
  entries: ReadonlyMap<string, string>,
  asked: readonly string[],
  answer: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const wanted = new Set(asked);
  const merged = new Map<string, string>();
  for (const [path, code] of entries) {
    const bare = path.endsWith('/') ? path.slice(0, -1) : path;
    if (wanted.has(bare)) continue;
    let covered = false;
    for (const parent of parents(bare)) if (wanted.has(parent)) covered = true;
    if (!covered) merged.set(path, code);
  }
  for (const [path, code] of answer) merged.set(path, code);
  return merged;
}

export function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [path, code] of a) if (b.get(path) !== code) return false;
  return true;
}
