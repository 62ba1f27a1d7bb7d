/** Before each test of the project that runs on a newer git: skips by name where none was fetched. */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { beforeEach } from 'vitest';

const [directory = ''] = (process.env.PATH ?? '').split(delimiter);

beforeEach((ctx) => {
  if (!existsSync(`${directory}/git`))
    ctx.skip('a newer git is not here (node tests/support/git/fetch-newer-git.mjs fetches one)');
});
