import { expect, test } from 'vitest';
import type { LandingOrder, WorktreeView } from '../../src-main/contract/snapshot';
import { suggest } from '../../src-main/domain/suggestions';
import { sessionView, snapshotOf, t0, worktreeView } from '../support/views';

const HOUR = 3_600_000;
const at = (
  worktrees: readonly WorktreeView[],
  hoursStill = 0,
  change: { lastLookAt?: number; live?: number; orders?: readonly LandingOrder[] } = {},
) =>
  suggest(
    snapshotOf(worktrees).repositories.map((one) => ({ ...one, landingOrders: change.orders ?? [] })),
    {
      now: t0 + hoursStill * HOUR,
      lastSignAt: () => t0,
      thresholds: { worktreesPerRepository: 4, checkInMinutes: 45 },
      lastLookAt: change.lastLookAt ?? null,
      liveSessions: change.live ?? 0,
    },
  );

test('an idle row is to be resumed or cleaned up, with how long it has been still', () => {
  expect(at([worktreeView({ activity: 'idle' })], 3)).toEqual([
    expect.objectContaining({
      action: 'open',
      text: 'feature/login has been idle for 3 hours. Resume it, or clean it up.',
    }),
  ]);
});

test('past a day, work is to be merged or discarded, and an empty worktree cleaned up', () => {
  expect(at([worktreeView({ activity: 'stale', ahead: 2 })], 30)[0]).toMatchObject({ action: 'merge' });
  expect(at([worktreeView({ activity: 'stale' })], 30)[0]).toMatchObject({ action: 'cleanup' });
});

test('a merged one is to be cleaned up', () => {
  expect(at([worktreeView({ merged: 'squash' })])[0]).toMatchObject({
    action: 'cleanup',
    text: 'feature/login is merged. Clean it up.',
  });
});

test('the landing order is one suggestion, on the row that goes first; a merge is offered when it is ready', () => {
  const a = worktreeView({ name: 'a', branch: 'feature/a', ahead: 3 });
  const b = worktreeView({ name: 'b', branch: 'feature/b', ahead: 1 });
  const ordered = (ready: boolean) => {
    const text = 'Merge feature/b first: why. Then only feature/a needs a rebase.';
    const place = (worktree: string) => ({ worktree, needsRebase: worktree === a.id, ready, text: null });
    return at([a, b], 0, { orders: [{ base: 'main', text, places: [place(b.id), place(a.id)] }] });
  };
  const text = 'Merge feature/b first: why. Then only feature/a needs a rebase.';
  expect(ordered(true)).toEqual([{ worktree: b.id, action: 'merge', text }]);
  expect(ordered(false)).toEqual([{ worktree: b.id, action: null, text }]);
});

test('what is to be rebased now is said also while Claude works there, and offered when that is over', () => {
  const told = (waitsFor: 'session' | null) =>
    at([
      worktreeView({
        sessions: waitsFor === null ? [] : [sessionView({ state: 'working' })],
        ahead: 1,
        behind: 1,
        rebaseNow: { files: ['x'], waitsFor, why: 'main has moved', next: 'Rebase it now.' },
      }),
    ]);
  expect(told(null)).toEqual([
    expect.objectContaining({ action: 'rebase', text: 'feature/login: main has moved. Rebase it now.' }),
  ]);
  expect(told('session')).toEqual([expect.objectContaining({ action: null })]);
});

test('after a sibling merged, the one left behind is to be rebased', () => {
  const merged = worktreeView({ name: 'a', branch: 'feature/a', merged: 'ancestor' });
  const behind = worktreeView({ name: 'b', branch: 'feature/b', ahead: 1, behind: 2 });
  expect(at([merged, behind])[1]).toMatchObject({ worktree: behind.id, action: 'rebase' });
});

test('nothing is suggested for a row at work, the main worktree, a missing one or one from the cache', () => {
  const busy = worktreeView({ activity: 'idle', sessions: [sessionView({ state: 'working' })] });
  for (const quiet of [
    busy,
    worktreeView({ activity: 'stale', isMain: true }),
    worktreeView({ activity: 'stale', missing: true }),
    worktreeView({ merged: 'ancestor', stale: true }),
  ])
    expect(at([quiet], 30)).toEqual([]);
});

test('five worktrees beside the main one are too many, four are not', () => {
  const rows = [
    worktreeView({ name: 'm', isMain: true }),
    ...['a', 'b', 'c', 'd', 'e'].map((name) => worktreeView({ name, ahead: 1 })),
  ];
  expect(at(rows.slice(0, 5))).toEqual([]);
  expect(at(rows)).toEqual([
    expect.objectContaining({ text: expect.stringContaining('project has 5 worktrees') }),
  ]);
});

test('a check-in is due after 45 minutes while sessions run, and never without any', () => {
  const lastLookAt = t0 - 45 * 60_000;
  expect(at([], 0, { lastLookAt, live: 2 })).toEqual([
    { worktree: '', action: null, text: 'You last looked 45 minutes ago; 2 sessions are running.' },
  ]);
  expect(at([], 0, { lastLookAt, live: 0 })).toEqual([]);
  expect(at([], 0, { lastLookAt: t0 - 44 * 60_000, live: 2 })).toEqual([]);
});
