import type { LandingOrder, RepositoryView, Suggestion, WorktreeView } from '../contract/snapshot';
import { claudePidOfLock } from './cleanup-plan';
import { spell } from './durations';

export interface SuggestionContext {
  readonly now: number;
  /** Newest sign of life of a worktree, milliseconds since the epoch. */
  lastSignAt(worktree: WorktreeView): number | null;
  readonly thresholds: { readonly worktreesPerRepository: number; readonly checkInMinutes: number };
  /** When the popover was last opened, or this Orchard started; null when it has no popover. */
  readonly lastLookAt: number | null;
  readonly liveSessions: number;
}

const label = (worktree: WorktreeView) => worktree.branch ?? worktree.name;
const hasWork = (worktree: WorktreeView) =>
  worktree.ahead > 0 ||
  worktree.changes.staged +
    worktree.changes.changed +
    worktree.changes.untracked +
    worktree.changes.conflicted >
    0;
const isBusy = (worktree: WorktreeView) =>
  worktree.sessions.some(
    ({ state, attention }) =>
      attention === 'needs-you' || state === 'working' || state === 'starting' || state === 'background',
  );

const isClean = ({ changes }: WorktreeView) =>
  changes.staged + changes.changed + changes.untracked + changes.conflicted === 0;
const isBase = ({ branch, base }: WorktreeView) => branch !== null && branch === base;
const isLive = ({ sessions }: WorktreeView) =>
  sessions.some(({ pid, state }) => pid !== null && state !== 'ended' && state !== 'crashed');
/** What can be told without a plan of why it would refuse: what is suggested is what is done. */
const canCleanUp = (worktree: WorktreeView) =>
  !isBase(worktree) &&
  !isLive(worktree) &&
  (worktree.merged !== null || worktree.ahead === 0) &&
  worktree.ongoing === null &&
  isClean(worktree) &&
  // A lock that a Claude left which is gone is released; any other one refuses.
  (!worktree.locked || claudePidOfLock(worktree.lockReason ?? '') !== null);
const canMove = (worktree: WorktreeView) =>
  !isBase(worktree) &&
  worktree.branch !== null &&
  worktree.base !== null &&
  worktree.ongoing === null &&
  worktree.merged === null &&
  isClean(worktree) &&
  !isBusy(worktree);
const conflicts = (worktree: WorktreeView) =>
  worktree.collisions.some(({ with: other, files }) => other === 'base' && files.length > 0);
const canMerge = (worktree: WorktreeView) => canMove(worktree) && worktree.ahead > 0 && !conflicts(worktree);

/** What to merge first, said on the row that goes first. */
function orderSuggestion(worktree: WorktreeView, orders: readonly LandingOrder[]): Suggestion | null {
  for (const { places, text } of orders) {
    const [first] = places;
    if (first?.worktree === worktree.id)
      return { worktree: worktree.id, text, action: first.ready && canMerge(worktree) ? 'merge' : null };
  }
  return null;
}

function rebaseSuggestion(worktree: WorktreeView): Suggestion | null {
  const { rebaseNow } = worktree;
  if (rebaseNow === null) return null;
  return {
    worktree: worktree.id,
    text: `${label(worktree)}: ${rebaseNow.why}. ${rebaseNow.next}`,
    action: rebaseNow.waitsFor === null ? 'rebase' : null,
  };
}

function forWorktree(
  worktree: WorktreeView,
  { worktrees: siblings, landingOrders }: RepositoryView,
  context: SuggestionContext,
): Suggestion | null {
  // What is wrong with a row comes first: its plans refuse, and the row says why.
  if (worktree.isMain || worktree.missing || worktree.stale || worktree.problem !== null) return null;
  if (isBase(worktree)) return null;
  const say = (text: string, action: Suggestion['action']): Suggestion => ({
    worktree: worktree.id,
    text,
    action,
  });
  const order = rebaseSuggestion(worktree) ?? orderSuggestion(worktree, landingOrders);
  if (order !== null) return order;
  if (isBusy(worktree)) return null;
  if (worktree.merged !== null && canCleanUp(worktree))
    return say(`${label(worktree)} is merged. Clean it up.`, 'cleanup');
  const siblingMerged = siblings.some((other) => other.id !== worktree.id && other.merged !== null);
  if (worktree.behind > 0 && worktree.ahead > 0 && siblingMerged && canMove(worktree) && !conflicts(worktree))
    return say(
      `${label(worktree)} is ${worktree.behind} behind ${worktree.base ?? 'its base'} since a sibling merged. Rebase it to go on from there.`,
      'rebase',
    );
  const sign = context.lastSignAt(worktree);
  const age = sign === null ? 'a long time' : spell(context.now - sign);
  if (worktree.activity === 'stale')
    return hasWork(worktree)
      ? say(
          `${label(worktree)} has been still for ${age}. Merge it or discard it.`,
          canMerge(worktree) ? 'merge' : 'open',
        )
      : canCleanUp(worktree)
        ? say(`${label(worktree)} has been still for ${age} and holds no work. Clean it up.`, 'cleanup')
        : null;
  if (worktree.activity === 'idle')
    return say(`${label(worktree)} has been idle for ${age}. Resume it, or clean it up.`, 'open');
  return null;
}

/** One sentence and one action each; at most one per worktree, the most useful one. */
export function suggest(
  repositories: readonly RepositoryView[],
  context: SuggestionContext,
): readonly Suggestion[] {
  const suggestions: Suggestion[] = [];
  for (const repository of repositories) {
    for (const worktree of repository.worktrees) {
      const suggestion = forWorktree(worktree, repository, context);
      if (suggestion !== null) suggestions.push(suggestion);
    }
    const beside = repository.worktrees.filter(({ isMain }) => !isMain);
    const limit = context.thresholds.worktreesPerRepository;
    const oldest = beside
      .filter(
        (one) => !isBase(one) && !one.missing && one.problem === null && (canCleanUp(one) || canMerge(one)),
      )
      .sort((a, b) => (context.lastSignAt(a) ?? 0) - (context.lastSignAt(b) ?? 0))[0];
    if (beside.length > limit && oldest !== undefined)
      suggestions.push({
        worktree: oldest.id,
        text: `${repository.name} has ${beside.length} worktrees; more than ${limit} cost more than they gain. Start with ${label(oldest)}.`,
        action: canMerge(oldest) ? 'merge' : 'cleanup',
      });
  }
  const sinceLook = context.lastLookAt === null ? null : context.now - context.lastLookAt;
  if (
    sinceLook !== null &&
    context.liveSessions > 0 &&
    sinceLook >= context.thresholds.checkInMinutes * 60_000
  )
    suggestions.push({
      worktree: '',
      text: `You last looked ${spell(sinceLook)} ago; ${context.liveSessions} ${context.liveSessions === 1 ? 'session is' : 'sessions are'} running.`,
      action: null,
    });
  return suggestions;
}
