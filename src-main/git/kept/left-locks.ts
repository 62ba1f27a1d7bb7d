/**
 * Locks that a git of ours left when it was killed. They belong to the operation when the journal says
 * that git was running there, they are no older than that, and no living process holds them; anything
 * else is somebody's work, and stays.
 */
import { open, readFile, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log, RepositoryLocation } from '../../engine/ports';
import { isHeld } from '../../system/file-holders';
import type { GitCommand } from '../run/git-command';

/** What an operation was running git on. */
export interface GitGround {
  /** When the operation began, ms. A lock that is older is not its own. */
  readonly since: number;
  /** Directories that git ran in: worktrees that may be gone. */
  readonly directories: readonly string[];
  /** Private git directories whose index and HEAD it was moving. */
  readonly gitDirs: readonly string[];
  /** Full names of the refs that it was moving. */
  readonly refs: readonly string[];
}

/** Disks keep times more coarsely than clocks do. */
const SLACK_MS = 2_000;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 10_000;

const ofWorktree = ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock', 'config.worktree.lock'];
const ofRepository = ['packed-refs.lock', 'packed-refs.new', 'config.lock', 'reftable/tables.list.lock'];

/**
 * Waits for a git that outlived its Orchard, then removes what it left locked. Answers the locks that a
 * living process still holds: nothing can be done there yet.
 */
export async function clearLeftLocks(
  location: RepositoryLocation,
  ground: GitGround,
  log: Log,
): Promise<readonly string[]> {
  const wanted = [
    ...ground.gitDirs.flatMap((gitDir) => ofWorktree.map((name) => join(gitDir, name))),
    ...ofRepository.map((name) => join(location.commonDir, name)),
    ...ground.refs.map((ref) => join(location.commonDir, `${ref}.lock`)),
  ];
  const directories = await realPaths([...ground.directories, location.root, location.commonDir]);
  let present: readonly string[] = [];
  for (let waited = 0; waited <= PATIENCE_MS; waited += LOOK_EVERY_MS) {
    present = await youngerThan(wanted, ground.since - SLACK_MS);
    const held = await isHeld(await realPaths(present), directories);
    if (!held) break;
    if (waited + LOOK_EVERY_MS > PATIENCE_MS) {
      // A git that works there without a lock of ours is no reason to wait for ever.
      const holders = present.length > 0;
      log.warn('locks.held', { repository: location.root, locks: present });
      return holders ? present : [];
    }
    await pause(LOOK_EVERY_MS);
  }
  for (const lock of present) {
    log.warn('locks.removed', { lock });
    await rm(lock, { force: true });
  }
  for (const gitDir of ground.gitDirs) await closeTornLine(join(gitDir, 'logs', 'HEAD'));
  for (const ref of ground.refs) await closeTornLine(join(location.commonDir, 'logs', ref));
  return [];
}

async function youngerThan(files: readonly string[], since: number): Promise<readonly string[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const there = await stat(file).catch(() => null);
      return there?.isFile() === true && there.mtimeMs >= since ? [file] : [];
    }),
  );
  return found.flat();
}

async function realPaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return [...new Set(found)];
}

/** Cuts off half a line, which the next one would be written behind. */
async function closeTornLine(file: string): Promise<void> {
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null || bytes.length === 0 || bytes.at(-1) === 0x0a) return;
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(bytes.lastIndexOf(0x0a) + 1);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Takes away the reflog that a git left which died before it made the ref, if nobody else wrote to it. */
export async function dropReflogOfNothing(
  git: GitCommand,
  location: RepositoryLocation,
  ref: string,
  mark: string,
): Promise<void> {
  const file = join(location.commonDir, 'logs', ref);
  const lines = (await readFile(file, 'utf8').catch(() => null))?.split('\n');
  if (lines === undefined || !lines.every((line) => line === '' || line.endsWith(`\t${mark}`))) return;
  const there = await git(location.commonDir, ['rev-parse', '--verify', '-q', ref], { mode: 'read' });
  if (there.code === 0) return;
  await rm(file, { force: true });
  // As git does: a directory goes with its last log.
  for (
    let above = dirname(file);
    above !== join(location.commonDir, 'logs', 'refs', 'heads');
    above = dirname(above)
  )
    if (
      !(await rmdir(above).then(
        () => true,
        () => false,
      ))
    )
      return;
}
