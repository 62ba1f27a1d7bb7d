import { expect, test } from 'vitest';
import type { OperationEvent } from '../../../src-main/contract/operations';
import type { Snapshot } from '../../../src-main/contract/snapshot';
import { emptySnapshot } from '../../support/fake-orchard';
import { arrived, createPlayedLink, type PlayedProcess } from './played-link';

const nth = (processes: readonly PlayedProcess[], index: number): PlayedProcess => {
  const found = processes[index];
  if (found === undefined) throw new Error(`process ${index} was never started`);
  return found;
};
const notification = {
  id: 'n-1',
  title: 'shop',
  body: 'is done',
  sound: false,
  sessionKey: 's-0123456789ab',
  worktreeId: null,
};
const operation: OperationEvent = {
  operation: 'merge-20260105090000-0a1b2c',
  kind: 'merge',
  repositoryId: 'r-000000000001',
  worktreeId: 'w-000000000001',
  at: '2026-01-05T09:00:00.000Z',
  change: { type: 'started', title: 'Merge', steps: ['pin'] },
};

test('requests, snapshots and operations cross, and the environment arrives whole', async () => {
  const { client, processes } = createPlayedLink();
  const snapshots: Snapshot[] = [];
  const operations: OperationEvent[] = [];
  client.onSnapshot((snapshot) => snapshots.push(snapshot));
  client.onOperation((event) => operations.push(event));
  await client.reached;
  const { engine, composed } = nth(processes, 0);
  expect(composed.env.HOME).toBe('/home/ann');
  expect(await client.start()).toMatchObject({ revision: 1 });

  engine.push({ ...emptySnapshot, revision: 7 });
  engine.operate(operation);
  await arrived();
  expect(snapshots.map(({ revision }) => revision)).toEqual([7]);
  expect(operations).toEqual([operation]);
  expect(await client.handlers['snapshot.get']({})).toMatchObject({ ok: true, value: { revision: 7 } });
});

test('an input that is none is refused by the engine’s own boundary, and a bug there has a reference', async () => {
  const { client } = createPlayedLink({
    handlers: {
      'popover.opened': async () => {
        throw new Error('odd');
      },
      // A function can't cross to another process.
      'operation.list': async () => ({ ok: true, value: { operations: (() => {}) as never, stuck: [] } }),
    },
  });
  await client.reached;
  expect(await client.handlers['worktree.markSeen']({ worktreeId: '/etc/passwd' })).toMatchObject({
    ok: false,
    error: { kind: 'invalid-request', field: 'worktreeId' },
  });
  for (const name of ['popover.opened', 'operation.list'] as const)
    expect(await client.handlers[name]({})).toMatchObject({ ok: false, error: { kind: 'internal' } });
});

test('the engine asks the person, notifies through the face, and hears what the face could not do', async () => {
  const { client, processes, shown, questions, answers, problems } = createPlayedLink();
  await client.reached;
  const { composed } = nth(processes, 0);

  expect(await composed.person.chooseDirectory('Which repository?')).toBe('/code/shop');
  expect(await composed.person.confirm('Run this?', 'npm ci')).toBe(true);
  answers.directory = null;
  answers.confirm = false;
  expect(await composed.person.chooseDirectory('Which?')).toBeNull();
  expect(await composed.person.confirm('Sure?', 'rm')).toBe(false);
  expect(questions).toEqual(['Which repository?', 'Run this?: npm ci', 'Which?', 'Sure?: rm']);

  expect(composed.notifier.problem).toBe('Nobody shows them.');
  expect(composed.notifier.remedy).toBe('Start a notification daemon.');
  let clicks = 0;
  composed.notifier.notify(notification, () => clicks++);
  await arrived();
  expect(shown.map(({ request }) => request)).toEqual([notification]);
  shown[0]?.click();
  await arrived();
  expect(clicks).toBe(1);

  let told = 0;
  composed.faceProblems.onChange(() => told++);
  problems.set('shortcut', 'It is taken.');
  await arrived();
  expect(told).toBe(1);
  expect(composed.faceProblems.list()).toEqual([{ where: 'shortcut', message: 'It is taken.' }]);
});

test('an engine that ends: pending requests are refused, the rows stay with a word, operations end', async () => {
  const { client, processes, clock, log } = createPlayedLink({
    handlers: { 'doctor.run': () => new Promise(() => {}) },
  });
  const snapshots: Snapshot[] = [];
  const operations: OperationEvent[] = [];
  client.onSnapshot((snapshot) => snapshots.push(snapshot));
  client.onOperation((event) => operations.push(event));
  await client.reached;
  await client.start();
  nth(processes, 0).engine.push({ ...emptySnapshot, revision: 41 });
  nth(processes, 0).engine.operate(operation);
  await arrived();

  const pending = client.handlers['doctor.run']({});
  await arrived();
  nth(processes, 0).die(139);
  expect(await pending).toEqual({ ok: false, error: { kind: 'engine-ended' } });
  expect(await client.handlers['snapshot.refresh']({})).toEqual({
    ok: false,
    error: { kind: 'engine-ended' },
  });
  const last = snapshots.at(-1);
  expect(last?.revision).toBe(42);
  expect(last?.problems.map(({ where }) => where)).toEqual(['engine']);
  expect(await client.handlers['snapshot.get']({})).toEqual({ ok: true, value: last });
  expect(operations.at(-1)).toMatchObject({
    operation: operation.operation,
    change: { type: 'finished', failure: { kind: 'engine-ended' } },
  });
  expect(log.lines).toMatchObject([{ event: 'engine.ended', data: { code: 139, inARow: 1, waitMs: 0 } }]);

  clock.advance(0);
  await arrived();
  const { engine, composed } = nth(processes, 1);
  // It counts on, was started without being asked again, and knows what the face shows of it.
  expect(composed.revision).toBe(42);
  expect(composed.faceProblems.list().map(({ where }) => where)).toEqual(['engine']);
  engine.push({ ...emptySnapshot, revision: 43, complete: false });
  engine.push({ ...emptySnapshot, revision: 44 });
  await arrived();
  // What a new engine has not looked at yet does not empty the list.
  expect(snapshots.map(({ revision }) => revision)).toEqual([41, 42, 44]);
  expect(await client.handlers['snapshot.get']({})).toMatchObject({ ok: true, value: { revision: 44 } });
});

test('it is started again at once, then after 1, 2, 4 s and so on, told once, and forgotten when it stays', async () => {
  const { client, processes, clock, problems, told } = createPlayedLink();
  let rows = 0;
  problems.onChange(() => rows++);
  await client.reached;
  for (const [index, seconds] of [0, 1, 2, 4, 8, 16, 32, 64].entries()) {
    nth(processes, index).die(1);
    if (seconds > 0) clock.advance(seconds * 1_000 - 1);
    await arrived();
    expect(processes).toHaveLength(index + 1);
    clock.advance(1);
    await arrived();
    expect(processes).toHaveLength(index + 2);
  }
  expect(rows).toBe(1);
  expect(told).toHaveLength(1);
  clock.advance(60_000);
  expect(problems.list()).toEqual([]);
  expect(rows).toBe(2);
  nth(processes, 8).die(1);
  clock.advance(0);
  await arrived();
  expect(processes).toHaveLength(10);
});

test('an engine that dies before it was composed leaves a face that says so, and comes up later', async () => {
  const { client, processes, clock } = createPlayedLink();
  await arrived();
  nth(processes, 0).die(1);
  await client.reached;
  expect(await client.handlers['snapshot.get']({})).toEqual({ ok: false, error: { kind: 'engine-ended' } });
  const first = client.start();
  clock.advance(0);
  expect(await first).toMatchObject({ revision: 1 });
});

test('an engine that can’t be composed says why, once', async () => {
  const { client, processes, clock, bugs } = createPlayedLink({ composeFails: true });
  await expect(client.reached).rejects.toThrow('no home directory');
  clock.advance(120_000);
  await arrived();
  expect(processes).toHaveLength(0);
  expect(bugs).toHaveLength(1);
});

test('a click on a notification of an engine that has ended opens its session all the same', async () => {
  const opened: unknown[] = [];
  const { client, processes, clock, shown } = createPlayedLink({
    handlers: {
      'session.open': async (input) => {
        opened.push(input);
        return { ok: false, error: { kind: 'no-claude' } };
      },
    },
  });
  await client.reached;
  nth(processes, 0).composed.notifier.notify(notification, () => opened.push('the first engine’s'));
  await arrived();
  nth(processes, 0).die(1);
  clock.advance(0);
  await arrived();
  shown[0]?.click();
  await arrived();
  expect(opened).toEqual([{ sessionId: 's-0123456789ab' }]);
});

test('what is no message is logged and changes nothing', async () => {
  const { client, processes, log } = createPlayedLink();
  await client.reached;
  for (const message of [
    null,
    'snapshot',
    { kind: 'snapshot' },
    { kind: 'answer', id: 1, result: 3 },
    { kind: 'x' },
  ])
    nth(processes, 0).say(message);
  await arrived();
  expect(log.lines.map(({ event }) => event)).toEqual(Array(5).fill('engine.message'));
  expect(await client.handlers['snapshot.get']({})).toMatchObject({ ok: true });
});

test('dispose waits for the engine to put its things away, and nothing is started after it', async () => {
  const { client, processes, clock } = createPlayedLink();
  await client.reached;
  await client.dispose();
  expect(nth(processes, 0).engine.disposed()).toBe(1);
  clock.advance(600_000);
  await arrived();
  expect(processes).toHaveLength(1);
});

test('dispose while the next engine is waited for ends at once', async () => {
  const { client, processes, clock } = createPlayedLink();
  await client.reached;
  nth(processes, 0).die(1);
  await client.dispose();
  clock.advance(600_000);
  await arrived();
  expect(processes).toHaveLength(1);
});

test('who is away is told to the engine, and to the next one after it ended', async () => {
  const { client, processes, clock } = createPlayedLink();
  await client.reached;
  const names = (index: number) => nth(processes, index).engine.calls.map(({ name }) => name);
  client.leave();
  await arrived();
  expect(names(0)).toEqual(['leave']);
  nth(processes, 0).die(1);
  clock.advance(0);
  await arrived();
  expect(names(1)).toEqual(['leave']);
  client.comeBack();
  await arrived();
  expect(names(1)).toEqual(['leave', 'come back']);
});

test('what a click asked for and did not get is said by the face, and a summary’s click shows the list', async () => {
  const { client, processes, told } = createPlayedLink();
  await client.reached;
  const { person } = nth(processes, 0).composed;
  person.refused?.({ kind: 'not-found', what: 'session', name: 's-0123456789ab' });
  person.showList?.();
  await arrived();
  expect(told).toEqual(['not-found', 'list']);
});
