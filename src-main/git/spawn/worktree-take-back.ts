import { lstat, mkdir, readdir, readFile, realpath, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { SpawnFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { Log, RepositoryLocation, WorktreeMaker, WorktreeSpec } from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';
import { removeWhole } from '../../system/remove-whole';
import { TABLE_BRANCH } from '../facts/private-directory';
import { entriesOf } from '../facts/repository-survey';
import { doom } from '../kept/doomed';
import { clearLeftLocks, dropReflogOfNothing } from '../kept/left-locks';
import { type GitCommand, gitFailure } from '../run/git-command';
import { ADDITION, reflogMark } from './worktree-addition';

interface TakingBack {
  readonly command: GitCommand;
  readonly log: Log;
  readonly location: RepositoryLocation;
  readonly spec: WorktreeSpec;
  readonly afterCrash: boolean;
  readonly copies: readonly string[];
  readonly announced: ReadonlyMap<string, unknown>;
}

const branchData = z.object({ entries: z.array(z.string()) });
const directoryData = z.object({ parents: z.array(z.string()) });

/**
 * Takes back what `addWorktree` made and nothing else. The branch goes only if it is still at its
 * commit and its reflog says that this operation made it; the directory only if its `.git` file leads
 * to an entry that was not there before. Hooks do not run: taking back is Orchard's own business.
 */
export async function takeWorktreeBack(
  deps: { readonly command: GitCommand; readonly log: Log },
  location: RepositoryLocation,
  spec: WorktreeSpec,
  steps: Parameters<WorktreeMaker['takeBack']>[2],
  options: Parameters<WorktreeMaker['takeBack']>[3],
): Promise<Result<{ readonly kept: readonly string[] }, SpawnFailure>> {
  const afterCrash = options.since !== null;
  const taking: TakingBack = {
    ...deps,
    ...options,
    afterCrash,
    location,
    spec,
    announced: new Map(steps.map(({ step, data }) => [step, data])),
  };
  // Nothing was done before the first step was announced.
  if (!taking.announced.has(ADDITION.branch)) return ok({ kept: [] });
  try {
    const ref = `refs/heads/${spec.branch}`;
    if (options.since !== null) {
      // A git that was killed leaves its locks, which would refuse the branch for ever.
      const ground = { since: options.since, directories: [spec.path], gitDirs: [], refs: [ref] };
      const held = await clearLeftLocks(location, ground, deps.log);
      if (held[0] !== undefined)
        return fail({ kind: 'file-failed', path: held[0], details: 'another program holds it' });
    }
    const branch = await stateOfBranch(taking);
    const entries = await entriesMade(taking);
    if (afterCrash && (branch === 'moved' || (await isElsewhere(taking, entries)))) {
      // Somebody went on working there: it is theirs now, whole.
      deps.log.warn('spawn.kept-after-crash', { operation: spec.operation, path: spec.path });
      return ok({ kept: [spec.path, spec.branch] });
    }
    const kept: string[] = [];
    if (!(await takeDirectory(taking, entries))) kept.push(spec.path);
    for (const entry of entries) await removeWhole(join(location.commonDir, 'worktrees', entry));
    const before = branchData.safeParse(taking.announced.get(ADDITION.branch));
    if (before.success && before.data.entries.length === 0)
      await removeIfEmpty(join(location.commonDir, 'worktrees'));
    if (branch === 'ours') {
      const removed = await deps.command(
        location.commonDir,
        ['update-ref', '-d', `refs/heads/${spec.branch}`, spec.commit],
        { mode: 'quiet' },
      );
      if (removed.code !== 0) return fail(gitFailure(['update-ref'], removed));
    } else if (branch === 'moved') kept.push(spec.branch);
    if (afterCrash) await dropReflogOfNothing(deps.command, location, ref, reflogMark(spec.operation));
    const parents = directoryData.safeParse(taking.announced.get(ADDITION.directory));
    if (parents.success)
      for (const parent of [...parents.data.parents].reverse()) await removeIfEmpty(parent);
    return ok({ kept });
  } catch (error) {
    return fail(fileFailure(error, spec.path));
  }
}

/** Whether the branch is this operation's: untouched, gone on from, or not its at all. */
async function stateOfBranch({
  command,
  location,
  spec,
}: TakingBack): Promise<'ours' | 'moved' | 'not ours'> {
  const ref = `refs/heads/${spec.branch}`;
  const tip = await command(location.commonDir, ['rev-parse', '--verify', '--quiet', ref], { mode: 'read' });
  if (tip.code !== 0) return 'not ours';
  const reflog = await command(location.commonDir, ['reflog', 'show', '--format=%gs', ref, '--'], {
    mode: 'read',
  });
  const lines = reflog.stdout.split('\n').filter((line) => line !== '');
  if (lines.at(-1) !== reflogMark(spec.operation)) return 'not ours';
  return tip.stdout.trim() === spec.commit ? 'ours' : 'moved';
}

/** Git's private directories that this operation made. */
async function entriesMade({
  location,
  spec,
  announced,
  afterCrash,
}: TakingBack): Promise<readonly string[]> {
  const before = branchData.safeParse(announced.get(ADDITION.branch));
  const known = new Set(before.success ? before.data.entries : []);
  const real = await realOf(spec.path);
  const made: string[] = [];
  for (const entry of await entriesOf(location)) {
    if (known.has(entry)) continue;
    const directory = join(location.commonDir, 'worktrees', entry);
    const leadsTo = await textOf(join(directory, 'gitdir'));
    if (leadsTo !== '') {
      if ((await realOf(dirname(resolve(directory, leadsTo)))) === real) made.push(entry);
    } else if (
      // Killed before it wrote where it leads to. Git names an entry after the directory, with a number
      // when that is taken, and locks it while it is being made.
      afterCrash &&
      (await textOf(join(directory, 'locked'))) === 'initializing' &&
      entry.replace(/\d+$/, '').startsWith(basename(spec.path).slice(0, 8).replace(/\d+$/, ''))
    )
      made.push(entry);
  }
  return made;
}

/** Whether the worktree that was made is on another branch by now. */
async function isElsewhere({ command, location, spec, announced }: TakingBack, entries: readonly string[]) {
  if (!announced.has('made')) return false;
  for (const entry of entries) {
    const gitDir = join(location.commonDir, 'worktrees', entry);
    const file = await textOf(join(gitDir, 'HEAD'));
    const head =
      file === `ref: refs/heads/${TABLE_BRANCH}` ? await headInTable(command, location, gitDir) : file;
    if (head !== '' && head !== `ref: refs/heads/${spec.branch}`) return true;
  }
  return false;
}

/** HEAD as its file would have it; empty when git can't tell. */
async function headInTable(command: GitCommand, location: RepositoryLocation, gitDir: string) {
  const ask = (args: readonly string[]) =>
    command(location.commonDir, args, { mode: 'read', env: { GIT_DIR: gitDir } });
  const symbolic = await ask(['symbolic-ref', '--quiet', 'HEAD']);
  if (symbolic.code === 0) return `ref: ${symbolic.stdout.trim()}`;
  return (await ask(['rev-parse', '--verify', '--quiet', 'HEAD'])).stdout.trim();
}

/** Takes the directory away; false when it is not (only) what was made, and stays. */
async function takeDirectory(taking: TakingBack, entries: readonly string[]): Promise<boolean> {
  const { location, spec, announced, afterCrash } = taking;
  const names = await readdir(spec.path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  });
  if (names === null || !announced.has(ADDITION.directory)) return true;
  const mine = announced.has(ADDITION.directoryMade);
  if (names.length === 0) {
    // Without the note that it was made, only the crash between the two explains an empty directory.
    if (mine || afterCrash) await rmdir(spec.path);
    return true;
  }
  if (!mine) return false;
  const target = /^gitdir: (.+)$/s.exec(await textOf(join(spec.path, '.git')))?.[1];
  const ours =
    target === undefined
      ? names.every((name) => name === '.git') // killed while git wrote it
      : entries.includes(basename(target)) ||
        (await lstat(resolve(spec.path, target)).catch(() => null)) === null;
  if (!ours) return false;
  const trash = join(location.commonDir, 'orchard', 'trash', spec.operation);
  if (afterCrash && (await hasUnexplained(taking))) {
    await moveAside(spec.path, [
      join(trash, 'worktree'),
      join(dirname(spec.path), '.orchard-trash', spec.operation),
    ]);
    return true;
  }
  // Renamed, so that it is gone at once and as a whole; its files go when the lock is released.
  if (await doom(location, spec.operation, spec.path)) return true;
  const aside = join(dirname(spec.path), '.orchard-trash', spec.operation, basename(spec.path));
  const noted = await doom(location, spec.operation, trash, [aside]);
  await removeIfEmpty(dirname(trash));
  if (noted) await moveAside(spec.path, [aside]).catch(() => removeWhole(spec.path));
  else await removeWhole(spec.path);
  return true;
}

/**
 * Whether anything in the worktree is neither the commit's nor a copy. While the checkout itself was
 * interrupted nothing there can be a person's.
 */
async function hasUnexplained({ command, spec, announced, copies }: TakingBack): Promise<boolean> {
  if (!announced.has('made')) return false;
  const status = await command(
    spec.path,
    ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all'],
    { mode: 'read' },
  );
  if (status.code !== 0) return true;
  const explained = new Set(copies);
  return status.stdout
    .split('\0')
    .filter((line) => line !== '')
    .some(
      (line) =>
        !line.startsWith('?? ') ||
        ![...explained].some(
          (copy) => copy === line.slice(3) || (copy.endsWith('/') && line.slice(3).startsWith(copy)),
        ),
    );
}

async function moveAside(from: string, places: readonly string[]): Promise<void> {
  for (const [at, place] of places.entries()) {
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await rename(from, place);
      return;
    } catch (error) {
      await removeIfEmpty(dirname(place));
      if (errorCode(error) !== 'EXDEV' || at === places.length - 1) throw error;
    }
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  // Not empty, or gone already: both are fine.
  await rmdir(directory).catch(() => undefined);
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').then(
    (text) => text.replace(/[\r\n]+$/, ''),
    () => '',
  );
}

/** The real path, also of something that is gone in a directory that is there. */
async function realOf(path: string): Promise<string> {
  return realpath(path).catch(async () =>
    join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)),
  );
}
