/**
 * Hours of the whole product by its own clock, with real files, real git and everything switched on:
 * edits, commits, colliding worktrees, a session whose turns are announced. Memory stays where it is.
 */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { transcriptDirectoryName } from '../../../src-main/claude/places';
import { createProcesses } from '../../../src-main/system/processes';
import { poll } from '../../support/poll';
import { createSandbox } from '../../support/repositories';
import { startProduct } from '../../support/whole-product';

const long = process.env.ORCHARD_LONG !== undefined;
/** Eight hours of half minutes with a hundred changes each, or twenty minutes. */
const STEPS = long ? 960 : 40;
const WRITES_A_STEP = 105;
const FLAT_BYTES = 3_000_000;

const SESSION = '11111111-2222-4333-8444-555555555555';

test('memory is flat over hours of work in every part of the product', async () => {
  const sandbox = await createSandbox();
  const main = await sandbox.repository();
  await sandbox.commit(
    main,
    Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`src/d${n % 10}/file${n}.txt`, `${n}\n`])),
  );
  const side = await sandbox.worktree(main, join(sandbox.root, 'side'), 'side');
  const other = await sandbox.worktree(main, join(sandbox.root, 'other'), 'other');

  // A session of this very process: it is alive as long as the test is.
  const config = join(sandbox.home, '.claude');
  const transcript = join(config, 'projects', transcriptDirectoryName(side).name, `${SESSION}.jsonl`);
  await mkdir(join(config, 'sessions'), { recursive: true });
  await mkdir(join(transcript, '..'), { recursive: true });
  const procStart = (await createProcesses('linux').startTimes([process.pid])).get(process.pid);
  const startedAt = Date.now() - 60_000;
  const session = (status: 'busy' | 'idle', at: number) =>
    writeFile(
      join(config, 'sessions', `${process.pid}.json`),
      JSON.stringify({
        pid: process.pid,
        sessionId: SESSION,
        cwd: side,
        startedAt,
        procStart,
        version: '2.1.330',
        kind: 'interactive',
        entrypoint: 'cli',
        status,
        updatedAt: at,
        statusUpdatedAt: at,
      }),
    );
  const line = (type: 'user' | 'assistant', at: number, message: object) =>
    appendFile(
      transcript,
      `${JSON.stringify({ type, message, cwd: side, sessionId: SESSION, timestamp: new Date(at).toISOString() })}\n`,
    );
  await session('idle', startedAt);

  const product = await startProduct(sandbox);
  await product.ask('start', { repositories: [main], clock: 'manual' });
  let now = Date.now();
  const advance = async (ms: number) => {
    now += ms;
    return product.ask('advance', { ms });
  };
  await advance(5_000);

  const heaps: { readonly at: number; readonly heap: Awaited<ReturnType<typeof sample>> }[] = [];
  const sample = () => product.ask('heap');
  for (let step = 0; step < STEPS; step++) {
    await session('busy', now);
    await line('user', now, { content: `Do number ${step}.` });
    const writes = Array.from({ length: WRITES_A_STEP }, (_, n) => {
      // The same files of two worktrees again and again: what there is to know stays as much as it was.
      const file = Math.floor(n / 2);
      const text = `${step} ${n % 2 === 0 ? 'side' : 'other'}\n`;
      return writeFile(join(n % 2 === 0 ? side : other, `src/d${file % 10}/file${file}.txt`), text);
    });
    await Promise.all(writes);
    await advance(200);
    if (step % 5 === 0) await sandbox.git(step % 2 === 0 ? side : other, 'commit', '-qam', `step ${step}`);
    await advance(14_800);
    await line('assistant', now, {
      content: [{ type: 'text', text: `Number ${step} is done.` }],
      stop_reason: 'end_turn',
    });
    await session('idle', now);
    await advance(500);
    await advance(14_500);
    if ((step + 1) % Math.ceil(STEPS / 10) === 0) heaps.push({ at: step, heap: await sample() });
  }
  // It was all really there.
  const rows = await poll(
    async () => {
      await advance(1_000);
      const { repositories } = await product.ask('snapshot');
      return repositories[0]?.worktrees ?? [];
    },
    (all) => all.filter(({ collisions }) => collisions.length > 0).length === 2,
    { what: 'collisions on both rows', limitMs: 30_000 },
  );
  expect(rows.find(({ path }) => path === side)).toMatchObject({
    watched: 'files',
    sessions: [{ lastMessage: `Number ${STEPS - 1} is done.` }],
  });
  expect(rows.every(({ diskBytes }) => diskBytes !== null)).toBe(true);
  const { notified, snapshots } = await sample();
  expect(notified).toBeGreaterThan(STEPS / 2);
  expect(snapshots).toBeGreaterThan(2 * STEPS);

  const [, , early] = heaps;
  const late = heaps.at(-1);
  const told = JSON.stringify(heaps.map(({ heap }) => Math.round(heap.heapBytes / 1e4) / 100));
  expect((late?.heap.heapBytes ?? 0) - (early?.heap.heapBytes ?? 0), `heap in MB: ${told}`).toBeLessThan(
    FLAT_BYTES,
  );
  expect((late?.heap.outsideBytes ?? 0) - (early?.heap.outsideBytes ?? 0)).toBeLessThan(FLAT_BYTES);
  await product.ask('end');
});
