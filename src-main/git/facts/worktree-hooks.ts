import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { RepositoryCommand } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { ok } from '../../contract/result';
import type { RepositoryLocation, RepositorySurvey, WorktreeHooks } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import type { GitReadFailure, PlainGit } from '../run/simple-git-instance';

/** What making a branch and a worktree runs: https://git-scm.com/docs/githooks */
const EVENTS = ['reference-transaction', 'post-checkout', 'post-index-change'];

/**
 * The hooks that a new worktree at this commit would run. A hooks folder inside a working tree is
 * repository code: whoever can push can change it. It is read both as it lies in the worktrees (git
 * before 2.47 runs the file of the worktree it was called in) and as the commit has it.
 */
export async function findWorktreeHooks(
  git: PlainGit,
  location: RepositoryLocation,
  survey: RepositorySurvey,
  commit: string,
  emptyDirectory: string,
): Promise<Result<WorktreeHooks, GitReadFailure>> {
  const configured = await git.read(location.commonDir, [
    'config',
    '-z',
    '--type=path',
    '--get-all',
    'core.hooksPath',
  ]);
  if (!configured.ok) return configured;
  // The last one wins, but for our own override, which comes last of all.
  const path = configured.value
    .split('\0')
    .filter((value) => value !== '' && value !== emptyDirectory)
    .at(-1);
  if (path === undefined)
    return ok({ inTree: [], others: await existing(join(location.commonDir, 'hooks')) });

  const inTree = new Map<string, RepositoryCommand>();
  const others: string[] = [];
  const add = (file: string, content: Buffer) => {
    const words = content.toString('utf8');
    // A program can't be read; its fingerprint stands for it, so that a change asks again.
    const exact = Buffer.from(words).equals(content)
      ? words
      : `(a program, sha256 ${createHash('sha256').update(content).digest('hex')})`;
    const text = `${file}:\n${exact}`;
    inTree.set(text, { purpose: 'hook', text });
  };
  const roots = survey.worktrees.filter((one) => one.isMain).map((one) => one.path);
  const places = isAbsolute(path)
    ? [path]
    : [...roots.map((root) => resolve(root, path)), resolve(location.commonDir, path)];
  for (const place of new Set(places)) {
    const tree = isInside(place, location.commonDir)
      ? undefined
      : survey.worktrees.map((one) => one.path).find((root) => isInside(place, root));
    if (tree === undefined) {
      others.push(...(await existing(place)));
      continue;
    }
    for (const file of (await existing(place)).flatMap(withWhatHuskyRuns)) {
      const content = await readFile(file).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return null;
        throw error;
      });
      if (content !== null) add(shown(tree, file), content);
    }
  }
  for (const inside of relativePlaces(path, survey)) {
    for (const event of EVENTS) {
      const blob = await executableBlob(git, location, commit, `${inside}/${event}`);
      if (!blob.ok) return blob;
      if (blob.value !== null) add(`${inside}/${event}`, Buffer.from(blob.value));
    }
  }
  return ok({ inTree: [...inTree.values()], others });
}

/** Husky 9 points git at `.husky/_`, whose files only run their namesakes one directory up. */
function withWhatHuskyRuns(file: string): readonly string[] {
  const directory = resolve(file, '..');
  return basename(directory) === '_' ? [file, join(directory, '..', basename(file))] : [file];
}

/** The hooks folder as the commit would have it, when it lies inside a worktree. */
function relativePlaces(path: string, survey: RepositorySurvey): readonly string[] {
  const inside = isAbsolute(path)
    ? survey.worktrees.filter((one) => isInside(path, one.path)).map((one) => relative(one.path, path))
    : [path];
  const normal = inside.map((one) => one.split(sep).join('/').replace(/^\.\//, '').replace(/\/+$/, ''));
  return [...new Set(normal)].filter(
    (one) => one !== '' && !one.startsWith('..') && !/^\.git(\/|$)/.test(one),
  );
}

async function executableBlob(
  git: PlainGit,
  location: RepositoryLocation,
  commit: string,
  path: string,
): Promise<Result<string | null, GitReadFailure>> {
  const entry = await git.read(location.commonDir, [
    '--literal-pathspecs',
    'ls-tree',
    '-z',
    '--full-tree',
    commit,
    '--',
    path,
  ]);
  if (!entry.ok) return entry;
  const [, mode, id] = /^(\d+) blob ([0-9a-f]+)\t/.exec(entry.value) ?? [];
  if (mode === undefined || id === undefined) return ok(null);
  // Git ignores a hook that can't be executed, except on Windows, where nothing says so.
  if (mode === '100644' && process.platform !== 'win32') return ok(null);
  const content = await git.read(location.commonDir, ['cat-file', 'blob', id]);
  return content.ok ? ok(content.value) : content;
}

async function existing(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const event of EVENTS) {
    const file = join(directory, event);
    const runs = await access(file, process.platform === 'win32' ? constants.F_OK : constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) found.push(file);
  }
  return found;
}

const isInside = (path: string, directory: string): boolean => {
  const inside = relative(directory, path);
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
};

const shown = (root: string, file: string): string => relative(root, file).split(sep).join('/');
