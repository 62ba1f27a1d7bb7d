/** What is known of one worktree, and the reads that renew it. Decides nothing about when. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../engine/ports';
import { type Copies, ownEntries } from '../facts/changes';
import { type Head, type PrivateFacts, readHead, readPrivateDirectory } from '../facts/private-directory';
import {
  mergeStatus,
  parents,
  parseStatus,
  pathspecs,
  pathsToAsk,
  sameEntries,
  statusArguments,
} from '../facts/status-map';
import { type ListedWorktree, readProblem } from '../facts/worktrees';
import { answerProblem, type GitRunner } from '../run/git-runner';

/** More changed paths than this cost more one by one than a full status. */
export const MOST_PATHS = 64;
/** Files whose times are looked at after a full status: enough to date an edit, bounded for a mess. */
const MOST_TIMES = 100;
const STATUS_LIMIT_MS = 60_000;
/** On two cores, two at a time: 61 ms instead of 72 for 8 × 5,000 files, 405 instead of 433 for 8 × 50,000. */
const NO_THREADS = ['-c', 'core.preloadIndex=false', '-c', 'index.threads=1'];

export interface WorktreeStatus {
  readonly entries: ReadonlyMap<string, string>;
  /** Those of them that hold nothing but a spawn's own unchanged copies and brain notes. */
  readonly own: ReadonlySet<string>;
  readonly oid: string | null;
  readonly branch: string | null;
}

export interface WorktreeReader {
  readonly listed: ListedWorktree;
  readonly status: WorktreeStatus | null;
  readonly privateFacts: PrivateFacts | null;
  /** From its HEAD file: a branch, or a commit when detached. */
  readonly head: Head | null;
  readonly problem: string | null;
  /** Newest time of a changed or untracked file, or of an edit that was seen. */
  readonly editedAt: number | null;
  /** How long its last full status took, in milliseconds. */
  readonly fullCostMs: number;
  relist(listed: ListedWorktree): void;
  /**
   * `nested`: roots of worktrees below it, relative with '/'; `signal` in the place of `cancel`. Null
   * when it was cancelled: nothing is known that was not known before.
   */
  readAll(nested: readonly string[], signal?: AbortSignal): Promise<{ readonly changed: boolean } | null>;
  /** Answers null when only a full look can tell. */
  readPaths(
    paths: ReadonlySet<string>,
    nested: readonly string[],
  ): Promise<{ readonly changed: boolean } | null>;
  readPrivate(): Promise<void>;
  readHead(): Promise<void>;
  /** The directories that hold tracked files, as of now. */
  learnTracked(directories: readonly string[]): void;
  cancel(): void;
}

export function createWorktreeReader(
  deps: { readonly runner: GitRunner; readonly log: Log; readonly now: () => number },
  first: ListedWorktree,
  /** What a spawn copied into it, as recorded. */
  copies: () => Copies,
): WorktreeReader {
  const controller = new AbortController();
  let listed = first;
  let status: WorktreeStatus | null = null;
  let privateFacts: PrivateFacts | null = null;
  let head: WorktreeReader['head'] = null;
  let problem: string | null = null;
  let editedAt: number | null = null;
  let fullCostMs = 0;
  /**
   * Directory → the index generation in which it was seen to hold tracked files. A belief from before
   * the last full status is good enough to ask for a path, not to trust how an untracked one is shown.
   */
  const tracked = new Map<string, number>();
  let generation = 0;

  /** `asked` null: of everything. An untracked answer for exactly what was asked says nothing above it. */
  const believe = (entries: ReadonlyMap<string, string>, asked: ReadonlySet<string> | null) => {
    for (const [path, code] of entries) {
      const bare = path.endsWith('/') ? path.slice(0, -1) : path;
      if (code === '??' && bare !== path) tracked.delete(bare);
      if (code === '??' && asked?.has(bare)) continue;
      for (const parent of parents(path)) tracked.set(parent, generation);
    }
  };

  const statusOf = (
    paths: readonly string[],
    nested: readonly string[],
    signal: AbortSignal = controller.signal,
  ) =>
    deps.runner.run({
      cwd: listed.path,
      args: [...statusArguments, ...pathspecs(paths, nested)],
      inCrowd: NO_THREADS,
      // A few paths are short work, and somebody has just changed them.
      first: paths.length > 0,
      limitMs: STATUS_LIMIT_MS,
      signal,
    });

  async function dateChanges(entries: ReadonlyMap<string, string>): Promise<void> {
    const now = deps.now();
    const times = await Promise.all(
      [...entries.keys()].slice(0, MOST_TIMES).map((path) =>
        lstat(join(listed.path, path)).then(
          (file) => file.mtimeMs,
          () => 0,
        ),
      ),
    );
    const newest = Math.max(0, ...times.filter((time) => time <= now));
    if (newest > (editedAt ?? 0)) editedAt = newest;
  }

  return {
    get listed() {
      return listed;
    },
    get status() {
      return status;
    },
    get privateFacts() {
      return privateFacts;
    },
    get head() {
      return head;
    },
    get problem() {
      return problem ?? listed.problem;
    },
    get editedAt() {
      return editedAt;
    },
    get fullCostMs() {
      return fullCostMs;
    },
    relist(next) {
      listed = next;
    },
    async readAll(nested, signal) {
      if (listed.missing || listed.problem !== null) {
        const changed = status !== null;
        status = null;
        return { changed };
      }
      const answer = await statusOf([], nested, signal);
      const failed = answerProblem(answer);
      if (answer.reason === 'cancelled') return null;
      if (failed !== null) {
        deps.log.warn('git.status', { path: listed.path, problem: failed });
        problem =
          answer.reason === 'timed-out'
            ? `Its status took longer than ${STATUS_LIMIT_MS / 1000} seconds.`
            : readProblem(answer.stderr, failed);
        return { changed: true };
      }
      problem = null;
      fullCostMs = answer.tookMs;
      const { entries, oid, branch } = parseStatus(answer.stdout);
      generation++;
      believe(entries, null);
      const changed = status === null || !sameEntries(status.entries, entries);
      // Entries that moved while watching are an edit now, whatever the files' own times say.
      if (changed && status !== null) editedAt = deps.now();
      status = { entries, own: await ownEntries(listed.path, entries, copies()), oid, branch };
      await dateChanges(entries);
      return { changed };
    },
    async readPaths(paths, nested) {
      if (status === null || paths.size > MOST_PATHS) return null;
      const before = status;
      const isTracked = (directory: string) => tracked.has(directory);
      const below = (path: string) =>
        nested.filter((place) => place.startsWith(`${path}/`) || place === path);
      let asked = pathsToAsk(paths, before.entries, isTracked);
      let found: ReadonlyMap<string, string>;
      for (let round = 0; ; round++) {
        const answer = await statusOf(asked, asked.flatMap(below));
        if (answerProblem(answer) !== null) return null;
        found = parseStatus(answer.stdout).entries;
        believe(found, new Set(asked));
        // An untracked path in a directory that may have lost its tracked files since: git shows the
        // directory then. Its nearest directory answers mostly; the highest one always does.
        const doubts = doubtful(found, asked, tracked, generation, round === 0 ? 'nearest' : 'highest');
        if (doubts.length === 0) break;
        asked = pathsToAsk([...asked, ...doubts], before.entries, isTracked);
      }
      const merged = mergeStatus(before.entries, asked, found);
      const changed = !sameEntries(before.entries, merged);
      const own = await ownEntries(listed.path, merged, copies());
      // A full look that finished meanwhile knows more than this one.
      if (status !== before) return null;
      status = { ...before, entries: merged, own };
      if (changed || found.size > 0) editedAt = deps.now();
      return { changed };
    },
    async readPrivate() {
      privateFacts = await readPrivateDirectory(listed.gitDir);
    },
    async readHead() {
      // What can't be read now (its disk is away) stays what it was.
      const read = await readHead(listed.gitDir);
      if (read !== 'unreadable') head = read;
    },
    learnTracked(directories) {
      for (const directory of directories) tracked.set(directory, generation);
    },
    cancel: () => controller.abort(),
  };
}

/** Directories above untracked answers, believed to hold tracked files from before the last full look. */
function doubtful(
  found: ReadonlyMap<string, string>,
  asked: readonly string[],
  tracked: ReadonlyMap<string, number>,
  generation: number,
  which: 'nearest' | 'highest',
): readonly string[] {
  const doubts = new Set<string>();
  for (const path of asked) {
    if (found.get(path) !== '??' && found.get(`${path}/`) !== '??') continue;
    const old = [...parents(path)].filter((parent) => tracked.get(parent) !== generation);
    const doubt = which === 'nearest' ? old.at(-1) : old[0];
    if (doubt !== undefined) doubts.add(doubt);
  }
  return [...doubts];
}
