/**
 * Lands a branch: the commit is built first, so that its tree is the validated one, and then one ref
 * moves, compared with what was seen. Everything before that can be thrown away.
 */
import { join } from 'node:path';
import type { CommonFailure, FailureOf, MergeFailure, UndoFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import { mergeMessage, revertCommand, squashMessage } from '../../domain/merge-plan';
import type { Landing, Log, MergeProgress, MergeWork } from '../../engine/ports';
import { commitOf, isAncestor } from '../facts/base';
import { listCheckouts, proveAt, proveCheckout } from '../facts/checkouts';
import { mergeTrees } from '../facts/prediction';
import { pushRef, remoteCommit, remoteUrl } from '../facts/remote-branch';
import { readWorkingState } from '../facts/working-state';
import { backupRef, pin, pinnedWork, unpin } from '../kept/backup';
import { clearLeftLocks } from '../kept/left-locks';
import { openOperationLog } from '../kept/operation-log';
import type { GitCommand } from '../run/git-command';
import { gitFailure, lines } from '../run/git-command';
import { hooksOfStep } from './judged-code';
import { missingSetup } from './missing-setup';
import type { MoveFailure } from './moves';
import { moveBranch } from './moves';
import type { PullRequests } from './pull-requests';
import { buildRebase, commitTree } from './rebase-in-memory';
import type { LandingSurveyDeps } from './survey';
import { collidingWith, surveyLanding } from './survey';
import { settleCheckout } from './torn-checkout';

export interface LandingDeps extends LandingSurveyDeps {
  readonly pullRequests: PullRequests;
  readonly log: Log;
  readonly now: () => number;
}

export function createLanding(deps: LandingDeps): Landing {
  const { git } = deps;
  return {
    survey: (found, choices, options) => surveyLanding(deps, found, choices, options),

    hooksOf: (location, work, step, commit) => hooksOfStep(deps.hooks, location, work, step, commit),

    pin: (location, work) =>
      pin(git, location, {
        operation: work.operation,
        commits: [work.tip, work.baseTip, ...(work.baseLocal === null ? [] : [work.baseLocal])],
        gitDir: null,
        branch: null,
        work,
      }),
    pinnedWork: (location, operation) => pinnedWork(git, location, operation),
    foundMoves: (location, work) => foundMoves(git, location, work),

    buildUpdate: (location, work, signal) => buildUpdate(git, location, work, signal),

    async moveBranch(location, work, updated) {
      const moved = await moveBranch(
        git,
        location,
        { branch: work.branch, from: work.tip, to: updated, reason: `orch: bring in ${work.base}` },
        'write',
      );
      return moved.ok ? moved : fail(worktreeFailure(work, moved.error));
    },

    missingSetup: (directory) => missingSetup(directory, deps.platform),
    stillAt: (location, work, commit) => stillAt(git, location, work, commit),
    build: (location, work, updated, signal) => build(git, location, work, updated, signal),

    async land(location, work, landed) {
      if (work.baseLocal === null) return fail({ kind: 'base-not-found', base: work.base });
      const moved = await moveBranch(
        git,
        location,
        { branch: work.base, from: work.baseLocal, to: landed, reason: `orch: merge ${work.branch}` },
        'write',
      );
      return moved.ok ? moved : fail(baseFailure(work, moved.error));
    },

    async push(location, work, landed, io) {
      if (work.upstream === null) return ok(undefined);
      const { remote, remoteRef, commit } = work.upstream;
      const directory = work.baseCheckout ?? location.root;
      const proven =
        location.isBare && directory === location.root
          ? ok(undefined)
          : await proveAt(git, location, directory);
      if (!proven.ok) return proven;
      return pushRef(
        git,
        location,
        {
          directory,
          remote,
          ref: remoteRef,
          seen: commit,
          commit: landed,
          mode: 'write',
          onOutput: io.onOutput,
        },
        io.signal,
      );
    },

    async pushBranch(location, work, updated, io) {
      if (work.branchOnRemote === null) return ok(undefined);
      const proven = await proveAt(git, location, work.path);
      if (!proven.ok) return proven;
      return pushRef(
        git,
        location,
        {
          directory: work.path,
          ...work.branchOnRemote,
          commit: updated,
          mode: 'write',
          onOutput: io.onOutput,
        },
        io.signal,
      );
    },

    async openPullRequest(location, work, updated, signal) {
      const url =
        work.branchOnRemote === null ? null : await remoteUrl(git, location, work.branchOnRemote.remote);
      if (url === null) return { url: null, made: false };
      const messages = await messagesOf(git, location, work, updated);
      const text = squashMessage(work.branch, work.task, messages);
      const [title = work.branch, ...body] = text.split('\n');
      return deps.pullRequests.open({
        directory: location.root,
        remoteUrl: url,
        base: work.base,
        branch: work.branchOnRemote?.ref.replace(/^refs\/heads\//, '') ?? work.branch,
        title,
        body: body.join('\n').trim(),
        signal,
      });
    },

    settle: (location, work, moves, since) => settle(deps, location, work, moves, since),

    async hasLanded(location, work, landed) {
      const now = await commitOf(git, location, `refs/heads/${work.base}`);
      if (now === null) return false;
      const contained = await isAncestor(git, location, landed, now);
      return contained.ok && contained.value;
    },

    async isPushed(location, work, landed) {
      if (work.upstream === null) return false;
      const { remote, remoteRef, trackingRef, commit } = work.upstream;
      const there = await remoteCommit(git, location, remote, remoteRef, AbortSignal.timeout(10_000));
      if (there === 'unknown') return null;
      if (there === null || there === commit) return false;
      if (there !== landed) {
        // Somebody pushed since, on top or over it; without their commits that can't be told.
        const contained = await isAncestor(git, location, landed, there);
        return contained.ok ? contained.value : null;
      }
      // git moves it only when all is pushed. Somebody else's fetch may have been first.
      await git(location.root, ['update-ref', '-m', 'orch: push', trackingRef, landed, commit], {
        mode: 'quiet',
      });
      return true;
    },

    async isBranchPushed(location, work, updated) {
      if (work.branchOnRemote === null) return false;
      const { remote, ref } = work.branchOnRemote;
      return (await remoteCommit(git, location, remote, ref, AbortSignal.timeout(10_000))) === updated;
    },

    blocker: (location, work, progress) => blocker(git, location, work, progress),
    takeBack: (location, work, progress, announce) => takeBack(git, location, work, progress, announce),
    discard: (location, operation) => unpin(git, location, operation),
    collidingWith: (found, landed, base) => collidingWith(deps, found, landed, base),
    openLog: (location, operation) => openOperationLog(location, operation, deps),
  };
}

async function wantsSignature(git: GitCommand, location: RepositoryLocation): Promise<boolean> {
  const asked = await git(location.root, ['config', '--type=bool', '--get', 'commit.gpgSign'], {
    mode: 'read',
  });
  return asked.stdout.trim() === 'true';
}

async function buildUpdate(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  signal: AbortSignal,
): Promise<Result<string, MergeFailure>> {
  if (work.update === null) return ok(work.tip);
  const proven = await proveAt(git, location, work.path);
  if (!proven.ok) return proven;
  const sign = await wantsSignature(git, location);
  if (work.update === 'rebase')
    return buildRebase(git, location, work.path, work.baseTip, work.tip, { sign, signal });
  const merged = await mergeTrees(git, work.path, work.tip, work.baseTip, { mode: 'quiet' });
  if (!merged.ok) return merged;
  if (merged.value.files.length > 0) return fail({ kind: 'conflict', files: merged.value.files });
  return commitTree(callIn(git, work.path, signal), {
    tree: merged.value.tree,
    parents: [work.tip, work.baseTip],
    message: `Merge branch '${work.base}' into ${work.branch}\n`,
    sign,
  });
}

const callIn =
  (git: GitCommand, directory: string, signal: AbortSignal) =>
  (
    args: readonly string[],
    more: { env?: Readonly<Record<string, string>>; stdin?: string } = {},
  ): ReturnType<GitCommand> =>
    git(directory, args, { mode: 'quiet', limitMs: 120_000, signal, ...more });

async function messagesOf(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  updated: string,
): Promise<readonly string[]> {
  const args = [
    'log',
    '--reverse',
    '--no-merges',
    '--no-show-signature',
    '--encoding=UTF-8',
    '--format=%B%x00',
    '--end-of-options',
    updated,
    `^${work.baseTip}`,
  ];
  const shown = await git(location.root, args, { mode: 'read' });
  return shown.stdout
    .split('\0')
    .map((message) => message.replace(/^\n/, ''))
    .filter((message) => message.trim() !== '');
}

async function build(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  updated: string,
  signal: AbortSignal,
): Promise<Result<string, MergeFailure>> {
  const contained = await isAncestor(git, location, work.baseTip, updated);
  if (!contained.ok) return contained;
  if (!contained.value) return fail({ kind: 'not-fast-forward', branch: work.branch, base: work.base });
  if (work.strategy === 'ff' || work.strategy === 'pr') return ok(updated);
  const treeArgs = ['rev-parse', '--verify', '-q', `${updated}^{tree}`];
  const asked = await git(location.root, treeArgs, { mode: 'read' });
  if (asked.code !== 0) return fail(gitFailure(treeArgs, asked));
  const tree = asked.stdout.trim();
  const built = await commitTree(callIn(git, work.baseCheckout ?? location.root, signal), {
    tree,
    parents: work.strategy === 'merge' ? [work.baseTip, updated] : [work.baseTip],
    message:
      work.strategy === 'merge'
        ? mergeMessage(work.branch, work.base)
        : squashMessage(work.branch, work.task, await messagesOf(git, location, work, updated)),
    sign: await wantsSignature(git, location),
  });
  if (!built.ok) return built;
  // What lands is what was validated, or nothing lands.
  const landed = await git(location.root, ['rev-parse', '--verify', '-q', `${built.value}^{tree}`], {
    mode: 'read',
  });
  if (landed.stdout.trim() !== tree) return fail({ kind: 'plan-outdated', changed: 'The tree to land' });
  return built;
}

async function stillAt(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  commit: string,
): Promise<Result<void, MergeFailure>> {
  const proven = await proveAt(git, location, work.path);
  if (!proven.ok) return proven;
  const head = await git(work.path, ['rev-parse', '--verify', '-q', 'HEAD'], { mode: 'read' });
  const branch = await git(work.path, ['symbolic-ref', '-q', '--short', 'HEAD'], { mode: 'read' });
  if (head.stdout.trim() !== commit || branch.stdout.trim() !== work.branch)
    return fail({ kind: 'plan-outdated', changed: `${work.branch} moved` });
  const state = await readWorkingState(git, work.path, []);
  if (!state.ok) return state;
  const files = [...new Set([...state.value.unmerged, ...state.value.staged, ...state.value.changed])];
  return files.length === 0 ? ok(undefined) : fail({ kind: 'validation-changed-files', files });
}

function worktreeFailure(work: MergeWork, failure: MoveFailure): MergeFailure {
  if (failure.kind === 'in-the-way') return { kind: 'dirty', path: failure.path, files: failure.files };
  if (failure.kind === 'moved') return { kind: 'plan-outdated', changed: `${work.branch} moved` };
  return failure;
}

function baseFailure(work: MergeWork, failure: MoveFailure): MergeFailure {
  if (failure.kind === 'in-the-way') return { kind: 'base-dirty', path: failure.path, files: failure.files };
  if (failure.kind === 'moved')
    return { kind: 'base-moved', base: work.base, expected: failure.expected, actual: failure.actual };
  return failure;
}

/** What the reflogs say of an operation whose own record is lost. */
async function foundMoves(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
): Promise<{ readonly updated: string | null; readonly landed: string | null }> {
  const moved = async (branch: string, from: string | null, reason: string) => {
    const args = ['reflog', 'show', '--format=%H %gs', `refs/heads/${branch}`, '--'];
    const shown = await git(location.root, args, { mode: 'read' });
    const entries = lines(shown.stdout);
    const at = entries.findIndex(
      (entry, one) =>
        entry.slice(entry.indexOf(' ') + 1).startsWith(reason) &&
        (entries[one + 1] ?? '').startsWith(`${from} `),
    );
    return at < 0 ? null : (entries[at]?.split(' ')[0] ?? null);
  };
  return {
    updated: await moved(work.branch, work.tip, `orch: bring in ${work.base}`),
    landed: await moved(work.base, work.baseLocal, `orch: merge ${work.branch}`),
  };
}

/** Puts right what a killed git left: its locks, and the working trees that it was moving. */
async function settle(
  deps: LandingDeps,
  location: RepositoryLocation,
  work: MergeWork,
  moves: Parameters<Landing['settle']>[2],
  since: number,
): Promise<Result<readonly string[], UndoFailure>> {
  const { git } = deps;
  const listed = await listCheckouts(git, location);
  if (!listed.ok) return listed;
  const holderOf = (branch: string) => {
    const holders = listed.value.filter(
      (one) => one.holds.includes(branch) && !one.missing && one.problem === null,
    );
    return holders.length === 1 ? holders[0] : undefined;
  };
  const moved = [work.branch, work.base].flatMap((branch) => holderOf(branch) ?? []);
  const upstream = work.upstream?.trackingRef;
  const held = await clearLeftLocks(
    location,
    {
      since,
      directories: moved.map(({ path }) => path),
      gitDirs: moved.map(({ gitDir }) => gitDir),
      refs: [
        `refs/heads/${work.branch}`,
        `refs/heads/${work.base}`,
        backupRef(work.operation),
        ...(upstream === undefined ? [] : [upstream]),
        ...(work.branchOnRemote === null
          ? []
          : [
              work.branchOnRemote.ref.replace(
                /^refs\/heads\//,
                `refs/remotes/${work.branchOnRemote.remote}/`,
              ),
            ]),
      ],
    },
    deps.log,
  );
  if (held[0] !== undefined)
    return fail({
      kind: 'undo-blocked',
      reason: `Another program holds ${held[0]}`,
      wayOut: 'It is tried again at the next start, or with the next operation here.',
    });
  const aside = join(location.commonDir, 'orchard', 'trash', work.operation, 'found');
  const kept: string[] = [];
  for (const { branch, from, to } of moves) {
    const holder = holderOf(branch);
    if (from === to || holder === undefined || holder.branch !== branch || holder.ongoing !== null) continue;
    const now = await commitOf(git, location, `refs/heads/${branch}`);
    // Somebody went on from what they found there: it is theirs.
    if (now !== from && now !== to) continue;
    const proven = await proveCheckout(git, location, holder);
    if (!proven.ok) return proven;
    const settled = await settleCheckout(git, { path: holder.path, from, to, target: now, aside });
    if (!settled.ok) return settled;
    kept.push(...settled.value.map((path) => join(aside, path)));
  }
  return ok(kept);
}

async function blocker(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  progress: MergeProgress,
): Promise<FailureOf<'undo-blocked'> | CommonFailure | null> {
  const blocked = (reason: string, wayOut: string) => ({ kind: 'undo-blocked' as const, reason, wayOut });
  const { landed } = progress;
  if (landed !== null && work.baseLocal !== null) {
    const revert = `Take it back with a commit instead: ${revertCommand({ from: work.baseTip, to: landed, strategy: work.strategy })} on ${work.base}.`;
    const now = await commitOf(git, location, `refs/heads/${work.base}`);
    if (now !== work.baseLocal) {
      if (progress.pushed) return blocked(`${work.base} was pushed with it`, revert);
      if (now === null)
        return blocked(`There is no branch ${work.base} any more`, `git branch ${work.base} ${landed}`);
      if (now !== landed) return blocked(`${work.base} has moved on since`, revert);
      if (work.upstream !== null) {
        const upstream = await commitOf(git, location, work.upstream.trackingRef);
        const has = upstream === null ? ok(false) : await isAncestor(git, location, landed, upstream);
        if (!has.ok) return has.error;
        if (has.value) return blocked(`${work.base} was pushed with it`, revert);
      }
    }
  } else if (progress.pushed)
    return blocked('Its branch was pushed', 'Close the pull request on its page instead.');
  const branch = await commitOf(git, location, `refs/heads/${work.branch}`);
  if (branch === null)
    return blocked(`There is no branch ${work.branch} any more`, 'Undo its cleanup first: orch undo --list');
  return null;
}

async function takeBack(
  git: GitCommand,
  location: RepositoryLocation,
  work: MergeWork,
  progress: MergeProgress,
  announce: Parameters<Landing['takeBack']>[3],
): Promise<Result<readonly string[], UndoFailure>> {
  const restored: string[] = [];
  const { landed, updated } = progress;
  const back = async (branch: string, from: string, to: string): Promise<Result<boolean, UndoFailure>> => {
    if (from === to || (await commitOf(git, location, `refs/heads/${branch}`)) !== from) return ok(false);
    const moved = await moveBranch(git, location, { branch, from, to, reason: 'orch undo' }, 'quiet');
    if (moved.ok) return ok(true);
    const failure = moved.error;
    switch (failure.kind) {
      case 'in-the-way':
        return fail({
          kind: 'undo-blocked',
          reason: `${failure.path} has changes in ${failure.files.slice(0, 5).join(', ')}`,
          wayOut: 'Commit or stash them there, then undo again.',
        });
      case 'moved':
      case 'plan-outdated':
        return fail({
          kind: 'undo-blocked',
          reason: `${branch} has just moved`,
          wayOut: 'Look at it, then undo again.',
        });
      case 'operation-under-way':
        return fail({
          kind: 'undo-blocked',
          reason: `A ${failure.operation} is under way in ${failure.path}`,
          wayOut: 'Finish or abort it there, then undo again.',
        });
      case 'worktree-missing':
        return fail({
          kind: 'undo-blocked',
          reason: `${failure.path} is away`,
          wayOut: 'Mount its disk, then undo again.',
        });
      default:
        return fail(failure);
    }
  };

  if (landed !== null && work.baseLocal !== null) {
    const announced = await announce('restore-base');
    if (!announced.ok) return announced;
    const base = await back(work.base, landed, work.baseLocal);
    if (!base.ok) return base;
    if (base.value) restored.push(`${work.base} at ${work.baseLocal.slice(0, 9)}`);
  }
  const announced = await announce('restore-branch');
  if (!announced.ok) return announced;
  const branch = await back(work.branch, updated, work.tip);
  if (!branch.ok) return branch;
  if (branch.value) restored.push(`${work.branch} at ${work.tip.slice(0, 9)}`);
  const last = await announce('unpin');
  if (!last.ok) return last;
  await unpin(git, location, work.operation);
  return ok(restored);
}
