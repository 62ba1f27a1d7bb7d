/** Running git for observation: many small reads, none of which may ever write. */

export interface GitCall {
  /** What follows `git` and the guarding flags; user text only behind `--` or `--end-of-options`. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly input?: string;
  /** Milliseconds; the process is killed after that. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** Short, and others wait for its answer: before all that is not. */
  readonly first?: boolean;
  /**
   * Options of git itself (`-c …`) for when others run at the same time and keep every core busy:
   * threads that a process starts then are only in the way.
   */
  readonly inCrowd?: readonly string[];
  /** Added to the guarded environment (a temporary index, an object directory of our own). */
  readonly env?: Readonly<Record<string, string>>;
}

export interface GitAnswer<T> {
  readonly reason: 'exited' | 'timed-out' | 'cancelled' | 'failed-to-start' | 'too-large';
  readonly exitCode: number | null;
  readonly stdout: T;
  readonly stderr: string;
  /** From start to end of the process, without the time spent queueing. */
  readonly tookMs: number;
}

export interface DirectoryQuery {
  /** The worktree's root. */
  readonly root: string;
  /** Absolute directories that are not this worktree's own: nested worktrees. */
  readonly nested: readonly string[];
  /** Only these (new) directories and what is below them; null is the whole worktree. */
  readonly from: readonly string[] | null;
  /** Gives up beyond this many. */
  readonly limit: number;
}

export type Directories =
  | {
      readonly directories: readonly string[];
      /** Those of them that hold tracked files; empty when only some were asked for. */
      readonly tracked: readonly string[];
    }
  | { readonly problem: 'too-many' | 'unreadable' };

export interface GitRunnerCounts {
  /** Processes started since the runner was made. */
  readonly started: number;
  readonly startedInLastMinute: number;
  readonly running: number;
  readonly queued: number;
  /** How often the helper process died and was replaced. */
  readonly restarts: number;
}

export interface GitRunner {
  run(call: GitCall): Promise<GitAnswer<string>>;
  runBinary(call: GitCall): Promise<GitAnswer<Uint8Array>>;
  /**
   * The raw content of objects by name, through one long-lived `cat-file` per repository, which ends
   * by itself when nobody asked for a while. Null for what is missing there.
   */
  objects(
    commonDir: string,
    names: readonly string[],
  ): Promise<readonly ({ readonly type: string; readonly content: string } | null)[]>;
  /** The directories of a worktree that git does not ignore, relative, '/'-separated, '' for the root. */
  directories(query: DirectoryQuery): Promise<Directories>;
  counts(): GitRunnerCounts;
  dispose(): Promise<void>;
}

export interface GitRunnerOptions {
  /** Absolute path of git. */
  readonly git: string;
  /** The login shell's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An existing empty directory: hooks are looked for there, and not found. */
  readonly emptyDirectory: string;
  /** Processes at a time; more than cores, or than 4, buys nothing (measured). */
  readonly concurrency: number;
}

/** The outcome in words for a log line, or null when it went well. */
export function answerProblem(answer: GitAnswer<unknown>): string | null {
  if (answer.reason === 'exited' && answer.exitCode === 0) return null;
  const words = answer.stderr.trim().split('\n').slice(-3).join(' ').slice(0, 400);
  return answer.reason === 'exited'
    ? `exit ${answer.exitCode}: ${words}`
    : `${answer.reason} ${words}`.trim();
}
