import { link, lstat, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AGAIN_MS, createDiskUsage, FIRST_LOOK_MS } from '../../src-main/system/disk-usage';
import { createManualClock } from '../support/manual-clock';
import { poll } from '../support/poll';
import { createSilentLog } from '../support/silent-log';
import { temporaryDirectory } from '../support/temporary';
import { repositoryFacts, worktreeFacts } from '../support/views';

const style = { separator: '/', caseSensitive: true } as const;

async function setUp() {
  const root = await temporaryDirectory();
  const path = join(root, 'tree');
  await mkdir(join(path, 'src'), { recursive: true });
  const clock = createManualClock();
  const log = createSilentLog();
  const file = join(root, 'cache/disk-usage.json');
  const told: { readonly worktree: string; readonly bytes: number }[] = [];
  const open = () => {
    const usage = createDiskUsage({ file, style, clock, log });
    usage.onUsage((worktree, bytes) => told.push({ worktree, bytes }));
    onTestFinished(() => usage.dispose());
    return usage;
  };
  const facts = (change: object = {}, more: readonly ReturnType<typeof worktreeFacts>[] = []) =>
    repositoryFacts([worktreeFacts({ id: 'w-000000000001', path, lastActivityAt: 1, ...change }), ...more]);
  /** Turns the hands in small steps until something was told. */
  const until = (count: number) =>
    poll(
      () => {
        clock.advance(50);
        return told.length;
      },
      (found) => found === count,
      { everyMs: 1, what: `${count} sizes` },
    );
  const sizeOf = async (name: string) => (await lstat(join(path, name))).blocks * 512;
  return { root, path, clock, log, file, told, open, facts, until, sizeOf };
}

test('what removing a worktree would free: blocks, names once, nothing that lives elsewhere too', async () => {
  const { root, path, clock, told, open, facts, until, sizeOf } = await setUp();
  await writeFile(join(path, 'src/one.bin'), Buffer.alloc(300_000, 1));
  await link(join(path, 'src/one.bin'), join(path, 'src/same.bin'));
  await writeFile(join(root, 'store.bin'), Buffer.alloc(500_000, 1));
  await link(join(root, 'store.bin'), join(path, 'src/linked.bin'));
  // A hole takes no blocks.
  await writeFile(join(path, 'sparse.bin'), 'x');
  await truncate(join(path, 'sparse.bin'), 50_000_000);
  // Another worktree inside it has a row of its own; a main worktree's `.git` is everybody's.
  await mkdir(join(path, 'nested'));
  await writeFile(join(path, 'nested/big.bin'), Buffer.alloc(400_000, 1));
  await mkdir(join(path, '.git'));
  await writeFile(join(path, '.git/pack'), Buffer.alloc(400_000, 1));
  const usage = open();
  usage.observe(
    facts({ isMain: true }, [
      worktreeFacts({ id: 'w-000000000002', path: join(path, 'nested'), missing: true }),
    ]),
  );
  clock.advance(FIRST_LOOK_MS - 1_000);
  expect(told).toEqual([]);
  await until(1);
  const expected =
    (await sizeOf('.')) +
    (await sizeOf('src')) +
    (await sizeOf('src/one.bin')) +
    (await sizeOf('sparse.bin'));
  expect(told).toEqual([{ worktree: 'w-000000000001', bytes: expected }]);
  expect(expected).toBeLessThan(400_000);
});

test('it is looked at again when something happened there, an hour later at the soonest', async () => {
  const { path, clock, told, open, facts, until } = await setUp();
  const usage = open();
  usage.observe(facts());
  await until(1);
  await writeFile(join(path, 'more.bin'), Buffer.alloc(300_000, 1));
  usage.observe(facts());
  clock.advance(2 * AGAIN_MS);
  expect(clock.pending()).toBe(0);
  expect(told).toHaveLength(1);
  usage.observe(facts({ lastActivityAt: 2 }));
  await until(2);
  expect(told[1]?.bytes).toBeGreaterThan((told[0]?.bytes ?? 0) + 290_000);
});

test('a second start tells what was found, and looks at nothing that did not change', async () => {
  const { clock, file, log, told, open, facts, until } = await setUp();
  const first = open();
  first.observe(facts());
  await until(1);
  await poll(
    () => readFile(file, 'utf8').catch(() => ''),
    (text) => text.includes('w-000000000001'),
  );
  first.dispose();
  const second = open();
  second.observe(facts());
  await poll(
    () => told.length,
    (count) => count === 2,
  );
  expect(told[1]).toEqual(told[0]);
  expect(clock.pending()).toBe(0);
  second.dispose();

  await writeFile(file, 'not json');
  const third = open();
  third.observe(facts());
  await until(3);
  expect(log.lines.map(({ event }) => event)).toEqual(['disk-usage.read']);
});
