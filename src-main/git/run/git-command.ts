/**
 * Runs one git command. Arguments are always an array, the time is always limited, and git never asks
 * anything. Who calls says what kind of call it is:
 *
 * - `read`: never runs a hook, never takes an optional lock, never fetches a missing object;
 * - `quiet`: writes what is Orchard's own (pins, backups) or takes something back: no hooks either;
 * - `write`: what a person asked for; the repository's hooks run.
 */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { FailureOf } from '../../contract/failures';
import type { Log } from '../../engine/ports';
import { followChild, ownGroup } from '../../system/process-tree';
import { callEnvironment, type GitMode, leadingArguments, quietEnvironment } from './environment';

export interface GitCall {
  readonly mode: GitMode;
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** How bytes become the text of `stdout`; 'latin1' keeps each of them. Default 'utf8'. */
  readonly encoding?: 'utf8' | 'latin1';
  onOutput?(text: string): void;
  /** The process, which leads a group of its own (a session, so it has no terminal to ask in). */
  onStart?(pid: number): void;
}

export interface GitOutcome {
  /** Null when it was ended by a signal or never started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: 'exited' | 'timed-out' | 'cancelled' | 'failed-to-start';
  readonly limitMs: number;
}

export type GitCommand = (directory: string, args: readonly string[], call: GitCall) => Promise<GitOutcome>;

export interface GitCommandOptions {
  /** The resolved git program. */
  readonly program: string;
  /** The login shell's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An existing empty directory: what `core.hooksPath` points to when no hook may run. */
  readonly emptyDirectory: string;
  readonly log?: Log;
}

const defaultLimitMs = 30_000;

export function createGitCommand(options: GitCommandOptions): GitCommand {
  const inherited = quietEnvironment(options.env);

  return async (directory, args, call) => {
    const limitMs = call.limitMs ?? defaultLimitMs;
    const before = performance.now();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const child = spawn(options.program, [...leadingArguments(call.mode, options.emptyDirectory), ...args], {
      cwd: directory,
      env: callEnvironment(inherited, directory, call.mode, call.env),
      // git leaves its transports (`git-remote-https`, ssh) and what a hook started behind when it
      // is ended alone.
      detached: ownGroup(),
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    if (child.pid !== undefined) call.onStart?.(child.pid);
    // A call that refuses its input early closes the pipe; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.stdin ?? '');
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      call.onOutput?.(chunk.toString('utf8'));
    });
    // git removes its own lock files on SIGTERM, so it is asked first.
    const { code, reason, problem } = await followChild(child, { limitMs, signal: call.signal });
    if (problem !== null) stderr.push(Buffer.from(problem));
    options.log?.info('git', {
      args: args.slice(0, 12).join(' ').slice(0, 300),
      mode: call.mode,
      code,
      ms: Math.round(performance.now() - before),
    });
    return {
      code,
      stdout: Buffer.concat(stdout).toString(call.encoding ?? 'utf8'),
      stderr: Buffer.concat(stderr).toString('utf8'),
      ended: reason,
      limitMs,
    };
  };
}

/** What a failed call is to the one who asked. */
export function gitFailure(
  args: readonly string[],
  outcome: GitOutcome,
): FailureOf<'git-failed' | 'timed-out' | 'cancelled'> {
  const verb = args.find((argument, at) => !argument.startsWith('-') && args[at - 1] !== '-c') ?? '';
  if (outcome.ended === 'timed-out')
    return { kind: 'timed-out', what: `git ${verb}`, seconds: Math.round(outcome.limitMs / 1000) };
  if (outcome.ended === 'cancelled') return { kind: 'cancelled' };
  return {
    kind: 'git-failed',
    command: verb,
    exitCode: outcome.code,
    details: (outcome.stderr.trim() === '' ? outcome.stdout : outcome.stderr).trim().slice(-4_000),
  };
}

/** The fields of a NUL-separated answer, without the empty one behind the last separator. */
export function fields(output: string): string[] {
  const parts = output.split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

/** The lines of an answer, without the empty one at the end. */
export function lines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/**
 * An environment in which git writes new objects to `scratch` and reads the repository's: predictions
 * leave nothing behind. A path with the list separator or a quote in it has to be quoted the C way
 * (https://git-scm.com/docs/git#Documentation/git.txt-codeGITALTERNATEOBJECTDIRECTORIEScode).
 */
export function scratchObjects(commonDir: string, scratch: string): Readonly<Record<string, string>> {
  const objects = `${commonDir}/objects`;
  const plain = process.platform === 'win32' || !/[:"\n]/.test(objects);
  return {
    GIT_OBJECT_DIRECTORY: scratch,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: plain
      ? objects
      : `"${objects.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`,
  };
}
