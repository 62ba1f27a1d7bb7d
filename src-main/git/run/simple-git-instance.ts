import { GitConstructError, GitError, GitPluginError, type SimpleGit, simpleGit } from 'simple-git';
import type { FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { quietEnvironment } from './git-command';

export interface PlainGitOptions {
  /** The resolved git program. */
  readonly program: string;
  /** The login shell's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An existing empty directory: what `core.hooksPath` points to, so that no hook runs. */
  readonly emptyDirectory: string;
}

export type GitReadFailure = FailureOf<'git-failed' | 'timed-out' | 'cancelled'>;

/**
 * Git for the questions that a plan asks, through simple-git: it reads, runs no hook, takes no optional
 * lock and asks nothing. What talks to a remote or runs hooks goes through `git-command.ts` instead:
 * simple-git ends git alone, and git then leaves its transports and its hooks' children running.
 */
export interface PlainGit {
  (directory: string, signal?: AbortSignal): SimpleGit;
  /** The output of one command; a refusal comes back as data. An exit 1 without words is an empty answer. */
  read(
    directory: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Result<string, GitReadFailure>>;
}

const LIMIT_MS = 30_000;

/** Keeps the exit code, which simple-git's own errors drop. */
class GitExit extends GitError {
  constructor(
    readonly exitCode: number,
    words: string,
  ) {
    super(undefined, words);
  }
}

/** Programs that git starts to edit, page or ask; a reading call needs none of them. */
const UNNEEDED =
  /^(GIT_(EDITOR|SEQUENCE_EDITOR|PAGER|ASKPASS|SSH|SSH_COMMAND|PROXY_COMMAND|EXTERNAL_DIFF|TEMPLATE_DIR|TRACE\w*)|SSH_ASKPASS|EDITOR|VISUAL|PAGER|PREFIX)$/i;

export function createPlainGit({ program, env, emptyDirectory }: PlainGitOptions): PlainGit {
  const kept: Record<string, string> = {
    ...Object.fromEntries(Object.entries(quietEnvironment(env)).filter(([name]) => !UNNEEDED.test(name))),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
  };
  const plain = (directory: string, signal?: AbortSignal): SimpleGit =>
    simpleGit({
      baseDir: directory,
      binary: program,
      ...(signal === undefined ? {} : { abort: signal }),
      timeout: { block: LIMIT_MS, stdOut: false, stdErr: false },
      trimmed: false,
      maxConcurrentProcesses: 4,
      config: [`core.hooksPath=${emptyDirectory}`, 'core.fsmonitor=false'],
      // What is guarded here is ours: the empty hooks directory above, the path of git as it was
      // found, and the configuration files that the person's environment names.
      allowEnvironment: Object.keys(kept).filter((name) => /^GIT_/i.test(name)),
      unsafe: {
        allowUnsafeHooksPath: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeCustomBinary: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeConfigEnvCount: true,
        allowUnsafeExec: true,
      },
      errors: (error, { exitCode, stdErr }) =>
        error === undefined && exitCode > 0 && stdErr.length > 0
          ? new GitExit(exitCode, Buffer.concat(stdErr).toString('utf8'))
          : error,
    }).env(kept);
  return Object.assign(plain, {
    async read(directory: string, args: readonly string[], signal?: AbortSignal) {
      try {
        return ok(await plain(directory, signal).raw([...args]));
      } catch (error) {
        return fail(readFailure(args, error));
      }
    },
  });
}

/** What a failed simple-git call is to the one who asked; anything but a git error is a bug and is thrown on. */
function readFailure(args: readonly string[], error: unknown): GitReadFailure {
  // Both are subclasses of GitError, so they come first.
  if (error instanceof GitPluginError) {
    if (error.plugin === 'abort') return { kind: 'cancelled' };
    if (error.plugin === 'timeout')
      return { kind: 'timed-out', what: `git ${args[0] ?? ''}`, seconds: LIMIT_MS / 1_000 };
    throw error;
  }
  // The directory is gone: simple-git looks before it starts anything.
  if (error instanceof GitConstructError)
    return { kind: 'git-failed', command: args[0] ?? '', exitCode: null, details: error.message };
  if (!(error instanceof GitError)) throw error;
  return {
    kind: 'git-failed',
    command: args[0] ?? '',
    exitCode: error instanceof GitExit ? error.exitCode : null,
    details: error.message.trim().slice(-4_000),
  };
}
