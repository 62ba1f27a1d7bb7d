/**
 * What counts as somebody's change: not the unchanged copies that a spawn made, and not brain notes. The
 * list asks it of a status that shows an untracked directory as one entry, the plans of single files.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Path, '/'-separated and relative to the worktree → sha256, as recorded at spawn. */
export type Copies = Readonly<Record<string, string>>;

const NOTES = '.planning/brain/';

/** Of untracked files those that are somebody's work. */
export async function strayFiles(
  path: string,
  untracked: readonly string[],
  copies: Copies,
): Promise<readonly string[]> {
  const stray: string[] = [];
  for (const name of untracked) if (!(await isOwn(path, name, copies))) stray.push(name);
  return stray;
}

async function isOwn(path: string, name: string, copies: Copies): Promise<boolean> {
  if (name.startsWith(NOTES)) return true;
  const recorded = Object.hasOwn(copies, name) ? copies[name] : undefined;
  return recorded !== undefined && (await hashOf(join(path, name))) === recorded;
}

/** Files looked at below one untracked directory before it counts as work: copies are few. */
const MOST_FILES = 500;

/**
 * The untracked entries of a status that hold nothing but unchanged copies and notes.
 *
 * @param entries by path, as `status-map.ts` keeps them: a directory ends with '/'
 */
export async function ownEntries(
  path: string,
  entries: ReadonlyMap<string, string>,
  copies: Copies,
): Promise<ReadonlySet<string>> {
  const own = new Set<string>();
  const names = [...Object.keys(copies), NOTES];
  for (const [entry, code] of entries) {
    if (code !== '??') continue;
    // Most entries are nobody's copy: no file is looked at for them.
    if (!names.some((name) => name === entry || name.startsWith(entry) || entry.startsWith(NOTES))) continue;
    const files = entry.endsWith('/') ? await filesBelow(path, entry) : [entry];
    if (files !== null && (await strayFiles(path, files, copies)).length === 0) own.add(entry);
  }
  return own;
}

/** Null when there are too many, or one can't be looked at, or a repository is among them. */
async function filesBelow(root: string, directory: string): Promise<readonly string[] | null> {
  const found: string[] = [];
  const left = [directory];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const here = await readdir(join(root, next), { withFileTypes: true }).catch(() => null);
    if (here === null) return null;
    for (const one of here) {
      if (one.name === '.git') return null;
      if (one.isDirectory()) left.push(`${next}${one.name}/`);
      else found.push(`${next}${one.name}`);
    }
    if (found.length > MOST_FILES) return null;
  }
  return found;
}

/** The sha256 of a file's bytes; null when it can't be read. */
export async function hashOf(file: string): Promise<string | null> {
  const content = await readFile(file).catch(() => null);
  return content === null ? null : createHash('sha256').update(content).digest('hex');
}
