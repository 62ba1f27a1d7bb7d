/** What watching costs while nothing happens: the whole product, its helper and what they started. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry } from '../claude-files';
import { used } from '../cpu-time';
import { makeFixture, makeRepository } from '../fixtures';
import { limitRow, median, notMeasured } from '../row';
import type { Scenario } from '../scenario';
import { composeWhole } from '../whole-product';

/** Windows that are looked at one by one; most of them fall between two verify passes. */
const WINDOW_MS = 5_000;
const SESSIONS = 20;

async function childrenOf(pid: number, name: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const list = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    for (const child of list.trim().split(' ').filter(Boolean)) {
      const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(name)) found.push(Number(child));
    }
  }
  return found;
}

export const measureIdle: Scenario = async (bench) => {
  const what = 'Nothing changed';
  if (bench.platform !== 'linux') {
    bench.row(notMeasured(what, 'measured on Linux only', '≤ 0.1 % of a core, ≤ 0.3 % with verify passes'));
    return;
  }
  const { m, idleSeconds } = bench.sizes;
  const { worktrees } = await makeFixture(bench.fixtures, `m-${m.worktrees}x${m.files}`, (at) =>
    makeRepository(at, { ...m, packages: 60 }),
  );
  const config = join(bench.scratch, 'claude');
  const registry = await startRegistry(
    config,
    SESSIONS,
    (n) => worktrees[n % worktrees.length] ?? '',
    bench.platform,
  );
  const orchard = await composeWhole(bench, {
    repositories: [worktrees[0] ?? ''],
    notifier: null,
    env: { CLAUDE_CONFIG_DIR: config },
  });
  try {
    await orchard.start();
    await orchard.settled();
    // Sizes on disk are found out once; that is no idling yet.
    const since = performance.now();
    const sized = () =>
      orchard
        .snapshot()
        .repositories.every((one) => one.worktrees.every(({ diskBytes }) => diskBytes !== null));
    while (!sized() && performance.now() - since < 180_000)
      await new Promise((resolve) => setTimeout(resolve, 250));
    const sizedMs = performance.now() - since;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const family = [process.pid, ...(await childrenOf(process.pid, 'git-helper'))];
    const before = used(family);
    let snapshots = 0;
    orchard.onSnapshot(() => snapshots++);
    const begun = performance.now();
    const shares: number[] = [];
    for (let last = before, at = begun; performance.now() - begun < idleSeconds * 1000; ) {
      await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
      const now = used(family);
      shares.push(((now.ownMs - last.ownMs) / (performance.now() - at)) * 100);
      last = now;
      at = performance.now();
    }
    const after = used(family);
    const elapsedMs = performance.now() - begun;
    const between = median(shares);
    const all = ((after.ownMs + after.childrenMs - before.ownMs - before.childrenMs) / elapsedMs) * 100;
    bench.row(
      limitRow(
        `${what} for ${idleSeconds} s, ${worktrees.length} worktrees and ${SESSIONS} sessions (a verify pass every 30 s at most)`,
        `${between.toFixed(2)} % of a core between verify passes (the median of windows of ${WINDOW_MS / 1000} s), ${all.toFixed(2)} % with them and their git processes; ${snapshots} snapshots (sizes on disk were known ${Math.round(sizedMs / 1000)} s after the start)`,
        '≤ 0.1 % between, ≤ 0.3 % with them',
        between <= 0.1 && all <= 0.3,
      ),
    );
  } finally {
    await orchard.dispose();
    registry.end();
  }
};
