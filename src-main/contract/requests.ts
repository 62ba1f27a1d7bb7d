/**
 * Every request that can cross a boundary: its input, decoded from `unknown`, its output, and the
 * failures it may answer with. Handlers `satisfies Handlers`; preload, web and command line derive
 * their types from here.
 */
import { z } from 'zod';
import type {
  CleanupFailure,
  CommonFailure,
  FailureOf,
  FileFailure,
  MergeFailure,
  OpenFailure,
  SpawnFailure,
  UndoFailure,
} from './failures';
import { operationId, planToken, repositoryId, sessionId, worktreeId } from './ids';
import type { OperationEvent } from './operations';
import type {
  CleanupDone,
  CleanupPlan,
  MergeDone,
  MergePlan,
  OpenDone,
  SpawnDone,
  SpawnPlan,
  StuckTrash,
  UndoableOperation,
  UndoDone,
} from './plans';
import type { Result } from './result';
import type { Settings } from './settings';
import { settingsPatch } from './settings';
import type { Snapshot } from './snapshot';

export interface NoteView {
  readonly title: string;
  readonly path: string;
  readonly at: string;
  /** The first 64 KB. */
  readonly text: string;
}

export interface DoctorCheck {
  readonly id: string;
  readonly title: string;
  readonly state: 'ok' | 'warning' | 'broken' | 'absent';
  readonly message: string;
  /** The way out, when there is something to do. */
  readonly next: string | null;
}

/** Orchard never types into a running session: then the prompt is for the person to paste. */
export interface ToldClaude {
  readonly prompt: string;
  readonly told: boolean;
}

export interface TerminalCapability {
  readonly id: string;
  readonly title: string;
  readonly platforms: readonly ('darwin' | 'linux' | 'win32')[];
  readonly installed: boolean;
  /** The best that clicking a live session can reach, said honestly. */
  readonly reach: 'pane' | 'window' | 'application' | 'none';
  readonly canOpenNew: boolean;
  readonly note: string;
}

const none = z.object({}).strict();
const task = z.string().max(4_000);
const name = z.string().max(200);
const preload = z.enum(['brain', 'gsd', 'gsd-quick', 'none']);

interface Request<I extends z.ZodType, O, E> {
  readonly input: I;
  /** Types only; never present at run time. */
  readonly output?: O;
  readonly failure?: E;
}
const request =
  <O, E>() =>
  <I extends z.ZodType>(input: I): Request<I, O, E> => ({ input });

export const requests = {
  'snapshot.get': request<Snapshot, CommonFailure>()(none),
  'snapshot.refresh': request<Snapshot, CommonFailure>()(none),

  'worktree.open': request<OpenDone, OpenFailure>()(
    z.object({ worktreeId, sessionId: sessionId.nullable() }).strict(),
  ),
  /** Its terminal, with Claude told to resolve the conflict with the base. */
  'worktree.openToResolve': request<OpenDone & ToldClaude, OpenFailure>()(z.object({ worktreeId }).strict()),
  'worktree.openCommand': request<{ command: string }, OpenFailure>()(
    z.object({ worktreeId, sessionId: sessionId.nullable() }).strict(),
  ),
  'worktree.markSeen': request<null, CommonFailure>()(z.object({ worktreeId }).strict()),
  'worktree.notes': request<{ notes: readonly NoteView[] }, CommonFailure | FileFailure>()(
    z.object({ worktreeId }).strict(),
  ),
  'session.open': request<OpenDone, OpenFailure>()(z.object({ sessionId }).strict()),
  'session.mute': request<null, CommonFailure | FileFailure>()(
    z.object({ sessionId, muted: z.boolean() }).strict(),
  ),

  'repository.planSpawn': request<SpawnPlan, SpawnFailure>()(
    z
      .object({
        repositoryId,
        task,
        name: name.nullable(),
        base: name.nullable(),
        preload,
        quick: z.boolean(),
      })
      .strict(),
  ),
  'repository.spawn': request<SpawnDone, SpawnFailure>()(
    z.object({ token: planToken, force: z.boolean(), approve: z.boolean(), open: z.boolean() }).strict(),
  ),
  'repository.hide': request<null, CommonFailure | FileFailure>()(z.object({ repositoryId }).strict()),
  'repository.unhideAll': request<null, CommonFailure | FileFailure>()(none),
  /** Asks for the directory in a native dialog; the web face answers 'desktop-only'. */
  'repository.add': request<
    { added: string | null },
    CommonFailure | FileFailure | FailureOf<'desktop-only' | 'not-a-repository'>
  >()(none),

  'worktree.planMerge': request<MergePlan, MergeFailure>()(
    z
      .object({
        worktreeId,
        strategy: z.enum(['merge', 'ff', 'squash', 'pr']),
        update: z.enum(['rebase', 'merge']),
        /** Another base than the worktree's own. */
        base: name.nullish(),
        skipValidation: z.boolean(),
        push: z.boolean(),
      })
      .strict(),
  ),
  /** `only` refuses a plan of the other kind: a person who says rebase never merges by a wrong token. */
  'worktree.merge': request<MergeDone, MergeFailure>()(
    z
      .object({ token: planToken, approve: z.boolean(), only: z.enum(['merge', 'rebase']).optional() })
      .strict(),
  ),
  'worktree.planRebase': request<MergePlan, MergeFailure>()(z.object({ worktreeId }).strict()),
  'worktree.planCleanup': request<CleanupPlan, CleanupFailure>()(
    z
      .object({
        worktreeId,
        abandon: z.string().max(4_000).nullable(),
        keepBranch: z.boolean(),
        deleteRemote: z.boolean(),
      })
      .strict(),
  ),
  'worktree.cleanup': request<CleanupDone, CleanupFailure>()(
    z.object({ token: planToken, approve: z.boolean() }).strict(),
  ),
  'operation.list': request<
    { operations: readonly UndoableOperation[]; stuck: readonly StuckTrash[] },
    CommonFailure
  >()(none),
  'operation.undo': request<UndoDone, UndoFailure>()(
    z.object({ operation: operationId.nullable(), restoreRemote: z.boolean().optional() }).strict(),
  ),
  'operation.cancel': request<null, CommonFailure>()(z.object({ operation: operationId }).strict()),

  'settings.get': request<
    { settings: Settings; terminals: readonly TerminalCapability[]; readOnly: readonly string[] },
    CommonFailure
  >()(none),
  'settings.update': request<Settings, CommonFailure | FileFailure | FailureOf<'settings-read-only'>>()(
    settingsPatch,
  ),
  /** These two ask in a native dialog that shows the exact text; the web face answers 'desktop-only'. */
  'settings.chooseWorktreeParent': request<
    Settings,
    CommonFailure | FileFailure | FailureOf<'desktop-only'>
  >()(none),
  'settings.testTerminal': request<OpenDone, OpenFailure>()(
    z.object({ terminal: z.string().max(40) }).strict(),
  ),

  'doctor.run': request<{ checks: readonly DoctorCheck[] }, CommonFailure>()(none),
  /** The popover came to the front: the check-in starts anew. */
  'popover.opened': request<null, CommonFailure>()(none),
} as const;

export type Requests = typeof requests;
export type RequestName = keyof Requests;
export type Input<N extends RequestName> = z.infer<Requests[N]['input']>;
export type Output<N extends RequestName> =
  | NonNullable<Requests[N]['output']>
  | (null extends Requests[N]['output'] ? null : never);
export type RequestFailure<N extends RequestName> = NonNullable<Requests[N]['failure']>;
export type Answer<N extends RequestName> = Result<Output<N>, RequestFailure<N>>;
export type Handlers = { readonly [N in RequestName]: (input: Input<N>) => Promise<Answer<N>> };

export const isRequestName = (name: unknown): name is RequestName =>
  typeof name === 'string' && Object.hasOwn(requests, name);

/** Where an entry of the tray's menu leads inside the popover. */
export type PopoverView = 'worktrees' | 'spawn' | 'settings';

/** The pushes; `view` comes from the desktop face only. */
export interface Pushes {
  readonly snapshot: Snapshot;
  readonly operation: OperationEvent;
  readonly view: PopoverView;
}

/** What a renderer is given, whichever face it runs on (preload or web). */
export interface Bridge {
  readonly face: 'electron' | 'web';
  readonly platform: 'darwin' | 'linux' | 'win32';
  request<N extends RequestName>(name: N, input: Input<N>): Promise<Answer<N>>;
  on<P extends keyof Pushes>(push: P, listener: (value: Pushes[P]) => void): () => void;
  /** Hides the popover; does nothing on the web face. */
  hide(): void;
  /**
   * The height in CSS pixels that the page's content wants, told at the start and whenever it changes;
   * the desktop fits its window to it, capped at 560. Absent where no window is fitted (the web face).
   */
  resize?(height: number): void;
  /**
   * Puts text on the clipboard and says whether that worked. Absent on the web face, whose page may use
   * `navigator.clipboard`; the desktop's page has no permission of any kind.
   */
  copy?(text: string): Promise<boolean>;
}
