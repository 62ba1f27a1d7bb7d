import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundle } from '../support/bundle';
import { temporaryDirectory } from '../support/temporary';

const run = promisify(execFile);

test('four processes that change settings and ledger at once lose nothing of each other', async () => {
  const directory = await temporaryDirectory();
  const script = await bundle('tests/support/children/settings-writer.ts', join(directory, 'script'));
  const config = join(directory, 'config');
  const names = ['ada', 'ben', 'cem', 'dia'];
  const times = 25;
  await Promise.all(names.map((name) => run(process.execPath, [script, config, name, String(times)])));

  const settings = JSON.parse(await readFile(join(config, 'settings.json'), 'utf8'));
  const expected = names.flatMap((name) => Array.from({ length: times }, (_, turn) => `/${name}/${turn}`));
  expect([...settings.repositories.added].sort()).toEqual([...expected].sort());
  // Each one's own changes are in the order in which it made them.
  for (const name of names)
    expect(settings.repositories.added.filter((path: string) => path.startsWith(`/${name}/`))).toEqual(
      Array.from({ length: times }, (_, turn) => `/${name}/${turn}`),
    );
  const ledger = JSON.parse(await readFile(join(config, 'sessions.json'), 'utf8'));
  expect(Object.keys(ledger.sessions)).toHaveLength(names.length * times);
  expect((await readdir(config)).sort()).toEqual(['sessions.json', 'settings.json']);
});
