/**
 * What was observed, as plain data: adapters report it, the engine keeps it, the rules in this folder
 * decide from it. Times are milliseconds since the epoch unless a name says otherwise.
 */
import type { RepositoryId, WorktreeId } from '../contract/ids';
import type { Merged, OngoingOperation } from '../contract/snapshot';

export interface RepositoryLocation {
  readonly id: RepositoryId;
  /** The base name of the main worktree (of the repository itself when bare, less `.git`). */
  readonly name: string;
  /** Real path of the main worktree, or of the bare repository. */
  readonly root: string;
  readonly commonDir: string;
  readonly isBare: boolean;
}

/** Work that exists only in a submodule of one worktree, and goes with it. */
export interface SubmoduleWork {
  /** The submodule's path below the worktree. */
  readonly name: string;
  /** Commits that no remote and no other repository of it has. */
  readonly commits: number;
  /** The branches and tags that hold them; "its HEAD" for a detached one. */
  readonly on: readonly string[];
  readonly stashes: number;
  /** Files committed nowhere, below the worktree. */
  readonly files: readonly string[];
}

/** What Orchard recorded about a worktree it made: `<common>/orchard/tasks/<entry>.json`. */
export interface TaskRecord {
  readonly version: 1;
  /** Name of the git entry under `<common>/worktrees/`. */
  readonly entry: string;
  readonly path: string;
  readonly task: string | null;
  readonly branch: string;
  readonly base: string;
  /** The commit that the branch was created at. */
  readonly createdAt: string;
  readonly createdAtCommit: string;
  readonly quick: boolean;
  /** Claude Code session id given at spawn; null when no terminal was opened. */
  readonly sessionId: string | null;
  readonly spawnedAt: string;
  /** Files copied at spawn: relative path with '/' → sha256. */
  readonly copies: Readonly<Record<string, string>>;
  /** Splitter: worktrees spawned together share this. */
  readonly group: string | null;
}

export interface ChangeCounts {
  readonly staged: number;
  readonly changed: number;
  readonly untracked: number;
  readonly conflicted: number;
}

export interface WorktreeFacts {
  readonly id: WorktreeId;
  readonly path: string;
  /** This worktree's private git directory. */
  readonly gitDir: string;
  readonly name: string;
  readonly isMain: boolean;
  readonly branch: string | null;
  readonly head: string | null;
  readonly locked: boolean;
  readonly lockReason: string | null;
  readonly missing: boolean;
  readonly base: string | null;
  /** The commit that `ahead` and `behind` count from: the local base's, or its upstream's when that contains it. */
  readonly baseTip?: string | null;
  readonly lastCommit: { readonly sha: string; readonly subject: string; readonly at: number } | null;
  readonly ahead: number;
  readonly behind: number;
  readonly changes: ChangeCounts;
  readonly ongoing: OngoingOperation | null;
  readonly merged: Merged;
  /** The last edit, index change or HEAD change that was seen or can be told from files' times. */
  readonly lastActivityAt: number | null;
  readonly record: TaskRecord | null;
  readonly note: { readonly title: string; readonly path: string; readonly at: number } | null;
  readonly watched: 'files' | 'git-only';
  /** Why its files are not watched; null when they are, or are not meant to be yet. */
  readonly unwatched: Unwatched | null;
  readonly stale: boolean;
  readonly problem: string | null;
}

export interface Unwatched {
  /**
   * 'limit': the system refuses; 'budget': it would take more than Orchard may have; 'remote': its file
   * system tells nothing; 'unreadable': its directories could not be listed.
   */
  readonly kind: 'limit' | 'budget' | 'remote' | 'unreadable';
  /** In words that go after "because". */
  readonly why: string;
}

export interface RepositoryFacts {
  readonly location: RepositoryLocation;
  readonly base: string | null;
  /** Worktrees as git lists them, the main one first (a bare repository has none that is main). */
  readonly worktrees: readonly WorktreeFacts[];
  readonly problem: string | null;
}

export interface SessionFacts {
  /** `<pid>:<procStart>`: `/clear` changes the session id, not this. */
  readonly key: string;
  readonly pid: number;
  readonly procStart: string | null;
  readonly sessionId: string;
  /** Real path of its working directory. */
  readonly cwd: string;
  readonly name: string | null;
  readonly startedAt: number;
  readonly alive: boolean;
  /**
   * Its process is on another machine or in another container that shares this home, so nothing here
   * can tell whether it lives: `alive` is only what its file claims.
   */
  readonly foreign?: boolean;
  /** Written since this machine started; else an ended session, not a crashed one. */
  readonly sinceBoot: boolean;
  /** The registry's own words; null when this client does not say. */
  readonly status: string | null;
  readonly waitingFor: string | null;
  readonly statusSince: number;
  /** When the registry file was last written. */
  readonly updatedAt: number;
  readonly tmux: string | null;
  readonly version: string | null;
  readonly transcript: TranscriptTail | null;
}

/** What the last 64 KB of a transcript tell. */
export interface TranscriptTail {
  readonly lastMessage: string | null;
  /** When the newest line was written. */
  readonly lastAt: number | null;
  /** When the person's newest prompt was written: the turn's start. */
  readonly turnStartedAt: number | null;
  /** When the newest turn came to its end; null while it runs, absent when not known. */
  readonly turnEndedAt?: number | null;
  /** The newest turn ended in an API error. */
  readonly error: {
    readonly kind: 'rate-limit' | 'other';
    readonly message: string;
    readonly resetsAt: number | null;
  } | null;
  /** A tool that was asked for and has no result yet. */
  readonly pendingTool: { readonly name: string; readonly summary: string } | null;
  /** The newest turn was interrupted by the person. */
  readonly interrupted: boolean;
  readonly turnOpen: boolean;
}

export interface PastConversation {
  readonly sessionId: string;
  readonly directory: string;
  readonly lastAt: number;
  readonly lastMessage: string | null;
}

/** What Orchard remembers about sessions across its processes, so that tray and `orch status` agree. */
export interface SessionMemory {
  /** When any Orchard process first saw the session, and when the person last saw its outcome. */
  readonly firstSeenAt: number;
  readonly seenAt: number | null;
}

/** `.orchard.json` of a repository, read from its main worktree. */
export interface RepositoryConfig {
  readonly setup: string | null;
  readonly validate: readonly string[];
  readonly teardown: string | null;
  readonly copy: readonly string[];
  readonly base: string | null;
  readonly branchPrefix: string | null;
}

export interface NotificationRequest {
  /** The same id again replaces. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly sound: boolean;
  readonly sessionKey: string | null;
  readonly worktreeId: WorktreeId | null;
}
