import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFileLog } from '../../src-main/system/log';
import { temporaryDirectory } from '../support/temporary';

const at = Date.UTC(2026, 0, 5, 9, 0, 0);
const lines = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('every call becomes one JSON line, in order, readable by the owner only', async () => {
  const file = join(await temporaryDirectory(), 'log', 'orchard.log');
  const log = createFileLog({ file, now: () => at });
  log.info('one', { count: 1 });
  log.warn('two');
  await log.flush();
  expect(await lines(file)).toMatchObject([
    { at: '2026-01-05T09:00:00.000Z', level: 'info', event: 'one', count: 1 },
    { level: 'warn', event: 'two' },
  ]);
  if (process.platform !== 'win32') {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);
  }
});

test('a bug is logged whole under the reference that a person is shown', async () => {
  const file = join(await temporaryDirectory(), 'orchard.log');
  const log = createFileLog({ file, now: () => at });
  const reference = log.bug(
    'handler.threw',
    new Error('outer', { cause: new TypeError('inner\nsecond line') }),
  );
  await log.flush();
  expect(reference).toMatch(/^B-[0-9a-f]{8}$/);
  const [entry] = await lines(file);
  expect(entry).toMatchObject({
    level: 'bug',
    reference,
    error: { message: 'outer', cause: { name: 'TypeError', message: 'inner\nsecond line' } },
  });
});

test('what JSON can not hold is said in words, and a huge line is cut', async () => {
  const file = join(await temporaryDirectory(), 'orchard.log');
  const log = createFileLog({ file, now: () => at });
  const round: Record<string, unknown> = { big: 10n };
  round.self = round;
  log.info('odd', { round });
  log.info('huge', { text: 'x'.repeat(1_000_000) });
  await log.flush();
  const [odd, huge] = await lines(file);
  expect(odd).toMatchObject({ round: { big: '10n', self: '[circular]' } });
  expect(huge?.event).toBe('huge');
  expect(JSON.stringify(huge).length).toBeLessThan(70_000);
});

test('a full file is put aside and only the newest are kept', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'orchard.log');
  let now = at;
  const log = createFileLog({ file, now: () => now, maxBytes: 200, keep: 2 });
  for (let i = 0; i < 8; i++) {
    now += 1_000;
    log.info('line', { i, filler: 'y'.repeat(200) });
    await log.flush();
  }
  const files = (await readdir(directory)).sort();
  expect(files).toHaveLength(3);
  expect(files).toContain('orchard.log');
  expect((await lines(file)).map((line) => line.i)).toEqual([7]);
});

test('two processes that write and rotate at once lose no line', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'orchard.log');
  const logs = [0, 1, 2].map(() => createFileLog({ file, now: () => at, maxBytes: 2_000, keep: 1_000 }));
  for (let i = 0; i < 50; i++)
    await Promise.all(
      logs.map((log, who) => {
        log.info('line', { who, i });
        return log.flush();
      }),
    );
  const all = await Promise.all((await readdir(directory)).map((name) => lines(join(directory, name))));
  expect(new Set(all.flat().map((line) => `${line.who}:${line.i}`)).size).toBe(150);
});

test('a log that can not be written says why and never throws', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'file'), '');
  const log = createFileLog({ file: join(directory, 'file', 'orchard.log'), now: () => at });
  log.info('lost');
  await log.flush();
  expect(log.problem).toMatch(/ENOTDIR|EEXIST/);
});
