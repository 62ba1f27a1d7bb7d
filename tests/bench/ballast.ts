/** A process of a given size that asks for git, as an app does that has grown. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGit } from '../../src-main/git/run/find-git';
import { timeOfPool, versionCalls } from './processes';
import { createRunner } from './product';
import { median } from './row';

export interface BallastAnswer {
  readonly rssMb: number;
  /** Through the helper process. */
  readonly helperMs: number;
  /** Started by this process itself. */
  readonly directMs: number;
}

export async function serveBallast(megabytes: number): Promise<void> {
  const ballast = Buffer.alloc(megabytes * 1024 * 1024, 1);
  const found = await findGit(process.env, 'linux');
  if (found.state !== 'ok') return;
  const scratch = await mkdtemp(join(tmpdir(), 'orchard-bench-ballast-'));
  const { runner } = await createRunner({ git: found.path, gitVersion: found.version }, scratch, 'helper');
  await runner.run({ cwd: scratch, args: ['--version'] });
  process.on('message', () => {
    void (async () => {
      const helper: number[] = [];
      const direct: number[] = [];
      for (let n = 0; n < 10; n++) {
        const begun = performance.now();
        await runner.run({ cwd: scratch, args: ['--version'] });
        helper.push(performance.now() - begun);
      }
      // Afterwards: a fork makes the parent copy the pages that it touches next.
      for (let n = 0; n < 3; n++) direct.push(await timeOfPool(versionCalls(scratch, 1), 1));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const answer: BallastAnswer = {
        rssMb: process.memoryUsage().rss / 1e6 + (ballast[0] === 1 ? 0 : 1),
        helperMs: median(helper),
        directMs: median(direct),
      };
      process.send?.(answer);
    })();
  });
  await new Promise((resolve) => process.once('disconnect', resolve));
  await runner.dispose();
}
