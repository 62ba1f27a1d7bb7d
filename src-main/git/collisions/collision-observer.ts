/**
 * Which live worktrees would conflict. One `merge-tree` process, or two, decides all pairs that are new;
 * a pair of commits is decided once and never again. Where they conflict is looked up after the verdicts
 * are out, and a guess goes before them only where they take their time.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryId, WorktreeId } from '../../contract/ids';
import type { Collision } from '../../contract/snapshot';
import {
  collisionsByWorktree,
  hasOwnWork,
  type LiveSide,
  liveStamp,
  type Pair,
  type PairWord,
  pairsOf,
  type Verdict,
  withEarlierRegions,
} from '../../domain/collision-pairs';
import { contains, pathStyleOf } from '../../domain/containment';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { Cancel, Clock, CollisionObserver, Log } from '../../engine/ports';
import type { GitRunner } from '../reads/git-runner';
import { answerProblem } from '../reads/git-runner';
import { baseTips } from './base-tips';
import { explainPairs } from './collision-regions';
import { guessPairs, type OpenPair } from './first-guess';
import { filterOverrides, liveCommit, ownObjects } from './live-commit';
import { parseTrialMerges, type TrialMerge } from './merge-tree-output';
import { type HistoryTip, historyArguments, readSideHistory, type SideHistory } from './side-history';

export interface CollisionObserverDeps {
  readonly git: GitRunner;
  readonly gitVersion: string;
  /** A directory of our own in the user's cache; object directories and temporary indexes live below. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** Whether somebody looks on while verdicts are not there yet, and wants a guess until they are. */
  readonly guess: boolean;
}

/** After quiet, one edit is looked at almost at once, off the snapshot's path. */
const FIRST_MS = 10;
/** Editing goes on for a while: further verdicts wait for a pause this long. */
const PAUSE_MS = 150;
/** Nothing looked at for this long is quiet. */
const QUIET_MS = 1_000;
/** So many pairs are decided sooner by two processes than by one. */
const WORTH_TWO = 4;
/** Verdicts that come sooner need no guess before them. */
const GUESS_MS = 250;
const NOWHERE = { regions: [], regionsLeftOut: 0 };
const NOTHING: Verdict = { files: [], kinds: [], ...NOWHERE };
const FILTERS_MS = 60_000;
const LIMIT_MS = 60_000;
/** A repository's own objects are thrown away beyond this many looks; commits that matter come anew. */
const LOOKS_PER_STORE = 500;

interface Decided {
  verdict: Verdict;
  /** Of a collision whose regions are not known yet: what the trial merge said of it. */
  unexplained: TrialMerge | null;
}

/** One look at the pairs of a repository, as far as it has come. */
interface Look {
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

interface Watched {
  facts: RepositoryFacts;
  readonly stamps: Map<WorktreeId, { readonly stamp: string; readonly commit: string | null }>;
  readonly verdicts: Map<string, Decided>;
  /** The last verdict on each two of them, whatever their commits were then. */
  words: Map<string, Verdict>;
  history: { readonly key: string; readonly read: Promise<SideHistory | null> } | null;
  explaining: { readonly abort: AbortController; readonly done: Promise<void> } | null;
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

export function createCollisionObserver(deps: CollisionObserverDeps): CollisionObserver {
  const { git, clock, log } = deps;
  const style = pathStyleOf(deps.platform);
  const watched = new Map<RepositoryId, Watched>();
  const listeners = new Set<
    (
      id: RepositoryId,
      found: ReadonlyMap<WorktreeId, readonly Collision[]>,
      undecided: ReadonlySet<WorktreeId>,
    ) => void
  >();
  let disposed = false;

  /** Asked of git anew after a while: a person installs a filter seldom, and edits all the time. */
  const filtersOf =
    (state: Watched, signal: AbortSignal) =>
    async (path: string): Promise<readonly string[]> => {
      const known = state.filters.get(path);
      if (known !== undefined && clock.now() - known.at < FILTERS_MS) return known.overrides;
      const overrides = await filterOverrides(git, path, signal);
      if (!signal.aborted) state.filters.set(path, { at: clock.now(), overrides });
      return overrides;
    };

  const storeOf = (id: RepositoryId) => join(deps.directory, id);

  function nestedIn(worktree: WorktreeFacts, all: readonly WorktreeFacts[]): readonly string[] {
    return all
      .filter((other) => other.id !== worktree.id && contains(worktree.path, other.path, style))
      .map(({ path }) => path);
  }

  /** What, besides the two commits, a verdict depends on. */
  async function climate(facts: RepositoryFacts): Promise<string> {
    const stamps = await Promise.all(
      ['config', 'info/attributes'].map(async (name) => {
        const found = await stat(join(facts.location.commonDir, name)).catch(() => null);
        return found === null ? '' : `${found.mtimeMs}:${found.size}`;
      }),
    );
    return createHash('sha256')
      .update(`${deps.gitVersion} ${stamps.join(' ')}`)
      .digest('hex')
      .slice(0, 8);
  }

  /** A partial clone would fetch what it lacks; before git 2.45 it can't be told not to. */
  async function wouldFetch(facts: RepositoryFacts): Promise<boolean> {
    const [major = 0, minor = 0] = deps.gitVersion.split('.').map(Number);
    if (major > 2 || minor >= 45) return false;
    const config = await readFile(join(facts.location.commonDir, 'config'), 'utf8').catch(() => '');
    return /^\s*(promisor|partialclone)\s*=/im.test(config);
  }

  async function decide(
    state: Watched,
    pairs: readonly Pair[],
    keyOf: (pair: Pair) => string,
  ): Promise<boolean> {
    const open = pairs.filter((pair) => !state.verdicts.has(keyOf(pair)));
    if (open.length === 0) return true;
    const half = Math.ceil(open.length / 2);
    const parts = open.length < WORTH_TWO ? [open] : [open.slice(0, half), open.slice(half)];
    const done = await Promise.all(parts.map((part) => decideTogether(state, part, keyOf)));
    return done.every(Boolean);
  }

  async function decideTogether(
    state: Watched,
    open: readonly Pair[],
    keyOf: (pair: Pair) => string,
  ): Promise<boolean> {
    const store = storeOf(state.facts.location.id);
    const answer = await git.run({
      cwd: state.facts.location.commonDir,
      args: [
        '-c',
        'merge.renames=true',
        '-c',
        'merge.conflictStyle=merge',
        'merge-tree',
        '--write-tree',
        '--stdin',
        '-z',
      ],
      input: open.map(({ a, b }) => `${a.commit} ${b.commit}\n`).join(''),
      env: ownObjects(join(store, 'objects'), state.facts.location.commonDir),
      limitMs: LIMIT_MS,
      signal: state.abort.signal,
    });
    // It ends with 1 when one of them conflicts in some versions, with 0 in others.
    if (answer.reason === 'cancelled') return false;
    if (answer.reason !== 'exited' || (answer.exitCode ?? 2) > 1) {
      log.warn('collisions.undecided', { problem: answerProblem(answer) });
      return false;
    }
    const merges = parseTrialMerges(
      answer.stdout,
      open.map(({ a, b }) => [a.commit, b.commit]),
    );
    if (merges.length !== open.length) {
      log.warn('collisions.undecided', { asked: open.length, answered: merges.length });
      return false;
    }
    open.forEach((pair, index) => {
      const merge = merges[index];
      if (merge === undefined) return;
      const collides = !merge.clean && merge.files.length > 0;
      state.verdicts.set(keyOf(pair), {
        verdict: { ...NOTHING, files: collides ? merge.files : [], kinds: collides ? merge.kinds : [] },
        unexplained: collides ? merge : null,
      });
    });
    return true;
  }

  async function look(state: Watched): Promise<void> {
    const { facts, changes } = state;
    state.asked = changes;
    // Verdicts first: what is left unexplained is looked up after them.
    state.explaining?.abort.abort();
    const members = facts.worktrees.filter(hasOwnWork);
    const store = storeOf(facts.location.id);
    if (members.length > 0 && (await wouldFetch(facts))) return;
    if (state.looks++ % LOOKS_PER_STORE === 0) {
      await state.explaining?.done;
      await rm(store, { recursive: true, force: true });
      state.stamps.clear();
      // What they were merged into is gone.
      for (const [key, { unexplained }] of state.verdicts)
        if (unexplained !== null) state.verdicts.delete(key);
    }
    await mkdir(join(store, 'objects'), { recursive: true, mode: 0o700 });

    const current: Look = {
      facts,
      members,
      tips: new Map(),
      commits: new Map(),
      guess: false,
      guesses: 0,
      over: false,
    };
    const cancelGuess = deps.guess
      ? clock.schedule(GUESS_MS, () => {
          current.guess = true;
          guessAside(state, current);
        })
      : () => undefined;
    try {
      if (await decideAll(state, current)) state.decided = changes;
    } finally {
      current.over = true;
      cancelGuess();
    }
  }

  async function decideAll(state: Watched, current: Look): Promise<boolean> {
    const { facts, members } = current;
    const signal = state.abort.signal;
    const store = storeOf(facts.location.id);
    const commitOf = async (worktree: WorktreeFacts): Promise<void> => {
      const stamp = liveStamp(worktree);
      const known = state.stamps.get(worktree.id);
      if (known?.stamp === stamp) {
        current.commits.set(worktree.id, known.commit);
        return;
      }
      const commit = await liveCommit(
        { git, objects: join(store, 'objects'), scratch: store, filters: filtersOf(state, signal) },
        facts.location.commonDir,
        worktree,
        nestedIn(worktree, facts.worktrees),
        signal,
      );
      if (signal.aborted) return;
      state.stamps.set(worktree.id, { stamp, commit });
      current.commits.set(worktree.id, commit);
    };
    await Promise.all([
      members.length === 0
        ? undefined
        : baseTips(git, facts, members, signal).then((tips) => {
            current.tips = tips;
          }),
      ...members.map(commitOf),
    ]);
    if (signal.aborted) return false;
    for (const id of state.stamps.keys())
      if (!members.some((member) => member.id === id)) state.stamps.delete(id);
    if (current.guess) guessAside(state, current);

    const pairs = pairsOf(liveSides(current));
    const key = await climate(facts);
    const keyOf = ({ a, b }: Pair) => `${key} ${a.commit} ${b.commit}`;
    if (!(await decide(state, pairs, keyOf)) || signal.aborted) return false;
    current.over = true;
    const isCurrent = new Set(pairs.map(keyOf));
    if (state.verdicts.size > 4 * isCurrent.size + 256)
      for (const old of state.verdicts.keys()) if (!isCurrent.has(old)) state.verdicts.delete(old);
    tellDecided(state, current, pairs, keyOf);
    state.explaining = explain(state, current, pairs, keyOf);
    return true;
  }

  /** What is known of the members' work; members of which it can't be told are in no pair. */
  function liveSides({ members, commits, tips }: Look): readonly LiveSide[] {
    return members.flatMap(({ id, head, base, branch }): readonly LiveSide[] => {
      const commit = commits.get(id) ?? null;
      // On its own base there is nothing to merge into it.
      const baseTip = base === null || branch === base ? null : (tips.get(base) ?? null);
      return commit === null ? [] : [{ id, commit, head: head ?? commit, baseTip }];
    });
  }

  function tellDecided(
    state: Watched,
    { facts }: Look,
    pairs: readonly Pair[],
    keyOf: (pair: Pair) => string,
  ): void {
    const words = new Map<string, Verdict>();
    const said = pairs.map((pair): PairWord => {
      const ids = `${pair.a.id} ${pair.b.id}`;
      const decided = state.verdicts.get(keyOf(pair));
      const verdict =
        decided === undefined
          ? NOTHING
          : decided.unexplained === null
            ? decided.verdict
            : withEarlierRegions(decided.verdict, state.words.get(ids));
      words.set(ids, verdict);
      return { one: pair.a.id, other: pair.b.id, certainty: 'decided', verdict };
    });
    state.words = words;
    tell(state, facts, said, new Set());
  }

  function tell(
    state: Watched,
    facts: RepositoryFacts,
    words: readonly PairWord[],
    undecided: ReadonlySet<WorktreeId>,
  ): void {
    const found = collisionsByWorktree(
      facts.worktrees.map(({ id }) => id),
      words,
    );
    const shape = JSON.stringify([[...found], [...undecided]]);
    if (shape === state.published) return;
    state.published = shape;
    for (const listener of listeners) listener(facts.location.id, found, undecided);
  }

  /** A word for pairs without one; those that were decided before keep theirs until the new one is there. */
  async function guess(state: Watched, current: Look): Promise<void> {
    const { facts, members, tips, commits } = current;
    const { commonDir, id } = facts.location;
    const signal = state.abort.signal;
    const sides = members.flatMap(({ id, head, base, branch }) => {
      const commit = commits.get(id) ?? null;
      const tip = base === null || branch === base ? undefined : tips.get(base);
      return head === null ? [] : [{ id, head, live: commit === head ? null : commit, tip }];
    });
    const words: PairWord[] = [];
    const open: (OpenPair & Pick<PairWord, 'one' | 'other'>)[] = [];
    sides.forEach((side, at) => {
      const base = side.tip === undefined ? [] : [{ id: 'base' as const, head: side.tip, live: null }];
      for (const other of [...base, ...sides.slice(at + 1)]) {
        const verdict = state.words.get(`${side.id} ${other.id}`);
        if (verdict === undefined) open.push({ one: side.id, other: other.id, sides: [side, other] });
        else words.push({ one: side.id, other: other.id, certainty: 'decided', verdict });
      }
    });
    if (open.length === 0) return;
    const turn = ++current.guesses;
    const history = await historyOf(state, current);
    if (history === null || current.over || signal.aborted) return;
    const env = ownObjects(join(storeOf(id), 'objects'), commonDir);
    const guessed = await guessPairs({ git, commonDir, env, history, signal }, open);
    if (guessed === null || current.over || turn !== current.guesses) return;
    open.forEach(({ one, other }, at) => {
      words.push({ one, other, certainty: 'provisional', verdict: guessed[at] ?? NOTHING });
    });
    const undecided = open.flatMap(({ one, other }) => (other === 'base' ? [one] : [one, other]));
    tell(state, facts, words, new Set(undecided));
  }

  const guessAside = (state: Watched, current: Look): void => {
    guess(state, current).catch((error: unknown) => log.bug('collisions.guess', error));
  };

  /** Read once for as long as no branch moves: editing costs no look at history. */
  function historyOf(state: Watched, { members, tips }: Look): Promise<SideHistory | null> {
    const wanted = members.flatMap(({ head, base, branch, behind }): readonly HistoryTip[] => {
      const tip = base === null || branch === base ? undefined : tips.get(base);
      if (head === null) return [];
      return [{ commit: head, base: tip === undefined ? null : { commit: tip, behind } }];
    });
    const args = historyArguments(wanted);
    const key = args.join(' ');
    if (state.history?.key === key) return state.history.read;
    const read = readSideHistory(git, state.facts.location.commonDir, args, state.abort.signal);
    const history = { key, read };
    state.history = history;
    void read.then((found) => {
      if (found === null && state.history === history) state.history = null;
    });
    return read;
  }

  /** After the verdicts are out, and only for collisions that are new. */
  function explain(
    state: Watched,
    current: Look,
    pairs: readonly Pair[],
    keyOf: (pair: Pair) => string,
  ): Watched['explaining'] {
    const open = pairs.flatMap((pair) => {
      const decided = state.verdicts.get(keyOf(pair));
      return decided?.unexplained == null ? [] : [{ pair, decided, merge: decided.unexplained }];
    });
    if (open.length === 0) return null;
    const abort = new AbortController();
    const work = async () => {
      const { commonDir } = current.facts.location;
      const history = await historyOf(state, current);
      if (abort.signal.aborted) return;
      const explained = await explainPairs(
        {
          git,
          commonDir,
          env: ownObjects(join(storeOf(current.facts.location.id), 'objects'), commonDir),
          history,
          signal: abort.signal,
        },
        open.map(({ pair, merge }) => ({ ours: pair.a, theirs: pair.b, merge })),
      );
      if (abort.signal.aborted) return;
      if (explained === null) log.warn('collisions.unexplained', { pairs: open.length });
      open.forEach(({ decided }, at) => {
        decided.verdict = { ...decided.verdict, ...(explained?.[at] ?? NOWHERE) };
        decided.unexplained = null;
      });
      tellDecided(state, current, pairs, keyOf);
    };
    const before = state.explaining?.done;
    const done = Promise.resolve(before)
      .then(work)
      .catch((error: unknown) => {
        log.bug('collisions.regions', error);
      });
    return { abort, done };
  }

  /** One look at a time per repository; what came in meanwhile is one more look. */
  function start(state: Watched): Promise<void> {
    state.cancel();
    if (state.running !== null) {
      state.again = true;
      return state.running;
    }
    state.running = (async () => {
      do {
        state.again = false;
        await look(state).catch((error: unknown) => log.bug('collisions', error));
      } while (state.again && !disposed && !state.abort.signal.aborted);
    })().finally(() => {
      state.lookedAt = clock.now();
      state.running = null;
    });
    return state.running;
  }

  return {
    observe(facts) {
      if (disposed) return;
      const known = watched.get(facts.location.id);
      const stampOf = ({ worktrees, base }: RepositoryFacts) =>
        JSON.stringify([
          base,
          worktrees.map((worktree) => [worktree.id, worktree.base, worktree.behind, liveStamp(worktree)]),
        ]);
      if (known === undefined) {
        const state: Watched = {
          facts,
          stamps: new Map(),
          verdicts: new Map(),
          words: new Map(),
          history: null,
          explaining: null,
          filters: new Map(),
          published: '',
          changes: 1,
          asked: 0,
          decided: 0,
          lookedAt: clock.now(),
          looks: 0,
          running: null,
          again: false,
          cancel: () => undefined,
          abort: new AbortController(),
        };
        watched.set(facts.location.id, state);
        void start(state);
        return;
      }
      const changed = stampOf(known.facts) !== stampOf(facts);
      known.facts = facts;
      if (!changed) return;
      known.changes++;
      known.cancel();
      const quiet = known.running === null && clock.now() - known.lookedAt >= QUIET_MS;
      known.cancel = clock.schedule(quiet ? FIRST_MS : PAUSE_MS, () => {
        void start(known);
      });
    },
    forget(id) {
      const state = watched.get(id);
      state?.cancel();
      state?.abort.abort();
      state?.explaining?.abort.abort();
      watched.delete(id);
    },
    onCollisions(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async settled() {
      await Promise.all(
        [...watched.values()].map((state) => {
          if (state.running !== null && state.asked === state.changes) return state.running;
          return state.decided === state.changes ? undefined : start(state);
        }),
      );
    },
    async explained() {
      await Promise.all([...watched.values()].map(({ explaining }) => explaining?.done));
    },
    async dispose() {
      disposed = true;
      const states = [...watched.values()];
      for (const state of states) {
        state.cancel();
        state.abort.abort();
        state.explaining?.abort.abort();
      }
      await Promise.all(states.flatMap(({ running, explaining }) => [running, explaining?.done]));
      await Promise.all(
        states.map(({ facts }) => rm(storeOf(facts.location.id), { recursive: true, force: true })),
      );
      watched.clear();
    },
  };
}
