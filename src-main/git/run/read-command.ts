/**
 * Questions of other rooms through the runner of observation: they start no process in the app itself,
 * which stands still for each one that it starts, and they wait their turn behind what observation asks.
 */
import type { GitCommand, GitOutcome } from './git-command';
import type { GitAnswer, GitRunner } from './git-runner';

const DEFAULT_LIMIT_MS = 30_000;

/** For calls in `read` mode alone; text in, text out. */
export function createReadCommand(runner: Pick<GitRunner, 'run'>): GitCommand {
  return async (cwd, args, { mode, stdin, env, signal, encoding, limitMs = DEFAULT_LIMIT_MS }) => {
    if (mode !== 'read' || encoding === 'latin1')
      throw new Error('what observation runs only reads, and answers text');
    const answer = await runner.run({
      cwd,
      args,
      limitMs,
      ...(stdin !== undefined && { input: stdin.toString() }),
      ...(env !== undefined && { env }),
      ...(signal !== undefined && { signal }),
    });
    return { ...outcomeOf(answer), stdout: answer.stdout, limitMs };
  };
}

function outcomeOf({
  reason,
  exitCode,
  stderr,
}: GitAnswer<string>): Pick<GitOutcome, 'code' | 'ended' | 'stderr'> {
  if (reason === 'too-large') return { code: null, ended: 'exited', stderr: 'its answer is too large' };
  return { code: exitCode, ended: reason, stderr };
}
