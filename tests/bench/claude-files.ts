/** A registry of sessions whose processes are really there, so that they count as alive. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcesses } from '../../src-main/system/processes';
import { sessionName } from './fixtures';

export interface LiveRegistry {
  readonly config: string;
  readonly pids: readonly number[];
  write(at: number, change: object): Promise<void>;
  end(): void;
}

export async function startRegistry(
  config: string,
  count: number,
  cwdOf: (n: number) => string,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<LiveRegistry> {
  const directory = join(config, 'sessions');
  await mkdir(directory, { recursive: true });
  const children: ChildProcess[] = [];
  for (let n = 0; n < count; n++) {
    // Alive, asleep, and gone by itself should the bench break off.
    const child =
      platform === 'win32'
        ? spawn(process.execPath, ['-e', 'setTimeout(() => {}, 900000)'], { stdio: 'ignore' })
        : spawn('sleep', ['900'], { stdio: 'ignore' });
    children.push(child);
  }
  const pids = children.map(({ pid }) => pid ?? 0);
  const starts = await createProcesses(platform).startTimes(pids);
  const base = Date.now() - 60_000;
  const write: LiveRegistry['write'] = (at, change) => {
    const pid = pids[at] ?? 0;
    return writeFile(
      join(directory, `${pid}.json`),
      JSON.stringify({
        pid,
        sessionId: sessionName(at),
        cwd: cwdOf(at),
        startedAt: base,
        procStart: starts.get(pid),
        version: '2.1.330',
        kind: 'interactive',
        entrypoint: 'cli',
        status: 'busy',
        updatedAt: base,
        statusUpdatedAt: base,
        ...change,
      }),
    );
  };
  for (let n = 0; n < count; n++) await write(n, {});
  return {
    config,
    pids,
    write,
    end() {
      for (const child of children) child.kill();
    },
  };
}
