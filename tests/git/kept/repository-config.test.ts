import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../src-main/contract/failure-texts';
import { createRepositoryConfigs } from '../../../src-main/git/facts/repository-config';
import { locationOf } from '../../support/spawner';
import { temporaryDirectory } from '../../support/temporary';

async function read(content: string | null) {
  const root = await temporaryDirectory();
  if (content !== null) await writeFile(join(root, '.orchard.json'), content);
  return createRepositoryConfigs({ sourceOf: async () => root }).read(locationOf(root));
}

describe('.orchard.json', () => {
  it('may be missing, or have no worktree to be in', async () => {
    const nothing = { setup: null, validate: [], teardown: null, copy: [], base: null, branchPrefix: null };
    expect(await read(null)).toEqual({ ok: true, value: nothing });
    const configs = createRepositoryConfigs({ sourceOf: async () => null });
    expect(await configs.read(locationOf('/bare', true))).toEqual({ ok: true, value: nothing });
  });

  it('takes what it knows and overlooks what it doesn’t', async () => {
    const content = {
      setup: 'npm ci',
      validate: 'npm test',
      copy: ['node_modules/'],
      base: 'develop',
      branchPrefix: 'wip/',
      future: { anything: true },
    };
    expect(await read(`\uFEFF${JSON.stringify(content)}`)).toEqual({
      ok: true,
      value: {
        setup: 'npm ci',
        validate: ['npm test'],
        teardown: null,
        copy: ['node_modules/'],
        base: 'develop',
        branchPrefix: 'wip/',
      },
    });
    expect(await read('{"validate": ["a", "b"], "setup": null}')).toMatchObject({
      ok: true,
      value: { validate: ['a', 'b'], setup: null },
    });
  });

  it.each([
    ['{"setup": ["npm ci"]}', 'setup must be a text'],
    ['{"setup": "  "}', 'setup must not be empty'],
    ['{"validate": ["a", 1]}', 'validate must be a text or a list of texts'],
    ['{"validate": 1}', 'validate must be a text or a list of texts'],
    ['{"copy": "node_modules"}', 'copy must be a list of patterns'],
    ['{"copy": ["ok", "a\\nb"]}', 'copy.1 must be one line that is not empty'],
    ['{"base": "-x"}', 'base must not be empty or start with a dash'],
    ['{"branchPrefix": "a\\u0000"}', 'branchPrefix has a control character in it'],
    ['[]', 'It must be an object'],
    ['"text"', 'It must be an object'],
    ['{\n  "setup": "a",\n  oops\n}', 'It is not valid JSON (line 3)'],
    [`{"setup": "${'x'.repeat(70_000)}"}`, 'It is longer than 64 KB'],
  ])('%s is refused by its field', async (content, problem) => {
    expect(await read(content)).toMatchObject({
      ok: false,
      error: { kind: 'invalid-orchard-json', problem, path: expect.stringContaining('.orchard.json') },
    });
  });

  it('never echoes what is in the file', async () => {
    const result = await read('root:x:0:0:secret');
    if (result.ok) throw new Error('taken');
    expect(JSON.stringify(describeFailure(result.error))).not.toContain('secret');
  });

  it('is not read when it is no file', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, '.orchard.json'));
    const configs = createRepositoryConfigs({ sourceOf: async () => root });
    expect(await configs.read(locationOf(root))).toMatchObject({ error: { problem: 'It is no file' } });
  });
});
