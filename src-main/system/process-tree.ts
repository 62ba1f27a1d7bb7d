import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { errorCode } from './file-failure';

const TASKKILL_MS = 10_000;

/** Whether `spawn` should be told `detached`, so that `endTree` reaches everything that is started. */
export const ownGroup = (platform: NodeJS.Platform = process.platform): boolean => platform !== 'win32';

/**
 * Ends a process that was started in a group of its own, and all that it started. On Windows there are
 * no groups and no asking: `taskkill /T /F` walks the tree
 * (https://learn.microsoft.com/windows-server/administration/windows-commands/taskkill).
 */
export function endTree(
  pid: number,
  signal: 'SIGTERM' | 'SIGKILL',
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform === 'win32') {
    const options = { stdio: 'ignore', windowsHide: true, timeout: TASKKILL_MS } as const;
    spawn('taskkill', taskkillArguments(pid), options).on('error', () => undefined);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all gone. EPERM (macOS): only zombies are left.
    const code = errorCode(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

export const taskkillArguments = (pid: number): readonly string[] => ['/T', '/F', '/PID', String(pid)];

const PATIENCE_MS = 2_000;
/** Something in the background may hold the pipes after the process itself is gone. */
const PIPES_MS = 250;

export type Ending = 'exited' | 'timed-out' | 'cancelled' | 'failed-to-start';

/**
 * Follows a child that was started with `detached: ownGroup()`: asks the whole tree to end when the time
 * is up or the signal comes, insists two seconds later, and answers once the child is gone. What a child
 * that ended well left in the background goes on; what one left that was ended does not.
 */
export function followChild(
  child: ChildProcess,
  { limitMs, signal }: { readonly limitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly code: number | null; readonly reason: Ending; readonly problem: string | null }> {
  return new Promise((resolve) => {
    let reason: Ending = 'exited';
    let settled = false;
    let insist: NodeJS.Timeout | null = null;
    let pipes: NodeJS.Timeout | null = null;
    const settle = (code: number | null, problem: string | null = null) => {
      if (settled) return;
      settled = true;
      clearTimeout(limit);
      if (pipes !== null) clearTimeout(pipes);
      signal?.removeEventListener('abort', onAbort);
      child.stdout?.destroy();
      child.stderr?.destroy();
      if (insist !== null) {
        clearTimeout(insist);
        // The child itself obeyed; make sure of what it started.
        if (child.pid !== undefined && process.platform !== 'win32') endTree(child.pid, 'SIGKILL');
      }
      resolve({ code: reason === 'exited' ? code : null, reason, problem });
    };
    const end = (why: 'timed-out' | 'cancelled') => {
      const { pid } = child;
      if (settled || reason !== 'exited' || pid === undefined) return;
      reason = why;
      endTree(pid, 'SIGTERM');
      insist = setTimeout(() => endTree(pid, 'SIGKILL'), PATIENCE_MS);
    };
    const onAbort = () => end('cancelled');
    const limit = setTimeout(() => end('timed-out'), limitMs);
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      reason = 'failed-to-start';
      settle(null, error.message);
    });
    child.once('exit', (code) => {
      // Quiet for a whole round, not just late: what the child itself wrote must all be read.
      const quiet = (before: number) => {
        const now = bytesRead(child);
        if (now === before) settle(code);
        else pipes = setTimeout(quiet, PIPES_MS, now);
      };
      pipes = setTimeout(quiet, PIPES_MS, -1);
    });
    child.once('close', (code) => settle(code));
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const bytesRead = ({ stdout, stderr }: ChildProcess): number =>
  [stdout, stderr].reduce((sum, pipe) => sum + (pipe instanceof Socket ? pipe.bytesRead : 0), 0);
