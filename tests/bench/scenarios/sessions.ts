/** All sessions and their states, against asking Claude Code's own client. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSessionObserver } from '../../../src-main/claude/session-observer';
import { createProcesses } from '../../../src-main/system/processes';
import { installedClient } from '../../support/claude/client';
import { startRegistry } from '../claude-files';
import { benchLog, realClock } from '../product';
import { median, ms, notMeasured, pairedRatio, shownRow, times } from '../row';
import type { Scenario } from '../scenario';

const run = promisify(execFile);

export const measureSessions: Scenario = async (bench) => {
  const { sessions: count, rounds } = bench.sizes;
  const what = `Sessions: ${count} in the registry, against \`claude agents --json\``;
  const config = join(bench.scratch, 'claude');
  const cwd = join(bench.scratch, 'somewhere');
  await mkdir(cwd, { recursive: true });
  const registry = await startRegistry(config, count, () => cwd, bench.platform);
  const env = { ...process.env, CLAUDE_CONFIG_DIR: config };
  const ours: number[] = [];
  const theirs: number[] = [];
  let found = 0;
  let theirCount = 0;
  const client = await installedClient();
  try {
    for (let round = -1; round < rounds.l; round++) {
      const observer = createSessionObserver({
        env,
        platform: bench.platform,
        clock: realClock,
        log: benchLog,
        processes: createProcesses(bench.platform),
        watch: false,
      });
      observer.onSessions((sessions) => {
        found = sessions.filter(({ alive }) => alive).length;
      });
      const begun = performance.now();
      await observer.start();
      const tookMs = performance.now() - begun;
      await observer.dispose();
      let clientMs = 0;
      if (client !== null) {
        const since = performance.now();
        const { stdout } = await run(client, ['agents', '--json'], { cwd, env, maxBuffer: 1 << 26 });
        clientMs = performance.now() - since;
        const listed: unknown = JSON.parse(stdout);
        theirCount = Array.isArray(listed) ? listed.length : 0;
      }
      if (round < 0) continue;
      ours.push(tookMs);
      theirs.push(clientMs);
    }
  } finally {
    registry.end();
  }
  bench.row(
    client === null
      ? notMeasured(
          what,
          `ours ${ms(median(ours))} for ${found} sessions; the client is not installed (ORCHARD_CLAUDE_CLIENT)`,
        )
      : shownRow(
          what,
          `${times(pairedRatio(theirs, ours))} faster (${ms(median(ours))} for ${found} sessions : ${ms(median(theirs))} for ${theirCount})`,
        ),
  );
};
