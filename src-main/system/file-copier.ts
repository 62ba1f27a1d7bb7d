import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import {
  access,
  chmod,
  constants,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FileFailure } from '../contract/failures';
import { fail, ok } from '../contract/result';
import type { FileCopier, Log } from '../engine/ports';
import { errorCode, fileFailure } from './file-failure';

/** The thread pool behind file operations has four threads; more at a time only queue. */
const AT_A_TIME = 8;

/** A failure on the way, carried out of the recursion. */
class CopyStopped extends Error {
  constructor(readonly failure: FileFailure | { readonly kind: 'cancelled' }) {
    super(failure.kind);
  }
}

interface Copying {
  readonly from: string;
  readonly to: string;
  readonly leaveOut: readonly string[];
  readonly signal: AbortSignal;
  /** sha256 by path; what is below a whole copied directory is not hashed (see `copyTree`). */
  readonly hashes: Map<string, string>;
  /** Directories below `to` known to be real directories, or known to be in the way. */
  readonly directories: Map<string, Promise<boolean>>;
}

/**
 * Copies, never links, and never over anything: what is at the destination stays. A link in the source
 * is copied as what it points to; where it leads out of the repository's own ground upwards (`/`, the
 * home directory around it) it is left out. Copy-on-write where the file system can
 * (https://nodejs.org/docs/latest-v20.x/api/fs.html#fspromisescopyfilesrc-dest-mode).
 */
export function createFileCopier({ log }: { readonly log: Log }): FileCopier {
  return {
    async copy(from, to, paths, signal, leaveOut = []) {
      const copying: Copying = {
        from,
        to,
        leaveOut,
        signal,
        hashes: new Map(),
        directories: new Map(),
      };
      const one = async (path: string) => {
        if (isOutside(path)) throw new Error(`not a path inside a worktree: ${path}`);
        const bare = path.replace(/\/+$/, '');
        const outcome = path.endsWith('/')
          ? await copyTree(copying, join(from, bare), bare, join(from, bare))
          : await copyAny(copying, join(from, bare), bare, []);
        if (outcome !== 'copied') log.info('copy.left-out', { path, why: outcome });
      };
      try {
        await eachOf(paths, one, signal);
        return ok(Object.fromEntries([...copying.hashes].sort(([a], [b]) => (a < b ? -1 : 1))));
      } catch (error) {
        if (error instanceof CopyStopped) return fail(error.failure);
        throw error;
      }
    },
  };
}

type Outcome = 'copied' | 'exists' | 'gone' | 'not a file' | 'left out' | 'leads in a circle';

/** One path as what it points to; `above` holds the real directories it was reached through. */
async function copyAny(
  copying: Copying,
  source: string,
  path: string,
  above: readonly string[],
): Promise<Outcome> {
  const found = await describe(source);
  if (found === null) return 'gone';
  if (isLeftOut(copying, found.real) || isLeftOut(copying, join(copying.from, path))) return 'left out';
  if (found.stats.isFile()) return copyOne(copying, source, path, true);
  if (!found.stats.isDirectory()) return 'not a file';
  // A link to what contains it, or to the ground that everything stands on, has no end.
  if (above.includes(found.real) || isWithin(copying.from, found.real) || isWithin(copying.to, found.real))
    return 'leads in a circle';
  if (!(await makeDirectory(copying, path, found.stats))) return 'exists';
  const names = await readdir(source).catch(rethrow(source));
  await eachOf(
    names,
    async (name) => {
      await copyAny(copying, join(source, name), `${path}/${name}`, [...above, found.real]);
    },
    copying.signal,
  );
  return 'copied';
}

/**
 * A whole directory that git ignores (`node_modules`). Relative links that stay inside the worktree are
 * kept: in the copy they lead to the copy (or to the new worktree's own packages), and the resolution
 * of pnpm and of npm workspaces depends on them. Nothing is hashed: reading every byte would cost what
 * copy-on-write saves.
 */
async function copyTree(copying: Copying, source: string, path: string, top: string): Promise<Outcome> {
  if (isLeftOut(copying, source)) return 'left out';
  const stats = await lstat(source).catch(absent(source));
  if (stats === null) return 'gone';
  if (stats.isSymbolicLink()) {
    const target = await readlink(source).catch(rethrow(source));
    const inside = !isAbsolute(target) && isWithin(resolve(dirname(source), target), copying.from);
    if (!inside || source === top) return copyAny(copying, source, path, []);
    if (!(await makeDirectory(copying, dirname(path), null))) return 'exists';
    return symlink(target, join(copying.to, path)).then(
      () => 'copied' as const,
      (error: unknown) => {
        if (errorCode(error) === 'EEXIST') return 'exists' as const;
        throw new CopyStopped(fileFailure(error, join(copying.to, path)));
      },
    );
  }
  if (stats.isFile()) return copyOne(copying, source, path, false);
  if (!stats.isDirectory()) return 'not a file';
  if (!(await makeDirectory(copying, path, stats))) return 'exists';
  const names = await readdir(source).catch(rethrow(source));
  await eachOf(
    names,
    async (name) => {
      await copyTree(copying, join(source, name), `${path}/${name}`, top);
    },
    copying.signal,
  );
  return 'copied';
}

async function copyOne(copying: Copying, source: string, path: string, hash: boolean): Promise<Outcome> {
  if (!(await makeDirectory(copying, path.slice(0, Math.max(0, path.lastIndexOf('/'))), null)))
    return 'exists';
  const destination = join(copying.to, path);
  try {
    await copyFile(source, destination, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    if (hash) copying.hashes.set(path, await sha256(destination));
    return 'copied';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'exists';
    if (errorCode(error) === 'ENOENT' && (await lstat(source).catch(absent(source))) === null) return 'gone';
    const unreadable = await access(source, constants.R_OK).then(
      () => false,
      () => true,
    );
    throw new CopyStopped(
      unreadable
        ? { kind: 'file-failed', path: source, details: String(error) }
        : fileFailure(error, destination),
    );
  }
}

/**
 * Makes a directory below the destination and those above it. False when something else is in the way:
 * a link that the branch tracks must not lead the copies somewhere else.
 */
function makeDirectory(copying: Copying, path: string, like: Stats | null): Promise<boolean> {
  if (path === '' || path === '.') return Promise.resolve(true);
  const known = copying.directories.get(path);
  if (known !== undefined) return known;
  const made = (async () => {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (!(await makeDirectory(copying, parent, null))) return false;
    const destination = join(copying.to, path);
    const stats = like ?? (await stat(join(copying.from, path)).catch(() => null));
    try {
      await mkdir(destination);
      // The owner can always write: the copies still have to get in.
      if (stats !== null) await chmod(destination, (stats.mode & 0o777) | 0o700);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw new CopyStopped(fileFailure(error, destination));
      return (await lstat(destination).catch(absent(destination)))?.isDirectory() === true;
    }
  })();
  copying.directories.set(path, made);
  return made;
}

/** What a path is behind its links; null when it, or what it points to, is not there. */
async function describe(source: string): Promise<{ readonly real: string; readonly stats: Stats } | null> {
  try {
    const real = await realpath(source);
    return { real, stats: await stat(real) };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') return null;
    throw new CopyStopped({ kind: 'file-failed', path: source, details: String(error) });
  }
}

const absent =
  (path: string) =>
  (error: unknown): null => {
    if (errorCode(error) === 'ENOENT') return null;
    throw new CopyStopped({ kind: 'file-failed', path, details: String(error) });
  };
const rethrow =
  (path: string) =>
  (error: unknown): never => {
    throw new CopyStopped({ kind: 'file-failed', path, details: String(error) });
  };

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

const isLeftOut = (copying: Copying, path: string): boolean => {
  // New worktrees may be kept inside the repository: a copy of the copy would never end.
  if (isWithin(path, copying.to)) return true;
  const inside = relative(copying.from, path).split(sep).join('/');
  return copying.leaveOut.some((one) => inside === one || inside.startsWith(`${one}/`));
};

const isOutside = (path: string): boolean =>
  path === '' || isAbsolute(path) || path.split('/').some((part) => part === '..');

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A few at a time; the first failure stops the rest. */
async function eachOf(
  items: readonly string[],
  act: (item: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  let stopped = false;
  const work = async () => {
    while (!stopped) {
      if (signal.aborted) throw new CopyStopped({ kind: 'cancelled' });
      const item = items[next++];
      if (item === undefined) return;
      try {
        await act(item);
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(AT_A_TIME, items.length) }, () => work()),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
