/**
 * Takes a lock again and again and counts up a file under it, read and written apart: a lost update
 * shows that two held the lock at once. Arguments: lock file, counter file, times, and 'die' to end
 * by SIGKILL while holding the lock for the last time.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createFileLock } from '../../../src-main/system/file-lock';
import { linuxProcesses } from '../linux-processes';
import { realClock } from '../real-clock';
import { createSilentLog } from '../silent-log';

const [lockFile = '', counter = '', times = '0', ending = ''] = process.argv.slice(2);
const lock = createFileLock({ processes: linuxProcesses, clock: realClock, log: createSilentLog() });
for (let turn = 1; turn <= Number(times); turn++) {
  const held = await lock.acquire(lockFile, 'counting', { waitMs: 40_000 });
  if (!held.ok) throw new Error(`no lock: ${JSON.stringify(held.error)}`);
  const count = Number(await readFile(counter, 'utf8'));
  await writeFile(counter, String(count + 1));
  if (turn === Number(times) && ending === 'die') process.kill(process.pid, 'SIGKILL');
  await held.value.release();
}
