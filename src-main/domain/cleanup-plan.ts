/**
 * What a cleanup would do, lose and refuse, decided from facts alone. The rule behind all of it: what
 * is in no base goes only with a reason, and nothing goes that can't be brought back.
 */
import type { CleanupFailure } from '../contract/failures';
import type { PlanStep } from '../contract/plans';
import { isAtWork } from '../contract/session-words';
import type { Merged, OngoingOperation, SessionState } from '../contract/snapshot';
import type { SubmoduleWork } from './facts';

export interface LiveSession {
  readonly pid: number;
  readonly state: SessionState;
  /** The session that asked for this very operation (`/orch:merge` inside it). */
  readonly isCaller: boolean;
}

export type LockOwner =
  | { readonly kind: 'claude'; readonly pid: number; readonly alive: boolean }
  | { readonly kind: 'other' };

export type PullRequestState = 'none' | 'open' | 'unknown';

export interface RemoteBranch {
  readonly remote: string;
  /** `refs/heads/…` on the remote. */
  readonly ref: string;
  readonly seen: string;
  /** Whether every commit of it is pinned or in the base; else deleting it could lose work of others. */
  readonly known: boolean;
  readonly pullRequest: PullRequestState;
}

export interface CleanupFacts {
  readonly path: string;
  readonly isMain: boolean;
  /** The directory is not there. */
  readonly missing: boolean;
  readonly branch: string | null;
  readonly head: string | null;
  /** Other worktrees that have the branch (also in the middle of a rebase of it). */
  readonly branchAlsoIn: readonly string[];
  /** For a worktree on no branch: branches that contain its commit. */
  readonly headIsOn: readonly string[];
  readonly base: string | null;
  /** Its branch is a base itself: its own, or the repository's default branch. */
  readonly isBase: boolean;
  readonly merged: { readonly how: Merged; readonly text: string };
  readonly tracked: readonly string[];
  /** Tracked files with edits that git is told not to see. */
  readonly hidden: readonly string[];
  readonly unmerged: readonly string[];
  /** Without unchanged copies and brain notes. */
  readonly untracked: readonly string[];
  readonly ongoing: OngoingOperation | null;
  /** A git command is at work there, or died there: `index.lock`. */
  readonly indexLocked: boolean;
  readonly lock: { readonly reason: string; readonly owner: LockOwner } | null;
  readonly nested: readonly string[];
  readonly submodules: readonly SubmoduleWork[];
  readonly ignoredDiffering: readonly string[];
  /** Removed at once: each was looked through, and nothing of worth is in it. */
  readonly reproducible: readonly string[];
  /** Would be made again by a build or an install, but may hold more than that: kept in trash. */
  readonly ignoredKept: readonly { readonly path: string; readonly why: string }[];
  readonly unpushed: number | null;
  /** Brain notes to save, relative to the worktree. */
  readonly notes: readonly string[];
  readonly notesTarget: string | null;
  readonly remote: RemoteBranch | null;
  readonly otherDisk: boolean;
}

export interface CleanupChoices {
  readonly abandon: string | null;
  readonly keepBranch: boolean;
  readonly deleteRemote: boolean;
}

export interface CleanupDecision {
  readonly steps: readonly PlanStep[];
  readonly losses: readonly string[];
  readonly notKept: readonly string[];
  readonly warnings: readonly string[];
  readonly refusal: CleanupFailure | null;
  readonly deleteBranch: boolean;
  readonly deleteRemote: boolean;
  readonly releaseLock: boolean;
}

/** A session that has a process: ending it is the person's business. */
export const isLive = (session: LiveSession): boolean =>
  session.state !== 'ended' && session.state !== 'crashed';

/** States in which files may change under an update, or a person is being asked something. */
export const isBusy = (session: Pick<LiveSession, 'state'>): boolean => isAtWork[session.state];

const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export function decideCleanup(
  facts: CleanupFacts,
  sessions: readonly LiveSession[],
  choices: CleanupChoices,
): CleanupDecision {
  const abandoned = choices.abandon !== null && choices.abandon.trim() !== '';
  const isMerged = facts.merged.how !== null;
  const deleteBranch =
    facts.branch !== null && !facts.isBase && !choices.keepBranch && facts.branchAlsoIn.length === 0;
  const deleteRemote =
    choices.deleteRemote &&
    facts.remote?.known === true &&
    facts.remote.pullRequest === 'none' &&
    deleteBranch;
  const releaseLock = facts.lock?.owner.kind === 'claude' && !facts.lock.owner.alive;

  return {
    steps: stepsOf(facts, { abandoned, deleteBranch, deleteRemote, releaseLock }),
    losses: lossesOf(facts, isMerged),
    notKept: facts.reproducible,
    warnings: warningsOf(facts, choices, sessions),
    refusal: refusalOf(facts, sessions, abandoned),
    deleteBranch,
    deleteRemote,
    releaseLock,
  };
}

function refusalOf(
  facts: CleanupFacts,
  sessions: readonly LiveSession[],
  abandoned: boolean,
): CleanupDecision['refusal'] {
  const { path } = facts;
  if (facts.isMain) return { kind: 'is-main-worktree', path };
  if (facts.isBase && facts.branch !== null) return { kind: 'is-base', path, branch: facts.branch };
  if (facts.lock !== null && !(facts.lock.owner.kind === 'claude' && !facts.lock.owner.alive))
    return { kind: 'locked', path, reason: facts.lock.reason };
  const live = sessions.find(isLive);
  if (live !== undefined) return { kind: 'session-live', path, pid: live.pid };
  if (facts.nested.length > 0) return { kind: 'nested-worktrees', path, nested: facts.nested };
  if (facts.indexLocked) return { kind: 'operation-under-way', path, operation: 'git command (index.lock)' };
  if (abandoned) return null;
  if (facts.ongoing !== null) return { kind: 'operation-under-way', path, operation: facts.ongoing };
  const inside = facts.submodules.flatMap(({ files }) => files);
  const unsaved = [...facts.unmerged, ...facts.tracked, ...facts.hidden, ...facts.untracked, ...inside];
  if (unsaved.length > 0) return { kind: 'unsaved-work', path, files: [...new Set(unsaved)] };
  const lonely = facts.submodules.flatMap((submodule) => lonelyWords(submodule) ?? []);
  if (lonely.length > 0) return { kind: 'submodule-work', path, submodules: lonely, stopped: 'cleanup' };
  const safe = facts.merged.how !== null || (facts.branch === null && facts.headIsOn.length > 0);
  // A branch with nothing on it yet is where it was made: its commit is the base's own.
  if (!safe && facts.head !== null && !nothingOfItsOwn(facts))
    return { kind: 'not-merged', branch: facts.branch ?? facts.head };
  return null;
}

const nothingOfItsOwn = (facts: CleanupFacts) => facts.headIsOn.some((branch) => branch !== facts.branch);

/** "libs/ui (2 commits on topic, 1 stash)"; null when all of it is elsewhere too. */
function lonelyWords({ name, commits, on, stashes }: SubmoduleWork): string | null {
  const what = [
    ...(commits > 0 ? [`${counted(commits, 'commit')} on ${on.join(', ')}`] : []),
    ...(stashes > 0 ? [counted(stashes, 'stash', 'stashes')] : []),
  ];
  return what.length === 0 ? null : `${name} (${what.join(', ')})`;
}

function lossesOf(facts: CleanupFacts, isMerged: boolean): string[] {
  const losses: string[] = [];
  const say = (files: readonly string[], what: string) => {
    for (const file of files.slice(0, 50)) losses.push(`${what}: ${file}`);
    if (files.length > 50) losses.push(`${what}: and ${files.length - 50} more`);
  };
  if (!isMerged && facts.head !== null && !nothingOfItsOwn(facts))
    losses.push(`commits: ${facts.branch ?? facts.head.slice(0, 9)} is ${facts.merged.text}`);
  if (facts.unpushed !== null && facts.unpushed > 0 && !isMerged)
    losses.push(`unpushed: ${counted(facts.unpushed, 'commit')} on no remote`);
  if (facts.ongoing !== null) losses.push(`under way: a ${facts.ongoing}`);
  say(facts.unmerged, 'conflicted');
  say(facts.tracked, 'uncommitted');
  say(facts.hidden, 'uncommitted, and hidden from git (skip-worktree or assume-unchanged)');
  say(facts.untracked, 'untracked');
  say(
    facts.submodules.flatMap((submodule) => lonelyWords(submodule) ?? []),
    'only in its submodule',
  );
  say(
    facts.submodules.flatMap(({ files }) => files),
    'uncommitted in a submodule',
  );
  say(facts.ignoredDiffering, 'ignored, not as in the base’s worktree');
  say(
    facts.ignoredKept.map(({ path, why }) => `${path} (${why})`),
    'ignored, kept in trash',
  );
  return losses;
}

function warningsOf(
  facts: CleanupFacts,
  choices: CleanupChoices,
  sessions: readonly LiveSession[],
): string[] {
  const warnings: string[] = [];
  if (facts.missing)
    warnings.push(
      `Its directory is away. If ${facts.path} is on a disk that is not mounted, mount it first: only git’s entry can be put in trash.`,
    );
  const [other] = facts.branchAlsoIn;
  if (other !== undefined && facts.branch !== null)
    warnings.push(`The branch ${facts.branch} stays: it is checked out in ${other} as well.`);
  if (facts.otherDisk)
    warnings.push('It is on another disk than its repository, so it goes to .orchard-trash beside it.');
  if (choices.deleteRemote && facts.remote !== null) {
    const ref = `${facts.remote.remote}/${facts.remote.ref.replace(/^refs\/heads\//, '')}`;
    if (facts.remote.pullRequest === 'open') warnings.push(`${ref} stays: its pull request is open.`);
    else if (facts.remote.pullRequest === 'unknown')
      warnings.push(`${ref} stays: whether it has an open pull request is not known.`);
    else if (!facts.remote.known) warnings.push(`${ref} stays: it has commits that are not here.`);
  }
  if (sessions.some((session) => session.isCaller && isLive(session)))
    warnings.push('This was asked from a session inside it.');
  return warnings;
}

function stepsOf(
  facts: CleanupFacts,
  chosen: {
    readonly abandoned: boolean;
    readonly deleteBranch: boolean;
    readonly deleteRemote: boolean;
    readonly releaseLock: boolean;
  },
): PlanStep[] {
  const steps: PlanStep[] = [{ id: 'pin', text: 'Pin its commits, so that nothing is collected' }];
  if (chosen.releaseLock && facts.lock?.owner.kind === 'claude')
    steps.push({
      id: 'release-lock',
      text: `Release the lock of Claude’s process ${facts.lock.owner.pid}, which is gone`,
    });
  if ((facts.notes.length > 0 || chosen.abandoned) && facts.notesTarget !== null) {
    const what = [
      ...(facts.notes.length > 0 ? [counted(facts.notes.length, 'brain note')] : []),
      ...(chosen.abandoned ? ['the reason it is abandoned'] : []),
    ].join(' and ');
    steps.push({ id: 'save-notes', text: `Save ${what} to ${facts.notesTarget}` });
  }
  steps.push({ id: 'move-entry', text: 'Move git’s entry of it to trash' });
  if (!facts.missing) steps.push({ id: 'move-directory', text: `Move ${facts.path} to trash, for 7 days` });
  if (chosen.deleteBranch && facts.branch !== null && facts.head !== null)
    steps.push({
      id: 'delete-branch',
      text: `Delete the branch ${facts.branch} (at ${facts.head.slice(0, 9)})`,
    });
  if (chosen.deleteRemote && facts.remote !== null)
    steps.push({
      id: 'delete-remote',
      text: `Delete ${facts.remote.ref.replace(/^refs\/heads\//, '')} on ${facts.remote.remote} (at ${facts.remote.seen.slice(0, 9)})`,
    });
  return steps;
}

/**
 * The owner of a `git worktree lock`, told from its reason. Claude Code writes
 * `claude session <name> (pid 123)`, newer ones `(pid 123 start <time>)`:
 * https://github.com/melodic-software/claude-code-plugins/issues/2257,
 * https://github.com/slikk66/dangeresque/issues/84
 */
export function claudePidOfLock(reason: string): number | null {
  const match = /^claude\b[^\n]*\(pid (\d{1,10})(?: [^)]*)?\)\s*$/i.exec(reason.trim());
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Directories that a build or an install makes again; only when git ignores them as a whole. */
const reproducibleNames = new Set([
  'node_modules',
  'target',
  'dist',
  'build',
  'out',
  '.next',
  '.nuxt',
  '.turbo',
  '.svelte-kit',
  '.parcel-cache',
  '.gradle',
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
]);

/** `directory` is relative, '/'-separated, as git lists a wholly ignored one. */
export function isReproducible(directory: string): boolean {
  const name = directory.replace(/\/$/, '').split('/').at(-1) ?? '';
  return directory.endsWith('/') && reproducibleNames.has(name);
}

/**
 * The directory of a branch's notes below `.planning/brain/`. Windows reserves names and characters
 * that git allows in a branch (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
 */
export function noteFolder(branch: string): string {
  return branch
    .split('/')
    .map((part) => part.replace(/["<>|:*?\\]/g, '-').replace(/[. ]+$/, '-'))
    .map((part) => (/^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i.test(part) ? `${part}-branch` : part))
    .join('/');
}
