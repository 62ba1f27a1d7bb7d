/**
 * Where merges are tried: a directory of our own that stands for the working tree in which a person would
 * merge, with only those files in it that say how. From the git directory alone git sees no tracked
 * `.gitattributes` (`merge=union`, `-merge`, `binary`) and no submodule, and its verdict would be another.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { liveStamp } from '../../domain/collision-pairs';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';
import { configOverrides } from './config-overrides';

export interface MergeGround {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Options for every merge that is tried there. */
  readonly options: readonly string[];
  /** Equal while it says the same about how to merge. */
  readonly stamp: string;
}

/** More of them, or larger ones, are no project's; git reads no attributes from more than 100 MB. */
const MOST_FILES = 500;
const MOST_BYTES = 1024 * 1024;

/** Where a merge into the base happens: where the base is checked out, else the main worktree. */
function whereMerged({ worktrees, base }: RepositoryFacts): WorktreeFacts | null {
  const there = worktrees.filter(({ missing }) => !missing);
  return there.find(({ branch }) => branch === base) ?? there.find(({ isMain }) => isMain) ?? null;
}

/** Equal while a ground that was made need not be looked at anew. */
export const groundKey = (facts: RepositoryFacts, climate: string): string => {
  const place = whereMerged(facts);
  return place === null ? climate : `${climate} ${place.path} ${liveStamp(place)}`;
};

/** @param at a directory of our own, made anew */
export async function makeMergeGround(
  git: GitRunner,
  facts: RepositoryFacts,
  at: string,
  signal: AbortSignal,
): Promise<MergeGround> {
  const { commonDir } = facts.location;
  const nowhere: MergeGround = { directory: commonDir, env: {}, options: [], stamp: '' };
  const place = whereMerged(facts);
  if (place === null) return nowhere;
  const listed = await git.run({
    cwd: place.path,
    args: ['ls-files', '-z', '--', ':(top,glob)**/.gitattributes', ':(top,literal).gitmodules'],
    signal,
  });
  if (answerProblem(listed) !== null) return nowhere;
  const paths = listed.stdout.split('\0').filter((path) => path !== '');
  if (paths.length === 0 || paths.length > MOST_FILES) return nowhere;
  await rm(at, { recursive: true, force: true });
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = await smallFile(join(place.path, path));
    if (content === null) continue;
    hash.update(`${path}\0${content.length}\0`).update(content);
    await mkdir(dirname(join(at, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(at, path), content, { mode: 0o600 });
  }
  await mkdir(at, { recursive: true, mode: 0o700 });
  return {
    directory: at,
    env: { GIT_DIR: commonDir, GIT_WORK_TREE: at },
    options: await driverOverrides(git, place.path, signal),
    stamp: hash.digest('hex').slice(0, 8),
  };
}

/** Git follows no link here either, and a pipe or a device under this name would never come to its end. */
async function smallFile(path: string): Promise<Buffer | null> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isFile() || found.size > MOST_BYTES) return null;
  return readFile(path).catch(() => null);
}

/**
 * A merge driver is a program of the person's, and not for every keystroke: git's own merge of texts
 * stands for it, and what it can't merge counts as a conflict.
 */
const driverOverrides = (git: GitRunner, cwd: string, signal: AbortSignal) =>
  configOverrides(git, cwd, '^merge\\..*\\.driver$', () => 'git merge-file %A %O %B || exit 1', signal);
