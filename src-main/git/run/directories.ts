/**
 * Which directories of a worktree are worth watching: the ones git does not ignore, also when they
 * are empty or untracked. Ignored ones (`node_modules`) are never entered.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  answerProblem,
  type Directories,
  type DirectoryQuery,
  type GitAnswer,
  type GitCall,
} from './git-runner';

/** Reads at a time: enough to keep the thread pool busy, few enough to leave it for others. */
const READS_AT_A_TIME = 8;

export async function listDirectories(
  run: (call: GitCall) => Promise<GitAnswer<string>>,
  { root, nested, from, limit }: DirectoryQuery,
): Promise<Directories> {
  let tracked: ReadonlySet<string> = new Set();
  let level: readonly string[] = [''];
  if (from === null) {
    const listed = await run({ cwd: root, args: ['ls-files', '-z', '--full-name'], limitMs: 60_000 });
    if (answerProblem(listed) !== null) return { problem: 'unreadable' };
    tracked = directoriesOf(listed.stdout);
  } else level = await notIgnored(run, root, from);
  const left = new Set(nested);
  const found: string[] = [];
  while (level.length > 0) {
    // One pass through everything that is known not to be ignored; what is in doubt waits for git.
    const doubtful: string[] = [];
    const walked = await walk(root, level, limit - found.length, (path) => {
      if (left.has(join(root, path))) return 'skip';
      if (tracked.has(path)) return 'enter';
      doubtful.push(path);
      return 'skip';
    });
    if (walked === null) return { problem: 'too-many' };
    found.push(...walked);
    level = await notIgnored(run, root, doubtful);
  }
  return { directories: found, tracked: found.filter((path) => tracked.has(path)) };
}

/** The directories that contain listed files, at any depth. */
export function directoriesOf(listed: string): ReadonlySet<string> {
  const directories = new Set<string>();
  let last = '';
  for (const path of listed.split('\0')) {
    let slash = path.lastIndexOf('/');
    // Sorted by git: neighbours mostly share their directory.
    if (slash > 0 && path.slice(0, slash) === last) continue;
    last = slash > 0 ? path.slice(0, slash) : '';
    while (slash > 0) {
      const directory = path.slice(0, slash);
      if (directories.has(directory)) break;
      directories.add(directory);
      slash = path.lastIndexOf('/', slash - 1);
    }
  }
  return directories;
}

async function walk(
  root: string,
  from: readonly string[],
  limit: number,
  decide: (path: string) => 'enter' | 'skip',
): Promise<string[] | null> {
  const found: string[] = [];
  const queue = [...from];
  let active = 0;
  return new Promise((resolve) => {
    const proceed = () => {
      if (found.length > limit) {
        queue.length = 0;
        if (active === 0) resolve(null);
        return;
      }
      if (queue.length === 0 && active === 0) {
        resolve(found);
        return;
      }
      while (active < READS_AT_A_TIME) {
        const path = queue.pop();
        if (path === undefined) return;
        active++;
        void entriesOf(join(root, path)).then((entries) => {
          active--;
          const isRepository = path !== '' && entries?.some((entry) => entry.name === '.git') === true;
          if (entries !== null && !isRepository) {
            found.push(path);
            for (const entry of entries) {
              if (!entry.isDirectory() || entry.name === '.git') continue;
              const child = path === '' ? entry.name : `${path}/${entry.name}`;
              if (decide(child) === 'enter') queue.push(child);
            }
          }
          proceed();
        });
      }
    };
    proceed();
  });
}

/** Null when it went away meanwhile or may not be read: then there is nothing to watch in it. */
async function entriesOf(directory: string): Promise<Dirent[] | null> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch {
    return null;
  }
}

async function notIgnored(
  run: (call: GitCall) => Promise<GitAnswer<string>>,
  root: string,
  paths: readonly string[],
): Promise<string[]> {
  if (paths.length === 0) return [];
  const answer = await run({
    cwd: root,
    args: ['check-ignore', '-z', '--stdin'],
    input: paths.map((path) => `${path}/\0`).join(''),
  });
  // 0: some are ignored, 1: none. Anything else: in doubt, leave them out.
  if (answer.reason !== 'exited' || (answer.exitCode !== 0 && answer.exitCode !== 1)) return [];
  const ignored = new Set(answer.stdout.split('\0').map((path) => path.replace(/\/$/, '')));
  return paths.filter((path) => !ignored.has(path));
}
