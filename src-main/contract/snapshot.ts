/**
 * The whole truth as a face sees it: immutable, whole, with a revision. `orch monitor --json` prints
 * the documented part of it; fields are only ever added. Every time is ISO 8601 in UTC.
 */
import type { RepositoryId, SessionKey, WorktreeId } from './ids';

export type SessionState =
  | 'starting'
  | 'working'
  | 'needs-permission'
  | 'needs-answer'
  | 'limited'
  | 'failed'
  | 'background'
  | 'done'
  | 'idle'
  | 'crashed'
  | 'ended'
  | 'unknown';

export type Attention = 'needs-you' | 'look' | 'none';
export type Activity = 'active' | 'idle' | 'stale';
export type Merged = null | 'ancestor' | 'same-tree' | 'squash' | 'patches';

/** What git has begun in a worktree and not finished. */
export type OngoingOperation = 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect';

export interface SessionView {
  /** Stable for the life of the process (`/clear` keeps it); ended conversations have one too. */
  readonly id: SessionKey;
  readonly pid: number | null;
  /** Claude Code's own id of the conversation. */
  readonly sessionId: string;
  readonly state: SessionState;
  readonly attention: Attention;
  readonly since: string;
  /** What the state rests on, in words a person can check: "registry: waiting, permission prompt". */
  readonly evidence: string;
  /** Why it needs you: the tool and command, the question, the limit's end. */
  readonly reason: string | null;
  readonly lastMessage: string | null;
  /** The last message asks to be noticed: it contains `🔔 DONE`. */
  readonly bell: boolean;
  readonly muted: boolean;
  readonly name: string | null;
  /** Where it runs, when known: "tmux work:2.1". */
  readonly terminal: string | null;
}

export interface Collision {
  /** A worktree id, or 'base'. */
  readonly with: WorktreeId | 'base';
  readonly files: readonly string[];
  /** 'provisional' comes from path sets alone and never reaches a plan or a suggestion. */
  readonly certainty: 'decided' | 'provisional';
  readonly kinds: readonly CollisionKind[];
  /**
   * Where, file by file, as far as it was looked at: it follows the verdict a moment later, and is empty
   * until then and for a provisional one.
   */
  readonly regions: readonly CollisionRegion[];
  /** How many more there are than `regions` tells of. */
  readonly regionsLeftOut: number;
}
export type CollisionKind =
  | 'content'
  | 'rename'
  | 'delete-modify'
  | 'binary'
  | 'mode'
  | 'add-add'
  | 'submodule'
  | 'other';

export interface CollisionRegion {
  /** One of the collision's files. */
  readonly file: string;
  readonly kind: CollisionKind;
  readonly ours: RegionSide;
  /** The other worktree's, or the base's. */
  readonly theirs: RegionSide;
}

export interface RegionSide {
  /** The file's name on this side: a side may have renamed it. */
  readonly file: string;
  /**
   * Lines of this side's own version, from 1, both included; `to` is `from - 1` where this side has
   * nothing there (it took lines out between the two). Null when it is not about lines, or the file is
   * too large to be looked at.
   */
  readonly lines: { readonly from: number; readonly to: number } | null;
  /** These lines, or this file, are not committed as they are. */
  readonly uncommitted: boolean;
  /** The subject of this side's last commit to this file; null when it is uncommitted or not known. */
  readonly subject: string | null;
}

/** Its base has moved, and the two conflict: said on its row until it stands on the base again. */
export interface RebaseNow {
  readonly files: readonly string[];
  /** What has to end before a rebase may touch it; null when it can be rebased at once. */
  readonly waitsFor: 'session' | 'operation' | 'changes' | null;
  /** "main has moved and conflicts with it in src/x.ts", to be continued by what to do about it. */
  readonly why: string;
  /** What to do, as a sentence: "Rebase it now." */
  readonly next: string;
}

/** Who lands first on one base, so that the fewest others have to be rebased by hand. */
export interface LandingOrder {
  readonly base: string;
  /** The first one and why, and who needs a rebase then. */
  readonly text: string;
  /** All that wait to land there, the first one first. */
  readonly places: readonly LandingPlace[];
}
export interface LandingPlace {
  readonly worktree: WorktreeId;
  /** It conflicts with one that lands before it, or with the base already. */
  readonly needsRebase: boolean;
  /** All committed, and nobody at work there. */
  readonly ready: boolean;
  /** What landing it next means for the others; null when nothing. */
  readonly text: string | null;
}

export interface WorktreeView {
  readonly id: WorktreeId;
  readonly repositoryId: RepositoryId;
  readonly name: string;
  readonly path: string;
  readonly branch: string | null;
  readonly isMain: boolean;
  readonly base: string | null;
  readonly head: string | null;
  /** Git lists it, its directory is away (deleted by hand, or its disk is not mounted). */
  readonly missing: boolean;
  readonly lastCommit: { readonly sha: string; readonly subject: string; readonly at: string } | null;
  readonly ahead: number;
  readonly behind: number;
  readonly changes: {
    readonly staged: number;
    readonly changed: number;
    readonly untracked: number;
    readonly conflicted: number;
  };
  readonly activity: Activity;
  readonly attention: Attention;
  readonly task: string | null;
  readonly note: { readonly title: string; readonly path: string; readonly at: string } | null;
  readonly locked: boolean;
  readonly lockReason: string | null;
  readonly merged: Merged;
  readonly collisions: readonly Collision[];
  readonly rebaseNow: RebaseNow | null;
  readonly sessions: readonly SessionView[];
  readonly ongoing: OngoingOperation | null;
  /** Made by `quick`: it cleans itself up after its merge. */
  readonly quick: boolean;
  /** How this worktree is observed: file by file, or only through its git directory. */
  readonly watched: 'files' | 'git-only';
  /** Why its files are not watched, in words that go after "because"; null when they are. */
  readonly unwatched: string | null;
  /** From the disk cache, not refreshed yet: shown, but nothing is decided from it. */
  readonly stale: boolean;
  readonly diskBytes: number | null;
  /** What could not be read here, in a sentence. */
  readonly problem: string | null;
}

export interface RepositoryView {
  readonly id: RepositoryId;
  readonly name: string;
  /** The main worktree, or the repository itself when it is bare. */
  readonly root: string;
  readonly base: string | null;
  readonly worktrees: readonly WorktreeView[];
  /** One for each base on which landing in the wrong order would cost more; usually none. */
  readonly landingOrders: readonly LandingOrder[];
}

export type SuggestionAction = 'open' | 'merge' | 'cleanup' | 'rebase';

export interface Suggestion {
  /** A worktree id; empty for a suggestion about everything (the check-in). */
  readonly worktree: string;
  readonly text: string;
  readonly action: SuggestionAction | null;
}

export interface Problem {
  /** What it is about: a repository's name, 'git', 'claude', 'notifications', 'settings'. */
  readonly where: string;
  readonly message: string;
}

export type TrayIcon = 'calm' | 'working' | 'needs-you';

export interface Counts {
  readonly needsYou: number;
  readonly working: number;
  readonly done: number;
  readonly worktrees: number;
  readonly repositories: number;
}

export interface Snapshot {
  readonly revision: number;
  readonly takenAt: string;
  /** What `orch status` prints, and the tray's tooltip. */
  readonly line: string;
  readonly counts: Counts;
  readonly tray: { readonly icon: TrayIcon; readonly title: string };
  readonly repositories: readonly RepositoryView[];
  /** Live sessions whose directory is in no repository. */
  readonly elsewhere: readonly (SessionView & { readonly directory: string })[];
  readonly suggestions: readonly Suggestion[];
  readonly problems: readonly Problem[];
  /** The tools that all of this stands on. */
  readonly tools: {
    readonly git: ToolState;
    readonly claude: ToolState;
  };
  /** False until every known repository was read once. */
  readonly complete: boolean;
}

export type ToolState =
  | { readonly state: 'ok'; readonly version: string; readonly path: string }
  | { readonly state: 'missing' }
  | { readonly state: 'too-old'; readonly version: string; readonly needed: string };
