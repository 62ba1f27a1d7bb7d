/** Reads everything that the plan of a cleanup rests on. Writes nothing. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CleanupFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { CleanupChoices, CleanupFacts, LockOwner } from '../../domain/cleanup-plan';
import { claudePidOfLock, isReproducible, noteFolder } from '../../domain/cleanup-plan';
import { nestedIn, pathStyleOf } from '../../domain/containment';
import type { CleanupSurvey, FoundWorktree } from '../../engine/ports';
import { exists } from '../../system/small-reads';
import { readBase } from '../facts/base';
import { hashOf, strayFiles } from '../facts/changes';
import type { Checkout } from '../facts/checkouts';
import { findCheckout } from '../facts/checkouts';
import { createdAt } from '../facts/creation';
import { hiddenEdits } from '../facts/hidden-edits';
import type { MergedAnswer, MergedCheck } from '../facts/merged';
import type { PullRequestLook } from '../facts/remote-branch';
import { lookAtRemoteBranch } from '../facts/remote-branch';
import { submoduleWork } from '../facts/submodule-work';
import { readWorkingState } from '../facts/working-state';
import type { GitCommand } from '../run/git-command';
import { fields, lines } from '../run/git-command';
import { leadsOutside, listNotes } from './note-keeping';
import { searchBound, whyKeep } from './worth-keeping';

export interface SurveyDeps {
  readonly git: GitCommand;
  readonly merged: MergedCheck;
  readonly pullRequests: PullRequestLook;
  /** Whether a process with this number runs that may have been there at this time (ms). */
  readonly processAlive: (pid: number, sinceMs: number) => Promise<boolean>;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

export async function surveyRemoval(
  deps: SurveyDeps,
  found: FoundWorktree,
  choices: CleanupChoices,
  signal: AbortSignal,
): Promise<Result<CleanupSurvey, CleanupFailure>> {
  const { git } = deps;
  const { location, worktree } = found;
  const listed = await findCheckout(git, location, worktree);
  if (!listed.ok) return listed;
  const { checkouts, here } = listed.value;
  if (here.isMain || here.entry === null) return fail({ kind: 'is-main-worktree', path: here.path });

  // The branch that a rebase or bisect will come back to is this worktree's branch.
  const branch = here.branch ?? here.holds[0] ?? null;
  const style = pathStyleOf(deps.platform);
  const nested = nestedIn(here.path, checkouts, style);
  const state = here.missing
    ? ok({ staged: [], changed: [], unmerged: [], untracked: [], fingerprint: 'missing' })
    : await readWorkingState(
        git,
        here.path,
        nested.map((one) => one.path),
      );
  if (!state.ok) return state;
  const tip = branch === null ? here.head : await branchTip(git, location.root, here, branch);
  const copies = worktree.record?.copies ?? {};
  const untracked = await strayFiles(here.path, state.value.untracked, copies);
  const tracked = [...new Set([...state.value.staged, ...state.value.changed])];
  const hidden = here.missing ? ok([]) : await hiddenEdits(git, here.path, here.gitDir);
  if (!hidden.ok) return hidden;
  const submodules = await submoduleWork(
    git,
    { path: here.missing ? null : here.path, gitDir: here.gitDir },
    location.commonDir,
  );
  if (!submodules.ok) return submodules;
  const changes = [...tracked, ...state.value.unmerged, ...untracked, ...hidden.value, ...submodules.value];
  const dirty = changes.length > 0 || here.ongoing !== null;

  const base = await readBase(git, location, worktree.record?.base ?? worktree.base, null);
  // A base that is gone or in two minds says nothing about being merged; the rest can still be told.
  const bases = base.ok
    ? [
        ...(base.value.local === null ? [] : [{ name: base.value.name, commit: base.value.local }]),
        ...(base.value.upstream === null
          ? []
          : [
              {
                name: base.value.upstream.trackingRef.replace(/^refs\/remotes\//, ''),
                commit: base.value.upstream.commit,
              },
            ]),
        ...(base.value.local === null && base.value.upstream === null
          ? [{ name: base.value.name, commit: base.value.tip }]
          : []),
      ]
    : base.error.kind === 'base-diverged'
      ? [
          { name: base.error.base, commit: base.error.local },
          { name: `${base.error.base}’s upstream`, commit: base.error.upstream },
        ]
      : [];
  const baseName = base.ok ? base.value.name : base.error.kind === 'base-diverged' ? base.error.base : null;
  const createdAtCommit = await createdAt(location, worktree.record, branch);
  const merged: MergedAnswer =
    tip === null
      ? { how: null, text: 'without a commit yet' }
      : branch !== null && branch === baseName
        ? { how: null, text: 'the base itself' }
        : await deps.merged.howMerged(location, { tip, bases, createdAtCommit, dirty });

  const baseCheckout = checkouts.find(
    (one) =>
      one !== here && baseName !== null && one.branch === baseName && !one.missing && one.problem === null,
  );
  const main = checkouts.find((one) => one.isMain && !one.missing && one.problem === null);
  const compared = baseCheckout ?? (main === here ? undefined : main);
  const ignored = here.missing
    ? { differing: [], reproducible: [], kept: [] }
    : await ignoredFiles(git, here.path, compared?.path ?? null, copies);

  const notes = here.missing ? [] : await notesToSave(git, here.path, merged.how !== null);
  const folder = noteFolder(branch ?? `detached-${here.entry}`);
  const wanted =
    compared === undefined ? null : join(compared.path, '.planning', 'brain', ...folder.split('/'));
  const notesTarget =
    wanted === null || compared === undefined || (await leadsOutside(compared.path, wanted))
      ? join(location.commonDir, 'orchard', 'brain', ...folder.split('/'))
      : wanted;

  const remote =
    choices.deleteRemote && branch !== null && tip !== null
      ? await lookAtRemoteBranch(
          git,
          location,
          branch,
          [tip, ...bases.map((one) => one.commit)],
          deps.pullRequests,
          signal,
        )
      : null;
  if (signal.aborted) return fail({ kind: 'cancelled' });

  const facts: CleanupFacts = {
    path: here.path,
    isMain: false,
    missing: here.missing,
    branch,
    head: tip,
    branchAlsoIn: checkouts
      .filter((one) => one !== here && branch !== null && one.holds.includes(branch))
      .map((one) => one.path),
    headIsOn: tip === null ? [] : await branchesWith(git, here, location.root, tip),
    base: baseName,
    isBase: branch !== null && (branch === baseName || (await isDefault(git, location, branch))),
    merged,
    tracked,
    hidden: hidden.value,
    submodules: submodules.value,
    unmerged: state.value.unmerged,
    untracked,
    ongoing: here.ongoing,
    indexLocked: await exists(join(here.gitDir, 'index.lock')),
    lock: here.locked === null ? null : { reason: here.locked, owner: await lockOwner(deps, here) },
    nested: nested.map((one) => one.path),
    ignoredDiffering: ignored.differing,
    reproducible: ignored.reproducible,
    ignoredKept: ignored.kept,
    unpushed: tip === null ? null : await unpushedCount(git, location.root, tip),
    notes,
    notesTarget,
    remote,
    otherDisk: !here.missing && (await onOtherDisk(here.path, location.commonDir)),
  };
  return ok({
    facts,
    entry: here.entry,
    baseCheckout: compared?.path ?? null,
    fingerprint: fingerprintOf(facts, here, state.value.fingerprint),
  });
}

async function isDefault(
  git: GitCommand,
  location: FoundWorktree['location'],
  branch: string,
): Promise<boolean> {
  const usual = await readBase(git, location, null, null);
  if (usual.ok) return usual.value.name === branch;
  return usual.error.kind === 'base-diverged' && usual.error.base === branch;
}

function fingerprintOf(facts: CleanupFacts, here: Checkout, state: string): string {
  return createHash('sha256')
    .update(
      JSON.stringify([
        facts.path,
        here.entry,
        here.branch,
        here.head,
        facts.head,
        state,
        facts.ongoing,
        facts.hidden,
        facts.submodules,
        facts.lock?.reason ?? null,
        facts.nested,
        facts.merged.how,
        facts.branchAlsoIn,
        facts.ignoredDiffering,
        facts.reproducible,
        facts.ignoredKept,
        facts.notes,
        facts.notesTarget,
        facts.remote?.seen ?? null,
        facts.remote?.pullRequest ?? null,
      ]),
    )
    .digest('hex');
}

async function branchTip(
  git: GitCommand,
  root: string,
  here: Checkout,
  branch: string,
): Promise<string | null> {
  if (here.branch === branch) return here.head;
  const asked = await git(root, ['rev-parse', '--verify', '-q', `refs/heads/${branch}`], {
    mode: 'read',
  });
  return asked.code === 0 ? asked.stdout.trim() : here.head;
}

async function branchesWith(
  git: GitCommand,
  here: Checkout,
  root: string,
  commit: string,
): Promise<readonly string[]> {
  const asked = await git(
    root,
    ['for-each-ref', '--format=%(refname)', `--contains=${commit}`, 'refs/heads/'],
    { mode: 'read' },
  );
  const names = lines(asked.stdout).map((name) => name.replace(/^refs\/heads\//, ''));
  return names.filter((name) => !here.holds.includes(name));
}

async function unpushedCount(git: GitCommand, root: string, tip: string): Promise<number | null> {
  const remotes = await git(root, ['for-each-ref', '--count=1', '--format=x', 'refs/remotes/'], {
    mode: 'read',
  });
  if (remotes.stdout.trim() === '') return null; // nowhere to push to
  const counted = await git(root, ['rev-list', '--count', tip, '--not', '--remotes'], { mode: 'read' });
  return counted.code === 0 ? Number(counted.stdout.trim()) : null;
}

async function lockOwner(deps: SurveyDeps, here: Checkout): Promise<LockOwner> {
  const pid = claudePidOfLock(here.locked ?? '');
  if (pid === null) return { kind: 'other' };
  const since = await stat(join(here.gitDir, 'locked')).then(
    (found) => found.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  return { kind: 'claude', pid, alive: await deps.processAlive(pid, since) };
}

async function onOtherDisk(path: string, commonDir: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(path), stat(commonDir)]);
  return one.dev !== other.dev;
}

/** Notes that come with no merge: all of them, less those that are committed on a merged branch. */
async function notesToSave(git: GitCommand, path: string, merged: boolean): Promise<readonly string[]> {
  const all = await listNotes(path);
  if (!merged || all.length === 0) return all;
  const committed = await git(path, ['ls-files', '-z', '--', ':(top,literal).planning/brain'], {
    mode: 'read',
  });
  const tracked = new Set(fields(committed.stdout));
  // A merged worktree is clean, so a tracked note is as it is committed.
  return all.filter((note) => !tracked.has(note));
}

/** Files looked into before a plan gives up on details and names the directory. */
const fileBudget = 1_000;
const largestCompared = 10 * 1024 * 1024;

async function ignoredFiles(
  git: GitCommand,
  path: string,
  other: string | null,
  copies: Readonly<Record<string, string>>,
): Promise<{
  readonly differing: readonly string[];
  readonly reproducible: readonly string[];
  readonly kept: CleanupFacts['ignoredKept'];
}> {
  const listed = await git(
    path,
    ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z'],
    { mode: 'read', limitMs: 60_000 },
  );
  const differing: string[] = [];
  const reproducible: string[] = [];
  const kept: { readonly path: string; readonly why: string }[] = [];
  const bound = searchBound();
  let budget = fileBudget;
  const differs = async (name: string): Promise<boolean> => {
    const mine = await stat(join(path, name)).catch(() => null);
    const theirs = other === null ? null : await stat(join(other, name)).catch(() => null);
    const recorded = Object.hasOwn(copies, name) ? copies[name] : undefined;
    if (mine === null) return true;
    if (
      recorded !== undefined &&
      mine.size <= largestCompared &&
      (await hashOf(join(path, name))) === recorded
    )
      return false;
    if (theirs === null || mine.size !== theirs.size || mine.size > largestCompared) return true;
    return (await hashOf(join(path, name))) !== (await hashOf(join(other ?? '', name)));
  };
  const walk = async (directory: string): Promise<void> => {
    for (const item of await readdir(join(path, directory), { withFileTypes: true }).catch(() => [])) {
      const name = directory + item.name;
      if (budget <= 0) return;
      if (item.isDirectory()) {
        if (await exists(join(path, name, '.git'))) differing.push(`${name}/`);
        else await walk(`${name}/`);
      } else {
        budget--;
        if (await differs(name)) differing.push(name);
      }
    }
  };
  for (const name of fields(listed.stdout)) {
    if (name.startsWith('.planning/brain/')) continue; // notes are saved, not lost
    if (name === '.planning/') {
      await walk(name);
      continue;
    }
    if (isReproducible(name)) {
      const why = await whyKeep(join(path, name), bound);
      if (why === null) reproducible.push(name);
      else kept.push({ path: name, why });
    } else if (!name.endsWith('/')) {
      if (await differs(name)) differing.push(name);
    } else {
      const before = differing.length;
      await walk(name);
      if (budget <= 0) {
        differing.length = before;
        differing.push(name);
      }
    }
  }
  return { differing: differing.filter((name) => !name.startsWith('.planning/brain/')), reproducible, kept };
}

/** The places a worktree's directory may go to, best first. */
export function trashPlaces(commonDir: string, path: string, operation: string): readonly string[] {
  return [
    join(commonDir, 'orchard', 'trash', operation, 'worktree'),
    join(dirname(path), '.orchard-trash', operation, basename(path)),
  ];
}
