/** The engine as the faces see it; `compose.ts` builds one. */

import type { Failure } from '../contract/failures';
import type { OperationEvent } from '../contract/operations';
import type { Handlers } from '../contract/requests';
import type { Problem, Snapshot } from '../contract/snapshot';
import type { Cancel, Clock, Log, Notifier, SettingsStore, WatchPerformance } from './ports';

export interface Orchard {
  /** One function per request; inputs are decoded already (see `decode` in contract/boundary.ts). */
  readonly handlers: Handlers;
  readonly settings: SettingsStore;
  readonly log: Log;
  snapshot(): Snapshot;
  onSnapshot(listener: (snapshot: Snapshot) => void): Cancel;
  onOperation(listener: (event: OperationEvent) => void): Cancel;
  /** Begins observing. Resolves with the first complete snapshot; earlier ones go to the listeners. */
  start(): Promise<Snapshot>;
  /** Resolves when nothing provisional is left: collisions decided, past conversations read. */
  settled(): Promise<Snapshot>;
  /** Nobody sits before the screen: notifications wait. Only a desktop knows. */
  leave(): void;
  /** Somebody is back: everything is looked at once, then what changed is said in one notification. */
  comeBack(): void;
  /** What watching holds and costs so far; null without git. */
  performance(): WatchPerformance | null;
  dispose(): Promise<void>;
}

/** What only a desktop can ask a person; null on the other faces. */
export interface Person {
  chooseDirectory(title: string): Promise<string | null>;
  /** Shows exactly this text and asks for a yes. */
  confirm(title: string, exactText: string): Promise<boolean>;
  /** Says why what was asked for outside the popover (a click on a notification) was not done. */
  refused?(failure: Failure): void;
  showList?(): void;
}

/** What a face could not do (a shortcut that is taken, a login item that was refused), for the snapshot. */
export interface FaceProblems {
  list(): readonly Problem[];
  onChange(listener: () => void): Cancel;
}

export interface OrchardOptions {
  /** 'all': every repository that is known or found; else only the ones that contain these directories. */
  readonly repositories: 'all' | readonly string[];
  /** False for a one-shot command: no watchers, no helper process, one look. */
  readonly watch: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** Delivers notifications; null sends none. */
  readonly notifier: Notifier | null;
  readonly person: Person | null;
  /** Shown in the snapshot beside the engine's own problems. */
  readonly faceProblems?: FaceProblems;
  /** A desktop lacks what a person's login shell sets up, so that is asked. */
  readonly startedFrom: 'desktop' | 'terminal';
  /**
   * Who starts the git processes of the hot path: a small process of its own, or this one, when it is
   * small itself. A one-shot command is.
   */
  readonly gitProcesses: 'helper' | 'here';
  /** Snapshots count on from here; 0 when left out. */
  readonly firstRevision?: number;
  /** The machine's when left out; a test turns the hands of its own. */
  readonly clock?: Clock;
}

/** The engine as a desktop holds it, wherever it runs. */
export interface DesktopOrchard
  extends Pick<
    Orchard,
    'handlers' | 'log' | 'onSnapshot' | 'onOperation' | 'start' | 'leave' | 'comeBack' | 'dispose'
  > {
  readonly settings: Pick<SettingsStore, 'get' | 'onChange'>;
}

/** What a desktop lends the engine. */
export interface DesktopFace {
  readonly env: OrchardOptions['env'];
  readonly platform: OrchardOptions['platform'];
  readonly notifier: Notifier;
  readonly person: Person;
  readonly faceProblems: FaceProblems;
  /**
   * The engine's own process ended and is started again; null when that is long ago. `tell` asks for more
   * than a row: it keeps ending.
   */
  engineProblem(message: string | null, tell: boolean): void;
}

/** Another process of ours, spoken to by structured messages. */
export interface ProcessChannel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number | null) => void): void;
  kill(): void;
}
