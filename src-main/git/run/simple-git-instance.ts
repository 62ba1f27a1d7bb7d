import { GitConstructError, GitError, GitPluginError, type SimpleGit, simpleGit } from 'simple-git';
import type { FailureOf } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { callEnvironment, quietEnvironment } from './environment';

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

export function createPlainGit({ program, env, emptyDirectory }: PlainGitOptions): PlainGit {
  const inherited = quietEnvironment(env);
  const plain = (directory: string, signal?: AbortSignal): SimpleGit => {
    const environment = callEnvironment(inherited, directory, 'read');
    return simpleGit({
      baseDir: directory,
      binary: program,
      ...(signal === undefined ? {} : { abort: signal }),
      timeout: { block: LIMIT_MS, stdOut: false, stdErr: false },
      trimmed: false,
      maxConcurrentProcesses: 4,
      config: [`core.hooksPath=${emptyDirectory}`, 'core.fsmonitor=false'],
      // What is guarded here is ours (the empty hooks directory, the path of git as it was found) or
      // the person's own: which configuration, ssh and proxy git uses is the same in every way of running it.
      allowEnvironment: Object.keys(environment),
      unsafe: {
        allowUnsafeHooksPath: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeCustomBinary: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeConfigEnvCount: true,
        allowUnsafeExec: true,
        allowUnsafeSshCommand: true,
        allowUnsafeAskPass: true,
        allowUnsafeGitProxy: true,
        allowUnsafeTemplateDir: true,
        allowUnsafeEditor: true,
        allowUnsafePager: true,
      },
      errors: (error, { exitCode, stdErr }) =>
        error === undefined && exitCode > 0 && stdErr.length > 0
          ? new GitExit(exitCode, Buffer.concat(stdErr).toString('utf8'))
          : error,
    }).env(environment);
  };
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
