import { readFile } from 'node:fs/promises';
import type { ProcessIdentity } from '../../src-main/system/file-lock';

/** Straight from /proc, independent of the code under test; elsewhere nothing can be told. */
export const linuxProcesses: ProcessIdentity = {
  async startTime(pid) {
    try {
      const line = await readFile(`/proc/${pid}/stat`, 'utf8');
      return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null;
    } catch {
      return null;
    }
  },
  bootId: () => readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'this boot'),
};
