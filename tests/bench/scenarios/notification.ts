/** From a change in the registry to the notification that is handed over. */
import { join } from 'node:path';
import { startRegistry } from '../claude-files';
import { makeFixture, makeRepository } from '../fixtures';
import { limitRow, median, ms, quantile } from '../row';
import type { Scenario } from '../scenario';
import { composeWhole } from '../whole-product';

const SESSIONS = 20;

export const measureNotification: Scenario = async (bench) => {
  const { worktrees } = await makeFixture(bench.fixtures, 'notification', (at) =>
    makeRepository(at, { worktrees: 4, files: 500, packages: 0 }),
  );
  const config = join(bench.scratch, 'claude');
  const registry = await startRegistry(
    config,
    SESSIONS,
    (n) => worktrees[n % worktrees.length] ?? '',
    bench.platform,
  );
  let handed = 0;
  let look: () => void = () => undefined;
  const orchard = await composeWhole(bench, {
    repositories: [worktrees[0] ?? ''],
    env: { CLAUDE_CONFIG_DIR: config },
    notifier: {
      notify() {
        handed++;
        look();
      },
      problem: null,
    },
  });
  const took: number[] = [];
  let missed = 0;
  try {
    await orchard.start();
    await orchard.settled();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (let n = 0; n < SESSIONS; n++) {
      const now = Date.now();
      const before = handed;
      const begun = performance.now();
      const arrived = new Promise<boolean>((resolve) => {
        const limit = setTimeout(() => resolve(false), 5_000);
        look = () => {
          if (handed === before) return;
          clearTimeout(limit);
          resolve(true);
        };
      });
      // Every other one is about a dialog that its transcript would tell of, and here never does: the slow way.
      await registry.write(
        n,
        n % 2 === 0
          ? { status: 'waiting', waitingFor: 'permission prompt', updatedAt: now, statusUpdatedAt: now }
          : { status: 'waiting', waitingFor: 'worker request', updatedAt: now, statusUpdatedAt: now },
      );
      if (await arrived) took.push(performance.now() - begun);
      else missed++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await orchard.dispose();
    registry.end();
  }
  const p95 = quantile(took, 0.95);
  bench.row(
    limitRow(
      `A registry change → notification handed over, ${SESSIONS} sessions`,
      `p95 ${ms(p95)}, median ${ms(median(took))}${missed > 0 ? `; ${missed} never came` : ''}`,
      'p95 ≤ 300 ms',
      p95 <= 300 && missed === 0,
    ),
  );
};
