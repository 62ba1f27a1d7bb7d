/** The git observer: every repository under observation, the patrol behind the watches, and the cache. */
import { realpath } from 'node:fs/promises';
import type { Merged } from '../../contract/snapshot';
import type { RepositoryFacts, RepositoryLocation } from '../../domain/facts';
import type {
  Cancel,
  Clock,
  GitObserver,
  Log,
  Refresh,
  TaskRecords,
  WatchPerformance,
} from '../../engine/ports';
import { createDistances, type Distances } from '../facts/distances';
import { locateDirectory } from '../facts/locate';
import type { MergedQuestion } from '../facts/merged-memory';
import { answerProblem, type GitRunner } from '../run/git-runner';
import type { NoteFact } from './derive';
import type { FactsCache } from './facts-cache';
import { createRepositoryObservation, type RepositoryObservation } from './repository-observation';
import { systemWatch, type WatchFunction } from './watch/directory-watches';
import { createWatchBudget, type WatchBudget } from './watch/watch-budget';
import { fairShare, readWatchLimits, type WatchLimits } from './watch/watch-limit';

export interface GitObserverDeps {
  readonly runner: GitRunner;
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** As `git --version` says it: "2.39.5". */
  readonly gitVersion: string;
  /** False for a one-shot command: one look, no watches, no patrol. */
  readonly watch: boolean;
  readonly records: Pick<TaskRecords, 'list'>;
  /** `base` of the repository's `.orchard.json`; null when it says nothing. */
  readonly configuredBase: (location: RepositoryLocation) => Promise<string | null>;
  readonly newestNote: (worktreePath: string) => Promise<NoteFact | null>;
  /** Whether and how a clean branch is merged; asked once per pair of commits. */
  readonly howMerged: ((location: RepositoryLocation, question: MergedQuestion) => Promise<Merged>) | null;
  /** Null keeps nothing on disk. */
  readonly cache: FactsCache | null;
  /** Stand-ins for tests. */
  readonly watchFunction?: WatchFunction;
  readonly budget?: WatchBudget;
  readonly watchLimits?: () => Promise<WatchLimits | null>;
}

/** So many of the last looks are remembered. */
const LAST_REFRESHES = 20;
/** A look at what file times tell, without processes. */
const SWEEP_MS = 30_000;
/** The least time between two looks of the patrol: at unwatched worktrees, and to verify watched ones. */
const PATROL_MS = { unwatched: 5_000, verify: 30_000 };
/** The patrol's part of one core: nothing but the patrol tells of an unwatched file. */
const PATROL_SHARE = { unwatched: 0.01, verify: 0.003 };
const CACHE_DELAY_MS = 5_000;
const FIRST_LOOKS_MS = 3_000;
/** So long the first look at a repository on a slow disk holds up that of the next one. */
const LISTING_MS = 100;

export function createGitObserver(deps: GitObserverDeps): GitObserver & {
  performance(): WatchPerformance;
} {
  const { runner, clock, log } = deps;
  const listeners = new Set<(facts: RepositoryFacts) => void>();
  const observed = new Map<
    string,
    {
      readonly observation: RepositoryObservation;
      readonly distances: Distances;
      readonly first: Promise<void>;
    }
  >();
  const budget = deps.budget ?? createWatchBudget(fairShare(null));
  const readLimits = deps.watchLimits ?? (() => readWatchLimits(deps.platform));
  let limitsSeen = '';
  let leftSeen = 0;
  const latest = new Map<string, RepositoryFacts>();
  const unsaved = new Set<string>();
  let saving: Cancel | null = null;
  let sweeping: Cancel | null = null;
  let patrolling: Cancel | null = null;
  let turns: Promise<void> = Promise.resolve();
  let entrance: Promise<void> = Promise.resolve();
  let initDefault: Promise<string | null> | null = null;
  let disposed = false;
  const lastRefreshes: Refresh[] = [];

  const tell = (facts: RepositoryFacts) => {
    if (disposed) return;
    for (const listener of [...listeners]) {
      try {
        listener(facts);
      } catch (error) {
        log.bug('git.facts-listener', error);
      }
    }
  };

  /**
   * Until every repository was looked at once, or this one has waited long enough for a slow disk:
   * what nobody waits for must not delay what somebody does.
   */
  const afterFirstLooks = (): Promise<void> => {
    let giveUp: Cancel = () => undefined;
    const limit = new Promise<void>((resolve) => {
      giveUp = clock.schedule(FIRST_LOOKS_MS, resolve);
    });
    const looked = Promise.allSettled([...observed.values()].map(({ first }) => first));
    return Promise.race([limit, looked.then(() => undefined)]).finally(() => giveUp());
  };

  const inTurn = (work: () => Promise<void>) => {
    turns = turns
      .then(afterFirstLooks)
      .then(() => (disposed ? undefined : work()))
      .catch((error) => void log.bug('git.watch', error));
  };

  /**
   * One repository after the other, until its worktrees are listed: git is at work on the first ones
   * while the next one's files are read. All at once would leave git waiting for all of them.
   */
  const enter = (look: (listed: () => void) => Promise<void>): Promise<void> => {
    const before = entrance;
    return new Promise((resolve, reject) => {
      entrance = before.then(
        () =>
          new Promise((next) => {
            const giveUp = clock.schedule(LISTING_MS, next);
            const listed = () => {
              giveUp();
              next();
            };
            look(listed).finally(listed).then(resolve, reject);
          }),
      );
    });
  };

  /** The person's `init.defaultBranch`: asked once, from a directory that belongs to no repository. */
  const readInitDefault = (cwd: string): Promise<string | null> => {
    initDefault ??= runner
      .run({ cwd, args: ['config', '--global', '--get', 'init.defaultBranch'], limitMs: 10_000, first: true })
      .then((answer) => (answerProblem(answer) === null ? answer.stdout.trim() || null : null));
    return initDefault;
  };

  function begin(location: RepositoryLocation): void {
    const distances = createDistances({ runner, log, hasAheadBehind: atLeast(deps.gitVersion, 2, 41) });
    const observation = createRepositoryObservation({
      location,
      runner,
      distances,
      clock,
      log,
      platform: deps.platform,
      now: clock.now,
      records: deps.records.list,
      configuredBase: deps.configuredBase,
      initDefault: () => readInitDefault(location.commonDir),
      newestNote: deps.newestNote,
      howMerged: deps.howMerged,
      watching: deps.watch
        ? { watch: deps.watchFunction ?? systemWatch, budget, inTurn, afterFirstLooks }
        : null,
      noteRefresh(refresh) {
        lastRefreshes.push(refresh);
        if (lastRefreshes.length > LAST_REFRESHES) lastRefreshes.shift();
      },
      emit(facts) {
        latest.set(location.id, facts);
        tell(facts);
        save(location.id);
      },
    });
    const first = (async () => {
      const cached = await deps.cache?.read(location);
      if (cached != null) {
        distances.restore(cached.distances);
        observation.mergedMemory.restore(cached.merged);
        if (deps.watch && observed.get(location.id)?.observation === observation) tell(cached.facts);
      }
      await enter(observation.start);
    })();
    observed.set(location.id, { observation, distances, first });
  }

  // ------------------------------------------------------------ the disk cache

  function save(id: string): void {
    if (deps.cache === null) return;
    unsaved.add(id);
    saving ??= clock.schedule(CACHE_DELAY_MS, () => {
      saving = null;
      void writeUnsaved();
    });
  }

  async function writeUnsaved(): Promise<void> {
    const ids = [...unsaved];
    unsaved.clear();
    await Promise.all(
      ids.map(async (id) => {
        const facts = latest.get(id);
        const one = observed.get(id);
        if (facts === undefined || one === undefined) return;
        await deps.cache?.write({
          facts,
          distances: one.distances.entries(),
          merged: one.observation.mergedMemory.entries(),
        });
      }),
    );
  }

  // ------------------------------------------------------------ behind the watches

  /** Answers whether there are more watches to have than the last time. */
  async function lookAtLimits(): Promise<boolean> {
    const limits = await readLimits();
    if (deps.budget === undefined) budget.allow(fairShare(limits));
    const now = JSON.stringify(limits);
    // A directory less here and there is not worth a walk through every worktree that was refused.
    const more = now !== limitsSeen || budget.left > leftSeen + budget.most / 20;
    limitsSeen = now;
    leftSeen = budget.left;
    return more;
  }

  function sweep(): void {
    sweeping = clock.schedule(SWEEP_MS, () => {
      void lookAtLimits()
        .then((more) => Promise.all([...observed.values()].map(({ observation }) => observation.sweep(more))))
        .catch((error) => log.bug('git.sweep', error))
        .then(() => {
          if (!disposed) sweep();
        });
    });
  }

  /** Looks whole at one worktree at a time, the one not looked at for longest; unwatched ones first. */
  function patrol(lastCostMs: number, unwatched: boolean): void {
    const kind = unwatched ? 'unwatched' : 'verify';
    patrolling = clock.schedule(Math.max(PATROL_MS[kind], lastCostMs / PATROL_SHARE[kind]), () => {
      const trees = [...observed.values()].flatMap(({ observation }) => observation.trees());
      const idle = trees.filter((tree) => !tree.busy && !tree.reader.listed.missing);
      const blind = idle.filter((tree) => tree.watched === 'git-only');
      const next = (blind.length > 0 ? blind : idle).sort((a, b) => a.lookedAt - b.lookedAt)[0];
      void (next?.verify() ?? Promise.resolve())
        .catch((error) => log.bug('git.patrol', error))
        .then(() => {
          if (!disposed) patrol(next?.reader.fullCostMs ?? 0, blind.length > 0);
        });
    });
  }

  if (deps.watch) {
    turns = lookAtLimits().then(() => undefined);
    sweep();
    patrol(0, true);
  }

  return {
    async locate(directory) {
      return (await locateDirectory(directory))?.location ?? null;
    },
    async observe(locations) {
      const wanted = new Map(locations.map((location) => [location.id, location]));
      const gone = [...observed].filter(([id]) => !wanted.has(id));
      for (const [id] of gone) {
        observed.delete(id);
        latest.delete(id);
      }
      for (const location of wanted.values()) if (!observed.has(location.id)) begin(location);
      await Promise.all([
        ...gone.map(([, { observation }]) => observation.dispose()),
        ...[...observed.values()].map(({ first }) => first),
      ]);
    },
    onFacts(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async refresh(repository) {
      const some =
        repository === null ? [...observed.values()] : [observed.get(repository)].filter((o) => o != null);
      await Promise.all(
        some.map(async ({ observation, first }) => {
          await first;
          await enter(observation.refresh);
        }),
      );
    },
    hint(directory) {
      void realpath(directory).then(
        (path) => {
          for (const { observation } of observed.values()) observation.hint(path);
        },
        () => {
          // Gone since: the list will tell.
        },
      );
    },
    performance() {
      const all = [...observed.values()].map(({ observation }) => observation);
      const sum = (pick: (one: ReturnType<RepositoryObservation['performance']>) => number) =>
        all.reduce((total, one) => total + pick(one.performance()), 0);
      return {
        processes: runner.counts(),
        watches: {
          git: sum((one) => one.gitWatches),
          files: sum((one) => one.fileWatches),
          left: budget.left,
        },
        refreshes: sum((one) => one.refreshes),
        lastRefreshes: [...lastRefreshes],
        repositories: all.length,
        unwatched: all.flatMap((one) =>
          one
            .trees()
            .flatMap((tree) =>
              tree.refusal === null ? [] : [{ path: tree.reader.listed.path, why: tree.refusal }],
            ),
        ),
      };
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      saving?.();
      sweeping?.();
      patrolling?.();
      await writeUnsaved();
      await Promise.all([...observed.values()].map(({ observation }) => observation.dispose()));
      observed.clear();
      listeners.clear();
      await runner.dispose();
    },
  };
}

/** "2.39.5 (Apple Git-154)" is at least 2.39. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return first > major || (first === major && second >= minor);
}
