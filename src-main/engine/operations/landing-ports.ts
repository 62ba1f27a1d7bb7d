/** Ports of merge, clean up and undo. Re-exported by ports.ts. */
import type {
  CleanupFailure,
  CommonFailure,
  FailureOf,
  FileFailure,
  MergeFailure,
  RepositoryCommand,
  UndoFailure,
} from '../../contract/failures';
import type { OperationId, PlanToken, RepositoryId, WorktreeId } from '../../contract/ids';
import type { ChangedFile, MergeStrategy, UpdateStrategy } from '../../contract/plans';
import type { Result } from '../../contract/result';
import type { Collision } from '../../contract/snapshot';
import type { CleanupChoices, CleanupFacts, LiveSession } from '../../domain/cleanup-plan';
import type { RepositoryLocation, WorktreeFacts } from '../../domain/facts';
import type { MergeChoices, MergeFacts, ValidationCommand } from '../../domain/merge-plan';

/** A worktree as the fleet knows it right now, with what a plan needs to know about its surroundings. */
export interface FoundWorktree {
  readonly location: RepositoryLocation;
  readonly worktree: WorktreeFacts;
  /** The other worktrees of the repository, the main one included. */
  readonly siblings: readonly WorktreeFacts[];
  /** Sessions whose deepest worktree this is. */
  readonly sessions: readonly LiveSession[];
  /** Null while collisions are not computed; a plan then compares commits by itself. */
  readonly collisions: readonly Collision[] | null;
  /** What landing it next would mean for its siblings, in a sentence; null when nothing. */
  readonly order: string | null;
}

/** Turns ids back into places; the engine's fleet implements it. */
export interface FleetResolver {
  worktree(id: WorktreeId): Promise<FoundWorktree | null>;
  /** Looked at again before each step, so as fresh as can be. */
  sessions(id: WorktreeId): Promise<readonly LiveSession[]>;
  repositories(): Promise<readonly RepositoryLocation[]>;
  /** Something was done there: read it anew. */
  changed(repository: RepositoryId): Promise<void>;
}

// ---------------------------------------------------------------- plans and operations, on disk

export interface KeptPlan {
  readonly version: 1;
  readonly kind: 'merge' | 'rebase' | 'cleanup';
  readonly worktreeId: WorktreeId;
  readonly repositoryId: RepositoryId;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** What the plan saw and what it will do; its kind knows the shape. */
  readonly data: unknown;
}

/** Plans outlive the process that made them: another `orch` executes `--plan TOKEN`. */
export interface PlanStore {
  keep(location: RepositoryLocation, plan: KeptPlan): Promise<Result<PlanToken, FileFailure>>;
  /** Looks in these repositories; null when there is no such plan, or it expired. */
  find(
    locations: readonly RepositoryLocation[],
    token: PlanToken,
  ): Promise<{ readonly location: RepositoryLocation; readonly plan: KeptPlan } | null>;
  forget(location: RepositoryLocation, token: PlanToken): Promise<void>;
}

export interface OperationRecord {
  readonly version: 1;
  readonly operation: OperationId;
  readonly kind: 'merge' | 'cleanup';
  readonly summary: string;
  readonly at: number;
  readonly until: number;
  readonly work: unknown;
}

/** Something that could not be removed for good, and why, as words that end a sentence. */
export interface TrashLeftover {
  readonly path: string;
  readonly reason: string;
}

/** What can be undone: `<common>/orchard/operations/`. */
export interface OperationRecords {
  newId(kind: 'merge' | 'cleanup' | 'rebase' | 'undo'): OperationId;
  write(location: RepositoryLocation, record: OperationRecord): Promise<Result<void, FileFailure>>;
  /** Removes what killed processes left half written or for themselves only. Under the repository's lock. */
  dropLeft(location: RepositoryLocation): Promise<void>;
  /** Newest first. */
  list(location: RepositoryLocation): Promise<readonly OperationRecord[]>;
  remove(location: RepositoryLocation, operation: OperationId): Promise<Result<void, FileFailure>>;
}

// ---------------------------------------------------------------- clean up

/** Everything needed to do a cleanup, to finish it after a crash, and to take it back. */
export interface CleanupWork {
  readonly version: 1;
  readonly operation: OperationId;
  readonly worktreeId: WorktreeId;
  readonly path: string;
  /** Its name below `<common>/worktrees/`. */
  readonly entry: string;
  readonly missing: boolean;
  readonly head: string | null;
  readonly branch: string | null;
  readonly deleteBranch: boolean;
  readonly releaseLock: boolean;
  readonly remote: { readonly remote: string; readonly ref: string; readonly seen: string } | null;
  readonly notes: readonly string[];
  readonly notesTarget: string | null;
  readonly abandon: string | null;
  readonly task: string | null;
  readonly notKept: readonly string[];
  /** `<common>/orchard/trash/<operation>`. */
  readonly trash: string;
  /** Where the directory goes: beside the rest, or on its own disk. The first that works. */
  readonly places: readonly string[];
}

export type CleanupStep =
  | 'pin'
  | 'release-lock'
  | 'save-notes'
  | 'move-entry'
  | 'move-directory'
  | 'delete-branch'
  | 'delete-remote';

export interface CleanupSurvey {
  readonly facts: CleanupFacts;
  readonly entry: string;
  /** Differs when anything that the plan rests on does. */
  readonly fingerprint: string;
  readonly baseCheckout: string | null;
}

export interface Removal {
  /** Reads everything that a plan rests on; writes nothing. */
  survey(
    found: FoundWorktree,
    choices: CleanupChoices,
    signal: AbortSignal,
  ): Promise<Result<CleanupSurvey, CleanupFailure>>;
  workFor(
    found: FoundWorktree,
    survey: CleanupSurvey,
    operation: OperationId,
    choices: CleanupChoices & { readonly deleteBranch: boolean; readonly releaseLock: boolean },
  ): CleanupWork;
  /** Does one step; doing it again is harmless. */
  perform(
    location: RepositoryLocation,
    work: CleanupWork,
    step: CleanupStep,
    signal: AbortSignal,
  ): Promise<Result<void, CleanupFailure>>;
  /** After a crash, before anything else: removes the locks that a killed git left since `since` (ms). */
  settle(
    location: RepositoryLocation,
    work: CleanupWork,
    since: number,
  ): Promise<Result<readonly string[], UndoFailure>>;
  /** Whether directory and entry are both out of the way: past it, a crash is finished, not rolled back. */
  isRemoved(location: RepositoryLocation, work: CleanupWork): Promise<boolean>;
  /** Why taking it back would overwrite something, or can't be whole; null when the way is free. */
  blocker(
    location: RepositoryLocation,
    work: CleanupWork,
  ): Promise<FailureOf<'undo-blocked'> | CommonFailure | null>;
  /** Puts back whatever is found taken; doing it again is harmless. Answers what came back, in words. */
  takeBack(
    location: RepositoryLocation,
    work: CleanupWork,
    options: {
      readonly restoreRemote: boolean;
      /** Called, and waited for, before each piece. */
      announce(step: string): Promise<Result<void, FileFailure>>;
    },
  ): Promise<Result<readonly string[], UndoFailure>>;
  /** Removes the reproducible files that the plan named from trash. */
  free(work: CleanupWork): Promise<void>;
  /** Lets go of trash and pin for good, under the repository's lock: renames, which take no time. */
  discard(location: RepositoryLocation, work: CleanupWork): Promise<Result<void, FileFailure>>;
  /** Removes what was let go, which takes as long as it takes: without the lock. */
  empty(location: RepositoryLocation): Promise<void>;
  /** What could not be removed so far; tried again with each `empty`. */
  stuck(
    location: RepositoryLocation,
  ): Promise<readonly (TrashLeftover & { readonly operation: OperationId; readonly diskBytes: number })[]>;
  /** Bytes on disk that the trash of it uses. */
  diskBytes(work: CleanupWork): Promise<number | null>;
}

// ---------------------------------------------------------------- merge

/** Everything needed to do a merge (or a rebase of a sibling), to finish it after a crash, to take it back. */
export interface MergeWork {
  readonly version: 1;
  readonly only: 'merge' | 'rebase';
  readonly operation: OperationId;
  readonly worktreeId: WorktreeId;
  readonly path: string;
  readonly branch: string;
  /** Where the branch was. */
  readonly tip: string;
  readonly task: string | null;
  readonly base: string;
  /** Where the local base was; null when there is none (a pull request needs none). */
  readonly baseLocal: string | null;
  /** Local base or upstream, whichever contains the other. */
  readonly baseTip: string;
  readonly upstream: {
    readonly remote: string;
    readonly remoteRef: string;
    readonly trackingRef: string;
    readonly commit: string;
  } | null;
  readonly baseCheckout: string | null;
  readonly strategy: MergeStrategy;
  readonly update: UpdateStrategy | null;
  readonly push: boolean;
  /** For a pull request: where the branch goes, and what was seen there. */
  readonly branchOnRemote: {
    readonly remote: string;
    readonly ref: string;
    readonly seen: string | null;
  } | null;
}

/** How far a merge came. */
export interface MergeProgress {
  /** The branch after its update; the tip when there was none. */
  readonly updated: string;
  readonly landed: string | null;
  readonly pushed: boolean;
}

export interface MergeSurvey {
  readonly facts: MergeFacts;
  readonly validation: readonly ValidationCommand[];
  /** What the branch changes in the base; for a conflict, since they parted. */
  readonly files: readonly ChangedFile[];
  /** Hooks inside a working tree that a step would run, as they are and as the merged tree has them. */
  readonly hooks: readonly RepositoryCommand[];
  readonly baseTip: string;
  readonly upstream: MergeWork['upstream'];
  readonly branchOnRemote: MergeWork['branchOnRemote'];
  readonly fingerprint: string;
}

export interface Landing {
  /** Reads everything that a plan rests on. `fetch` asks the base's remote first, within its limit. */
  survey(
    found: FoundWorktree,
    choices: MergeChoices,
    options: {
      readonly only: 'merge' | 'rebase';
      readonly fetch: boolean;
      readonly configured: readonly string[];
      readonly signal: AbortSignal;
    },
  ): Promise<Result<MergeSurvey, MergeFailure>>;
  /** Hooks inside a working tree that this step runs, as they are and as the commit that comes has them. */
  hooksOf(
    location: RepositoryLocation,
    work: MergeWork,
    step: 'update' | 'push-branch' | 'land' | 'push',
    commit: string,
  ): Promise<readonly RepositoryCommand[]>;
  pin(location: RepositoryLocation, work: MergeWork): Promise<Result<void, MergeFailure>>;
  /** What an operation, a cleanup too, was pinned with; null when it never came to that. */
  pinnedWork(location: RepositoryLocation, operation: OperationId): Promise<unknown>;
  /** How far the branches' own logs say that it came, for when its record can't say. */
  foundMoves(
    location: RepositoryLocation,
    work: MergeWork,
  ): Promise<{ readonly updated: string | null; readonly landed: string | null }>;
  /** Builds the branch with the base brought in; moves nothing. */
  buildUpdate(
    location: RepositoryLocation,
    work: MergeWork,
    signal: AbortSignal,
  ): Promise<Result<string, MergeFailure>>;
  /** Moves the branch, and the worktree that has it checked out, to the update. */
  moveBranch(
    location: RepositoryLocation,
    work: MergeWork,
    updated: string,
  ): Promise<Result<void, MergeFailure>>;
  /** Refuses when the worktree is no longer exactly this commit: validation changed something. */
  stillAt(location: RepositoryLocation, work: MergeWork, commit: string): Promise<Result<void, MergeFailure>>;
  /** The command that installs dependencies which the worktree never had; null when none are missing. */
  missingSetup(directory: string): Promise<string | null>;
  /** Builds what the base will be; its tree is the validated tree. Moves nothing. */
  build(
    location: RepositoryLocation,
    work: MergeWork,
    updated: string,
    signal: AbortSignal,
  ): Promise<Result<string, MergeFailure>>;
  land(location: RepositoryLocation, work: MergeWork, landed: string): Promise<Result<void, MergeFailure>>;
  push(
    location: RepositoryLocation,
    work: MergeWork,
    landed: string,
    io: { readonly signal: AbortSignal; onOutput(text: string): void },
  ): Promise<Result<void, MergeFailure>>;
  pushBranch(
    location: RepositoryLocation,
    work: MergeWork,
    updated: string,
    io: { readonly signal: AbortSignal; onOutput(text: string): void },
  ): Promise<Result<void, MergeFailure>>;
  /** Answers where to look at the pull request, or to make it. */
  openPullRequest(
    location: RepositoryLocation,
    work: MergeWork,
    updated: string,
    signal: AbortSignal,
  ): Promise<{ readonly url: string | null; readonly made: boolean }>;
  /**
   * After a crash, before anything else: waits for a git left running, removes the locks that a killed one
   * left since `since` (ms), and puts working trees right that it was moving from one commit to another.
   * Answers the places of what was found there and is nobody's that is known. Doing it again is harmless.
   */
  settle(
    location: RepositoryLocation,
    work: MergeWork,
    moves: readonly { readonly branch: string; readonly from: string; readonly to: string }[],
    since: number,
  ): Promise<Result<readonly string[], UndoFailure>>;
  /** Whether the base has it: past it, a crash is finished, not rolled back. */
  hasLanded(location: RepositoryLocation, work: MergeWork, landed: string): Promise<boolean>;
  /**
   * Whether the remote has what was pushed to the base; null when it can't be told. When it has, the
   * remote-tracking branch follows, as it would have.
   */
  isPushed(location: RepositoryLocation, work: MergeWork, landed: string): Promise<boolean | null>;
  /** Whether the remote has the pushed branch of a pull request. */
  isBranchPushed(location: RepositoryLocation, work: MergeWork, updated: string): Promise<boolean>;
  blocker(
    location: RepositoryLocation,
    work: MergeWork,
    progress: MergeProgress,
  ): Promise<FailureOf<'undo-blocked'> | CommonFailure | null>;
  /** Puts back the base and the branch where they are still where this left them. Doing it again is harmless. */
  takeBack(
    location: RepositoryLocation,
    work: MergeWork,
    progress: MergeProgress,
    announce: (step: string) => Promise<Result<void, FileFailure>>,
  ): Promise<Result<readonly string[], UndoFailure>>;
  discard(location: RepositoryLocation, operation: OperationId): Promise<void>;
  /** Siblings that conflict with what landed now. */
  collidingWith(
    found: FoundWorktree,
    landed: string,
    base: string,
  ): Promise<readonly (Collision & { readonly name: string })[]>;
  /** A file for the whole output of an operation, beside its journal. */
  openLog(location: RepositoryLocation, operation: OperationId): Promise<OutputFile>;
}

export interface OutputFile {
  readonly path: string;
  /** In order; a full disk is told by `close`, and stops nothing. */
  write(text: string): void;
  close(): Promise<void>;
}

/** Where hooks are about to run, and what will lie there by then. */
export interface HookGround {
  /** Where git is started: it decides which hooks folder counts. */
  readonly directory: string;
  /** The hooks that the step can run, as git names them. */
  readonly events: readonly string[];
  /** Commits (or trees) that come into a worktree while the step runs; null for one that is made by it. */
  readonly coming: readonly {
    readonly worktree: string | null;
    readonly commit: string;
    readonly env?: Readonly<Record<string, string>>;
  }[];
}

/**
 * What is repository code, because it lies in a working tree (`.husky`, a script of package.json): a
 * pull can change it, so each is approved by its exact text, and looked at again right before it runs.
 */
export interface RepositoryHooks {
  /** Hooks inside a working tree that the step would run, as they are now and as the coming commits have them. */
  inTree(location: RepositoryLocation, ground: HookGround): Promise<readonly RepositoryCommand[]>;
  /** The person's own hooks that the step would run, by file. */
  own(
    location: RepositoryLocation,
    ground: Pick<HookGround, 'directory' | 'events'>,
  ): Promise<readonly string[]>;
  /** Names of all hooks that are installed, wherever they lie. */
  installed(location: RepositoryLocation, directory: string): Promise<readonly string[]>;
  /** A command's text to approve: with what it does in this directory, as it is now. */
  said(directory: string, run: string): Promise<string>;
}
