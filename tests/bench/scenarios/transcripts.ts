/** What all sessions are doing, from their transcripts. */
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTailFold } from '../../../src-main/claude/transcript-tail';
import { createTranscripts } from '../../../src-main/claude/transcripts';
import { makeFixture, makeTranscripts } from '../fixtures';
import { benchLog, realClock } from '../product';
import { limitRow, median, ms, times } from '../row';
import type { Scenario } from '../scenario';

const APPENDS = 30;

export const measureTranscripts: Scenario = async (bench) => {
  const shape = bench.sizes.transcripts;
  const cwd = '/work/of/the/bench';
  const made = await makeFixture(bench.fixtures, `transcripts-${shape.count}x${shape.bytes}`, (at) =>
    makeTranscripts(at, cwd, shape),
  );
  const followed = made.sessions.map((sessionId) => ({ sessionId, directories: [cwd] }));
  const create = (watch: boolean) =>
    createTranscripts({ projects: made.projects, clock: realClock, log: benchLog, watch });

  globalThis.gc?.();
  const before = process.resourceUsage().maxRSS;
  const first = create(false);
  const begun = performance.now();
  await first.follow(followed);
  const tookMs = [performance.now() - begun];
  // The highest that it ever was, in kilobytes: https://nodejs.org/docs/latest-v20.x/api/process.html#processresourceusage
  const grownMb = (process.resourceUsage().maxRSS - before) / 1024;
  const answers = new Map(made.sessions.map((id) => [id, JSON.stringify(first.tail(id))]));
  first.dispose();
  for (let round = 1; round < bench.sizes.rounds.l; round++) {
    const again = create(false);
    const since = performance.now();
    await again.follow(followed);
    tookMs.push(performance.now() - since);
    again.dispose();
  }

  const [directory = ''] = await readdir(made.projects);
  let same = 0;
  let parseMs = 0;
  for (const id of made.sessions) {
    const file = join(made.projects, directory, `${id}.jsonl`);
    const since = performance.now();
    const fold = createTailFold();
    for (const line of (await readFile(file, 'utf8')).split('\n')) if (line !== '') fold.add(line);
    const whole = JSON.stringify(fold.tail());
    parseMs += performance.now() - since;
    if (whole === answers.get(id)) same++;
  }
  const ratio = parseMs / median(tookMs);
  bench.row(
    limitRow(
      `Transcripts: state of all ${shape.count} (${Math.round(made.bytes / 1e6)} MB), nothing read before, against parsing them`,
      `${times(ratio)} faster (${ms(median(tookMs))} : ${ms(parseMs)}), ${same} answers the same`,
      '≥ 100 ×, all the same',
      ratio >= 100 && same === made.sessions.length,
    ),
  );
  bench.row(
    limitRow(
      'Transcripts: memory at most while the first look lasts, more than before',
      `${grownMb.toFixed(1)} MB`,
      '≤ 10 MB',
      grownMb <= 10,
    ),
  );

  const watching = create(true);
  await watching.follow(followed);
  const delays: number[] = [];
  for (let n = 0; n < APPENDS; n++) {
    const id = made.sessions[n % made.sessions.length] ?? '';
    const told = new Promise<number>((resolve) => {
      const stop = watching.onChange((changed) => {
        if (changed !== id) return;
        stop();
        resolve(performance.now());
      });
    });
    const line = {
      type: 'user',
      cwd,
      sessionId: id,
      timestamp: new Date().toISOString(),
      message: { role: 'user', content: `more ${n}` },
    };
    await appendFile(join(made.projects, directory, `${id}.jsonl`), `${JSON.stringify(line)}\n`);
    const written = performance.now();
    delays.push(Math.max(0, (await told) - written));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  watching.dispose();
  bench.row(
    limitRow('Transcripts: a line appended → state', ms(median(delays)), '≤ 5 ms', median(delays) <= 5),
  );
};
