/**
 * Which repository a directory belongs to, read from the files themselves: it is asked for every
 * session and must cost no process. The rules are git's own (gitrepository-layout(5),
 * https://git-scm.com/docs/gitrepository-layout): the nearest `.git` upwards, on one file system.
 */
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { RepositoryLocation } from '../../domain/facts';
import { statOrNull } from '../../system/small-reads';

export interface Located {
  readonly location: RepositoryLocation;
  /** The private git directory of the worktree that the directory is in; the common one of the main. */
  readonly gitDir: string;
}

export const idOf = (prefix: 'r' | 'w', realPath: string): string =>
  `${prefix}-${createHash('sha256').update(realPath).digest('hex').slice(0, 12)}`;

export async function locateDirectory(directory: string): Promise<Located | null> {
  try {
    return await search(await realpath(directory));
  } catch {
    // Gone, or not ours to read: either way no repository that could be shown.
    return null;
  }
}

async function search(start: string): Promise<Located | null> {
  const device = (await stat(start)).dev;
  for (let here = start; ; here = dirname(here)) {
    // Like git: a mount point ends the search (GIT_DISCOVERY_ACROSS_FILESYSTEM).
    if (here !== start && (await stat(here)).dev !== device) return null;
    const dotGit = join(here, '.git');
    const target = await gitLink(dotGit);
    // A `.git` that leads nowhere ends git's search with an error; a repository above is not meant.
    if (target === 'broken') return null;
    const gitDir = target ?? ((await isGitDirectory(dotGit)) ? await realpath(dotGit) : null);
    if (gitDir !== null) return await describe(gitDir, here);
    if (await isGitDirectory(here)) return await describe(here, null);
    if (dirname(here) === here) return null;
  }
}

/** Where a `.git` file points to; null when there is no such file. */
async function gitLink(dotGit: string): Promise<string | 'broken' | null> {
  const text = await readOrNull(dotGit);
  if (text === null) return null;
  const target = /^gitdir: (.+?)[\r\n]*$/s.exec(text)?.[1];
  if (target === undefined) return 'broken';
  const path = resolve(dirname(dotGit), target);
  return (await isGitDirectory(path)) ? await realpath(path) : 'broken';
}

async function isGitDirectory(path: string): Promise<boolean> {
  const there = (name: string) =>
    stat(join(path, name)).then(
      () => true,
      () => false,
    );
  if (!(await there('HEAD'))) return false;
  return (await there('commondir')) || ((await there('objects')) && (await there('refs')));
}

async function describe(gitDir: string, worktree: string | null): Promise<Located> {
  const link = (await readOrNull(join(gitDir, 'commondir')))?.trim();
  const commonDir = link === undefined ? gitDir : await realpath(resolve(gitDir, link));
  const config = await coreConfig(commonDir);
  // A repository that says so and has a checkout is damaged, and shown as what it was.
  const isBare = config.bare && !(await isBareWithCheckout(commonDir, config.bare));
  let root = commonDir;
  if (!isBare) {
    const named = config.worktree === null ? null : await realOr(resolve(commonDir, config.worktree));
    // Elsewhere than where a `.git` leads back, nobody could tell what is there.
    if (named !== null && (await gitLink(join(named, '.git'))) === commonDir) root = named;
    else if (basename(commonDir) === '.git') root = dirname(commonDir);
    // `git init --separate-git-dir`: only the worktree knows where its git directory is.
    else if (link === undefined && worktree !== null) root = worktree;
  }
  return {
    gitDir,
    location: { id: idOf('r', commonDir), name: repositoryName(root), root, commonDir, isBare },
  };
}

/** The base name less `.git`; a bare repository hidden in its project (`project/.bare`) has the project's. */
export function repositoryName(root: string): string {
  const own = basename(root).replace(/\.git$/i, '');
  return own === '' || own.startsWith('.') ? basename(dirname(root)) : own;
}

/** Whether a repository that calls itself bare has a checkout all the same: it keeps an index. */
export const isBareWithCheckout = async (commonDir: string, bare: boolean): Promise<boolean> =>
  bare && (await statOrNull(join(commonDir, 'index')))?.isFile() === true;

export interface CoreConfig {
  readonly bare: boolean;
  readonly worktree: string | null;
  /** Each worktree has a `config.worktree` of its own: `extensions.worktreeConfig`. */
  readonly perWorktree: boolean;
}

/**
 * `core.bare` and `core.worktree`, which git itself reads from these two files alone, without includes
 * (`check_repository_format` in https://github.com/git/git/blob/master/setup.c).
 */
export async function coreConfig(
  gitDir: string,
  files: readonly string[] = ['config', 'config.worktree'],
): Promise<CoreConfig> {
  let bare = false;
  let worktree: string | null = null;
  let perWorktree = false;
  for (const file of files) {
    if (file !== files[0] && !perWorktree) break;
    let section = '';
    for (const line of ((await readOrNull(join(gitDir, file))) ?? '').split('\n')) {
      const header = /^\s*\[\s*([^\]\s"]+)\s*("[^"]*")?\s*\]/.exec(line);
      const rest = header === null ? line : line.slice(header[0].length);
      if (header !== null) section = header[2] === undefined ? (header[1] ?? '').toLowerCase() : '';
      if (section !== 'core' && section !== 'extensions') continue;
      const [, key, value] = /^\s*([a-zA-Z][\w-]*)\s*(?:=\s*(.*?)\s*)?$/.exec(rest) ?? [];
      const isTrue = value === undefined || /^(true|yes|on|1)$/i.test(value);
      if (section === 'extensions') {
        if (key?.toLowerCase() === 'worktreeconfig') perWorktree = isTrue;
        continue;
      }
      if (key?.toLowerCase() === 'bare') bare = isTrue;
      if (key?.toLowerCase() === 'worktree' && value !== undefined) worktree = unquoted(value);
    }
  }
  return { bare, worktree, perWorktree };
}

const unquoted = (value: string): string =>
  value
    .replace(/\\([\\"nt])|"/g, (_, escaped: string | undefined) =>
      escaped === 'n' ? '\n' : escaped === 't' ? '\t' : (escaped ?? ''),
    )
    .trim();

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

async function realOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

/** A path as git wrote it into one of its files, which may be relative to that file's directory. */
export const fromGitFile = (directory: string, text: string): string =>
  isAbsolute(text) ? text : resolve(directory, text);
