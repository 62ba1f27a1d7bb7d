import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJournal } from '../../../src-main/git/kept/journal';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

const DAY_MS = 86_400_000;

async function setUp() {
  const commonDir = await temporaryDirectory();
  const location = { id: 'r-000000000000', name: 'project', root: commonDir, commonDir, isBare: false };
  const clock = createManualClock();
  const log = createSilentLog();
  const file = (operation: string) => join(commonDir, 'orchard/journal', `${operation}.jsonl`);
  const journal = createJournal({ clock, log });
  const begin = async (operation: string, data: unknown = null) => {
    const begun = await journal.begin(location, { operation, kind: 'spawn', data });
    if (!begun.ok) throw new Error(JSON.stringify(begun.error));
    return begun.value;
  };
  return { commonDir, location, clock, log, journal, begin, file };
}
const first = 'spawn-20261122190000-abcdef';
const second = 'merge-20261122190001-abcdef';

it('finds what was begun and not finished, with its steps in order', async () => {
  const { location, journal, begin, clock } = await setUp();
  const one = await begin(first, { path: '/a b/“c”', nested: [1] });
  clock.advance(5);
  await begin(second);
  await one.step('add', { branch: 'x\ny' });
  await one.step('copy');
  const unfinished = await journal.unfinished(location);
  expect(unfinished.map((record) => record.operation)).toEqual([first, second]);
  expect(unfinished[0]).toMatchObject({
    kind: 'spawn',
    data: { path: '/a b/“c”', nested: [1] },
    steps: [
      { step: 'add', data: { branch: 'x\ny' } },
      { step: 'copy', data: null },
    ],
  });
  expect(await journal.finished(location)).toEqual([]);
});

it('forgets nothing that is on the disk before the step', async () => {
  const { begin, file } = await setUp();
  const entry = await begin(first);
  await entry.step('add');
  expect(await readFile(file(first), 'utf8')).toContain('"step":"add"');
});

it('lists what was finished, newest first, for seven days', async () => {
  const { location, journal, begin, clock, file } = await setUp();
  await (await begin(first)).finish('rolled-back');
  clock.advance(DAY_MS);
  await (await begin(second)).finish('done');
  expect(await journal.unfinished(location)).toEqual([]);
  expect((await journal.finished(location)).map((one) => [one.operation, one.outcome])).toEqual([
    [second, 'done'],
    [first, 'rolled-back'],
  ]);
  clock.advance(6 * DAY_MS + 1);
  expect((await journal.finished(location)).map((one) => one.operation)).toEqual([second]);
  // The next operation sweeps; what is unfinished is never swept.
  const third = 'spawn-20261130000000-000000';
  await begin(third);
  clock.advance(30 * DAY_MS);
  await begin('spawn-20261230000000-000000');
  expect((await readdir(join(file(first), '..'))).sort()).toEqual([
    `${third}.jsonl`,
    'spawn-20261230000000-000000.jsonl',
  ]);
});

it('reads past a torn last line and goes on after it', async () => {
  const { location, journal, begin, file } = await setUp();
  const entry = await begin(first);
  await entry.step('add');
  await appendFile(file(first), '\n{"step":"co');
  const [found] = await journal.unfinished(location);
  expect(found?.steps.map((step) => step.step)).toEqual(['add']);
  await found?.entry.step('undo');
  await found?.entry.finish('rolled-back');
  expect((await journal.finished(location))[0]).toMatchObject({
    outcome: 'rolled-back',
    steps: [{ step: 'add' }, { step: 'undo' }],
  });
});

it('takes a file whose first line is torn as nothing begun', async () => {
  const { location, journal, begin, file } = await setUp();
  await begin(first);
  await truncate(file(first), 20);
  await writeFile(join(file(first), '..', 'notes.txt'), 'not ours');
  expect(await journal.unfinished(location)).toEqual([]);
});

it('never continues somebody else’s operation', async () => {
  const { location, journal, begin, file } = await setUp();
  await begin(first);
  const before = await readFile(file(first), 'utf8');
  expect(await journal.begin(location, { operation: first, kind: 'spawn', data: null })).toMatchObject({
    ok: false,
  });
  expect(await readFile(file(first), 'utf8')).toBe(before);
});
