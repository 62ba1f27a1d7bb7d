import { describe, expect, test } from 'vitest';
import type { SessionFacts, TaskRecord, TranscriptTail } from '../../src-main/domain/facts';
import { judgePast, judgeSession, judgeStarting } from '../../src-main/domain/session-state';

const START = Date.UTC(2026, 0, 5, 9, 0, 0);
const seconds = (count: number) => START + count * 1000;
const HOUR = 3600;

const tail = (change: Partial<TranscriptTail> = {}): TranscriptTail => ({
  lastMessage: 'All green. Twelve tests.',
  lastAt: seconds(60),
  turnStartedAt: seconds(10),
  error: null,
  pendingTool: null,
  interrupted: false,
  turnOpen: false,
  ...change,
});
const facts = (change: Partial<SessionFacts> = {}): SessionFacts => ({
  key: '77:1',
  pid: 77,
  procStart: '1',
  sessionId: 'a',
  cwd: '/repo',
  name: null,
  startedAt: START,
  alive: true,
  sinceBoot: true,
  status: 'idle',
  waitingFor: null,
  statusSince: seconds(60),
  updatedAt: seconds(60),
  tmux: null,
  version: '2.1.330',
  transcript: tail(),
  ...change,
});
const watched = { firstSeenAt: seconds(1), seenAt: null };
const now = seconds(90);

describe('what the registry says', () => {
  const bash = { name: 'Bash', summary: 'Bash: npm test' };
  const cases: readonly [string, Partial<SessionFacts>, object][] = [
    ['busy', { status: 'busy' }, { state: 'working', attention: 'none', evidence: 'registry: busy' }],
    [
      'a permission prompt',
      { status: 'waiting', waitingFor: 'permission prompt', transcript: tail({ pendingTool: bash }) },
      {
        state: 'needs-permission',
        attention: 'needs-you',
        reason: 'Bash: npm test',
        evidence: 'registry: waiting, permission prompt',
      },
    ],
    [
      'a question',
      {
        status: 'waiting',
        waitingFor: 'input needed',
        transcript: tail({ pendingTool: { name: 'AskUserQuestion', summary: 'Which colour?' } }),
      },
      { state: 'needs-answer', attention: 'needs-you', reason: 'Which colour?' },
    ],
    [
      'a sandbox request',
      { status: 'waiting', waitingFor: 'sandbox request' },
      { state: 'needs-permission', attention: 'needs-you', reason: 'to leave the sandbox' },
    ],
    [
      'a dialog',
      { status: 'waiting', waitingFor: 'dialog open' },
      { state: 'needs-answer', attention: 'needs-you', reason: 'a dialog is open' },
    ],
    [
      'a wait nobody has heard of',
      { status: 'waiting', waitingFor: 'the moon' },
      { state: 'unknown', attention: 'none', evidence: 'registry: waiting, the moon' },
    ],
    [
      'a status nobody has heard of',
      { status: 'dreaming' },
      { state: 'unknown', evidence: 'registry: dreaming' },
    ],
    ['a background shell', { status: 'shell' }, { state: 'background', attention: 'none' }],
  ];
  test.each(cases)('%s', (_, change, expected) => {
    expect(judgeSession(facts(change), watched, now)).toMatchObject(expected);
  });

  test('a turn runs since its prompt, not since the last permission was given', () => {
    const running = facts({ status: 'busy', statusSince: seconds(50), transcript: tail({ turnOpen: true }) });
    expect(judgeSession(running, watched, now)?.since).toBe(seconds(10));
    // The transcript is a moment behind: its open turn is not the one before.
    const behind = facts({ status: 'busy', statusSince: seconds(50), transcript: tail({ turnOpen: false }) });
    expect(judgeSession(behind, watched, now)?.since).toBe(seconds(50));
  });
});

describe('a turn that is over', () => {
  test('is done until it was seen', () => {
    const done = judgeSession(facts(), watched, now);
    expect(done).toMatchObject({ state: 'done', attention: 'look', since: seconds(60) });
    expect(done?.lastMessage).toBe('All green. Twelve tests.');
    expect(judgeSession(facts(), { ...watched, seenAt: seconds(59) }, now)?.state).toBe('done');
    expect(judgeSession(facts(), { ...watched, seenAt: seconds(61) }, now)).toMatchObject({
      state: 'idle',
      attention: 'none',
    });
  });
  test('is idle when it had ended before anyone looked', () => {
    expect(judgeSession(facts(), { firstSeenAt: seconds(60), seenAt: null }, now)?.state).toBe('idle');
    expect(judgeSession(facts(), null, now)?.state).toBe('idle');
  });
  test('is idle when the person pressed Esc', () => {
    expect(judgeSession(facts({ transcript: tail({ interrupted: true }) }), watched, now)?.state).toBe(
      'idle',
    );
  });
  test('is idle when there was no turn: fresh, cleared, or only resumed', () => {
    const none = { turnStartedAt: null, lastMessage: null, lastAt: null };
    expect(judgeSession(facts({ transcript: null }), watched, now)?.state).toBe('idle');
    expect(judgeSession(facts({ transcript: tail(none) }), watched, now)?.state).toBe('idle');
    const resumed = tail({ turnStartedAt: START - 9, lastAt: START - 5 });
    expect(judgeSession(facts({ transcript: resumed }), watched, now)?.state).toBe('idle');
  });
  test('is done although its prompt is further back than what was read', () => {
    expect(judgeSession(facts({ transcript: tail({ turnStartedAt: null }) }), watched, now)?.state).toBe(
      'done',
    );
  });
  test('says until when a rate limit holds, and when it is over', () => {
    const limit = (resetsAt: number | null) =>
      facts({ transcript: tail({ error: { kind: 'rate-limit', message: 'resets 3pm', resetsAt } }) });
    expect(judgeSession(limit(null), watched, now)).toMatchObject({
      state: 'limited',
      attention: 'needs-you',
      reason: 'resets 3pm',
    });
    expect(judgeSession(limit(seconds(2 * HOUR)), watched, now)?.reason).toMatch(/^until \d\d:\d\d$/);
    expect(judgeSession(limit(seconds(72 * HOUR)), watched, now)?.reason).toMatch(/^until 2026-01-08 /);
    expect(judgeSession(limit(seconds(80)), watched, now)?.reason).toBe('the limit is over, it can go on');
  });
  test('failed when it ended in another error', () => {
    const failed = tail({ error: { kind: 'other', message: 'Overloaded', resetsAt: null } });
    expect(judgeSession(facts({ transcript: failed }), watched, now)).toMatchObject({
      state: 'failed',
      attention: 'needs-you',
      reason: 'Overloaded',
    });
  });
});

describe('a process that is gone', () => {
  const dead = facts({ alive: false, status: 'busy' });
  test('crashed, to be looked at until seen or a day old', () => {
    expect(judgeSession(dead, watched, now)).toMatchObject({
      state: 'crashed',
      attention: 'look',
      since: seconds(60),
    });
    expect(judgeSession(dead, { ...watched, seenAt: seconds(80) }, now)?.attention).toBe('none');
    expect(judgeSession(dead, watched, seconds(60 + 24 * HOUR))?.attention).toBe('none');
    expect(judgeSession(dead, null, now)?.state).toBe('crashed');
  });
  test('since before this boot is no row at all', () => {
    expect(judgeSession({ ...dead, sinceBoot: false }, watched, now)).toBeNull();
  });
  test('elsewhere is believed for an hour, unknown for a day, then left out', () => {
    const foreign = facts({ status: 'busy', foreign: true });
    expect(judgeSession(foreign, watched, now)?.state).toBe('working');
    expect(judgeSession(foreign, watched, seconds(60 + HOUR))?.state).toBe('unknown');
    expect(judgeSession(foreign, watched, seconds(60 + 24 * HOUR))).toBeNull();
  });
});

describe('a client that does not say its status', () => {
  const silent = (transcript: TranscriptTail | null) =>
    judgeSession(facts({ status: null, transcript }), watched, now);
  test('is unknown without a transcript, and never idle by guess', () => {
    expect(silent(null)?.state).toBe('unknown');
    expect(
      silent(tail({ turnOpen: true, pendingTool: { name: 'Bash', summary: 'Bash: ls' } })),
    ).toMatchObject({
      state: 'unknown',
      evidence: 'registry: no status; transcript: Bash has no result yet',
    });
    expect(silent(tail({ turnOpen: true, lastAt: seconds(-700) }))?.state).toBe('unknown');
  });
  test('is working, done or limited when its transcript proves it', () => {
    expect(silent(tail({ turnOpen: true }))).toMatchObject({ state: 'working', since: seconds(10) });
    expect(silent(tail())).toMatchObject({ state: 'done', since: seconds(60) });
    expect(silent(tail({ error: { kind: 'rate-limit', message: 'x', resetsAt: null } }))?.state).toBe(
      'limited',
    );
  });
});

describe('a spawned worktree', () => {
  const record = (change: Partial<TaskRecord>): TaskRecord => ({
    version: 1,
    entry: 'x',
    path: '/repo-wt-x',
    task: 'x',
    branch: 'feature/x',
    base: 'main',
    createdAt: new Date(START).toISOString(),
    createdAtCommit: 'c',
    quick: false,
    sessionId: 'a',
    spawnedAt: new Date(START).toISOString(),
    copies: {},
    group: null,
    ...change,
  });
  test('is starting, then probably at the trust prompt, then nothing', () => {
    expect(judgeStarting(record({}), seconds(19))).toMatchObject({
      state: 'starting',
      attention: 'none',
      reason: null,
    });
    expect(judgeStarting(record({}), seconds(20))).toMatchObject({
      attention: 'needs-you',
      reason: 'Waiting at the trust prompt?',
      since: START,
    });
    expect(judgeStarting(record({}), seconds(HOUR))).toBeNull();
  });
  test('without a session starts nothing', () => {
    expect(judgeStarting(record({ sessionId: null }), seconds(1))).toBeNull();
    expect(judgeStarting(record({ spawnedAt: 'nonsense' }), seconds(1))).toBeNull();
  });
});

test('a past conversation asks for nothing', () => {
  const past = { sessionId: 'a', directory: '/repo', lastAt: START, lastMessage: 'Bye.' };
  expect(judgePast(past)).toMatchObject({
    state: 'ended',
    attention: 'none',
    since: START,
    lastMessage: 'Bye.',
  });
});
