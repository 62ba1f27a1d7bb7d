import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Clock } from '../../src-main/engine/ports';
import { createSessionLedger } from '../../src-main/settings/session-ledger';
import { createFileLock } from '../../src-main/system/file-lock';
import { linuxProcesses } from '../support/linux-processes';
import { poll } from '../support/poll';
import { realClock } from '../support/real-clock';
import { createSilentLog } from '../support/silent-log';
import { temporaryDirectory } from '../support/temporary';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function setUp() {
  const file = join(await temporaryDirectory(), 'state', 'sessions.json');
  const log = createSilentLog();
  const hands = { now: Date.UTC(2026, 0, 5) };
  const clock: Clock = { ...realClock, now: () => hands.now };
  const lock = createFileLock({ processes: linuxProcesses, clock: realClock, log });
  const open = (watch = false) => createSessionLedger({ file, lock, clock, log, watch });
  return { file, log, hands, open };
}

test('nothing is remembered at first, and what one process writes another reads', async () => {
  const { open } = await setUp();
  expect(await open().read()).toEqual({});
  await open().write({ 'one:1': { firstSeenAt: 5, seenAt: null } });
  expect(await open().read()).toEqual({ 'one:1': { firstSeenAt: 5, seenAt: null } });
});

test('the earliest first sight and the latest look win, whoever writes last', async () => {
  const { open } = await setUp();
  await open().write({ a: { firstSeenAt: 5, seenAt: 20 }, b: { firstSeenAt: 7, seenAt: null } });
  await open().write({ a: { firstSeenAt: 9, seenAt: null } });
  await open().write({ a: { firstSeenAt: 6, seenAt: 15 } });
  expect(await open().read()).toEqual({
    a: { firstSeenAt: 5, seenAt: 20 },
    b: { firstSeenAt: 7, seenAt: null },
  });
});

test('a session that was not met for 7 days is forgotten; one that was stays', async () => {
  const { open, hands } = await setUp();
  const ledger = open();
  await ledger.write({ old: { firstSeenAt: 1, seenAt: null }, kept: { firstSeenAt: 2, seenAt: null } });
  hands.now += 5 * DAY;
  await ledger.write({ kept: { firstSeenAt: 2, seenAt: null } });
  hands.now += 3 * DAY;
  await ledger.write({ fresh: { firstSeenAt: 3, seenAt: null } });
  expect(Object.keys(await ledger.read()).sort()).toEqual(['fresh', 'kept']);
});

test('saying the same again does not touch the file, until an hour has passed', async () => {
  const { open, hands, file } = await setUp();
  const ledger = open();
  const same = { a: { firstSeenAt: 1, seenAt: 2 } };
  await ledger.write(same);
  const before = await readFile(file, 'utf8');
  hands.now += HOUR / 2;
  await ledger.write(same);
  expect(await readFile(file, 'utf8')).toBe(before);
  hands.now += HOUR;
  await ledger.write(same);
  expect(await readFile(file, 'utf8')).not.toBe(before);
});

test('a damaged file starts anew and is kept aside', async () => {
  const { open, file, log } = await setUp();
  await open().write({ a: { firstSeenAt: 1, seenAt: null } });
  await writeFile(file, '{"version":1,"sess');
  expect(await open().read()).toEqual({});
  await open().write({ b: { firstSeenAt: 2, seenAt: null } });
  expect(await open().read()).toEqual({ b: { firstSeenAt: 2, seenAt: null } });
  expect((await readdir(join(file, '..'))).sort()).toEqual([
    'sessions.json',
    expect.stringMatching(/^sessions\.set-aside-20260105-000000-[0-9a-f]{4}\.json$/),
  ]);
  expect(log.lines.map((line) => line.event)).toContain('ledger.set-aside');
});

test("another process's write is told, an own one is not", async () => {
  const { open } = await setUp();
  const mine = open(true);
  let told = 0;
  mine.onChange(() => {
    told++;
  });
  await mine.write({ a: { firstSeenAt: 1, seenAt: null } });
  await open().write({ a: { firstSeenAt: 1, seenAt: 9 } });
  await poll(
    () => told,
    (count) => count > 0,
  );
  expect(told).toBe(1);
  expect(await mine.read()).toEqual({ a: { firstSeenAt: 1, seenAt: 9 } });
  mine.dispose();
});
