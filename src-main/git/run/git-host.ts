/**
 * The processes themselves: a bounded pool of short ones and a long-lived `cat-file` per repository.
 * Lives in the git helper process, or in the caller's own for a one-shot command.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createCatFile } from './cat-file';
import { listDirectories } from './directories';
import { callEnvironment, leadingArguments, quietEnvironment } from './environment';
import type { DirectoryQuery, GitAnswer, GitCall, GitRunner, GitRunnerOptions } from './git-runner';

const DEFAULT_LIMIT_MS = 30_000;
/** Nothing that observation asks for comes near; a bigger answer is a mistake, not a need. */
const MOST_BYTES = 256 * 1024 * 1024;
const STDERR_BYTES = 64 * 1024;

export function createGitHost(options: GitRunnerOptions): GitRunner {
  const inherited = quietEnvironment(options.env);
  const flags = leadingArguments('read', options.emptyDirectory);
  const fillsTheCores = options.concurrency >= availableParallelism();
  const queue: { readonly first: boolean; start(): void; cancel(): void }[] = [];
  const children = new Set<ChildProcess>();
  const startTimes: number[] = [];
  let running = 0;
  let started = 0;
  let disposed = false;

  const noteStart = () => {
    started++;
    startTimes.push(performance.now());
    if (startTimes.length > 5_000) startTimes.splice(0, 1_000);
  };

  const catFile = createCatFile({
    start(commonDir) {
      noteStart();
      const child = spawn(options.git, [...flags, 'cat-file', '--batch-command'], {
        cwd: commonDir,
        env: callEnvironment(inherited, commonDir, 'read'),
        stdio: ['pipe', 'pipe', 'ignore'],
        windowsHide: true,
      });
      children.add(child);
      child.once('close', () => children.delete(child));
      child.once('error', () => children.delete(child));
      return child;
    },
  });

  const next = () => {
    while (running < options.concurrency) {
      const call = queue.shift();
      if (call === undefined) return;
      running++;
      call.start();
    }
  };

  const runBinary = (call: GitCall): Promise<GitAnswer<Buffer>> =>
    new Promise((resolve) => {
      const nothing = (reason: GitAnswer<Buffer>['reason'], stderr = ''): GitAnswer<Buffer> => ({
        reason,
        exitCode: null,
        stdout: Buffer.alloc(0),
        stderr,
        tookMs: 0,
      });
      if (disposed || call.signal?.aborted) {
        resolve(nothing('cancelled'));
        return;
      }
      const leaveQueue = () => {
        const at = queue.indexOf(place);
        if (at < 0) return;
        queue.splice(at, 1);
        place.cancel();
      };
      const place = {
        first: call.first === true,
        start() {
          call.signal?.removeEventListener('abort', leaveQueue);
          execute(call, (answer) => {
            running--;
            next();
            resolve(answer);
          });
        },
        cancel() {
          call.signal?.removeEventListener('abort', leaveQueue);
          resolve(nothing('cancelled'));
        },
      };
      call.signal?.addEventListener('abort', leaveQueue, { once: true });
      const behind = place.first ? queue.findIndex(({ first }) => !first) : -1;
      queue.splice(behind < 0 ? queue.length : behind, 0, place);
      next();
    });

  function execute(call: GitCall, done: (answer: GitAnswer<Buffer>) => void): void {
    const begun = performance.now();
    let reason: GitAnswer<Buffer>['reason'] = 'exited';
    let bytes = 0;
    let errorBytes = 0;
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    noteStart();
    const crowd = fillsTheCores && running + queue.length >= options.concurrency;
    const more = crowd ? (call.inCrowd ?? []) : [];
    const child = spawn(options.git, [...flags, ...more, ...call.args], {
      cwd: call.cwd,
      env: callEnvironment(inherited, call.cwd, 'read', call.env),
      stdio: [call.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    children.add(child);
    const stop = (why: GitAnswer<Buffer>['reason']) => {
      if (reason === 'exited') reason = why;
      child.kill('SIGKILL');
      // A filter that git started may outlive it and hold the pipes; 'close' must come all the same.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(() => stop('timed-out'), call.limitMs ?? DEFAULT_LIMIT_MS);
    const onAbort = () => stop('cancelled');
    call.signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) stop('too-large');
      else out.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      errorBytes += chunk.length;
      if (errorBytes <= STDERR_BYTES) errors.push(chunk);
    });
    let finished = false;
    const finish = (exitCode: number | null, words?: string) => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
      children.delete(child);
      done({
        reason,
        exitCode: reason === 'exited' ? exitCode : null,
        stdout: Buffer.concat(out),
        stderr: words ?? Buffer.concat(errors).toString('utf8'),
        tookMs: performance.now() - begun,
      });
    };
    child.once('error', (error) => {
      if (reason === 'exited') reason = 'failed-to-start';
      finish(null, error.message);
    });
    child.once('close', (code) => finish(code));
    if (call.input !== undefined && child.stdin !== null) {
      // git may end before it read everything (EPIPE); its exit code tells what happened.
      child.stdin.on('error', () => {});
      child.stdin.end(call.input);
    }
  }

  const run = async (call: GitCall): Promise<GitAnswer<string>> => {
    const answer = await runBinary(call);
    return { ...answer, stdout: answer.stdout.toString('utf8') };
  };

  return {
    run,
    runBinary,
    objects: (commonDir, names) => catFile.read(commonDir, names),
    directories: (query: DirectoryQuery) => listDirectories(run, query),
    counts() {
      const minuteAgo = performance.now() - 60_000;
      return {
        started,
        startedInLastMinute: startTimes.filter((at) => at > minuteAgo).length,
        running,
        queued: queue.length,
        restarts: 0,
      };
    },
    async dispose() {
      disposed = true;
      for (const waiting of queue.splice(0)) waiting.cancel();
      catFile.dispose();
      await Promise.all(
        [...children].map(
          (child) =>
            new Promise<void>((resolve) => {
              child.once('close', () => resolve());
              child.once('error', () => resolve());
              child.kill('SIGKILL');
              child.stdout?.destroy();
              child.stderr?.destroy();
            }),
        ),
      );
    },
  };
}
