/** What is known of one repository: its list of worktrees, its refs, and what follows from them. */
import type { Merged } from '../../contract/snapshot';
import type { RepositoryFacts, RepositoryLocation, TaskRecord, WorktreeFacts } from '../../domain/facts';
import type { Log } from '../../engine/ports';
import { isDirectory } from '../../system/small-reads';
import { baseRefs, baseTip, repositoryBase, usualBases } from '../facts/base-rules';
import type { Comparison } from '../facts/compared-refs';
import { createdAt } from '../facts/creation';
import type { Distances, Pair } from '../facts/distances';
import { firstBaseThere } from '../facts/former-base';
import { BARE_WITH_CHECKOUT } from '../facts/identity';
import { likelyBase } from '../facts/likely-base';
import { createMergedMemory, type MergedMemory, type MergedQuestion } from '../facts/merged-memory';
import { readHead } from '../facts/private-directory';
import { type CommitInfo, parseCommit, type Refs, readRefs, refPatterns } from '../facts/refs';
import { listWorktrees, readProblem, repositoryDirectory } from '../facts/worktrees';
import type { GitRunner } from '../run/git-runner';
import { deriveWorktree, type NoteFact } from './derive';
import { refPlacesSignature } from './sweep-signature';
import { createWorktreeReader, type WorktreeReader } from './worktree-reader';

export interface RepositoryReaderDeps {
  readonly location: RepositoryLocation;
  readonly runner: GitRunner;
  readonly distances: Distances;
  readonly log: Log;
  readonly now: () => number;
  readonly records: (location: RepositoryLocation) => Promise<readonly TaskRecord[]>;
  /** `base` of `.orchard.json`; null when it says nothing. */
  readonly configuredBase: (location: RepositoryLocation) => Promise<string | null>;
  readonly initDefault: () => Promise<string | null>;
  readonly newestNote: (worktreePath: string) => Promise<NoteFact | null>;
  readonly howMerged: ((location: RepositoryLocation, question: MergedQuestion) => Promise<Merged>) | null;
}

export interface ListChange {
  /** Known before, with other recorded copies than before. */
  readonly recopied: readonly WorktreeReader[];
  readonly added: readonly WorktreeReader[];
  readonly removed: readonly WorktreeReader[];
}

const MOST_COMMITS = 2_000;

export type RepositoryReader = ReturnType<typeof createRepositoryReader>;

export function createRepositoryReader(deps: RepositoryReaderDeps) {
  const { location, runner, distances } = deps;
  let worktrees = new Map<string, WorktreeReader>();
  const notes = new Map<string, NoteFact | null>();
  const commits = new Map<string, CommitInfo>();
  const merged: MergedMemory = createMergedMemory();
  let records: ReadonlyMap<string, TaskRecord> = new Map();
  let refs: Refs | null = null;
  let base: string | null = null;
  let configured: string | null = null;
  let listProblem: string | null = null;
  let refsProblem: string | null = null;
  let followed: readonly string[] = [];
  /** The commits that the worktrees' branches were made at. */
  const creations = new WeakMap<WorktreeReader, string | null>();
  /** Recorded bases that are gone, and the bases that those came from. */
  let instead: ReadonlyMap<string, string> = new Map();

  /** A detached HEAD is on a branch all the same while a rebase or bisect of that branch is under way. */
  const branchOf = (worktree: WorktreeReader) =>
    (worktree.head === null ? worktree.status?.branch : worktree.head.branch) ??
    worktree.privateFacts?.workedOnBranch ??
    null;
  const copiesIn = (from: ReadonlyMap<string, TaskRecord>, entry: string | null) =>
    (entry === null ? undefined : from.get(entry))?.copies ?? {};
  const copiesOf = (entry: string | null) => copiesIn(records, entry);
  const recordOf = (worktree: WorktreeReader) => {
    const { entry } = worktree.listed;
    return entry === null ? null : (records.get(entry) ?? null);
  };
  /** The commit that a worktree is at; its branch's ref is newer than what a status saw. */
  const headOf = (worktree: WorktreeReader, refs: Refs | null): string | null => {
    if (worktree.head?.branch != null) {
      const ref = refs?.get(`refs/heads/${worktree.head.branch}`);
      if (ref !== undefined) return ref.oid;
      return refsProblem === null && refs !== null ? null : (worktree.status?.oid ?? null);
    }
    return worktree.head?.oid ?? worktree.status?.oid ?? null;
  };
  const baseNameOf = (worktree: WorktreeReader, repositoryBase: string | null) => {
    const recorded = recordOf(worktree)?.base;
    return recorded === undefined ? repositoryBase : (instead.get(recorded) ?? recorded);
  };
  const tipOf = (name: string | null, refs: Refs | null) => {
    const found = name === null || refs === null ? null : baseRefs(refs, name);
    return found === null ? null : { found, tip: baseTip(found, distances.get) };
  };
  const positionOf = (worktree: WorktreeReader) => {
    const head = headOf(worktree, refs);
    const asked = baseNameOf(worktree, base);
    const tip = tipOf(asked, refs);
    const baseName = tip?.found.name ?? asked;
    return {
      branch: branchOf(worktree),
      head,
      commit: head === null ? null : (commits.get(head) ?? null),
      baseName,
      base: tip,
      record: recordOf(worktree),
      distance: tip?.tip === undefined || head === null ? undefined : distances.get(tip.tip.oid, head),
    };
  };
  /** Where worktrees stand, as of the last whole look at the refs: never half of an old and a new one. */
  const positions = new WeakMap<WorktreeReader, ReturnType<typeof positionOf>>();
  const place = () => {
    for (const worktree of worktrees.values()) positions.set(worktree, positionOf(worktree));
  };

  async function readList(): Promise<ListChange> {
    const [list, recordList, config] = await Promise.all([
      listWorktrees(location),
      deps.records(location),
      deps.configuredBase(location),
    ]);
    const before = records;
    records = new Map(recordList.map((record) => [record.entry, record]));
    configured = config;
    if ('problem' in list) {
      // What was known stays: a disk that is not mounted comes back.
      listProblem = (await isDirectory(location.commonDir))
        ? list.problem
        : 'It is not there: deleted, or on a disk that is not mounted.';
      for (const known of worktrees.values())
        known.relist({ ...known.listed, missing: !(await isDirectory(known.listed.path)) });
      return { added: [], removed: [], recopied: [] };
    }
    // Each row says it too; nothing is done in any of them.
    listProblem = list.some(({ problem }) => problem === BARE_WITH_CHECKOUT) ? BARE_WITH_CHECKOUT : null;
    const next = new Map<string, WorktreeReader>();
    const added: WorktreeReader[] = [];
    for (const listed of list) {
      const known = worktrees.get(listed.id);
      if (
        known === undefined ||
        known.listed.path !== listed.path ||
        known.listed.missing !== listed.missing
      ) {
        known?.cancel();
        const reader = createWorktreeReader(deps, listed, () => copiesOf(listed.entry));
        added.push(reader);
        next.set(listed.id, reader);
      } else {
        known.relist(listed);
        next.set(listed.id, known);
      }
    }
    const removed = [...worktrees.values()].filter((reader) => next.get(reader.listed.id) !== reader);
    for (const reader of removed) {
      reader.cancel();
      if (!next.has(reader.listed.id)) notes.delete(reader.listed.id);
    }
    worktrees = next;
    const recopied = [...worktrees.values()].filter(
      ({ listed: { entry } }) => JSON.stringify(copiesOf(entry)) !== JSON.stringify(copiesIn(before, entry)),
    );
    return { added, removed, recopied };
  }

  /**
   * What git is to count while it reads the refs: the distances that can not be known yet. All of them
   * at first; later of what has moved (full ref names).
   */
  function comparisonsFor(likely: string | null, moved: ReadonlySet<string>): readonly Comparison[] {
    const first = refs === null && distances.size === 0;
    const wanted = new Map<string, string>();
    for (const worktree of worktrees.values()) {
      const branch = branchOf(worktree);
      const name = baseNameOf(worktree, likely);
      if (branch !== null && name !== null) wanted.set(`refs/heads/${branch}`, countedFrom(name));
    }
    for (const name of new Set([...worktrees.values()].flatMap((one) => baseNameOf(one, likely) ?? []))) {
      const local = `refs/heads/${name}`;
      wanted.set(local, refs?.get(local)?.upstream ?? `refs/remotes/origin/${name}`);
    }
    return [...wanted]
      .map(([ref, against]) => ({ ref, against }))
      .filter(({ ref, against }) => first || moved.has(ref) || moved.has(against));
  }

  /** The ref behind a base's tip, as far as it is known. */
  function countedFrom(name: string): string {
    const known = tipOf(name, refs);
    const upstream = known?.found.upstream ?? null;
    return upstream !== null && upstream.oid !== known?.found.local && known?.tip?.oid === upstream.oid
      ? upstream.name
      : `refs/heads/${name}`;
  }

  /** `moved`: refs that are known to have moved, by their full names. Reads nothing before `begin`. */
  async function readAllRefs(moved: ReadonlySet<string>, begin: Promise<unknown>): Promise<void> {
    const [cwd, initDefault] = await Promise.all([repositoryDirectory(location), deps.initDefault()]);
    const all = [...worktrees.values()];
    const mainBranch = await mainBranchOf(all);
    const branches = all.flatMap((worktree) => branchOf(worktree) ?? []);
    const bases = new Set([
      ...usualBases(initDefault),
      ...(configured === null ? [] : [configured]),
      ...(base === null ? [] : [base]),
      ...(mainBranch === null ? [] : [mainBranch]),
      ...all.flatMap((worktree) => recordOf(worktree)?.base ?? []),
    ]);
    const patterns = [...refPatterns(branches, bases), ...followed];
    const likely = base ?? (await likelyBase(location.commonDir, { configured, initDefault, mainBranch }));
    const comparisons = comparisonsFor(likely, moved);
    const files = comparisons.flatMap(({ ref, against }) => [ref, against]);
    const places = () => (files.length === 0 ? null : refPlacesSignature(location.commonDir, files));
    const [before] = await Promise.all([
      places(),
      begin,
      ...all.map(async (one) => {
        creations.set(one, await createdAt(location, recordOf(one), branchOf(one)));
      }),
    ]);
    let read = await readRefs(runner, cwd, patterns, comparisons);
    // Had one moved in between, git may have counted from another commit than the one that it told.
    if (!('problem' in read)) {
      if (files.length > 0 && (await places()) === before) keepCompared(read);
      // A default branch or an upstream of another name needs a second look; then it is remembered.
      const name = repositoryBase(read, { configured, initDefault, mainBranch });
      const names = new Set([name, ...bases].filter((one) => one !== null));
      const missing = [...names].flatMap((one) => {
        const upstream = 'problem' in read ? null : read.get(`refs/heads/${one}`)?.upstream;
        return upstream != null && !('problem' in read) && !read.has(upstream) ? [upstream] : [];
      });
      if ((name !== null && !bases.has(name)) || missing.some((ref) => !followed.includes(ref))) {
        followed = missing;
        const wider = name === null ? bases : new Set([...bases, name]);
        read = await readRefs(runner, cwd, [...refPatterns(branches, wider), ...followed], []);
      }
    }
    if ('problem' in read) {
      refsProblem = readProblem(read.stderr, read.problem);
      deps.log.warn('git.refs', { repository: location.root, problem: read.problem });
      place();
      return;
    }
    const replaced = await replacementsFor(all, cwd, read);
    if (replaced !== null) read = replaced;
    for (const ref of read.values()) if (ref.commit !== null) keepCommit(ref.oid, ref.commit);
    const told = repositoryBase(read, { configured, initDefault, mainBranch });
    const nextBase = told === null ? null : (baseRefs(read, told)?.name ?? told);
    await Promise.all([readCommits(read), readDistances(cwd, read, nextBase)]);
    refsProblem = null;
    refs = read;
    base = nextBase;
    place();
  }

  async function mainBranchOf(all: readonly WorktreeReader[]): Promise<string | null> {
    if (!location.isBare) return all.find((worktree) => worktree.listed.isMain)?.head?.branch ?? null;
    const head = await readHead(location.commonDir);
    return head === null || head === 'unreadable' ? null : head.branch;
  }

  /** Finds the bases of recorded bases that are gone; answers refs that hold those too, when they had to be read. */
  async function replacementsFor(
    all: readonly WorktreeReader[],
    cwd: string,
    read: Refs,
  ): Promise<Refs | null> {
    const gone = new Set(
      all.flatMap((one) => {
        const recorded = recordOf(one)?.base;
        return recorded === undefined || baseRefs(read, recorded) !== null ? [] : [recorded];
      }),
    );
    if (gone.size === 0) {
      instead = new Map();
      return null;
    }
    const everything = await readRefs(runner, cwd, ['refs/heads/', 'refs/remotes/', 'refs/tags/'], []);
    if ('problem' in everything) return null;
    const found = new Map<string, string>();
    for (const name of gone) {
      const isThere = (one: string) => baseRefs(everything, one) !== null;
      const parent = await firstBaseThere(location.commonDir, name, isThere);
      if (parent !== null) found.set(name, parent);
    }
    instead = found;
    return everything;
  }

  function keepCompared(read: Refs): void {
    for (const { oid, compared } of read.values()) {
      const from = compared === null ? undefined : read.get(compared.against)?.oid;
      if (compared !== null && from !== undefined) distances.keep(from, oid, compared);
    }
  }

  function keepCommit(oid: string, info: CommitInfo): void {
    commits.delete(oid);
    commits.set(oid, info);
    for (const oldest of commits.keys()) {
      if (commits.size <= MOST_COMMITS) break;
      commits.delete(oldest);
    }
  }

  /** Commits that no ref told about: of detached worktrees. */
  async function readCommits(next: Refs): Promise<void> {
    const unknown = [...worktrees.values()].flatMap((worktree) => {
      const head = headOf(worktree, next);
      return head !== null && !commits.has(head) ? [head] : [];
    });
    if (unknown.length === 0) return;
    const names = [...new Set(unknown)];
    const objects = await runner.objects(location.commonDir, names);
    names.forEach((name, at) => {
      const object = objects[at];
      const info = object?.type === 'commit' ? parseCommit(object.content) : null;
      if (info !== null) keepCommit(name, info);
    });
  }

  async function readDistances(cwd: string, next: Refs, nextBase: string | null): Promise<void> {
    const all = [...worktrees.values()];
    const names = new Set(all.flatMap((worktree) => baseNameOf(worktree, nextBase) ?? []));
    const apart: Pair[] = [];
    for (const name of names) {
      const found = baseRefs(next, name);
      if (found?.upstream != null)
        apart.push({ base: found.upstream.oid, head: found.local, ref: found.ref });
    }
    await distances.compute(cwd, apart);
    const pairs = all.flatMap((worktree): Pair[] => {
      const tip = tipOf(baseNameOf(worktree, nextBase), next)?.tip;
      const head = headOf(worktree, next);
      const branch = worktree.head?.branch ?? null;
      if (tip === undefined || head === null) return [];
      return [{ base: tip.oid, head, ref: branch === null ? null : `refs/heads/${branch}` }];
    });
    await distances.compute(cwd, pairs);
  }

  /** Asks how clean branches are merged, one after the other; true when an answer is new. */
  async function readMerged(): Promise<boolean> {
    const { howMerged } = deps;
    if (howMerged === null) return false;
    let news = false;
    for (const worktree of [...worktrees.values()]) {
      const question = mergedQuestion(worktree);
      if (question === null || merged.get(question) !== undefined) continue;
      try {
        merged.keep(question, await howMerged(location, question));
        news = true;
      } catch (error) {
        deps.log.bug('git.merged', error);
      }
    }
    return news;
  }

  function mergedQuestion(worktree: WorktreeReader): MergedQuestion | null {
    const position = positions.get(worktree);
    if (position === undefined) return null;
    const { branch, head: tip, baseName: name } = position;
    const found = position.base?.found;
    if (branch === null || tip === null || name === null || found === undefined || branch === name)
      return null;
    // A dirty worktree is never merged: nothing to ask.
    if (worktree.status === null || worktree.status.entries.size > worktree.status.own.size) return null;
    // Nor is one in the middle of something.
    if (worktree.privateFacts?.ongoing != null) return null;
    return {
      branch,
      tip,
      bases: [
        { name, commit: found.local },
        ...(found.upstream === null ? [] : [{ name: found.upstream.name, commit: found.upstream.oid }]),
      ],
      createdAtCommit: creations.get(worktree) ?? null,
      dirty: false,
    };
  }

  async function readNote(worktree: WorktreeReader): Promise<void> {
    try {
      const note = worktree.listed.missing ? null : await deps.newestNote(worktree.listed.path);
      notes.set(worktree.listed.id, note);
    } catch (error) {
      deps.log.bug('git.note', error);
    }
  }

  return {
    location,
    readList,
    /** What the files of worktrees that were just listed tell; to be known before the refs are read. */
    async readNew(added: readonly WorktreeReader[]): Promise<void> {
      await Promise.all(added.map((worktree) => Promise.all([worktree.readHead(), worktree.readPrivate()])));
    },
    readAllRefs,
    readMerged,
    readNote,
    async readRecords() {
      records = new Map((await deps.records(location)).map((record) => [record.entry, record]));
    },
    async readConfiguredBase() {
      configured = await deps.configuredBase(location);
    },
    worktrees: (): readonly WorktreeReader[] => [...worktrees.values()],
    worktree: (id: string) => worktrees.get(id) ?? null,
    byGitDir: (gitDir: string) =>
      [...worktrees.values()].find((worktree) => worktree.listed.gitDir === gitDir) ?? null,
    /** Whether it is on another branch than it was at the last whole look at the refs. */
    branchMoved: (worktree: WorktreeReader) =>
      positions.has(worktree) && positions.get(worktree)?.branch !== branchOf(worktree),
    /** Null, or the two commits when a status saw HEAD elsewhere than the refs do: one is outdated. */
    disagreement(worktree: WorktreeReader): string | null {
      if (worktree.status === null || refs === null) return null;
      const head = headOf(worktree, refs);
      return worktree.status.oid === head ? null : `${worktree.status.oid} ${head}`;
    },
    facts(
      watchOf: (id: string) => Pick<WorktreeFacts, 'watched' | 'unwatched'> | undefined,
    ): RepositoryFacts {
      return {
        location,
        base,
        problem: listProblem ?? refsProblem,
        worktrees: [...worktrees.values()].map((worktree) => {
          const question = mergedQuestion(worktree);
          return deriveWorktree({
            worktree,
            ...(positions.get(worktree) ?? positionOf(worktree)),
            refsKnown: refs !== null,
            merged: question === null ? null : (merged.get(question) ?? null),
            note: notes.get(worktree.listed.id) ?? null,
            ...(watchOf(worktree.listed.id) ?? { watched: 'git-only', unwatched: null }),
            now: deps.now(),
          });
        }),
      };
    },
    mergedMemory: merged,
    dispose() {
      for (const worktree of worktrees.values()) worktree.cancel();
    },
  };
}
