/**
 * What the engine needs from the world, one port per outside thing. Adapters implement these; tests
 * fake them. Times are milliseconds since the epoch unless a name says otherwise.
 */

import type {
  FailureOf,
  FileFailure,
  OpenFailure,
  RepositoryCommand,
  SpawnFailure,
} from '../contract/failures';
import type { OperationId, RepositoryId, WorktreeId } from '../contract/ids';
import type { OpenDone } from '../contract/plans';
import type { DoctorCheck, NoteView, TerminalCapability } from '../contract/requests';
import type { Result } from '../contract/result';
import type { Settings } from '../contract/settings';
import type { Collision, ToolState } from '../contract/snapshot';
import type {
  ChangeCounts,
  NotificationRequest,
  PastConversation,
  RepositoryConfig,
  RepositoryFacts,
  RepositoryLocation,
  SessionFacts,
  SessionMemory,
  TaskRecord,
  TranscriptTail,
  WorktreeFacts,
} from '../domain/facts';

export type {
  ChangeCounts,
  NotificationRequest,
  PastConversation,
  RepositoryConfig,
  RepositoryFacts,
  RepositoryLocation,
  SessionFacts,
  SessionMemory,
  TaskRecord,
  TranscriptTail,
  WorktreeFacts,
};

export type Cancel = () => void;

/** Time, so that tests can turn the hands. `schedule` never keeps the process alive by itself. */
export interface Clock {
  now(): number;
  schedule(delayMs: number, run: () => void): Cancel;
}

export interface Log {
  info(event: string, data?: Readonly<Record<string, unknown>>): void;
  warn(event: string, data?: Readonly<Record<string, unknown>>): void;
  /** Logs an unknown throw whole and returns the reference that a person is shown. */
  bug(event: string, error: unknown): string;
}

// ---------------------------------------------------------------- git, as observed

/** Observes repositories: incremental truth behind, whole facts in front. Never writes anywhere. */
export interface GitObserver {
  /** The repository that contains a directory; null when there is none (or it can't be read). */
  locate(directory: string): Promise<RepositoryLocation | null>;
  /** Starts (or goes on) observing exactly these; facts arrive through the listener. */
  observe(locations: readonly RepositoryLocation[]): Promise<void>;
  onFacts(listener: (facts: RepositoryFacts) => void): Cancel;
  /** Reads anew what changed or might have; resolves when the facts went out. */
  refresh(repository: RepositoryId | null): Promise<void>;
  /** Something happened in this directory (a transcript grew): look at its worktree soon. */
  hint(directory: string): void;
  dispose(): Promise<void>;
}

/** One look at something that changed, or might have. */
export interface Refresh {
  readonly at: number;
  /** A worktree's root, or the repository's for its refs and its list of worktrees. */
  readonly path: string;
  readonly what: 'worktrees' | 'refs' | 'status' | 'paths' | 'operation';
  /** Paths that were asked about, when `what` is 'paths'. */
  readonly paths: number;
  /** Milliseconds from beginning to end, queueing included. */
  readonly tookMs: number;
}

/** What watching holds and does, for `orch doctor --performance` and the benchmarks. */
export interface WatchPerformance {
  /** Git processes. */
  readonly processes: {
    readonly started: number;
    readonly startedInLastMinute: number;
    readonly running: number;
    readonly queued: number;
    /** How often the git helper died and was replaced. */
    readonly restarts: number;
  };
  /** `left` of the budget that file watches have. */
  readonly watches: { readonly git: number; readonly files: number; readonly left: number };
  readonly refreshes: number;
  /** The newest last. */
  readonly lastRefreshes: readonly Refresh[];
  readonly repositories: number;
  /** Worktrees whose files are not watched, and why. */
  readonly unwatched: readonly { readonly path: string; readonly why: string }[];
}

// ---------------------------------------------------------------- sessions, as observed

export interface SessionObserver {
  start(): Promise<void>;
  onSessions(listener: (sessions: readonly SessionFacts[]) => void): Cancel;
  /** A directory whose transcript grew: its worktree probably changed. */
  onActivity(listener: (directory: string) => void): Cancel;
  refresh(): Promise<void>;
  /** The newest past conversation in exactly this directory. */
  pastConversation(directory: string): Promise<PastConversation | null>;
  /** Directories that Claude Code was used in (`projects` of its own configuration). */
  knownProjects(): Promise<readonly string[]>;
  tool(): Promise<ToolState>;
  dispose(): Promise<void>;
}

export interface SessionLedger {
  read(): Promise<Readonly<Record<string, SessionMemory>>>;
  /** Merges these entries in under a lock; forgets sessions that were not met for 7 days. */
  write(entries: Readonly<Record<string, SessionMemory>>): Promise<void>;
  onChange(listener: () => void): Cancel;
  dispose(): void;
}

// ---------------------------------------------------------------- spawn

/** A worktree in the making: what `add` makes and `takeBack` takes back, no more. */
export interface WorktreeSpec {
  /** Marks the branch as this operation's, so that no other of the same name is ever taken back. */
  readonly operation: OperationId;
  readonly path: string;
  readonly branch: string;
  readonly commit: string;
}

export interface RepositorySurvey {
  readonly branches: readonly string[];
  /** As git lists them, the main one first; a bare repository itself is not among them. */
  readonly worktrees: readonly {
    readonly path: string;
    readonly branch: string | null;
    readonly isMain: boolean;
    readonly missing: boolean;
  }[];
  /** Names below `<common>/worktrees/`. */
  readonly entries: readonly string[];
}

export interface CopyCandidates {
  /** Where they are copied from; null when there is no worktree to copy from (a bare repository). */
  readonly from: string | null;
  /** Relative, '/'-separated; one that ends in '/' is a whole directory. */
  readonly paths: readonly string[];
  /** Relative paths of other worktrees inside `from`: never copied, whatever contains them. */
  readonly leaveOut: readonly string[];
}

export interface WorktreeHooks {
  /** Inside a working tree, so repository code: they need the same approval as `setup`. */
  readonly inTree: readonly RepositoryCommand[];
  /** The person's own, by file: they run. */
  readonly others: readonly string[];
}

/** Git for making a worktree. Every verb names its expected failures. */
export interface WorktreeMaker {
  /** The branch to start from, and its tip after an attempt to fetch within the limit (0: none). */
  resolveBase(
    location: RepositoryLocation,
    base: string | null,
    fetchLimitMs: number,
    signal?: AbortSignal,
  ): Promise<Result<{ base: string; commit: string; subject: string; freshness: string }, SpawnFailure>>;
  /** Whether git takes it as a branch name; answers its problem, or null. */
  branchProblem(location: RepositoryLocation, branch: string): Promise<string | null>;
  survey(location: RepositoryLocation): Promise<Result<RepositorySurvey, SpawnFailure>>;
  /** What is at this path, compared without case; null when it is free. */
  pathTaken(path: string): Promise<string | null>;
  copyCandidates(
    location: RepositoryLocation,
    patterns: readonly string[],
  ): Promise<Result<CopyCandidates, SpawnFailure>>;
  /** What `add` would run in a worktree at this commit. */
  hooks(location: RepositoryLocation, commit: string): Promise<Result<WorktreeHooks, SpawnFailure>>;
  /** A command's text to approve: with what it does in a worktree of this commit with these copies, or in a directory now. */
  commandText(
    location: RepositoryLocation,
    where: { readonly commit: string; readonly copies: CopyCandidates } | { readonly directory: string },
    run: string,
  ): Promise<string>;
  /** Whether the commit has submodules, which git leaves empty in a new worktree. */
  hasSubmodules(location: RepositoryLocation, commit: string): Promise<boolean>;
  /**
   * Makes branch, directory and worktree. `announce` is awaited before each of its steps; what it
   * refuses is not done. `entry` is the name of the worktree's own git directory.
   */
  add(
    location: RepositoryLocation,
    spec: WorktreeSpec,
    options: {
      readonly signal: AbortSignal;
      announce(step: string, data?: unknown): Promise<Result<void, FileFailure>>;
      onProcess(pid: number): void;
      onOutput(text: string): void;
    },
  ): Promise<Result<{ readonly entry: string; readonly worktreeId: WorktreeId }, SpawnFailure>>;
  /**
   * Takes back what `add` made, from the steps that it announced. After a crash `since` is when it began (ms), and nothing is trusted: work
   * that appeared since stays where it is, and what can't be explained is moved to trash.
   */
  takeBack(
    location: RepositoryLocation,
    spec: WorktreeSpec,
    steps: readonly { readonly step: string; readonly data: unknown }[],
    options: { readonly since: number | null; readonly copies: readonly string[] },
  ): Promise<Result<{ readonly kept: readonly string[] }, SpawnFailure>>;
}

export interface TaskRecords {
  write(location: RepositoryLocation, record: TaskRecord): Promise<Result<void, FileFailure>>;
  update(
    location: RepositoryLocation,
    entry: string,
    change: Partial<TaskRecord>,
  ): Promise<Result<void, FileFailure>>;
  remove(location: RepositoryLocation, entry: string): Promise<void>;
  list(location: RepositoryLocation): Promise<readonly TaskRecord[]>;
}

/**
 * What a lock is about. `names`: branches and the list of worktrees, held only while they are touched.
 * `landing` (merge, rebase, cleanup, undo) and `spawn`: one of each at a time, held from its first line
 * in the journal to its last, so that what is unfinished there and not locked belongs to nobody alive.
 * Taken in the order: one of the latter, then `names`.
 */
export type LockScope = 'names' | 'landing' | 'spawn';

/** Locks between processes that survive crashes. Not re-entrant. */
export interface RepositoryLock {
  /**
   * `what` is said to whoever finds it taken ("the merge of feature/a"), and by their `onWait` at once,
   * again when it changes. Waits 5 s unless told; of `names` unless told.
   */
  acquire(
    location: RepositoryLocation,
    what: string,
    options?: {
      readonly waitMs?: number;
      readonly signal?: AbortSignal;
      readonly scope?: LockScope;
      readonly onWait?: (what: string) => void;
    },
  ): Promise<Result<RepositoryLockHeld, FailureOf<'busy'> | FileFailure>>;
}
export interface RepositoryLockHeld {
  release(): Promise<void>;
  /** Says anew what it is held for, where others can read that. */
  say?(what: string): Promise<void>;
}

/**
 * What was begun and not finished, in `<common>/orchard/journal/`; each line is on the disk before the
 * step that it announces. Begin, add steps and recover only while holding the lock of its scope: then
 * whatever is unfinished belongs to nobody alive.
 */
export interface Journal {
  /** Whether Orchard ever kept anything in this repository: a journal, trash, a task. */
  anyTrace(location: RepositoryLocation): Promise<boolean>;
  begin(
    location: RepositoryLocation,
    entry: { operation: string; kind: string; data: unknown },
  ): Promise<Result<JournalEntry, FileFailure>>;
  /** Oldest first. Their `entry` goes on where they stopped. */
  unfinished(
    location: RepositoryLocation,
  ): Promise<readonly (JournalRecord & { readonly entry: JournalEntry })[]>;
  /** Of which not even what was begun can be read; finishing one renames its file. Oldest first. */
  unreadable(
    location: RepositoryLocation,
  ): Promise<readonly (JournalRecord & { readonly entry: JournalEntry })[]>;
  /** Finished in the last 7 days, newest first: for undo and the log. */
  finished(
    location: RepositoryLocation,
  ): Promise<readonly (JournalRecord & { readonly outcome: JournalOutcome; readonly finishedAt: number })[]>;
}
export type JournalOutcome = 'done' | 'rolled-back';
export interface JournalRecord {
  readonly operation: string;
  readonly kind: string;
  readonly data: unknown;
  readonly begunAt: number;
  /** Some of it can't be read: it may have come further than it says. `data` may be null then. */
  readonly damaged: boolean;
  readonly steps: readonly { readonly step: string; readonly data: unknown }[];
}
export interface JournalEntry {
  /** Announces a step; do it only when this answered ok. */
  step(step: string, data?: unknown): Promise<Result<void, FileFailure>>;
  /** Closes it. When 'done' could not be written the next start would roll back: do so now instead. */
  finish(outcome: JournalOutcome): Promise<Result<void, FileFailure>>;
}

export interface RepositoryConfigs {
  read(location: RepositoryLocation): Promise<Result<RepositoryConfig, FailureOf<'invalid-orchard-json'>>>;
}

export interface FileCopier {
  /**
   * Copies relative paths ('/'-separated; a trailing '/' means a whole directory), never over one that
   * is there, links as what they point to, copy-on-write where possible. What vanished meanwhile, and
   * what `leaveOut` names, is left out. Answers sha256 by path of the files named one by one.
   */
  copy(
    from: string,
    to: string,
    paths: readonly string[],
    signal: AbortSignal,
    leaveOut?: readonly string[],
  ): Promise<Result<Readonly<Record<string, string>>, FileFailure | FailureOf<'cancelled'>>>;
}

/** Runs an approved command of a repository in a directory; the whole process tree ends with the signal. */
export interface CommandRunner {
  run(
    command: string,
    directory: string,
    options: {
      readonly signal: AbortSignal;
      readonly limitMs: number;
      /** Added to the login environment. */
      readonly env: Readonly<Record<string, string>>;
      onOutput(text: string): void;
      /** The process that leads the command's group. */
      onStart?(pid: number): void;
    },
  ): Promise<{
    readonly exitCode: number | null;
    readonly reason: 'exited' | 'timed-out' | 'cancelled' | 'failed-to-start';
    readonly tail: string;
  }>;
}

/** Processes that an Orchard which died may have left running. */
export interface LeftProcesses {
  /** What tells this process from a later one with its number; null when it is gone or can't be told. */
  identify(pid: number): Promise<string | null>;
  /** Ends its group if it is still that process, and waits until it is gone. */
  end(pid: number, identity: string): Promise<void>;
}

// ---------------------------------------------------------------- terminals

export interface OpenRequest {
  readonly directory: string;
  readonly title: string;
  /** The program to run in a new terminal, as an array; null opens a plain shell. */
  readonly command: readonly string[] | null;
  /** A live session to bring to the front instead. */
  readonly session: { readonly pid: number; readonly tmux: string | null } | null;
}

export interface Terminals {
  /**
   * Brings the live session's terminal to the front; one that can't be reached is a failure that says where it
   * is, never a second terminal. Without a live session (or when its process is gone) opens a new one.
   */
  open(request: OpenRequest): Promise<Result<OpenDone, OpenFailure>>;
  /** The same as a line to paste into a shell; runs nothing. */
  commandLine(request: OpenRequest): Promise<string>;
  /** Whether the session's pane is known to be in front of the person right now. */
  inFront(session: { readonly pid: number; readonly tmux: string | null }): Promise<boolean>;
  /** Where a session runs, in words: "tmux work:2.1"; null when not known. */
  describe(session: { readonly pid: number; readonly tmux: string | null }): Promise<string | null>;
  capabilities(): Promise<readonly TerminalCapability[]>;
  test(terminal: string): Promise<Result<OpenDone, OpenFailure>>;
}

// ---------------------------------------------------------------- the rest

export interface BrainNotes {
  list(worktreePath: string): Promise<Result<readonly NoteView[], FileFailure>>;
}

export interface SettingsStore {
  get(): Settings;
  /** Read-modify-write under a lock; the change sees the newest file. */
  update(change: (settings: Settings) => Settings): Promise<Result<Settings, FileFailure>>;
  onChange(listener: (settings: Settings) => void): Cancel;
  /** Said once, after a corrupt or future-version file was set aside. */
  readonly setAside: FailureOf<'settings-set-aside'> | null;
  readonly file: string;
  dispose(): void;
}

export interface Notifier {
  notify(request: NotificationRequest, onClick: () => void): void;
  /** Why the system does not show them, once known, in a sentence. */
  readonly problem: string | null;
  /** What to do about it; null when nothing is wrong or known. */
  readonly remedy?: string | null;
}

export interface Doctor {
  checks(): Promise<readonly DoctorCheck[]>;
}

// ---------------------------------------------------------------- collisions

/** Knows which worktrees would conflict, uncommitted work included. Touches no index, ref or object store. */
export interface CollisionObserver {
  /** The facts of a repository changed: look anew at the pairs that this concerns, soon. */
  observe(facts: RepositoryFacts): void;
  forget(repository: RepositoryId): void;
  /**
   * All collisions of a repository, by worktree, whenever one changed. About the worktrees in `undecided`
   * something is still only guessed, or not known at all: nothing may be planned from what they lack.
   */
  onCollisions(
    listener: (
      repository: RepositoryId,
      collisions: ReadonlyMap<WorktreeId, readonly Collision[]>,
      undecided: ReadonlySet<WorktreeId>,
    ) => void,
  ): Cancel;
  /** Resolves when every verdict asked for so far is decided. */
  settled(): Promise<void>;
  /** Resolves when of what collides the regions are known too, as far as they will be. */
  explained(): Promise<void>;
  dispose(): Promise<void>;
}

/** Disk use per worktree, computed in the background. */
export interface DiskUsage {
  observe(facts: RepositoryFacts): void;
  onUsage(listener: (worktree: WorktreeId, bytes: number) => void): Cancel;
  dispose(): void;
}

// ---------------------------------------------------------------- merge, clean up, undo

export type * from './operations/landing-ports';
