/** One repository under observation: which event makes what be read anew, and when facts go out. */
import { nestedIn, pathStyleOf } from '../../domain/containment';
import type { RepositoryFacts } from '../../domain/facts';
import type { Cancel, Clock, Log, Refresh } from '../../engine/ports';
import { type Coalescer, createCoalescer } from './coalescer';
import { createRepositoryReader, type RepositoryReaderDeps } from './repository-reader';
import { listSignature, refsSignature, statusSettings, worktreeSignature } from './sweep-signature';
import { isWithin } from './watch/directory-watches';
import type { GitChange } from './watch/git-paths';
import { createRepositoryWatch } from './watch/repository-watch';
import { refusalOf } from './watch/watch-limit';
import { createWorktreeObservation, type Watching, type WorktreeObservation } from './worktree-observation';
import type { WorktreeReader } from './worktree-reader';

/** Facts wait this long for reads that are about to end, so that one change is one snapshot. */
const HOLD_MS = 250;
/** The list asks for statuses, a status for the refs, and these for a status again. */
const SETTLE_ROUNDS = 4;

interface RepositoryWork {
  readonly list: boolean;
  readonly heads: ReadonlySet<string>;
  /** Refs that are known to have moved, by their full names. */
  readonly moved: ReadonlySet<string>;
}

export interface ObservationDeps extends RepositoryReaderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** Null for one look without watching. */
  readonly watching: Watching | null;
  readonly emit: (facts: RepositoryFacts) => void;
  readonly noteRefresh: (refresh: Refresh) => void;
}

export type RepositoryObservation = ReturnType<typeof createRepositoryObservation>;

export function createRepositoryObservation(deps: ObservationDeps) {
  const { clock, log, location } = deps;
  const reader = createRepositoryReader(deps);
  const trees = new Map<string, WorktreeObservation>();
  const refsAskedFor = new WeakMap<WorktreeReader, string | null>();
  const statusAskedFor = new WeakMap<WorktreeReader, string | null>();
  let lastEmitted = '';
  let holding: Cancel | null = null;
  let wanted = false;
  let started = false;
  let armed = false;
  let onListed: () => void = () => undefined;
  let disposed = false;
  let watchProblem: string | null = null;
  let listSeen = '';
  let refsSeen = '';
  let settingsSeen = '';
  let refreshes = 0;

  const rows: Coalescer<RepositoryWork> = createCoalescer({
    clock,
    log,
    name: 'git.repository',
    add: (pending, work) => ({
      list: (pending?.list ?? false) || work.list,
      heads: new Set([...(pending?.heads ?? []), ...work.heads]),
      moved: new Set([...(pending?.moved ?? []), ...work.moved]),
    }),
    run: readRepository,
    after: offer,
  });
  const mergedRows: Coalescer<true> = createCoalescer({
    clock,
    log,
    name: 'git.merged',
    add: () => true,
    run: async () => {
      await deps.watching?.afterFirstLooks();
      if (!disposed && (await reader.readMerged())) wanted = true;
    },
    after: offer,
  });

  const gitWatch =
    deps.watching === null
      ? null
      : createRepositoryWatch({
          commonDir: location.commonDir,
          platform: deps.platform,
          watch: deps.watching.watch,
          onChange: hear,
          onError(error) {
            log.warn('git.watch', { repository: location.root, problem: error.message });
            watchProblem = `Commits are noticed late here, because ${refusalOf(error).why}.`;
            wanted = true;
            offer();
          },
        });

  const NOTHING: RepositoryWork = { list: false, heads: new Set(), moved: new Set() };

  function hear(change: GitChange, gitDir: string | null, ref?: string): void {
    const tree = gitDir === null ? null : (reader.byGitDir(gitDir)?.listed.id ?? null);
    const own = tree === null ? undefined : trees.get(tree);
    switch (change) {
      case 'list':
        rows.push({ ...NOTHING, list: true });
        return;
      case 'refs':
        rows.push(ref === undefined ? NOTHING : { ...NOTHING, moved: new Set([ref]) });
        // A commit: its worktree's status is due as well, and need not wait for the refs to be read.
        for (const one of trees.values())
          if (ref !== undefined && ref === `refs/heads/${one.reader.head?.branch}`) one.readAll();
        return;
      case 'head':
        if (gitDir !== null) rows.push({ ...NOTHING, heads: new Set([gitDir]) });
        own?.readAll();
        return;
      case 'status':
        own?.readAll();
        return;
      case 'ongoing':
        own?.readPrivate();
        return;
      case 'all-status':
        for (const one of trees.values()) one.rulesChanged();
        return;
      case 'config':
        rows.push({ ...NOTHING, list: true });
        void statusSettings(location.commonDir).then((now) => {
          // A push with `-u` writes the configuration too, and changes no file's status.
          if (now === settingsSeen) return;
          settingsSeen = now;
          for (const one of trees.values()) one.rulesChanged();
        });
        return;
      case 'tasks':
        rows.push({ ...NOTHING, list: true });
        return;
    }
  }

  async function readRepository(work: RepositoryWork): Promise<void> {
    refreshes++;
    const begun = clock.now();
    if (work.list) {
      listSeen = await currentListSignature();
      const { added, removed, recopied } = await reader.readList();
      for (const gone of removed) {
        // A worktree that moved or came back has the same id and a new reader.
        const old = trees.get(gone.listed.id);
        trees.delete(gone.listed.id);
        if (old !== undefined) await old.dispose();
      }
      for (const worktree of added) {
        const tree = createWorktreeObservation({
          reader: worktree,
          clock,
          log,
          platform: deps.platform,
          runner: deps.runner,
          watching: deps.watching,
          nested: () => nestedPaths(worktree.listed.path),
          onChange: () => {
            wanted = true;
            // An operation that began or ended: the branch that it works on says where the row stands.
            if (reader.branchMoved(worktree)) rows.push(NOTHING);
            const apart = reader.disagreement(worktree);
            // Once for each pair of commits: two readers that never agree must not chase each other.
            if (apart !== null && apart !== refsAskedFor.get(worktree))
              rows.push({ ...NOTHING, heads: new Set([worktree.listed.gitDir]) });
            refsAskedFor.set(worktree, apart);
            mergedRows.push(true);
          },
          onRoot: () => rows.push({ ...NOTHING, list: true }),
          onBaseFile: () => rows.push({ ...NOTHING, list: true }),
          readNote: () => reader.readNote(worktree),
          after: offer,
          noteRefresh: deps.noteRefresh,
        });
        trees.set(worktree.listed.id, tree);
        tree.readAll();
        if (armed) tree.watch();
        // The first time there is nothing to wait for: beside the refs.
        if (!started) void tree.flush();
      }
      for (const { listed } of recopied) trees.get(listed.id)?.readAll();
      onListed();
      // Behind the statuses, which git takes longest for.
      await reader.readNew(added);
      if (armed) await gitWatch?.arm();
    }
    const moved = new Set(work.moved);
    for (const gitDir of work.heads) {
      const worktree = reader.byGitDir(gitDir);
      await worktree?.readHead();
      // Another branch perhaps, whose distance nobody has asked for yet.
      if (worktree?.head?.branch != null) moved.add(`refs/heads/${worktree.head.branch}`);
    }
    const seenBefore = currentRefsSignature();
    await reader.readAllRefs(moved, seenBefore);
    refsSeen = await seenBefore;
    for (const tree of trees.values()) {
      // `git reset --soft` moves a branch and touches neither HEAD nor index, yet changes what is staged.
      const apart = reader.disagreement(tree.reader);
      if (tree.busy || apart === (statusAskedFor.get(tree.reader) ?? null)) continue;
      statusAskedFor.set(tree.reader, apart);
      if (apart !== null) tree.readAll();
    }
    wanted = true;
    mergedRows.push(true);
    deps.noteRefresh({
      at: begun,
      path: location.root,
      what: work.list ? 'worktrees' : 'refs',
      paths: 0,
      tookMs: clock.now() - begun,
    });
  }

  const currentListSignature = () =>
    listSignature(location, [
      location.commonDir,
      ...reader.worktrees().map((worktree) => worktree.listed.path),
    ]);
  const currentRefsSignature = () =>
    refsSignature(
      location.commonDir,
      reader.worktrees().flatMap(({ head }) => (head?.branch == null ? [] : [`refs/heads/${head.branch}`])),
    );

  function nestedPaths(root: string): readonly string[] {
    const all = reader.worktrees().map(({ listed }) => listed);
    return nestedIn(root, all, pathStyleOf(deps.platform)).map(({ path }) => path);
  }

  const facts = (): RepositoryFacts => {
    const now = reader.facts((id) => trees.get(id)?.watchFacts);
    return watchProblem === null || now.problem !== null ? now : { ...now, problem: watchProblem };
  };

  /** Sends facts when nothing more is about to change them, or when they have waited long enough. */
  function offer(): void {
    if (disposed || !wanted || !started) return;
    if (rows.soon || [...trees.values()].some((tree) => tree.soon)) {
      holding ??= clock.schedule(HOLD_MS, emit);
      return;
    }
    emit();
  }

  function emit(force = false): void {
    holding?.();
    holding = null;
    if (disposed) return;
    wanted = false;
    const next = facts();
    const text = JSON.stringify(next);
    if (text === lastEmitted && !force) return;
    lastEmitted = text;
    deps.emit(next);
  }

  /** Until all that was asked for is read, and what follows from it; not until a storm is over. */
  /** Without any process: has something been missed? */
  async function lookForMissed(): Promise<void> {
    if (disposed) return;
    const list = await currentListSignature();
    if (list !== listSeen) rows.push({ ...NOTHING, list: true });
    else if ((await currentRefsSignature()) !== refsSeen) rows.push(NOTHING);
    await Promise.all(
      [...trees.values()].map(async (tree) => {
        if ((await worktreeSignature(tree.reader.listed.gitDir)) === tree.seen) return;
        rows.push({ ...NOTHING, heads: new Set([tree.reader.listed.gitDir]) });
        tree.readAll();
      }),
    );
  }

  /** The git directories first. Each worktree's own watch begins with another whole look at it. */
  async function watchAll(): Promise<void> {
    if (deps.watching === null || gitWatch === null) return;
    await deps.watching.afterFirstLooks();
    if (disposed) return;
    armed = true;
    await gitWatch.arm();
    settingsSeen = await statusSettings(location.commonDir);
    await lookForMissed();
    for (const tree of trees.values()) tree.watch();
  }

  async function settle(): Promise<void> {
    const busy = () => rows.busy || [...trees.values()].some((tree) => tree.busy);
    for (let round = 0; round < SETTLE_ROUNDS && busy() && !disposed; round++) {
      await rows.flush();
      await Promise.all([...trees.values()].map((tree) => tree.flush()));
    }
  }

  return {
    location,
    /**
     * Reads everything once and tells it; then watches, and looks for what fell in between. Calls
     * `listed` when the worktrees are known and their reads asked for.
     */
    async start(listed: () => void): Promise<void> {
      onListed = listed;
      // Asked beside the list: the refs need it, and it is kept.
      void deps.initDefault();
      rows.push({ ...NOTHING, list: true });
      // The list starts the worktrees' reads, which run beside the refs'.
      await settle();
      started = true;
      if (deps.watching === null) await mergedRows.flush();
      emit(true);
      void watchAll().catch((error) => log.bug('git.watch', error));
    },
    /** The same again. */
    async refresh(listed: () => void): Promise<void> {
      onListed = listed;
      rows.push({
        ...NOTHING,
        list: true,
        heads: new Set(reader.worktrees().map((worktree) => worktree.listed.gitDir)),
      });
      for (const tree of trees.values()) tree.readAll();
      await settle();
      if (deps.watching === null) await mergedRows.flush();
      emit(true);
    },
    /**
     * Has something been missed? And what the system refused to watch is tried again; `moreToHave` when
     * it has more watches to give than at the last sweep.
     */
    async sweep(moreToHave: boolean): Promise<void> {
      if (disposed || !started) return;
      if (armed && gitWatch !== null && watchProblem !== null && (await gitWatch.arm())) {
        watchProblem = null;
        // What happened meanwhile was announced to nobody.
        rows.push({ ...NOTHING, list: true });
      }
      for (const tree of trees.values()) tree.watchAgain(moreToHave);
      await lookForMissed();
    },
    hint(path: string): void {
      let deepest: WorktreeObservation | null = null;
      for (const tree of trees.values()) {
        const root = tree.reader.listed.path;
        if (isWithin(root, path) && root.length > (deepest?.reader.listed.path.length ?? -1)) deepest = tree;
      }
      deepest?.hint();
    },
    trees: (): readonly WorktreeObservation[] => [...trees.values()],
    facts,
    mergedMemory: reader.mergedMemory,
    performance: () => ({
      gitWatches: gitWatch?.size ?? 0,
      fileWatches: [...trees.values()].reduce((sum, tree) => sum + tree.watches, 0),
      refreshes: refreshes + [...trees.values()].reduce((sum, tree) => sum + tree.refreshes, 0),
    }),
    async dispose(): Promise<void> {
      disposed = true;
      holding?.();
      gitWatch?.dispose();
      reader.dispose();
      await Promise.all([
        ...[...trees.values()].map((tree) => tree.dispose()),
        rows.dispose(),
        mergedRows.dispose(),
      ]);
    },
  };
}
