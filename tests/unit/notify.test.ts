/** What is said when somebody was away: asleep, or behind a locked screen. */
import { expect, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import type { SessionView } from '../../src-main/contract/snapshot';
import type { NotificationRequest } from '../../src-main/domain/facts';
import { createAnnouncer } from '../../src-main/engine/notify';
import type { SettingsStore } from '../../src-main/engine/ports';
import { createManualClock } from '../support/manual-clock';
import { createSilentLog } from '../support/silent-log';
import { iso, sessionView, snapshotOf, t0, worktreeView } from '../support/views';

const session = (name: string, state: SessionView['state'], second: number, bell = false) =>
  sessionView({
    id: `s-${name}`,
    sessionId: name,
    state,
    since: iso(t0 + second * 1000),
    bell,
    attention: state === 'needs-permission' ? 'needs-you' : state === 'working' ? 'none' : 'look',
  } as Partial<SessionView>);
const see = (...sessions: readonly SessionView[]) =>
  snapshotOf(sessions.map((one) => worktreeView({ sessions: [one], task: `Task ${one.sessionId}` })));

function announcing() {
  const said: NotificationRequest[] = [];
  const clicks: (() => void)[] = [];
  const opened: string[] = [];
  const announcer = createAnnouncer({
    notifier: {
      problem: null,
      notify: (request, onClick) => {
        said.push(request);
        clicks.push(onClick);
      },
    },
    settings: { get: () => defaultSettings } as unknown as SettingsStore,
    terminals: { inFront: async () => false },
    clock: createManualClock(),
    log: createSilentLog(),
    sessionFacts: () => null,
    open: (id) => opened.push(id),
    showList: () => opened.push('the list'),
    markSeen: () => {},
  });
  return { announcer, said, clicks, opened };
}

test('what happened meanwhile becomes one notification about how things stand, whose click shows the list', async () => {
  const { announcer, said, clicks, opened } = announcing();
  await announcer.consider(
    see(session('a', 'working', 0), session('b', 'working', 0), session('c', 'working', 0)),
  );
  announcer.leave();
  await announcer.consider(
    see(session('a', 'needs-permission', 60), session('b', 'working', 0), session('c', 'failed', 70)),
  );
  // Answered elsewhere, so no news any more.
  await announcer.consider(
    see(session('a', 'working', 90), session('b', 'done', 100), session('c', 'failed', 70)),
  );
  expect(said).toEqual([]);
  const now = see(session('a', 'working', 90), session('b', 'done', 200), session('c', 'failed', 70));
  await announcer.comeBack(now);
  expect(said.map(({ title }) => title)).toEqual(['While you were away: 1 failed · 1 done']);
  expect(said[0]?.body).toContain('Task c');
  expect(said[0]?.body).not.toContain('Task a');
  clicks[0]?.();
  expect(opened).toEqual(['the list']);
  await announcer.consider(now);
  await announcer.comeBack(now);
  expect(said).toHaveLength(1);
});

test('a single change is said as itself, no change not at all, and later ones as ever', async () => {
  const { announcer, said, clicks, opened } = announcing();
  const working = see(session('a', 'working', 0), session('b', 'working', 0));
  await announcer.consider(working);
  announcer.leave();
  await announcer.comeBack(working);
  expect(said).toEqual([]);
  announcer.leave();
  announcer.leave();
  await announcer.comeBack(see(session('a', 'needs-permission', 60), session('b', 'working', 0)));
  expect(said.map(({ id }) => id)).toEqual(['s-a']);
  clicks[0]?.();
  expect(opened).toEqual(['s-a']);
  await announcer.consider(see(session('a', 'needs-permission', 60), session('b', 'done', 90)));
  expect(said.map(({ id }) => id)).toEqual(['s-a', 's-b']);
});

test('a bell that was asked for rings at once, and is not said again at the return', async () => {
  const { announcer, said } = announcing();
  await announcer.consider(see(session('a', 'working', 0, true), session('b', 'working', 0)));
  announcer.leave();
  const done = see(session('a', 'done', 60, true), session('b', 'working', 0));
  await announcer.consider(done);
  await announcer.consider(done);
  expect(said.map(({ id }) => id)).toEqual(['s-a']);
  await announcer.comeBack(done);
  expect(said).toHaveLength(1);
});

test('away from the very first look, nothing of before is news', async () => {
  const { announcer, said } = announcing();
  announcer.leave();
  const stands = see(session('a', 'done', 0), session('b', 'needs-permission', 0));
  await announcer.consider(stands);
  await announcer.comeBack(stands);
  expect(said).toEqual([]);
});
