import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process and all that descend from it, zombies left out (Linux and macOS: `ps`). */
export async function processTree(root: number): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , stat]) => stat?.startsWith('Z') === false)
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
  const found = rows.some(({ pid }) => pid === root) ? [root] : [];
  for (let index = 0; index < found.length; index++)
    found.push(...rows.filter(({ parent }) => parent === found[index]).map(({ pid }) => pid));
  return found;
}

/** Those that still run (zombies do not). */
export async function running(pids: readonly number[]): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,stat=']);
  const live = new Set(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, stat]) => stat?.startsWith('Z') === false)
      .map(([pid]) => Number(pid)),
  );
  return pids.filter((pid) => live.has(pid));
}
