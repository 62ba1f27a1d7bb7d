/** A second start: what is shown before any git ran. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Snapshot } from '../../../src-main/contract/snapshot';
import { makeFixture, makeRepository } from '../fixtures';
import { limitRow, ms, notMeasured } from '../row';
import type { Scenario } from '../scenario';
import { composeWhole } from '../whole-product';

export const measureAgain: Scenario = async (bench) => {
  const what = 'Second start → first snapshot shown, marked stale';
  if (bench.platform === 'win32') {
    bench.row(notMeasured(what, 'needs a shell script in the place of git', 'no git process before it'));
    return;
  }
  const { worktrees } = await makeFixture(bench.fixtures, 'again', (at) =>
    makeRepository(at, { worktrees: 4, files: 500, packages: 0 }),
  );
  // In git's place, a script that writes down every call.
  const bin = join(bench.scratch, 'bin');
  const ran = join(bench.scratch, 'ran');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'git'), `#!/bin/sh\necho "$*" >> '${ran}'\nexec '${bench.machine.git}' "$@"\n`);
  await chmod(join(bin, 'git'), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  const linesRan = async () => (await readFile(ran, 'utf8').catch(() => '')).split('\n').length - 1;

  const start = async () => {
    await writeFile(ran, '');
    const begun = performance.now();
    const orchard = await composeWhole(bench, {
      repositories: [worktrees[0] ?? ''],
      notifier: null,
      env,
    });
    const first = new Promise<{ snapshot: Snapshot; tookMs: number; processes: number }>((resolve) => {
      const stop = orchard.onSnapshot((snapshot) => {
        if (snapshot.repositories.length === 0) return;
        stop();
        const tookMs = performance.now() - begun;
        void linesRan().then((processes) => resolve({ snapshot, tookMs, processes }));
      });
    });
    await orchard.start();
    const shown = await first;
    const completeMs = performance.now() - begun;
    await orchard.dispose();
    return { ...shown, completeMs };
  };
  await start();
  const second = await start();
  const stale = second.snapshot.repositories.flatMap((one) => one.worktrees).every((row) => row.stale);
  bench.row(
    limitRow(
      what,
      `${second.processes} git processes before it, ${stale ? 'marked stale' : 'not marked stale'}; shown after ${ms(second.tookMs)}, complete after ${ms(second.completeMs)}`,
      'no git process before it',
      second.processes === 0 && stale,
    ),
  );
};
