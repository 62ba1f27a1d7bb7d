import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRepositoryLock } from '../../../src-main/git/kept/lock';
import { createFileLock } from '../../../src-main/system/file-lock';
import { bundle } from '../../support/bundle';
import { linuxProcesses } from '../../support/linux-processes';
import { realClock } from '../../support/real-clock';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

it('keeps processes apart, also when some are killed while they hold it', async () => {
  const directory = await temporaryDirectory();
  const program = await bundle('tests/support/children/lock-contender.ts', directory);
  const counter = join(directory, 'counter');
  await writeFile(counter, '0');
  const contend = (ending: 'die' | 'live') =>
    new Promise<string | number | null>((resolve) => {
      const child = spawn(
        process.execPath,
        [program, join(directory, 'locks', 'lock'), counter, '12', ending],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      );
      child.once('exit', (code, signal) => resolve(signal ?? code));
    });
  const endings = await Promise.all([contend('live'), contend('die'), contend('live'), contend('die')]);
  expect(endings).toEqual([0, 'SIGKILL', 0, 'SIGKILL']);
  expect(await readFile(counter, 'utf8')).toBe('48');
  // At most the lock of one that died last is left.
  expect((await readdir(join(directory, 'locks'))).filter((name) => name !== 'lock')).toEqual([]);
});

it('says which repository is busy, and with what', async () => {
  const commonDir = await temporaryDirectory();
  const location = { id: 'r-000000000000', name: 'project', root: commonDir, commonDir, isBare: false };
  const lock = createRepositoryLock({
    fileLock: createFileLock({ processes: linuxProcesses, clock: realClock, log: createSilentLog() }),
  });
  const first = await lock.acquire(location, 'merging feature/a');
  if (!first.ok) throw new Error('not acquired');
  expect(await lock.acquire(location, 'spawning', { waitMs: 0 })).toEqual({
    ok: false,
    error: {
      kind: 'busy',
      repository: 'project',
      owner: `Orchard (merging feature/a, process ${process.pid})`,
    },
  });
  await first.value.release();
  expect(await lock.acquire(location, 'spawning', { waitMs: 0 })).toMatchObject({ ok: true });
});
