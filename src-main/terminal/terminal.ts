/** The port that each terminal's file fills. */
import type { FailureOf } from '../contract/failures';
import type { OpenDone } from '../contract/plans';
import type { TerminalCapability } from '../contract/requests';
import type { Result } from '../contract/result';
import type { Environment, Platform } from './machine';
import type { ProcessInfo } from './processes';

export type TerminalFailed = FailureOf<'terminal-failed'>;
export type Reach = Exclude<OpenDone['reached'], 'new'>;

/** A new terminal to open. */
export interface NewTerminal {
  readonly directory: string;
  readonly title: string;
  /** The launcher's path, for terminals that take a command string or a file. */
  readonly script: string;
  /** The program that runs the launcher, for terminals that take arguments. */
  readonly argv: readonly string[];
}

export interface Opened {
  /** More than the terminal's title, when there is more to say: "tmux work:3". */
  readonly where?: string;
  /** Settles only when what was started ends badly. */
  readonly failure?: Promise<string>;
}

/** A live process whose terminal is wanted. */
export interface SessionProcess {
  readonly pid: number;
  readonly directory: string | null;
  readonly env: Environment;
  /** Itself first. */
  readonly ancestors: readonly ProcessInfo[];
  readonly tty: string | null;
  /** Claude Code's word for the tmux pane, `session:@window.%pane`: a hint, never a proof. */
  readonly tmux: string | null;
}

export interface Terminal {
  readonly id: string;
  readonly title: string;
  readonly platforms: readonly Platform[];
  installed(): Promise<boolean>;
  /** What clicking a live session reaches here and now, said honestly. */
  capability(): Promise<Pick<TerminalCapability, 'reach' | 'note'>>;
  openNew(request: NewTerminal): Promise<Result<Opened, TerminalFailed>>;
  /** Whether this ancestor of a session is this terminal. */
  hosts?(process: ProcessInfo): boolean;
  /** Brings exactly the session to the front; null when this terminal can't, and its window must do. */
  focus?(session: SessionProcess): Promise<Reach | null>;
  /** Whether the session is in front; null when not known. */
  inFront?(session: SessionProcess): Promise<boolean | null>;
}

export const terminalFailed = (terminal: string, details: string): TerminalFailed => ({
  kind: 'terminal-failed',
  terminal,
  details,
});
