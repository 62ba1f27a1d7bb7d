import { expect, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import type { Collision } from '../../src-main/contract/snapshot';
import type { TaskRecord, WorktreeFacts } from '../../src-main/domain/facts';
import { buildSnapshot, type FleetTruth, type PlacedSession } from '../../src-main/domain/snapshot';
import { repositoryFacts, sessionView, t0, worktreeFacts } from '../support/views';

const HOUR = 3_600_000;
const facts = (name: string, change: Partial<WorktreeFacts> = {}) =>
  worktreeFacts({ id: `w-${name}`, name, branch: `feat-${name}`, ahead: 1, ...change });
const main = facts('m', { isMain: true, branch: 'main', ahead: 0 });

type Told = readonly [
  on: string,
  other: string,
  certainty?: Collision['certainty'],
  files?: readonly string[],
];
const collisionsOf = (told: readonly Told[]) => {
  const found = new Map<string, Collision[]>();
  for (const [on, other, certainty = 'decided', files = ['src/x.ts']] of told) {
    const row = found.get(`w-${on}`) ?? [];
    row.push({
      with: other === 'base' ? other : `w-${other}`,
      files,
      certainty,
      kinds: ['content'],
      regions: [],
      regionsLeftOut: 0,
    });
    found.set(`w-${on}`, row);
  }
  return found;
};
const session = (name: string, state: 'working' | 'idle' | 'needs-permission'): PlacedSession => ({
  view: sessionView({
    sessionId: name,
    state,
    attention: state === 'needs-permission' ? 'needs-you' : 'none',
  }),
  directory: '/code',
  worktree: `w-${name}`,
  hidden: false,
  turnAt: t0,
  live: true,
});
const built = (
  worktrees: readonly WorktreeFacts[],
  told: readonly Told[],
  change: Partial<FleetTruth> = {},
) =>
  buildSnapshot({
    now: t0,
    repositories: [repositoryFacts(worktrees)],
    sessions: [],
    collisions: collisionsOf(told),
    diskBytes: new Map(),
    thresholds: defaultSettings.thresholds,
    lastLookAt: null,
    problems: [],
    tools: { git: { state: 'missing' }, claude: { state: 'missing' } },
    complete: true,
    ...change,
  });
const orders = (...given: Parameters<typeof built>) => built(...given).repositories[0]?.landingOrders ?? [];
const row = (snapshot: ReturnType<typeof built>, name: string) =>
  snapshot.repositories[0]?.worktrees.find(({ id }) => id === `w-${name}`);

test('what collides on its way to one base is put in order, and the first row suggests its merge', () => {
  const snapshot = built([main, facts('a'), facts('b', { ahead: 2 })], [['a', 'b']]);
  const text =
    'Merge feat-b first: feat-b and feat-a both change src/x.ts, and feat-b has more commits. Then only feat-a needs a rebase.';
  expect(snapshot.repositories[0]?.landingOrders).toMatchObject([
    {
      base: 'main',
      text,
      places: [
        { worktree: 'w-b', needsRebase: false, ready: true },
        { worktree: 'w-a', needsRebase: true, ready: true },
      ],
    },
  ]);
  expect(snapshot.suggestions).toEqual([{ worktree: 'w-b', action: 'merge', text }]);
});

test('a provisional word orders nothing and asks for no rebase', () => {
  expect(orders([main, facts('a'), facts('b')], [['a', 'b', 'provisional']])).toEqual([]);
  const behind = built([main, facts('a', { behind: 1 })], [['a', 'base', 'provisional']]);
  expect(row(behind, 'a')?.rebaseNow).toBe(null);
  expect(behind.suggestions).toEqual([]);
  // A provisional conflict with the base doesn't make one of a decided pair the one to be rebased anyway.
  const [order] = orders(
    [main, facts('a'), facts('b')],
    [
      ['a', 'b'],
      ['a', 'base', 'provisional'],
    ],
  );
  expect(order?.text).not.toContain('already');
});

test('the main worktree’s own edits, what is away, merged, without work, from the cache or on no branch don’t count', () => {
  const b = facts('b');
  for (const out of [
    facts('a', { isMain: true }),
    facts('a', { missing: true }),
    facts('a', { merged: 'squash' }),
    facts('a', { ahead: 0 }),
    facts('a', { stale: true }),
    facts('a', { branch: null }),
    facts('a', { base: 'feat-b' }),
  ])
    expect(orders([main, out, b], [['a', 'b']])).toEqual([]);
});

test('uncommitted work counts, and is not ready', () => {
  const edited = { staged: 0, changed: 1, untracked: 0, conflicted: 0 };
  const [order] = orders([main, facts('a', { ahead: 0, changes: edited }), facts('b')], [['a', 'b']]);
  expect(order?.places).toMatchObject([
    { worktree: 'w-b', ready: true },
    { worktree: 'w-a', ready: false, needsRebase: true },
  ]);
});

test('neither someone at work nor a stray file is ready; copies made at spawn are no strays', () => {
  const untracked = { staged: 0, changed: 0, untracked: 1, conflicted: 0 };
  const record: TaskRecord = {
    version: 1,
    entry: 'b',
    path: '/code/b',
    task: null,
    branch: 'feat-b',
    base: 'main',
    createdAt: 'a'.repeat(40),
    createdAtCommit: 'a'.repeat(40),
    quick: false,
    sessionId: null,
    spawnedAt: new Date(t0).toISOString(),
    copies: { 'CLAUDE.md': 'x' },
    group: null,
  };
  const first = (b: Partial<WorktreeFacts>, sessions: readonly PlacedSession[] = []) =>
    orders([main, facts('a'), facts('b', { ahead: 5, ...b })], [['a', 'b']], { sessions })[0]?.places[0]
      ?.worktree;
  expect(first({})).toBe('w-b');
  expect(first({ changes: untracked })).toBe('w-a');
  expect(first({ changes: untracked, record })).toBe('w-b');
  expect(first({ ongoing: 'merge' })).toBe('w-a');
  expect(first({}, [session('b', 'working')])).toBe('w-a');
  expect(first({}, [session('b', 'needs-permission')])).toBe('w-a');
  expect(first({}, [session('b', 'idle')])).toBe('w-b');
});

test('time that passes, edits elsewhere and a new look reorder nothing', () => {
  const told: readonly Told[] = [
    ['a', 'b'],
    ['b', 'c'],
  ];
  const rows = (seenAt: number) =>
    ['a', 'b', 'c'].map((name, at) =>
      facts(name, {
        lastActivityAt: seenAt + at,
        lastCommit: { sha: 'a'.repeat(40), subject: 'x', at: t0 - at * HOUR },
      }),
    );
  const before = orders([main, ...rows(t0)], told);
  expect(before).toHaveLength(1);
  expect(
    orders([main, ...rows(t0 - 30 * HOUR).toReversed()], told.toReversed(), { now: t0 + 40 * HOUR }),
  ).toEqual(before);
});

test('each base has an order of its own, and a collision across bases is in neither', () => {
  const stacked = { base: 'next' };
  const found = orders(
    [main, facts('a'), facts('b'), facts('c', stacked), facts('d', stacked)],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['b', 'c'],
    ],
  );
  expect(found.map(({ base, places }) => [base, places.map(({ worktree }) => worktree)])).toEqual([
    ['main', ['w-a', 'w-b']],
    ['next', ['w-c', 'w-d']],
  ]);
});

test('rebase now: behind a base that it conflicts with, as long as that is so', () => {
  const conflict: readonly Told[] = [['a', 'base']];
  const on = (change: Partial<WorktreeFacts>, told = conflict) =>
    row(built([main, facts('a', { behind: 1, ...change })], told), 'a')?.rebaseNow ?? null;
  expect(on({})).toEqual({
    files: ['src/x.ts'],
    waitsFor: null,
    why: 'main has moved and conflicts with it in src/x.ts',
    next: 'Rebase it now.',
  });
  for (const over of [
    { behind: 0 },
    { merged: 'ancestor' as const },
    { isMain: true },
    { missing: true },
    { branch: null },
  ])
    expect(on(over)).toBe(null);
  expect(on({}, [])).toBe(null);
});

test('rebase now: what has to end first is said, and nothing is offered before', () => {
  const edited = { staged: 1, changed: 0, untracked: 0, conflicted: 0 };
  const told = (change: Partial<WorktreeFacts>, sessions: readonly PlacedSession[] = []) => {
    const snapshot = built([main, facts('a', { behind: 1, ...change })], [['a', 'base']], { sessions });
    const [suggestion] = snapshot.suggestions;
    return [row(snapshot, 'a')?.rebaseNow?.waitsFor, suggestion?.action, suggestion?.text];
  };
  const why = 'feat-a: main has moved and conflicts with it in src/x.ts.';
  expect(told({})).toEqual([null, 'rebase', `${why} Rebase it now.`]);
  expect(told({}, [session('a', 'idle')])).toEqual([null, 'rebase', `${why} Rebase it now.`]);
  expect(told({ changes: edited }, [session('a', 'working')])).toEqual([
    'session',
    null,
    `${why} Rebase it when Claude is done there.`,
  ]);
  expect(told({ changes: edited })).toEqual(['changes', null, `${why} Commit its changes, then rebase it.`]);
  expect(told({ changes: edited, ongoing: 'merge' })).toEqual([
    'operation',
    null,
    `${why} Finish what git has begun there, then rebase it.`,
  ]);
});

test('branches are named without the prefix that goes without saying, unless that names two alike', () => {
  const said = (a: string, b: string) =>
    orders([main, facts('a', { branch: a }), facts('b', { branch: b })], [['a', 'b']])[0]?.text;
  expect(said('feature/one', 'feature/two')).toContain('Merge one first: one and two both change');
  expect(said('feature/one', 'fix/one')).toContain('Merge feature/one first: feature/one and fix/one both');
});
