import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { judgePast } from '../../src-main/domain/session-state';
import {
  ask,
  bash,
  type ClaudeWorld,
  createClaudeWorld,
  createGate,
  missingForSessions,
  rateLimited,
  say,
  serverError,
} from '../support/claude';
import { followPace, p95 } from '../support/pace';
import { poll } from '../support/poll';
import { hasReason, lookOnce, type ObservedSessions, observeSessions } from './observed';

let world: { claude: ClaudeWorld; observed: ObservedSessions } | null = null;
beforeAll(async () => {
  const claude = await createClaudeWorld();
  world = claude === null ? null : { claude, observed: await observeSessions(claude) };
});
afterAll(async () => {
  await world?.observed.dispose();
  await world?.claude.dispose();
  expect(world?.observed.bugs ?? []).toEqual([]);
});

async function needWorld(ctx: TestContext) {
  if (world === null) return ctx.skip((await missingForSessions()) ?? 'no sessions can be started');
  return world;
}

test('working → needs permission → working → done → idle once seen', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('permission');
  const [first, second] = [createGate(), createGate()];
  claude.api.script('make the file', [
    bash('touch made.txt', {}, { after: first.opened }),
    say('Made the file. It is empty.', { after: second.opened }),
  ]);
  const session = await claude.start({ directory: repository, prompt: 'make the file' });
  const working = await observed.reaches(session, 'working');
  expect(working).toMatchObject({ attention: 'none', evidence: 'registry: busy' });

  first.open();
  expect(await observed.reaches(session, 'needs-permission', hasReason)).toMatchObject({
    attention: 'needs-you',
    reason: 'Bash: touch made.txt',
    evidence: 'registry: waiting, permission prompt',
  });
  await session.answer('Enter');
  // Since the prompt, not since the permission: it is the same turn.
  expect((await observed.reaches(session, 'working')).since).toBeLessThanOrEqual(working.since);

  second.open();
  expect(await observed.reaches(session, 'done')).toMatchObject({
    attention: 'look',
    lastMessage: 'Made the file. It is empty.',
  });
  observed.see(session);
  expect(await observed.reaches(session, 'idle')).toMatchObject({ attention: 'none' });
  // On a machine that is very busy the client writes how the turn ended long after that it did.
  expect(observed.states(session).join(' → ')).toMatch(
    /^(starting → )?(idle → )?working → needs-permission → working → (idle → )?done → idle$/,
  );
  expect(observed.active).toContain(repository);
  expect(observed.facts(session)).toMatchObject({ cwd: repository, alive: true, version: '2.1.330' });
});

test('a question says what it asks, and its answer goes on', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('question');
  claude.api.script('paint it', [ask('Which colour?', ['red', 'blue']), say('Painted.')]);
  const session = await claude.start({ directory: repository, prompt: 'paint it' });
  expect(await observed.reaches(session, 'needs-answer', hasReason)).toMatchObject({
    attention: 'needs-you',
    reason: 'Which colour?',
  });
  await session.answer('Enter');
  expect(await observed.reaches(session, 'done')).toMatchObject({ lastMessage: 'Painted.' });
});

test('a rate limit and a server error say so until the next turn, and are never done', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('limits');
  claude.api.script('too much', [rateLimited()]);
  claude.api.script('break down', [serverError()]);
  claude.api.script('try again', [say('Better.')]);
  const session = await claude.start({ directory: repository, prompt: 'too much' });
  const limited = await observed.reaches(session, 'limited');
  expect(limited.attention).toBe('needs-you');
  expect(limited.reason).toMatch(/429|rate limit/i);

  await session.prompt('break down');
  const failed = await observed.reaches(session, 'failed');
  expect(failed.reason).toMatch(/500/);
  expect(observed.states(session)).not.toContain('done');

  await session.prompt('try again');
  expect((await observed.reaches(session, 'done')).lastMessage).toBe('Better.');
});

test('/clear keeps the row and leaves nothing to look at', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('clear');
  claude.api.script('say hello', [say('Hello.')]);
  const session = await claude.start({ directory: repository, prompt: 'say hello' });
  await observed.reaches(session, 'done');
  const before = observed.facts(session);
  await session.prompt('/clear');
  const after = await poll(
    () => observed.facts(session),
    (facts) => facts?.sessionId !== before?.sessionId,
    { what: 'the new conversation' },
  );
  expect(after?.key).toBe(before?.key);
  await observed.reaches(session, 'idle');
  // The conversation that was cleared is a past one now.
  expect(await observed.observer.pastConversation(repository)).toMatchObject({
    sessionId: before?.sessionId,
    lastMessage: 'Hello.',
  });
});

test('Esc is idle at once, before the first word and at a permission dialog', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('escape');
  const never = createGate();
  claude.api.script('think long', [say('never', { after: never.opened })]);
  claude.api.script('delete all', [bash('rm -rf nothing')]);
  const session = await claude.start({ directory: repository, prompt: 'think long' });
  await observed.reaches(session, 'working');
  await session.shows('esc to interrupt');
  await session.press('Escape');
  await observed.reaches(session, 'idle');

  // Esc put the prompt back into the input line.
  await session.press('C-u');
  await session.prompt('delete all');
  await observed.reaches(session, 'needs-permission');
  await session.answer('Escape');
  await observed.reaches(session, 'idle');
  expect(observed.states(session)).not.toContain('done');
  never.open();
});

test('kill -9 is a crash until seen', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('crash');
  const never = createGate();
  claude.api.script('work on', [say('never', { after: never.opened })]);
  const session = await claude.start({ directory: repository, prompt: 'work on' });
  await observed.reaches(session, 'working');
  session.kill();
  expect(await observed.reaches(session, 'crashed')).toMatchObject({
    attention: 'look',
    evidence: `process ${session.pid} is gone, its registry file is still there`,
  });
  observed.see(session);
  expect(observed.verdict(session)).toMatchObject({ state: 'crashed', attention: 'none' });
  expect(observed.states(session).at(-1)).toBe('crashed');
  never.open();
});

test('two sessions in one worktree, one in a nested worktree, one in no repository', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('many rows');
  const nested = join(repository, '.claude/worktrees/deep');
  await claude.sandbox.worktree(repository, nested, 'worktree-deep');
  const nowhere = join(claude.sandbox.root, 'nö repository');
  await claude.sandbox.write(join(nowhere, 'notes.txt'), 'x');
  claude.api.script('wait here', [bash('touch x')]);
  const [one, two, deep, elsewhere] = await Promise.all([
    claude.start({ directory: repository, prompt: 'wait here' }),
    claude.start({ directory: repository }),
    claude.start({ directory: nested, prompt: 'wait here' }),
    claude.start({ directory: nowhere, prompt: 'wait here' }),
  ]);
  for (const session of [one, deep, elsewhere])
    expect((await observed.reaches(session, 'needs-permission', hasReason)).reason).toBe('Bash: touch x');
  expect(await observed.reaches(two, 'idle')).toMatchObject({ attention: 'none' });
  expect(observed.facts(one)?.cwd).toBe(repository);
  expect(observed.facts(two)?.cwd).toBe(repository);
  expect(observed.facts(one)?.key).not.toBe(observed.facts(two)?.key);
  expect(observed.facts(deep)?.cwd).toBe(nested);
  expect(observed.facts(elsewhere)?.cwd).toBe(await realpath(nowhere));
  expect(observed.facts(one)?.tmux).toContain(one.pane);

  // One look, as `orch monitor` has it, tells the same.
  const once = await lookOnce(claude);
  for (const session of [one, two, deep, elsewhere])
    expect(once.find(({ pid }) => pid === session.pid)).toEqual(observed.facts(session));
  for (const session of [one, two, deep, elsewhere]) session.kill();
});

test('a session at the trust dialog is no row yet, and becomes one', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('stranger');
  const session = await claude.start({ directory: repository, trusted: false });
  await session.shows('Yes, I trust this folder');
  await observed.observer.refresh();
  expect(observed.facts(session)).toBeNull();
  await session.ready();
  await observed.reaches(session, 'idle');
  // What tells which tmux server its pane belongs to.
  expect(await observed.processes.environmentVariable(session.pid, 'TMUX')).toContain(claude.tmux.socket);
  expect(observed.facts(session)?.tmux).toContain(session.pane);
});

test('a dialog that the person opens asks for nothing', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('dialog');
  const session = await claude.start({ directory: repository });
  await session.prompt('/model');
  await poll(
    () => observed.facts(session)?.waitingFor,
    (waitingFor) => waitingFor === 'dialog open',
    { what: 'an open dialog' },
  );
  expect(observed.verdict(session)).toMatchObject({ state: 'idle', attention: 'none' });
  await session.answer('Escape');
  await poll(
    () => observed.facts(session)?.status,
    (status) => status === 'idle',
    { what: 'a closed dialog' },
  );
  expect(observed.states(session)).not.toContain('needs-answer');
});

test('a background shell is neither working nor done', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('background');
  claude.api.script('serve it', [bash('sleep 113', { run_in_background: true }), say('It runs.')]);
  const session = await claude.start({ directory: repository, prompt: 'serve it' });
  expect(
    await observed.reaches(session, 'background', ({ lastMessage }) => lastMessage !== null),
  ).toMatchObject({
    attention: 'none',
    lastMessage: 'It runs.',
  });
  expect(observed.states(session)).not.toContain('done');
  session.kill();
});

test('a clean exit takes the row away and leaves a past conversation', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('goodbye');
  claude.api.script('finish up', [say('All finished.')]);
  const session = await claude.start({ directory: repository, prompt: 'finish up' });
  await observed.reaches(session, 'done');
  expect(await observed.observer.pastConversation(repository)).toBeNull();
  const { sessionId } = observed.facts(session) ?? {};
  await session.exit();
  await poll(
    () => observed.facts(session),
    (facts) => facts === null,
    { what: 'the end of the row' },
  );
  expect(observed.states(session)).not.toContain('crashed');
  const past = await observed.observer.pastConversation(repository);
  expect(past).toMatchObject({ sessionId, directory: repository, lastMessage: 'All finished.' });
  if (past !== null) expect(judgePast(past)).toMatchObject({ state: 'ended', attention: 'none' });
  expect(await observed.observer.knownProjects()).toContain(repository);
});

test('the client is found, and says its version', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  expect(await observed.observer.tool()).toEqual({
    state: 'ok',
    version: '2.1.330',
    path: join(claude.sandbox.root, 'bin/claude'),
  });
});

test('what the registry says reaches the listener within 300 ms (p95)', async (ctx) => {
  const { claude, observed } = await needWorld(ctx);
  const repository = await claude.sandbox.repository('quick');
  const session = await claude.start({ directory: repository });
  const from = observed.delays.length;
  const pace = followPace();
  for (let turn = 0; turn < 8; turn++) {
    const gate = createGate();
    claude.api.script(`go on ${turn}`, [say('Gone.', { after: gate.opened })]);
    await session.prompt(`go on ${turn}`);
    await observed.reaches(session, 'working');
    gate.open();
    await observed.reaches(session, 'done');
    observed.see(session);
  }
  const delays = observed.delays.slice(from);
  expect(delays.length).toBeGreaterThanOrEqual(16);
  const told = `all of them: ${delays.map(Math.round).join(', ')} ms`;
  expect(p95(delays), told).toBeLessThanOrEqual(300 * pace());
});
