/**
 * Which live worktrees would conflict. One `merge-tree` process, or two, decides all pairs that are new;
 * a pair of commits is decided once and never again. Where they conflict is looked up after the verdicts
 * are out, and a guess goes before them only where they take their time.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryId, WorktreeId } from '../../contract/ids';
import type { Collision } from '../../contract/snapshot';
import {
  collisionsByWorktree,
  knownWords,
  liveStamp,
  type Pair,
  type PairWord,
  pairsOf,
  type Verdict,
  withEarlierRegions,
} from '../../domain/collision-pairs';
import { nestedIn, pathStyleOf } from '../../domain/containment';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { Clock, CollisionObserver, Log } from '../../engine/ports';
import type { GitRunner } from '../run/git-runner';
import { baseTips } from './base-tips';
import { explainPairs } from './collision-regions';
import { guessPairs } from './first-guess';
import { filterOverrides, liveCommit, ownObjects } from './live-commit';
import { groundKey, type MergeGround, makeMergeGround } from './merge-ground';
import { historyArguments, readSideHistory, type SideHistory } from './side-history';
import { tryMerges } from './trial-merges';
import { verdictClimate, wouldFetch } from './verdict-climate';
import { type KeyOf, type Look, newLook, newlyWatched, sidesOf, type Watched } from './watched-pairs';

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
/** Verdicts that come sooner need no guess before them. */
const GUESS_MS = 250;
const NOWHERE = { regions: [], regionsLeftOut: 0 };
const NOTHING: Verdict = { files: [], kinds: [], ...NOWHERE };
const FILTERS_MS = 60_000;
/** A repository's own objects are thrown away beyond this many looks; commits that matter come anew. */
const LOOKS_PER_STORE = 500;

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
  const placeOf = ({ location: { id, commonDir } }: RepositoryFacts) => ({
    commonDir,
    env: ownObjects(join(storeOf(id), 'objects'), commonDir),
  });

  /** Fills in the verdicts that are not known yet; false when that can't be done. */
  async function decide(
    state: Watched,
    ground: MergeGround,
    pairs: readonly Pair[],
    keyOf: KeyOf,
  ): Promise<boolean> {
    const open = pairs.filter((pair) => !state.verdicts.has(keyOf(pair)));
    const { env } = placeOf(state.facts);
    const merges = await tryMerges(
      {
        git,
        log,
        directory: ground.directory,
        options: ground.options,
        env: { ...env, ...ground.env },
        signal: state.abort.signal,
      },
      open.map(({ a, b }) => [a.commit, b.commit]),
    );
    if (merges === null) return false;
    for (const [at, merge] of merges.entries()) {
      const pair = open[at];
      if (pair === undefined) continue;
      const collides = !merge.clean && merge.files.length > 0;
      state.verdicts.set(keyOf(pair), {
        verdict: { ...NOTHING, files: collides ? merge.files : [], kinds: collides ? merge.kinds : [] },
        unexplained: collides ? merge : null,
      });
    }
    return true;
  }

  async function look(state: Watched): Promise<void> {
    const { facts, changes } = state;
    state.asked = changes;
    // Verdicts first: what is left unexplained is looked up after them.
    state.explaining?.abort.abort();
    const current = newLook(facts);
    const store = storeOf(facts.location.id);
    if (current.members.length > 0 && (await wouldFetch(facts.location.commonDir, deps.gitVersion))) return;
    if (state.looks++ % LOOKS_PER_STORE === 0) {
      await state.explaining?.done;
      await rm(store, { recursive: true, force: true });
      state.stamps.clear();
      state.ground = null;
      // What they were merged into is gone.
      for (const [key, { unexplained }] of state.verdicts)
        if (unexplained !== null) state.verdicts.delete(key);
    }
    await mkdir(join(store, 'objects'), { recursive: true, mode: 0o700 });

    const cancelGuess = deps.guess
      ? clock.schedule(GUESS_MS, () => {
          current.guess = true;
          guessAside(state, current);
        })
      : () => undefined;
    try {
      if (await decideAll(state, current)) state.decided = changes;
      else if (current.guesses > 0) await guess(state, current, true);
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
        nestedIn(worktree.path, facts.worktrees, style).map(({ path }) => path),
        signal,
      );
      if (signal.aborted) return;
      state.stamps.set(worktree.id, { stamp, commit });
      current.commits.set(worktree.id, commit);
    };
    const groundOf = async (climate: string): Promise<MergeGround> => {
      const key = groundKey(facts, climate);
      if (state.ground?.key === key) return state.ground.ground;
      const ground = await makeMergeGround(git, facts, join(store, 'ground'), signal);
      if (!signal.aborted) state.ground = { key, ground };
      return ground;
    };
    const climate = await verdictClimate(facts.location.commonDir, deps.gitVersion);
    const [ground] = await Promise.all([
      members.length === 0 ? null : groundOf(climate),
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

    // Members of which it can't be told what they hold are in no pair.
    const pairs = pairsOf(
      sidesOf(current).flatMap(({ commit, ...side }) => (commit === null ? [] : [{ ...side, commit }])),
    );
    const keyOf: KeyOf = ({ a, b }) => `${climate} ${ground?.stamp} ${a.commit} ${b.commit}`;
    const decided = ground === null || (await decide(state, ground, pairs, keyOf));
    current.over = true;
    if (!decided || signal.aborted) return false;
    const isCurrent = new Set(pairs.map(keyOf));
    if (state.verdicts.size > 4 * isCurrent.size + 256)
      for (const old of state.verdicts.keys()) if (!isCurrent.has(old)) state.verdicts.delete(old);
    tellDecided(state, current, pairs, keyOf);
    state.explaining = explain(state, current, pairs, keyOf);
    return true;
  }

  function tellDecided(state: Watched, { facts }: Look, pairs: readonly Pair[], keyOf: KeyOf): void {
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
    if (state.abort.signal.aborted) return;
    const found = collisionsByWorktree(
      facts.worktrees.map(({ id }) => id),
      words,
    );
    const shape = JSON.stringify([[...found], [...undecided]]);
    if (shape === state.published) return;
    state.published = shape;
    for (const listener of listeners) listener(facts.location.id, found, undecided);
  }

  /**
   * A word for pairs without one, while verdicts take their time; those that were decided before keep
   * theirs. With `withdrawn` no word is guessed: the verdicts won't come.
   */
  async function guess(state: Watched, current: Look, withdrawn = false): Promise<void> {
    const { said, open } = knownWords(sidesOf(current), state.words);
    if (open.length === 0) return;
    const { facts } = current;
    const undecided = new Set(
      open.flatMap(({ one, other }) => (other.id === 'base' ? [one.id] : [one.id, other.id])),
    );
    if (withdrawn) return tell(state, facts, said, undecided);
    const { signal } = state.abort;
    const turn = ++current.guesses;
    const history = await historyOf(state, current, true);
    if (history === null || current.over || signal.aborted) return;
    const guessed = await guessPairs({ git, ...placeOf(facts), history, signal }, open);
    if (guessed === null || current.over || turn !== current.guesses) return;
    const words = open.map(({ one, other }, at): PairWord => {
      const verdict = { ...NOTHING, files: guessed[at] ?? [] };
      return { one: one.id, other: other.id, certainty: 'provisional', verdict };
    });
    tell(state, facts, [...said, ...words], undecided);
  }

  const guessAside = (state: Watched, current: Look): void => {
    guess(state, current).catch((error: unknown) => log.bug('collisions.guess', error));
  };

  /** Read once for as long as no branch moves: editing costs no look at history. */
  function historyOf(state: Watched, current: Look, first = false): Promise<SideHistory | null> {
    const args = historyArguments(
      sidesOf(current).map(({ head, baseTip, behind }) => ({
        commit: head,
        base: baseTip === null ? null : { commit: baseTip, behind },
      })),
    );
    const key = args.join(' ');
    if (state.history?.key === key) return state.history.read;
    const read = readSideHistory(git, current.facts.location.commonDir, args, state.abort.signal, first);
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
    keyOf: KeyOf,
  ): Watched['explaining'] {
    const open = pairs.flatMap((pair) => {
      const decided = state.verdicts.get(keyOf(pair));
      return decided?.unexplained == null ? [] : [{ pair, decided, merge: decided.unexplained }];
    });
    if (open.length === 0) return null;
    const abort = new AbortController();
    const work = async () => {
      const history = await historyOf(state, current);
      if (abort.signal.aborted) return;
      const explained = await explainPairs(
        { git, ...placeOf(current.facts), history, signal: abort.signal },
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
          worktrees.map((worktree) => [
            worktree.id,
            worktree.base,
            worktree.baseTip,
            worktree.behind,
            liveStamp(worktree),
          ]),
        ]);
      if (known === undefined) {
        const state = newlyWatched(facts, clock.now());
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
