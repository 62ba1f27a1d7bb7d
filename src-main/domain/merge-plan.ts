/** What a merge would do and refuse, decided from facts alone. */
import type { MergeFailure, RepositoryCommand } from '../contract/failures';
import type { MergeStrategy, PlanStep, UpdateStrategy } from '../contract/plans';
import type { Collision, OngoingOperation } from '../contract/snapshot';
import type { LiveSession } from './cleanup-plan';
import { isBusy } from './cleanup-plan';

export interface ConflictFile {
  readonly file: string;
  /** Lines of the conflicted file, as "12–18"; empty when it is no text. */
  readonly regions: readonly string[];
}

export interface BaseCheckout {
  readonly path: string;
  readonly missing: boolean;
  /** Tracked files with changes, unmerged ones included. */
  readonly changed: readonly string[];
  readonly ongoing: OngoingOperation | null;
  /** Untracked or ignored files where landing would write. */
  readonly inTheWay: readonly string[];
}

export interface ValidationCommand {
  readonly purpose: 'validate' | 'detected';
  /** What runs. */
  readonly run: string;
  /** What is shown and approved: for a script, what it does as well. */
  readonly text: string;
}

export interface MergeFacts {
  readonly path: string;
  readonly isMain: boolean;
  readonly missing: boolean;
  readonly branch: string | null;
  readonly tip: string | null;
  /** Commits of the branch that are not in the base. */
  readonly ahead: number;
  /** Merging it would change nothing in the base: squash-merged, or taken back. */
  readonly addsNothing: boolean;
  /** Whether the base has commits that the branch does not have. */
  readonly behind: boolean;
  readonly mergeCommits: number;
  readonly tracked: readonly string[];
  readonly unmerged: readonly string[];
  readonly stray: readonly string[];
  readonly ongoing: OngoingOperation | null;
  readonly base: string;
  readonly baseLocal: string | null;
  /** The base that was meant and is gone; `base` is the one that it came from. */
  readonly baseInsteadOf: string | null;
  readonly freshness: string;
  readonly hasUpstream: boolean;
  readonly remote: string | null;
  readonly baseCheckouts: readonly BaseCheckout[];
  readonly conflicts: readonly ConflictFile[];
  /** Why git could not say who commits, in its own words; null when it can. */
  readonly noIdentity: string | null;
  /** Submodule commits that would be pushed as links to nowhere; looked for only when something is pushed. */
  readonly submodulesUnpushed: readonly string[];
  /** Untracked or ignored files in the worktree where the update would write. */
  readonly inTheWay: readonly string[];
  readonly carryOver: readonly string[];
  readonly collisions: readonly (Collision & { readonly name: string })[];
  /** Hooks that git would run for `git commit` or `git merge`, and that building the commit skips. */
  readonly skippedHooks: readonly string[];
}

export interface MergeChoices {
  readonly strategy: MergeStrategy;
  readonly update: UpdateStrategy;
  readonly skipValidation: boolean;
  /** Another base than the worktree's own, for this merge. */
  readonly base?: string | null | undefined;
  readonly push: boolean;
}

export interface MergeDecision {
  readonly steps: readonly PlanStep[];
  readonly warnings: readonly string[];
  readonly update: UpdateStrategy | null;
  readonly refusal: MergeFailure | null;
}

const short = (commit: string) => commit.slice(0, 9);

export function decideMerge(
  facts: MergeFacts,
  sessions: readonly LiveSession[],
  validation: readonly ValidationCommand[],
  choices: MergeChoices,
  only: 'merge' | 'rebase',
): MergeDecision {
  const update = facts.behind ? choices.update : null;
  return {
    update,
    steps: only === 'rebase' ? rebaseSteps(facts, update) : mergeSteps(facts, update, validation, choices),
    warnings: warningsOf(facts, update, validation, choices, only),
    refusal: refusalOf(facts, sessions, choices, only),
  };
}

/** Why a session there forbids a step; the session that asked for it may go on. */
export function sessionInTheWay(path: string, sessions: readonly LiveSession[]): MergeFailure | null {
  const busy = sessions.find((session) => !session.isCaller && isBusy(session));
  return busy === undefined ? null : { kind: 'session-busy', path, state: busy.state };
}

function refusalOf(
  facts: MergeFacts,
  sessions: readonly LiveSession[],
  choices: MergeChoices,
  only: 'merge' | 'rebase',
): MergeFailure | null {
  const { path } = facts;
  if (facts.missing) return { kind: 'worktree-missing', path };
  if (facts.ongoing !== null) return { kind: 'operation-under-way', path, operation: facts.ongoing };
  if (facts.branch === null) return { kind: 'detached', path };
  if (facts.isMain || facts.branch === facts.base) return { kind: 'is-main-worktree', path };
  const dirty = [...new Set([...facts.unmerged, ...facts.tracked, ...facts.stray])];
  if (dirty.length > 0) return { kind: 'dirty', path, files: dirty };
  const busy = sessionInTheWay(path, sessions);
  if (busy !== null) return busy;
  if (only === 'merge' && (facts.ahead === 0 || facts.addsNothing))
    return { kind: 'nothing-to-merge', branch: facts.branch, base: facts.base };
  if (only === 'rebase' && !facts.behind)
    return { kind: 'nothing-to-merge', branch: facts.base, base: facts.branch };
  if (facts.conflicts.length > 0)
    return { kind: 'conflict', files: facts.conflicts.map((conflict) => conflict.file) };
  if (facts.inTheWay.length > 0) return { kind: 'dirty', path, files: facts.inTheWay };
  const commits = facts.behind || choices.strategy === 'merge' || choices.strategy === 'squash';
  if (commits && facts.noIdentity !== null) return { kind: 'no-identity', details: facts.noIdentity };
  if (only === 'rebase') return null;
  if (facts.submodulesUnpushed.length > 0)
    return { kind: 'submodule-work', path, submodules: facts.submodulesUnpushed, stopped: 'push' };
  if (choices.strategy === 'pr')
    return facts.remote === null
      ? { kind: 'push-refused', remote: 'origin', details: 'This repository has no remote to push to.' }
      : null;
  if (facts.baseLocal === null) return { kind: 'base-not-found', base: facts.base };
  if (choices.push && !facts.hasUpstream)
    return {
      kind: 'push-refused',
      remote: 'origin',
      details: `${facts.base} follows no branch of a remote.`,
    };
  return baseRefusal(facts);
}

function baseRefusal(facts: MergeFacts): MergeFailure | null {
  const [one, other] = facts.baseCheckouts;
  if (one !== undefined && other !== undefined)
    return {
      kind: 'base-dirty',
      path: one.path,
      files: [`${facts.base} is checked out in ${other.path} as well`],
    };
  if (one === undefined) return null;
  if (one.missing) return { kind: 'worktree-missing', path: one.path };
  if (one.ongoing !== null) return { kind: 'operation-under-way', path: one.path, operation: one.ongoing };
  const files = [...one.changed, ...one.inTheWay];
  return files.length === 0 ? null : { kind: 'base-dirty', path: one.path, files };
}

function updateStep(facts: MergeFacts, update: UpdateStrategy): PlanStep {
  return {
    id: 'update',
    text:
      update === 'rebase'
        ? `Rebase ${facts.branch ?? ''} onto ${facts.base}`
        : `Merge ${facts.base} into ${facts.branch ?? ''}`,
  };
}

function rebaseSteps(facts: MergeFacts, update: UpdateStrategy | null): PlanStep[] {
  return [
    { id: 'pin', text: 'Pin where it is now' },
    ...(update === null ? [] : [updateStep(facts, update)]),
  ];
}

function mergeSteps(
  facts: MergeFacts,
  update: UpdateStrategy | null,
  validation: readonly ValidationCommand[],
  choices: MergeChoices,
): PlanStep[] {
  const branch = facts.branch ?? '';
  const steps: PlanStep[] = [{ id: 'pin', text: 'Pin both branches where they are now' }];
  if (update !== null) steps.push(updateStep(facts, update));
  if (!choices.skipValidation)
    validation.forEach((command, at) => {
      steps.push({ id: `validate-${at}`, text: `Run ${command.run}` });
    });
  if (choices.strategy === 'pr') {
    steps.push({ id: 'push-branch', text: `Push ${branch} to ${facts.remote ?? ''}` });
    steps.push({ id: 'pull-request', text: `Open a pull request into ${facts.base}` });
    return steps;
  }
  const [checkout] = facts.baseCheckouts;
  const where = checkout === undefined ? 'no working tree is touched' : `in ${checkout.path}`;
  const how = {
    merge: `Merge ${branch} into ${facts.base} with a merge commit`,
    ff: `Fast-forward ${facts.base} to ${branch}`,
    squash: `Squash ${branch} into one commit on ${facts.base}`,
  }[choices.strategy];
  steps.push({ id: 'land', text: `${how} (${where})` });
  if (choices.push) steps.push({ id: 'push', text: `Push ${facts.base} to ${facts.remote ?? ''}` });
  return steps;
}

function warningsOf(
  facts: MergeFacts,
  update: UpdateStrategy | null,
  validation: readonly ValidationCommand[],
  choices: MergeChoices,
  only: 'merge' | 'rebase',
): string[] {
  const warnings: string[] = [];
  if (facts.baseInsteadOf !== null)
    warnings.push(`Its base ${facts.baseInsteadOf} is gone; it goes to ${facts.base}, which that came from.`);
  if (!['fetched', 'no remote'].includes(facts.freshness))
    warnings.push(`${facts.base} is as of its last fetch: ${facts.freshness}.`);
  if (update === 'rebase' && facts.mergeCommits > 0)
    warnings.push(
      `Rebasing flattens ${facts.mergeCommits === 1 ? 'a merge commit' : `${facts.mergeCommits} merge commits`} of ${facts.branch ?? ''}.`,
    );
  if (only === 'merge') {
    if (choices.skipValidation) warnings.push('Validation is skipped, as asked.');
    else if (validation.length === 0)
      warnings.push('No way to validate was found: nothing is built or tested.');
  }
  if (facts.skippedHooks.length > 0)
    warnings.push(
      `These hooks don’t run, because the commit is built first: ${facts.skippedHooks.join(', ')}.`,
    );
  for (const conflict of facts.conflicts)
    if (conflict.regions.length > 0)
      warnings.push(`${conflict.file} conflicts at ${conflict.regions.slice(0, 8).join(', ')}.`);
  return warnings;
}

export function mergeMessage(branch: string, base: string): string {
  // As `git merge` words it; merge.suppressDest leaves the usual destinations out.
  return base === 'main' || base === 'master'
    ? `Merge branch '${branch}'\n`
    : `Merge branch '${branch}' into ${base}\n`;
}

export function squashMessage(branch: string, task: string | null, messages: readonly string[]): string {
  const [only] = messages;
  if (messages.length === 1 && only !== undefined) return only;
  const title = task === null ? `Squash '${branch}'` : (task.split('\n')[0] ?? '').slice(0, 100);
  const subjects = messages.map((message) => `* ${message.split('\n')[0] ?? ''}`);
  return `${title}\n\n${subjects.join('\n')}\n`;
}

/** How to take back by hand what others may have built upon. */
export function revertCommand(landed: {
  readonly from: string;
  readonly to: string;
  readonly strategy: MergeStrategy;
}): string {
  switch (landed.strategy) {
    case 'merge':
      return `git revert -m 1 ${short(landed.to)}`;
    case 'ff':
      return `git revert --no-edit ${short(landed.from)}..${short(landed.to)}`;
    default:
      return `git revert ${short(landed.to)}`;
  }
}

/** A plan's commands as the contract has them; a detected one is approved as a validation. */
export const asRepositoryCommand = (command: ValidationCommand): RepositoryCommand => ({
  purpose: 'validate',
  text: command.text,
});
