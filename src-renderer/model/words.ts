import { sessionWords } from '@contract/session-words';
/** The words of a row: what a glance reads and what a screen reader says come from the same place. */
import type {
  Activity,
  Collision,
  LandingOrder,
  Merged,
  RebaseNow,
  SessionState,
  SessionView,
  WorktreeView,
} from '@contract/snapshot';
import { spokenAge } from './ages';
import type { Row } from './rows';

export type Mark = SessionState | 'none' | 'away';
export type Tone = 'needs' | 'bad' | 'look' | 'busy' | 'quiet';

const activityWords: { readonly [A in Activity]: string } = {
  active: 'Active',
  idle: 'Idle',
  stale: 'Stale',
};

export const stateWord = (state: SessionState): string =>
  sessionWords[state].charAt(0).toUpperCase() + sessionWords[state].slice(1);

export function toneOf(session: SessionView): Tone {
  if (session.state === 'failed') return 'bad';
  if (session.state === 'crashed') return session.attention === 'none' ? 'quiet' : 'bad';
  if (session.attention === 'needs-you') return 'needs';
  if (session.attention === 'look') return 'look';
  return session.state === 'working' || session.state === 'starting' || session.state === 'background'
    ? 'busy'
    : 'quiet';
}

export interface RowState {
  readonly mark: Mark;
  readonly word: string;
  readonly tone: Tone;
  /** When that began; null when nothing says so. */
  readonly since: string | null;
}

/** A live session speaks for its worktree; without one, the worktree's own activity does. */
export function rowState({ worktree, session }: Row): RowState {
  if (worktree.missing) return { mark: 'away', word: 'Directory is away', tone: 'quiet', since: null };
  if (session !== null && session.state !== 'ended')
    return {
      mark: session.state,
      word: stateWord(session.state),
      tone: toneOf(session),
      since: session.since,
    };
  return {
    mark: 'none',
    word: activityWords[worktree.activity],
    tone: 'quiet',
    since: worktree.lastCommit?.at ?? session?.since ?? null,
  };
}

/** Why it asks, or what it said last; one line. */
export function reasonOf(session: SessionView | null): string | null {
  if (session === null) return null;
  if (session.reason !== null) return session.reason;
  return session.state === 'done' || session.state === 'failed' ? session.lastMessage : null;
}

const mergedWords: { readonly [M in Exclude<Merged, null>]: string } = {
  ancestor: 'Merged: the base contains it',
  'same-tree': 'Merged: the base has the same files',
  squash: 'Merged by squash: merging it again would add nothing',
  patches: 'Merged patch by patch',
};
export const mergedWord = (merged: Exclude<Merged, null>): string => mergedWords[merged];

export interface ChangeCount {
  readonly kind: 'conflicted' | 'staged' | 'changed' | 'untracked';
  readonly sign: string;
  readonly count: number;
  readonly words: string;
}

export function changeCounts({ changes }: WorktreeView): readonly ChangeCount[] {
  return [
    { kind: 'conflicted' as const, sign: '!', count: changes.conflicted, words: 'conflicted' },
    { kind: 'staged' as const, sign: '+', count: changes.staged, words: 'staged' },
    { kind: 'changed' as const, sign: '~', count: changes.changed, words: 'changed' },
    { kind: 'untracked' as const, sign: '?', count: changes.untracked, words: 'untracked' },
  ]
    .filter(({ count }) => count > 0)
    .map((entry) => ({ ...entry, words: `${entry.count} ${entry.words}` }));
}

const ongoingWords = {
  merge: 'a merge',
  rebase: 'a rebase',
  'cherry-pick': 'a cherry-pick',
  revert: 'a revert',
  bisect: 'a bisect',
} as const;
export const ongoingWord = (ongoing: keyof typeof ongoingWords): string =>
  `In the middle of ${ongoingWords[ongoing]}`;

/** "Now" only where it can be now. */
export const rebaseWord = ({ waitsFor }: RebaseNow): string =>
  waitsFor === null ? 'Rebase now' : 'Needs a rebase';

/** Where a worktree stands among those that wait to land: "2nd of 3 to land on main", and what it means. */
export function landingText(id: string, orders: readonly LandingOrder[]): string | null {
  for (const { base, places } of orders) {
    const at = places.findIndex(({ worktree }) => worktree === id);
    const place = places[at];
    if (place === undefined) continue;
    const where = `${ordinal(at + 1)} of ${places.length} to land on ${base}`;
    return place.text === null ? where : `${where}. ${place.text}`;
  }
  return null;
}

const endings = { one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' } as const;
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });
const ordinal = (place: number): string => `${place}${endings[ordinals.select(place)]}`;

const collisionCount = ({ collisions }: WorktreeView, certainty: Collision['certainty']): number =>
  collisions.filter((collision) => collision.certainty === certainty).length;

/** The whole row in one breath, title first so that it can be called by what is seen. */
export function describeRow(row: Row, now: number): string {
  const { worktree } = row;
  const state = rowState(row);
  const reason = reasonOf(row.session);
  const others = worktree.sessions.filter(({ id, state: s }) => id !== row.session?.id && s !== 'ended');
  return [
    row.title,
    reason === null ? state.word : `${state.word}: ${reason}`,
    state.since === null ? null : spokenAge(state.since, now),
    worktree.isMain ? 'main worktree' : null,
    worktree.branch === null ? 'on no branch' : `branch ${worktree.branch}`,
    worktree.ahead > 0 ? `${worktree.ahead} ahead` : null,
    worktree.behind > 0 ? `${worktree.behind} behind` : null,
    ...changeCounts(worktree).map(({ words }) => words),
    worktree.ongoing === null ? null : ongoingWord(worktree.ongoing),
    collisionCount(worktree, 'decided') > 0 ? `collides with ${collisionCount(worktree, 'decided')}` : null,
    collisionCount(worktree, 'provisional') > 0
      ? `may collide with ${collisionCount(worktree, 'provisional')}`
      : null,
    worktree.rebaseNow === null ? null : rebaseWord(worktree.rebaseNow).toLowerCase(),
    worktree.merged === null ? null : mergedWord(worktree.merged),
    worktree.locked ? 'locked' : null,
    worktree.stale ? 'from last time' : null,
    others.length > 0 ? `${others.length + 1} sessions` : null,
    worktree.lastCommit === null
      ? null
      : `last commit ${worktree.lastCommit.subject}, ${spokenAge(worktree.lastCommit.at, now)}`,
    worktree.note === null ? null : `note ${worktree.note.title}`,
  ]
    .filter((part) => part !== null && part !== '')
    .join(', ');
}
