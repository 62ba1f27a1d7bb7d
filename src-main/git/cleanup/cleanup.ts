/**
 * Removes a worktree by renaming its directory and its git entry into trash, and puts both back. Each
 * piece looks at the disk for what is done already, so doing it again after a crash is harmless.
 */
import { copyFile, mkdir, readdir, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { CleanupFailure, CommonFailure, FailureOf, UndoFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import type { CleanupStep, CleanupWork, Log, Removal } from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';
import { exists, isThere } from '../../system/small-reads';
import { writeWhole } from '../../system/whole-file';
import { commitOf } from '../facts/base';
import { names, proveWorktree } from '../facts/identity';
import { pushRef } from '../facts/remote-branch';
import { backupRef, pin, unpin } from '../kept/backup';
import { bytesOf } from '../kept/disk-bytes';
import { doom, emptyDoomed, stuckTrash } from '../kept/doomed';
import { emptyOut } from '../kept/emptying';
import { clearLeftLocks } from '../kept/left-locks';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure, lines } from '../run/git-command';
import { refFailure } from '../run/ref-failure';
import { saveNotes, takeNotesBack } from './note-keeping';
import type { SurveyDeps } from './survey';
import { surveyRemoval, trashPlaces } from './survey';
import { moveTo, removeIfEmpty } from './trash';
import { searchBound, whyKeep } from './worth-keeping';

export interface RemovalDeps extends SurveyDeps {
  readonly log: Log;
  readonly now: () => number;
}

export function createRemoval(deps: RemovalDeps): Removal {
  const { git } = deps;
  return {
    survey: (found, choices, signal) => surveyRemoval(deps, found, choices, signal),

    workFor({ location, worktree }, { facts, entry }, operation, choices) {
      return {
        version: 1,
        operation,
        worktreeId: worktree.id,
        path: facts.path,
        entry,
        missing: facts.missing,
        head: facts.head,
        branch: facts.branch,
        deleteBranch: choices.deleteBranch,
        releaseLock: choices.releaseLock,
        remote:
          choices.deleteRemote && facts.remote !== null
            ? { remote: facts.remote.remote, ref: facts.remote.ref, seen: facts.remote.seen }
            : null,
        notes: facts.notes,
        notesTarget: facts.notesTarget,
        abandon: choices.abandon === null || choices.abandon.trim() === '' ? null : choices.abandon.trim(),
        task: worktree.record?.task ?? null,
        notKept: facts.reproducible,
        trash: join(location.commonDir, 'orchard', 'trash', operation),
        places: trashPlaces(location.commonDir, facts.path, operation),
      };
    },

    perform: (location, work, step, signal) => perform(deps, location, work, step, signal),

    async settle(location, work, since) {
      const refs = [
        ...(work.branch === null ? [] : [`refs/heads/${work.branch}`]),
        backupRef(work.operation),
      ];
      const ground = { since, directories: [], gitDirs: [], refs };
      const held = await clearLeftLocks(location, ground, deps.log);
      if (held[0] === undefined) return ok([]);
      return fail({
        kind: 'undo-blocked',
        reason: `Another program holds ${held[0]}`,
        wayOut: 'It is tried again at the next start, or with the next operation here.',
      });
    },

    async isRemoved(location, work) {
      const entryGone =
        !(await isThere(entryOf(location, work))) && (await isThere(join(work.trash, 'entry')));
      return entryGone && (work.missing || (await placeOf(work)) !== null);
    },

    blocker: (location, work) => blocker(git, location, work),
    takeBack: (location, work, options) => takeBack(deps, location, work, options),

    async free(work) {
      const directory = await placeOf(work);
      if (directory === null) return;
      const bound = searchBound();
      for (const name of work.notKept) {
        // Looked at once more: what still worked in there may have cloned something since the plan.
        const why = await whyKeep(join(directory, name), bound);
        const problem =
          why ??
          (await setApart(join(directory, name), dirname(directory)).then(
            () => null,
            (error: unknown) => String(error),
          ));
        if (problem !== null) deps.log.warn('trash.not-freed', { path: join(directory, name), why: problem });
      }
      const until = performance.now() + FREEING_MS;
      for (const name of await readdir(dirname(directory)).catch(() => []))
        if (name.startsWith(SET_APART))
          for (const left of await emptyOut(join(dirname(directory), name), until))
            deps.log.warn('trash.not-freed', { path: left.path, why: left.reason });
    },

    async discard(location, work) {
      if (!(await doom(location, work.operation, work.trash, await elsewhereOf(work))))
        return fail({ kind: 'file-failed', path: work.trash, details: 'can’t be renamed' });
      await removeEmptyPlaces(work);
      await unpin(git, location, work.operation);
      return ok(undefined);
    },

    empty: (location) => emptyDoomed(location, deps.log),
    stuck: stuckTrash,

    async diskBytes(work) {
      let bytes = await bytesOf(work.trash);
      for (const place of await elsewhereOf(work)) bytes += await bytesOf(place);
      return bytes;
    },
  };
}

const FREEING_MS = 10 * 60_000;
/** What is being removed lies beside what undo brings back, so that undo never finds half of it. */
const SET_APART = 'removed-';

async function setApart(path: string, holder: string): Promise<void> {
  for (let number = 0; ; number++) {
    const place = join(holder, `${SET_APART}${number}`);
    if (!(await isThere(place))) return rename(path, place);
  }
}

/** What the operation has in trash on another disk. */
async function elsewhereOf(work: CleanupWork): Promise<readonly string[]> {
  const found: string[] = [];
  for (const holder of new Set(work.places.map(dirname)))
    if (holder !== work.trash)
      for (const name of await readdir(holder).catch(() => [])) found.push(join(holder, name));
  return found;
}

const entryOf = (location: RepositoryLocation, work: CleanupWork) =>
  join(location.commonDir, 'worktrees', work.entry);
const taskOf = (location: RepositoryLocation, work: CleanupWork) =>
  join(location.commonDir, 'orchard', 'tasks', `${work.entry}.json`);
const branchLogOf = (location: RepositoryLocation, branch: string) =>
  join(location.commonDir, 'logs', 'refs', 'heads', branch);

async function placeOf(work: CleanupWork): Promise<string | null> {
  for (const place of work.places) if (await isThere(place)) return place;
  return null;
}

/** Steps that read, write or move what is in the worktree's directory, or commit to doing so. */
const touchesDirectory: Readonly<Record<CleanupStep, boolean>> = {
  pin: true,
  'release-lock': false,
  'save-notes': true,
  'move-entry': true,
  'move-directory': true,
  'delete-branch': false,
  'delete-remote': false,
};

async function perform(
  deps: RemovalDeps,
  location: RepositoryLocation,
  work: CleanupWork,
  step: CleanupStep,
  signal: AbortSignal,
): Promise<Result<void, CleanupFailure>> {
  const { git } = deps;
  // As long as git's entry of it is there, the directory must be proved to be its worktree.
  if (touchesDirectory[step] && !work.missing && (await isThere(entryOf(location, work)))) {
    const proven = await proveWorktree(git, location, { path: work.path, gitDir: entryOf(location, work) });
    if (!proven.ok && (await isThere(work.path))) return proven;
  } else if (
    step === 'move-directory' &&
    (await isThere(work.path)) &&
    !(await names(work.path, entryOf(location, work)))
  )
    return fail({
      kind: 'not-this-worktree',
      path: work.path,
      there: 'Something else came to its place meanwhile.',
    });
  switch (step) {
    case 'pin':
      return pin(git, location, {
        operation: work.operation,
        commits: work.head === null ? [] : [work.head],
        gitDir: entryOf(location, work),
        branch: work.branch,
        work,
      });
    case 'release-lock':
      return unlink(join(entryOf(location, work), 'locked')).then(
        () => ok(undefined),
        (error: unknown) =>
          errorCode(error) === 'ENOENT' ? ok(undefined) : fail(fileFailure(error, entryOf(location, work))),
      );
    case 'save-notes':
      if (work.notesTarget === null) return ok(undefined);
      return saveNotes({
        worktree: work.path,
        notes: work.notes,
        extra: work.abandon === null ? null : abandonNote(work, work.abandon, deps.now()),
        target: work.notesTarget,
        manifest: join(work.trash, 'notes.json'),
      });
    case 'move-entry': {
      if (await exists(join(entryOf(location, work), 'index.lock')))
        return fail({ kind: 'operation-under-way', path: work.path, operation: 'git command (index.lock)' });
      const moved = await moveTo(entryOf(location, work), [join(work.trash, 'entry')]);
      if (!moved.ok) return moved;
      if (await isThere(taskOf(location, work)))
        await rename(taskOf(location, work), join(work.trash, 'task.json'));
      return ok(undefined);
    }
    case 'move-directory': {
      const moved = await moveTo(work.path, work.places);
      if (moved.ok) return ok(undefined);
      // Windows refuses to rename what a program has open or works in.
      if (deps.platform === 'win32' && moved.error.kind === 'read-only')
        return fail({
          kind: 'file-failed',
          path: work.path,
          details: 'A program still uses something in it.',
        });
      return moved;
    }
    case 'delete-branch':
      return deleteBranch(git, location, work);
    case 'delete-remote': {
      if (work.remote === null) return ok(undefined);
      const { remote, ref, seen } = work.remote;
      return pushRef(
        git,
        location,
        { directory: location.root, remote, ref, seen, commit: null, mode: 'write' },
        signal,
      );
    }
  }
}

function abandonNote(work: CleanupWork, reason: string, now: number): { name: string; text: string } {
  const day = new Date(now).toISOString().slice(0, 10);
  const about = [
    ...(work.task === null ? [] : [`- task: ${work.task}`]),
    `- branch: ${work.branch ?? '(none)'}${work.head === null ? '' : ` at ${work.head}`}`,
    `- worktree: ${work.path}`,
    `- for 7 days: \`orch undo ${work.operation}\``,
  ];
  return {
    name: `abandoned-${day}.md`,
    text: `# Abandoned: ${work.branch ?? work.entry}\n\n${reason}\n\n${about.join('\n')}\n`,
  };
}

const keptBranchSchema = z.object({
  config: z.array(z.tuple([z.string(), z.string()]).readonly()).readonly(),
});
type KeptBranch = z.infer<typeof keptBranchSchema>;

/** A file that was damaged costs the branch its settings (its upstream), never itself. */
function readKeptBranch(text: string, log: Log): KeptBranch {
  try {
    return keptBranchSchema.parse(JSON.parse(text));
  } catch (error) {
    log.warn('removal.kept-branch-unreadable', { problem: String(error).slice(0, 300) });
    return { config: [] };
  }
}

async function deleteBranch(
  git: GitCommand,
  location: RepositoryLocation,
  work: CleanupWork,
): Promise<Result<void, CleanupFailure>> {
  const { branch, head } = work;
  if (branch === null || head === null) return ok(undefined);
  const listed = await git(location.root, ['config', '--local', '-z', '--list'], { mode: 'read' });
  const prefix = `branch.${branch}.`;
  const config = fields(listed.stdout)
    .map((line): readonly [string, string] => {
      const at = line.indexOf('\n');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    })
    // `branch.a.b.remote` belongs to the branch `a.b`: a key has no dot.
    .filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes('.'));
  try {
    const reflog = await readFile(branchLogOf(location, branch)).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      return null;
    });
    if (reflog !== null) await writeWhole(join(work.trash, 'branch-log'), reflog, { keep: 'lasting' });
    const kept: KeptBranch = { config };
    if (!(await isThere(join(work.trash, 'branch.json'))))
      await writeWhole(join(work.trash, 'branch.json'), JSON.stringify(kept), { keep: 'lasting' });
  } catch (error) {
    return fail(fileFailure(error, work.trash));
  }
  const now = await commitOf(git, location, `refs/heads/${branch}`);
  if (now !== null) {
    if (now !== head) return fail({ kind: 'plan-outdated', changed: `${branch} moved` });
    const args = ['update-ref', '-d', `refs/heads/${branch}`, head];
    const deleted = await git(location.root, args, { mode: 'write' });
    if (deleted.code !== 0) return fail(refFailure(args, deleted, `${branch} moved`));
  }
  if (config.length > 0) {
    const removed = ['config', '--local', '--remove-section', `branch.${branch}`];
    const outcome = await git(location.root, removed, { mode: 'quiet' });
    // 128: no such section, which is what was wanted.
    if (outcome.code !== 0 && outcome.code !== 128) return fail(gitFailure(removed, outcome));
  }
  return ok(undefined);
}

async function blocker(
  git: GitCommand,
  location: RepositoryLocation,
  work: CleanupWork,
): Promise<FailureOf<'undo-blocked'> | CommonFailure | null> {
  const again = `then run \`orch undo ${work.operation}\` again.`;
  const blocked = (reason: string, wayOut: string) => ({ kind: 'undo-blocked' as const, reason, wayOut });
  const place = await placeOf(work);
  if (place !== null && (await isThere(work.path)))
    return blocked(`Something is at ${work.path} now`, `Move it away, ${again}`);
  if (place === null && !work.missing && !(await isThere(work.path)))
    return blocked(
      'Its directory is in trash no more',
      `Its commits are still there: git branch <name> ${work.head ?? backupRef(work.operation)}`,
    );
  const entryInTrash = await isThere(join(work.trash, 'entry'));
  if (entryInTrash && (await isThere(entryOf(location, work))))
    return blocked(
      `Another worktree is called ${work.entry} now`,
      `Remove or move that one (git worktree list), ${again}`,
    );
  if (!entryInTrash && !(await isThere(entryOf(location, work))))
    return blocked(
      'Git’s entry of it is in trash no more',
      `Its commits are still there: git worktree add <path> ${work.head ?? backupRef(work.operation)}`,
    );
  const { branch, head } = work;
  if (branch === null || head === null || !work.deleteBranch) return null;
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/'];
  const listed = await git(location.root, args, { mode: 'read' });
  if (listed.code !== 0) return gitFailure(args, listed);
  for (const line of lines(listed.stdout)) {
    const at = line.indexOf(' ');
    const name = line.slice(at + 1).replace(/^refs\/heads\//, '');
    if (name === branch && line.slice(0, at) === head) continue;
    // Refs are files on most repositories: a case-insensitive disk, or a directory of the same name, clash.
    const one = name.toLowerCase();
    const other = branch.toLowerCase();
    if (one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`))
      return blocked(
        `There is a branch ${name} now`,
        `Rename it (git branch -m ${name} <other name>), ${again}`,
      );
  }
  return null;
}

async function takeBack(
  deps: RemovalDeps,
  location: RepositoryLocation,
  work: CleanupWork,
  options: Parameters<Removal['takeBack']>[2],
): Promise<Result<readonly string[], UndoFailure>> {
  const restored: string[] = [];
  const blockedBy = await blocker(deps.git, location, work);
  if (blockedBy !== null) return fail(blockedBy);
  try {
    let announced = await options.announce('restore-branch');
    if (!announced.ok) return announced;
    const branch = await restoreBranch(deps, location, work);
    if (!branch.ok) return branch;
    if (branch.value) restored.push(`the branch ${work.branch ?? ''}`);

    announced = await options.announce('restore-directory');
    if (!announced.ok) return announced;
    const place = await placeOf(work);
    if (place !== null) {
      await mkdir(dirname(work.path), { recursive: true });
      await rename(place, work.path);
      restored.push(work.path);
    }

    announced = await options.announce('restore-entry');
    if (!announced.ok) return announced;
    if (await isThere(join(work.trash, 'entry'))) {
      await mkdir(dirname(entryOf(location, work)), { recursive: true });
      await rename(join(work.trash, 'entry'), entryOf(location, work));
      restored.push('its index, reflog and what was under way');
    }
    await mendLinks(work.path, entryOf(location, work));
    const gone: string[] = [];
    for (const name of work.notKept) if (!(await isThere(join(work.path, name)))) gone.push(name);
    if (gone.length > 0) restored.push(`not ${gone.join(', ')}: make them again`);
    const task = join(work.trash, 'task.json');
    if ((await isThere(task)) && !(await isThere(taskOf(location, work)))) {
      await mkdir(dirname(taskOf(location, work)), { recursive: true });
      await rename(task, taskOf(location, work));
    }

    announced = await options.announce('take-notes-back');
    if (!announced.ok) return announced;
    if (work.notesTarget !== null)
      await takeNotesBack(join(work.trash, 'notes.json'), noteHome(location, work.notesTarget));

    if (options.restoreRemote && work.remote !== null) {
      announced = await options.announce('restore-remote');
      if (!announced.ok) return announced;
      const { remote, ref, seen } = work.remote;
      const pushed = await pushRef(
        deps.git,
        location,
        { directory: location.root, remote, ref, seen: null, commit: seen, mode: 'quiet' },
        AbortSignal.timeout(120_000),
      );
      if (!pushed.ok) return pushed;
      restored.push(`${ref.replace(/^refs\/heads\//, '')} on ${remote}`);
    }

    announced = await options.announce('empty-trash');
    if (!announced.ok) return announced;
    // Everything is back: what can't be let go of now is no reason to say otherwise.
    await doom(location, work.operation, work.trash, await elsewhereOf(work));
    await removeEmptyPlaces(work);
    await unpin(deps.git, location, work.operation);
    return ok(restored);
  } catch (error) {
    return fail(fileFailure(error, work.path));
  }
}

/**
 * Lets directory and entry name each other where the repository was moved meanwhile, as
 * `git worktree repair` does; where they still do, nothing is written.
 */
async function mendLinks(path: string, entry: string): Promise<void> {
  const links = [
    { file: join(path, '.git'), start: 'gitdir: ', to: entry, base: path },
    { file: join(entry, 'gitdir'), start: '', to: join(path, '.git'), base: entry },
  ];
  for (const { file, start, to, base } of links) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null || !text.startsWith(start)) continue;
    const named = resolve(base, text.slice(start.length).trim());
    const [one, other] = await Promise.all([named, to].map((place) => realpath(place).catch(() => place)));
    if (one !== other) await writeWhole(file, `${start}${to}\n`, { keep: 'lasting' });
  }
}

/** Notes go up to the worktree they were saved into, and no further. */
function noteHome(location: RepositoryLocation, target: string): string {
  const own = join(location.commonDir, 'orchard');
  if (target.startsWith(own)) return own;
  return target.slice(0, target.lastIndexOf(join('.planning', 'brain')) - 1);
}

async function removeEmptyPlaces(work: CleanupWork): Promise<void> {
  for (const place of work.places) {
    await removeIfEmpty(dirname(place));
    await removeIfEmpty(dirname(dirname(place)), '.orchard-trash');
  }
  const trash = dirname(work.trash);
  if ((await readdir(trash).catch(() => ['kept'])).length === 0) await removeIfEmpty(trash);
}

async function restoreBranch(
  { git, log }: Pick<RemovalDeps, 'git' | 'log'>,
  location: RepositoryLocation,
  work: CleanupWork,
): Promise<Result<boolean, UndoFailure>> {
  const { branch, head } = work;
  const kept = await readFile(join(work.trash, 'branch.json'), 'utf8').catch(() => null);
  if (branch === null || head === null || kept === null) return ok(false);
  const present = (await commitOf(git, location, `refs/heads/${branch}`)) !== null;
  if (!present) {
    const args = ['update-ref', '-m', 'orch undo', `refs/heads/${branch}`, head, ''];
    const made = await git(location.root, args, { mode: 'quiet' });
    if (made.code !== 0) return fail(gitFailure(args, made));
  }
  const reflog = join(work.trash, 'branch-log');
  if (await isThere(reflog)) {
    await mkdir(dirname(branchLogOf(location, branch)), { recursive: true });
    await copyFile(reflog, branchLogOf(location, branch));
  }
  const { config } = readKeptBranch(kept, log);
  for (const [key, value] of config) {
    const there = await git(location.root, ['config', '--local', '-z', '--get-all', key], { mode: 'read' });
    if (fields(there.stdout).includes(value)) continue;
    const args = ['config', '--local', '--add', '--end-of-options', key, value];
    const added = await git(location.root, args, { mode: 'quiet' });
    if (added.code !== 0) return fail(gitFailure(args, added));
  }
  return ok(!present);
}
