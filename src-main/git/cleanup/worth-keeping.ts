/**
 * Whether something below a directory that a build or an install makes again is worth keeping. An
 * ignored directory may hold whole repositories: a clone beside the packages, sources that a build
 * fetched and somebody changed. What can't be proved worthless is kept.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../system/file-failure';
import { mountsBelow } from '../kept/mounts';

/** Names that only a repository, or a working tree of one, has. Compared without case: so disks do. */
const repositoryNames = new Set(['.git', '.hg', '.jj', '.bzr', '.svn', '.pijul', '_darcs', '.fslckout']);

export interface SearchBound {
  /** Directory entries looked at, over all searches that share this bound. */
  entries: number;
  /** When to give up, in milliseconds of `now`. */
  readonly until: number;
  readonly now: () => number;
}

/** Ample for a large `node_modules`; reading this many names takes a second or two. */
const MOST_ENTRIES = 400_000;
const LONGEST_MS = 8_000;
/** Directories read at once: enough to keep the disk busy, few enough to leave the thread pool to others. */
const AT_ONCE = 3;

export const searchBound = (now: () => number = () => performance.now()): SearchBound => ({
  entries: MOST_ENTRIES,
  until: now() + LONGEST_MS,
  now,
});

/**
 * Why the directory has to be kept, in words that follow "kept:"; null when all of it was looked at and
 * nothing of worth is there, or when there is no such directory. Links are not followed: removing one
 * removes no content.
 */
export async function whyKeep(directory: string, bound: SearchBound): Promise<string | null> {
  const root = await lstat(directory).catch((error: unknown) => errorCode(error) ?? 'EIO');
  if (typeof root === 'string') return root === 'ENOENT' ? null : 'it can’t be read';
  if (!root.isDirectory()) return 'it is not a plain directory';
  const [mounts, real] = await Promise.all([
    mountsBelow(directory),
    realpath(directory).catch(() => directory),
  ]);
  if (mounts.size > 0) return 'something is mounted in it';

  const waiting: string[] = [''];
  let why: string | null = null;
  const at = (name: string) => (name === '' ? real : join(real, name));
  const visit = async (name: string): Promise<void> => {
    let items: Dirent[];
    try {
      // The device is asked first: listing a mount that hangs would hang as well.
      if (name !== '' && (await lstat(at(name))).dev !== root.dev) {
        why ??= `${name} is on another disk`;
        return;
      }
      items = await readdir(at(name), { withFileTypes: true });
    } catch (error) {
      // Gone since it was listed: nothing of it can be lost here.
      if (errorCode(error) !== 'ENOENT') why ??= `${name === '' ? 'it' : name} can’t be read`;
      return;
    }
    bound.entries -= items.length;
    if (bound.entries < 0 || bound.now() > bound.until) {
      why ??= 'it is too large to be looked through';
      return;
    }
    if (looksLikeRepository(items)) {
      why ??= name === '' ? 'it is a repository' : `${name} is a repository`;
      return;
    }
    for (const item of items)
      if (item.isDirectory()) waiting.push(name === '' ? item.name : `${name}/${item.name}`);
      else if (isOfNoKnownKind(item)) why ??= `the kind of ${item.name} can’t be told`;
  };
  while (waiting.length > 0 && why === null) await Promise.all(waiting.splice(-AT_ONCE).map(visit));
  return why;
}

/** A working tree of one, or the bare kind: https://git-scm.com/docs/gitrepository-layout */
function looksLikeRepository(items: readonly Dirent[]): boolean {
  const names = new Set(items.map(({ name }) => name.toLowerCase()));
  for (const name of names) if (repositoryNames.has(name)) return true;
  return names.has('head') && names.has('objects') && (names.has('refs') || names.has('packed-refs'));
}

/** Some network file systems answer no kind with the name; then it may be a directory. */
const isOfNoKnownKind = (item: Dirent): boolean =>
  !(
    item.isFile() ||
    item.isSymbolicLink() ||
    item.isSocket() ||
    item.isFIFO() ||
    item.isCharacterDevice() ||
    item.isBlockDevice()
  );
