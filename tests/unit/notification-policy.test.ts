import { describe, expect, test } from 'vitest';
import type { Settings } from '../../src-main/contract/settings';
import type { SessionView } from '../../src-main/contract/snapshot';
import {
  decideNotifications,
  firstSentence,
  type NotificationMemory,
} from '../../src-main/domain/notification-policy';
import { iso, sessionView, settings, snapshotOf, t0, worktreeView } from '../support/views';

const NOON = 12 * 60;
const row = (...sessions: readonly SessionView[]) =>
  snapshotOf([worktreeView({ sessions, task: 'Fix the login' })]);

/** Feeds snapshots one after the other; answers what was said at each. */
function story(
  steps: readonly SessionView[],
  change: Partial<Settings['notifications']> = {},
  minuteOfDay = NOON,
) {
  let memory: NotificationMemory | null = null;
  return steps.map((session) => {
    const decided = decideNotifications({
      previous: memory,
      next: row(session),
      settings: { ...settings.notifications, ...change },
      minuteOfDay,
    });
    memory = decided.memory;
    return decided.candidates;
  });
}

const working = sessionView({ state: 'working', since: iso(t0) });
const done = (seconds: number, change: Partial<SessionView> = {}) =>
  sessionView({
    state: 'done',
    attention: 'look',
    since: iso(t0 + seconds * 1000),
    lastMessage: 'The login works now. I also tidied up.',
    ...change,
  });
const asks = sessionView({
  state: 'needs-permission',
  attention: 'needs-you',
  since: iso(t0 + 5000),
  reason: 'Bash: npm test',
});

describe('a notification', () => {
  test('says which repository and task, and why', () => {
    expect(story([working, asks])[1]).toEqual([
      expect.objectContaining({
        title: 'project · Fix the login',
        body: 'Needs your permission: Bash: npm test',
      }),
    ]);
    expect(story([working, done(60)])[1]?.[0]?.body).toBe('Done: The login works now.');
  });

  test('is not sent for how things stood when Orchard started', () => {
    expect(story([asks, asks])).toEqual([[], []]);
  });

  test('is never sent twice for the same thing, and again for the next one', () => {
    const again = { ...asks, since: iso(t0 + 90_000) };
    expect(story([working, asks, asks, working, again]).map((said) => said.length)).toEqual([0, 1, 0, 0, 1]);
  });

  test('is not sent for a turn shorter than the setting; permission waits count as part of the turn', () => {
    expect(story([working, done(9)])[1]).toEqual([]);
    expect(story([working, done(10)])[1]).toHaveLength(1);
    const resumed = { ...working, since: iso(t0 + 8000) };
    expect(story([working, asks, resumed, done(12)])[3]).toHaveLength(1);
  });

  test('with the bell is always sent: short turn, kind off, quiet hours, and marked to beat a pane in front', () => {
    const bell = done(2, { bell: true });
    const said = story(
      [working, bell],
      { kinds: { ...settings.notifications.kinds, done: false }, quietHours: { from: '00:00', to: '23:59' } },
      NOON,
    )[1];
    expect(said).toEqual([expect.objectContaining({ always: true })]);
  });

  test('is not sent in quiet hours, also when they span midnight', () => {
    const night = { quietHours: { from: '22:00', to: '07:30' } };
    expect(story([working, done(60)], night, 23 * 60)[1]).toEqual([]);
    expect(story([working, done(60)], night, 7 * 60 + 29)[1]).toEqual([]);
    expect(story([working, done(60)], night, 7 * 60 + 30)[1]).toHaveLength(1);
  });

  test('is not sent for a muted session, a kind that is off, or when all are off; the bell does not beat a mute', () => {
    expect(story([working, done(60)], { mutedSessions: ['a'] })[1]).toEqual([]);
    expect(story([working, done(60, { bell: true })], { mutedSessions: ['a'] })[1]).toEqual([]);
    expect(
      story([working, done(60)], { kinds: { ...settings.notifications.kinds, done: false } })[1],
    ).toEqual([]);
    expect(story([working, asks], { enabled: false })[1]).toEqual([]);
  });

  test.each([
    ['limited', 'needs-you', 'Stopped by a rate limit: until 15:00', 'until 15:00'],
    ['failed', 'needs-you', 'The turn failed: overloaded', 'overloaded'],
    ['crashed', 'look', 'The session ended unexpectedly.', null],
    ['needs-answer', 'needs-you', 'Asks: Which database?', 'Which database?'],
  ] as const)('is sent when a session is %s', (state, attention, body, reason) => {
    const session = sessionView({ state, attention, reason, since: iso(t0 + 60_000) });
    expect(story([working, session])[1]?.[0]?.body).toBe(body);
  });

  test('is never sent for a row from the cache', () => {
    let memory: NotificationMemory | null = null;
    for (const [session, stale] of [
      [working, false],
      [done(60), true],
    ] as const) {
      const decided = decideNotifications({
        previous: memory,
        next: snapshotOf([worktreeView({ sessions: [session], stale })]),
        settings: settings.notifications,
        minuteOfDay: NOON,
      });
      expect(decided.candidates).toEqual([]);
      memory = decided.memory;
    }
  });

  test('fits: long text is cut at a character, newlines become spaces', () => {
    const body = story([working, { ...asks, reason: `${'🌳'.repeat(300)}\n\n` }])[1]?.[0]?.body ?? '';
    expect([...body]).toHaveLength(180);
    expect(body.endsWith('…')).toBe(true);
  });

  test('forgets sessions that are gone', () => {
    const first = decideNotifications({
      previous: {},
      next: row(working),
      settings: settings.notifications,
      minuteOfDay: 0,
    });
    const second = decideNotifications({
      previous: first.memory,
      next: snapshotOf([]),
      settings: settings.notifications,
      minuteOfDay: 0,
    });
    expect(second.memory).toEqual({});
  });
});

test.each([
  ['All tests pass. Next: deploy.', 'All tests pass.'],
  ['Version 2.1 is out', 'Version 2.1 is out'],
  ['Fertig\nmit allem', 'Fertig'],
  ['完成了。下一步', '完成了。下一步'],
])('the first sentence of %j is %j', (message, sentence) => {
  expect(firstSentence(message)).toBe(sentence);
});
