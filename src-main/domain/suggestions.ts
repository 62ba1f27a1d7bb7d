import type { RepositoryView, Suggestion, WorktreeView } from '../contract/snapshot';
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

/** Of two that collide, the one to land first: more committed, less unfinished, then the older name. */
function first(a: WorktreeView, b: WorktreeView): WorktreeView {
  const unfinished = (w: WorktreeView) =>
    w.changes.staged + w.changes.changed + w.changes.untracked + (isBusy(w) ? 1 : 0);
  const byFinish = unfinished(a) - unfinished(b);
  if (byFinish !== 0) return byFinish < 0 ? a : b;
  if (a.ahead !== b.ahead) return a.ahead > b.ahead ? a : b;
  return a.name <= b.name ? a : b;
}

function collisionSuggestion(worktree: WorktreeView, siblings: readonly WorktreeView[]): Suggestion | null {
  for (const collision of worktree.collisions) {
    if (collision.certainty !== 'decided' || collision.with === 'base') continue;
    const other = siblings.find(({ id }) => id === collision.with);
    // Said once per pair, on the row that should go first. The main worktree's own edits are not merged.
    if (other === undefined || other.isMain || first(worktree, other).id !== worktree.id) continue;
    const files = collision.files.length === 1 ? collision.files[0] : `${collision.files.length} files`;
    return {
      worktree: worktree.id,
      text: `Merge ${label(worktree)} before ${label(other)}: both change ${files}. Then rebase ${label(other)}.`,
      action: 'merge',
    };
  }
  return null;
}

function forWorktree(
  worktree: WorktreeView,
  siblings: readonly WorktreeView[],
  context: SuggestionContext,
): Suggestion | null {
  if (worktree.isMain || worktree.missing || worktree.stale) return null;
  const say = (text: string, action: Suggestion['action']): Suggestion => ({
    worktree: worktree.id,
    text,
    action,
  });
  const collision = collisionSuggestion(worktree, siblings);
  if (collision !== null) return collision;
  if (isBusy(worktree)) return null;
  if (worktree.merged !== null) return say(`${label(worktree)} is merged. Clean it up.`, 'cleanup');
  const siblingMerged = siblings.some((other) => other.id !== worktree.id && other.merged !== null);
  const collidesWithBase = worktree.collisions.some((c) => c.with === 'base' && c.certainty === 'decided');
  if (worktree.behind > 0 && worktree.ahead > 0 && (collidesWithBase || siblingMerged))
    return say(
      `${label(worktree)} is ${worktree.behind} behind ${worktree.base ?? 'its base'}${
        collidesWithBase ? ' and conflicts with it' : ' since a sibling merged'
      }. Rebase it now.`,
      'rebase',
    );
  const sign = context.lastSignAt(worktree);
  const age = sign === null ? 'a long time' : spell(context.now - sign);
  if (worktree.activity === 'stale')
    return hasWork(worktree)
      ? say(`${label(worktree)} has been still for ${age}. Merge it or discard it.`, 'merge')
      : say(`${label(worktree)} has been still for ${age} and holds no work. Clean it up.`, 'cleanup');
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
      const suggestion = forWorktree(worktree, repository.worktrees, context);
      if (suggestion !== null) suggestions.push(suggestion);
    }
    const beside = repository.worktrees.filter(({ isMain }) => !isMain);
    const limit = context.thresholds.worktreesPerRepository;
    const oldest = [...beside].sort((a, b) => (context.lastSignAt(a) ?? 0) - (context.lastSignAt(b) ?? 0))[0];
    if (beside.length > limit && oldest !== undefined)
      suggestions.push({
        worktree: oldest.id,
        text: `${repository.name} has ${beside.length} worktrees; more than ${limit} cost more than they gain. Start with ${label(oldest)}.`,
        action: oldest.merged !== null || !hasWork(oldest) ? 'cleanup' : 'merge',
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
