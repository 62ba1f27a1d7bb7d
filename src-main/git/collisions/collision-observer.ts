/**
 * Which live worktrees would conflict. One `merge-tree` process, or two, decides all pairs that are new;
 * a pair of commits is decided once and never again.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryId, WorktreeId } from '../../contract/ids';
import type { Collision } from '../../contract/snapshot';
import {
  collisionsByWorktree,
  hasOwnWork,
  liveStamp,
  type Pair,
  pairsOf,
  type Verdict,
} from '../../domain/collision-pairs';
import { contains, pathStyleOf } from '../../domain/containment';
import type { RepositoryFacts, WorktreeFacts } from '../../domain/facts';
import type { Cancel, Clock, CollisionObserver, Log } from '../../engine/ports';
import type { GitRunner } from '../reads/git-runner';
import { answerProblem } from '../reads/git-runner';
import { filterOverrides, liveCommit, ownObjects } from './live-commit';
import { parseTrialMerges } from './merge-tree-output';

export interface CollisionObserverDeps {
  readonly git: GitRunner;
  readonly gitVersion: string;
  /** A directory of our own in the user's cache; object directories and temporary indexes live below. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

/** After quiet, one edit is looked at almost at once, off the snapshot's path. */
const FIRST_MS = 10;
/** Editing goes on for a while: further verdicts wait for a pause this long. */
const PAUSE_MS = 150;
/** Nothing looked at for this long is quiet. */
const QUIET_MS = 1_000;
/** So many pairs are decided sooner by two processes than by one. */
const WORTH_TWO = 4;
const FILTERS_MS = 60_000;
const LIMIT_MS = 60_000;
/** A repository's own objects are thrown away beyond this many looks; commits that matter come anew. */
const LOOKS_PER_STORE = 500;

interface Watched {
  facts: RepositoryFacts;
  readonly stamps: Map<WorktreeId, { readonly stamp: string; readonly commit: string | null }>;
  readonly verdicts: Map<string, Verdict>;
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
    (id: RepositoryId, found: ReadonlyMap<WorktreeId, readonly Collision[]>) => void
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

  async function baseTips(facts: RepositoryFacts, worktrees: readonly WorktreeFacts[], signal: AbortSignal) {
    const names = [...new Set(worktrees.flatMap(({ base }) => (base === null ? [] : [base])))];
    const tips = new Map<string, string>();
    // A loose ref is the truth and costs no process; packed ones and other formats are git's to read.
    const loose = await Promise.all(names.map((name) => looseRef(facts.location.commonDir, name)));
    for (const [at, name] of names.entries()) {
      const commit = loose[at];
      if (commit != null) tips.set(name, commit);
    }
    const packed = names.filter((name) => !tips.has(name));
    if (packed.length === 0) return tips;
    const listed = await git.run({
      cwd: facts.location.commonDir,
      args: [
        'for-each-ref',
        '--format=%(refname)%00%(objectname)',
        '--',
        ...packed.flatMap((name) => [`refs/heads/${name}`, `refs/remotes/origin/${name}`]),
      ],
      signal,
    });
    for (const line of listed.stdout.split('\n')) {
      const [ref, commit] = line.split('\0');
      const name = ref?.replace(/^refs\/(heads|remotes\/origin)\//, '');
      // The local branch is listed first and wins.
      if (name !== undefined && commit !== undefined && !tips.has(name)) tips.set(name, commit);
    }
    return tips;
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
      args: ['-c', 'merge.renames=true', 'merge-tree', '--write-tree', '--stdin', '-z'],
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
    const merges = parseTrialMerges(answer.stdout);
    if (merges.length !== open.length) {
      log.warn('collisions.undecided', { asked: open.length, answered: merges.length });
      return false;
    }
    open.forEach((pair, index) => {
      const merge = merges[index];
      if (merge !== undefined)
        state.verdicts.set(keyOf(pair), {
          files: merge.clean ? [] : merge.files,
          kinds: merge.kinds,
          regions: [],
          regionsLeftOut: 0,
        });
    });
    return true;
  }

  async function look(state: Watched): Promise<void> {
    const { facts, changes } = state;
    state.asked = changes;
    const signal = state.abort.signal;
    const members = facts.worktrees.filter(hasOwnWork);
    const store = storeOf(facts.location.id);
    if (members.length > 0 && (await wouldFetch(facts))) return;
    if (state.looks++ % LOOKS_PER_STORE === 0) await rm(store, { recursive: true, force: true });
    if (state.looks === 1 || state.looks % LOOKS_PER_STORE === 1) state.stamps.clear();
    await mkdir(join(store, 'objects'), { recursive: true, mode: 0o700 });

    const commitOf = async (worktree: WorktreeFacts): Promise<string | null> => {
      const stamp = liveStamp(worktree);
      const known = state.stamps.get(worktree.id);
      if (known?.stamp === stamp) return known.commit;
      const commit = await liveCommit(
        { git, objects: join(store, 'objects'), scratch: store, filters: filtersOf(state, signal) },
        facts.location.commonDir,
        worktree,
        nestedIn(worktree, facts.worktrees),
        signal,
      );
      if (!signal.aborted) state.stamps.set(worktree.id, { stamp, commit });
      return commit;
    };
    const [tips, commits] = await Promise.all([
      members.length === 0 ? new Map<string, string>() : baseTips(facts, members, signal),
      Promise.all(members.map(commitOf)),
    ]);
    if (signal.aborted) return;
    const live: { id: WorktreeId; commit: string; baseTip: string | null }[] = [];
    for (const [at, worktree] of members.entries()) {
      const commit = commits[at] ?? null;
      // On its own base there is nothing to merge into it.
      const baseTip =
        worktree.base === null || worktree.branch === worktree.base
          ? null
          : (tips.get(worktree.base) ?? null);
      if (commit !== null) live.push({ id: worktree.id, commit, baseTip });
    }
    for (const id of state.stamps.keys())
      if (!members.some((member) => member.id === id)) state.stamps.delete(id);

    const pairs = pairsOf(live);
    const key = await climate(facts);
    const keyOf = ({ a, b }: Pair) => `${key} ${a.commit} ${b.commit}`;
    if (!(await decide(state, pairs, keyOf)) || signal.aborted) return;
    state.decided = changes;
    const decided = pairs.map((pair) => ({
      pair,
      verdict: state.verdicts.get(keyOf(pair)) ?? { files: [], kinds: [], regions: [], regionsLeftOut: 0 },
    }));
    const current = new Set(pairs.map(keyOf));
    if (state.verdicts.size > 4 * current.size + 256)
      for (const old of state.verdicts.keys()) if (!current.has(old)) state.verdicts.delete(old);
    const found = collisionsByWorktree(
      facts.worktrees.map(({ id }) => id),
      decided,
    );
    const shape = JSON.stringify([...found]);
    if (shape === state.published) return;
    state.published = shape;
    for (const listener of listeners) listener(facts.location.id, found);
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
    async dispose() {
      disposed = true;
      const states = [...watched.values()];
      for (const state of states) {
        state.cancel();
        state.abort.abort();
      }
      await Promise.all(states.map(({ running }) => running));
      await Promise.all(
        states.map(({ facts }) => rm(storeOf(facts.location.id), { recursive: true, force: true })),
      );
      watched.clear();
    },
  };
}

/** A branch that has a file of its own; null when it is packed, symbolic, or not there. */
async function looseRef(commonDir: string, name: string): Promise<string | null> {
  const text = await readFile(join(commonDir, 'refs', 'heads', ...name.split('/')), 'utf8').catch(() => '');
  return /^([0-9a-f]{40}|[0-9a-f]{64})\n?$/.exec(text)?.[1] ?? null;
}
