/**
 * The files of a tree, as they lie in a directory, as a commit has them, or as a working tree will have
 * them once it moved: what a repository asks to run is judged on the tree that it will run in.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { GitCommand } from '../run/git-command';
import { fields } from '../run/git-command';

export interface TreeFile {
  /** Line ends as LF; what is no text is named by its fingerprint, so that a change shows. */
  readonly text: string;
  /** Whether git would run it as a hook. */
  readonly runs: boolean;
}

/** Paths are relative to the top, '/'-separated; links are followed. */
export interface TreeFiles {
  /** Names in a folder; '' is the top. */
  list(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<TreeFile | null>;
}

const MOST_BYTES = 1_024 * 1_024;

/** A program can't be read; its fingerprint stands for it. */
function textOf(content: Buffer): string {
  const words = content.toString('utf8');
  return content.length <= MOST_BYTES && !words.includes('\0') && Buffer.from(words).equals(content)
    ? words.replaceAll('\r\n', '\n')
    : `(a program, sha256 ${createHash('sha256').update(content).digest('hex')})`;
}

export async function readFileOf(file: string): Promise<TreeFile | null> {
  // Looked at before it is opened: opening a pipe would wait for somebody to write.
  const there = await stat(file).catch(() => null);
  if (there?.isFile() !== true) return null;
  const content = await readFile(file).catch(() => null);
  // What git can run and we can't read has no text that anybody could approve by.
  const text = content === null ? `(it can’t be read; changed ${there.mtimeMs})` : textOf(content);
  // Windows has no executable bit; there git runs whatever is called like a hook.
  return { text, runs: process.platform === 'win32' || (there.mode & 0o111) !== 0 };
}

export function diskFiles(top: string): TreeFiles {
  return {
    list: (folder) => readdir(join(top, folder)).catch(() => []),
    read: (path) => readFileOf(join(top, path)),
  };
}

/** @param treeish a commit or tree, in the repository or in the scratch objects that `env` names */
export function commitFiles(
  git: GitCommand,
  directory: string,
  treeish: string,
  env: Readonly<Record<string, string>> = {},
): TreeFiles {
  const call = { mode: 'read', env, limitMs: 60_000 } as const;
  const list = async (folder: string) => {
    const shown = await git(
      directory,
      ['ls-tree', '-z', '--full-tree', '--name-only', folder === '' ? treeish : `${treeish}:${folder}`],
      call,
    );
    return shown.code === 0 ? fields(shown.stdout) : [];
  };
  let top: Promise<readonly string[]> | null = null;
  return {
    list: (folder) => {
      if (folder !== '') return list(folder);
      top ??= list('');
      return top;
    },
    async read(path) {
      if (path === '' || path.includes('\n') || path.startsWith('..')) return null;
      top ??= list('');
      const [first = ''] = path.split('/');
      if (!(await top).includes(first)) return null;
      const args = ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', treeish, '--', path];
      const entry = /^(\d+) blob /.exec((await git(directory, args, call)).stdout);
      const found = await git(directory, ['cat-file', '--batch', '--follow-symlinks'], {
        ...call,
        stdin: `${treeish}:${path}\n`,
        encoding: 'latin1',
      });
      const end = found.stdout.indexOf('\n');
      const header = found.stdout.slice(0, end).split(' ');
      const size = Number(header[1] === 'blob' ? header[2] : header[1]);
      const content = Buffer.from(found.stdout.slice(end + 1, end + 1 + size), 'latin1');
      // Git ignores a hook that can't be executed, except on Windows, where nothing says so.
      const runs = entry?.[1] !== '100644' || process.platform === 'win32';
      if (header[1] === 'blob') return { text: textOf(content), runs };
      if (header[0] !== 'symlink') return null;
      const outside = content.toString('utf8');
      const file = isAbsolute(outside) ? outside : resolve(directory, outside);
      return (await readFileOf(file)) ?? { text: `(a link to ${outside})`, runs };
    },
  };
}

/** A working tree after it moved: what comes lies over what is there, less what goes away. */
function movedFiles(coming: TreeFiles, there: TreeFiles, gone: ReadonlySet<string>): TreeFiles {
  return {
    async list(folder) {
      const prefix = folder === '' ? '' : `${folder}/`;
      const stays = (await there.list(folder)).filter((name) => !gone.has(prefix + name));
      return [...new Set([...(await coming.list(folder)), ...stays])];
    },
    read: async (path) => (await coming.read(path)) ?? (gone.has(path) ? null : there.read(path)),
  };
}

/** A worktree's files once it has moved to a commit or tree; what git does not know stays. */
export async function filesAfter(
  git: GitCommand,
  worktree: string,
  treeish: string,
  env: Readonly<Record<string, string>>,
): Promise<TreeFiles> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=D', 'HEAD', treeish];
  const gone = new Set(fields((await git(worktree, args, { mode: 'read', env, limitMs: 60_000 })).stdout));
  return movedFiles(commitFiles(git, worktree, treeish, env), diskFiles(worktree), gone);
}

/** A fresh worktree's files: what is committed, and what is copied beside it, never over it. */
export function copiedFiles(
  committed: TreeFiles,
  copies: { readonly from: string | null; readonly paths: readonly string[] },
): TreeFiles {
  if (copies.from === null) return committed;
  const there = diskFiles(copies.from);
  const isCopied = (path: string) =>
    copies.paths.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  return {
    async list(folder) {
      const prefix = folder === '' ? '' : `${folder}/`;
      const copied = (await there.list(folder)).filter(
        (name) => isCopied(prefix + name) || isCopied(`${prefix}${name}/`),
      );
      return [...new Set([...(await committed.list(folder)), ...copied])];
    },
    read: async (path) => (await committed.read(path)) ?? (isCopied(path) ? there.read(path) : null),
  };
}

/** Where a path leads once its folder's links are followed, though nothing may be there yet. */
export async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== null) return real;
  const above = resolve(path, '..');
  return above === path ? path : join(await realPlace(above), path.slice(above.length));
}
