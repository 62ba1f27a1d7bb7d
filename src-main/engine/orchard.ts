/** The engine as the faces see it; `compose.ts` builds one. */

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
  /** What watching holds and costs so far; null without git. */
  performance(): WatchPerformance | null;
  dispose(): Promise<void>;
}

/** What only a desktop can ask a person; null on the other faces. */
export interface Person {
  chooseDirectory(title: string): Promise<string | null>;
  /** Shows exactly this text and asks for a yes. */
  confirm(title: string, exactText: string): Promise<boolean>;
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
  /** Starts the git helper (a utility process under Electron); null under plain Node: a child process. */
  readonly startGitHelper: GitHelperStarter | null;
  /** The machine's when left out; a test turns the hands of its own. */
  readonly clock?: Clock;
}

/** A process that runs `git-helper.js`, spoken to by structured messages. */
export interface GitHelperChannel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (code: number | null) => void): void;
  kill(): void;
}
export type GitHelperStarter = (modulePath: string) => GitHelperChannel;
