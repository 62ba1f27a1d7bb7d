/** What the observer of collisions knows of a repository, and how far its present look has come. */

import type { WorktreeId } from '../../contract/ids';
import { hasOwnWork, type Pair, type SideSoFar, type Verdict } from '../../domain/collision-pairs';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { Cancel } from '../../engine/ports';
import type { TrialMerge } from '../facts/merge-tree-output';
import type { MergeGround } from './merge-ground';
import type { SideHistory } from './side-history';

export interface Decided {
  verdict: Verdict;
  /** Of a collision whose regions are not known yet: what the trial merge said of it. */
  unexplained: TrialMerge | null;
}

/** What a pair's verdict is remembered by. */
export type KeyOf = (pair: Pair) => string;

/** One look at the pairs of a repository, as far as it has come. */
export interface Look {
  readonly facts: RepositoryFacts;
  readonly members: readonly WorktreeFacts[];
  tips: ReadonlyMap<string, string>;
  /** The worktrees whose work is known; null for one that can't be told. */
  readonly commits: Map<WorktreeId, string | null>;
  /** So much time has passed that a guess is wanted. */
  guess: boolean;
  /** Guesses begun; only the newest is told. */
  guesses: number;
  over: boolean;
}

/** The members' work as far as it is known by now; one that has no commit at all is not among them. */
export const sidesOf = ({
  members,
  commits,
  tips,
}: Look): readonly (SideSoFar & { readonly behind: number })[] =>
  members.flatMap(({ id, head, base, branch, behind }) => {
    // On its own base there is nothing to merge into it.
    const baseTip = base === null || branch === base ? null : (tips.get(base) ?? null);
    return head === null ? [] : [{ id, head, commit: commits.get(id) ?? null, baseTip, behind }];
  });

export interface Watched {
  facts: RepositoryFacts;
  readonly stamps: Map<WorktreeId, { readonly stamp: string; readonly commit: string | null }>;
  readonly verdicts: Map<string, Decided>;
  /** The last verdict on each two of them, whatever their commits were then. */
  words: Map<string, Verdict>;
  history: { readonly key: string; readonly read: Promise<SideHistory | null> } | null;
  explaining: { readonly abort: AbortController; readonly done: Promise<void> } | null;
  ground: { readonly key: string; readonly ground: MergeGround } | null;
  readonly filters: Map<string, { readonly at: number; readonly overrides: readonly string[] }>;
  published: string;
  /** Changes so far; how many of them the last look knew of, and the last one that came to its end. */
  changes: number;
  asked: number;
  decided: number;
  lookedAt: number;
  looks: number;
  running: Promise<void> | null;
  again: boolean;
  cancel: Cancel;
  abort: AbortController;
}

export const newLook = (facts: RepositoryFacts): Look => ({
  facts,
  members: facts.worktrees.filter(hasOwnWork),
  tips: new Map(),
  commits: new Map(),
  guess: false,
  guesses: 0,
  over: false,
});

export const newlyWatched = (facts: RepositoryFacts, now: number): Watched => ({
  facts,
  stamps: new Map(),
  verdicts: new Map(),
  words: new Map(),
  history: null,
  explaining: null,
  ground: null,
  filters: new Map(),
  published: '',
  changes: 1,
  asked: 0,
  decided: 0,
  lookedAt: now,
  looks: 0,
  running: null,
  again: false,
  cancel: () => undefined,
  abort: new AbortController(),
});
