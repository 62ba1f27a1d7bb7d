import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  bash,
  type ClaudeWorld,
  createClaudeWorld,
  createGate,
  missingForSessions,
  say,
} from '../support/claude';
import { poll } from '../support/poll';

let claude: ClaudeWorld | null = null;
beforeAll(async () => {
  claude = await createClaudeWorld();
});
afterAll(() => claude?.dispose());

test('the harness plays a whole conversation with the real client', async (ctx) => {
  if (claude === null) return ctx.skip((await missingForSessions()) ?? '');
  const repository = await claude.sandbox.repository('a shop');
  const gate = createGate();
  claude.api.script('make a file', [bash('touch made.txt', {}, { after: gate.opened }), say('Made it.')]);
  claude.api.script('paint it', [ask('Which colour?', ['red', 'blue']), say('Painted.')]);

  const session = await claude.start({ directory: repository, prompt: 'make a file' });
  await poll(session.registry, (file) => file?.status === 'busy', { what: 'a running turn' });
  gate.open();
  await session.answer('Enter');
  await session.shows('Made it.');
  expect(await claude.sandbox.git(repository, 'status', '--porcelain')).toBe('?? made.txt');

  await session.prompt('paint it');
  await session.answer('Enter');
  await session.shows('Painted.');
  expect(new Set(claude.api.asked)).toEqual(new Set(['make a file', 'paint it']));

  await session.exit();
  expect(await session.registry()).toBeNull();
});
