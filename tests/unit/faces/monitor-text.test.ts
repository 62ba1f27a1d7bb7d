import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import type { CollisionRegion } from '../../../src-main/contract/snapshot';
import { ago, since } from '../../../src-main/faces/terminal/ages';
import { monitorText } from '../../../src-main/faces/terminal/monitor-text';
import { plain, styleFor } from '../../../src-main/faces/terminal/style';
import { clean, cleanBlock, fitEnd, fitMiddle, wrap } from '../../../src-main/faces/terminal/text';
import { iso, sessionView, snapshotOf, t0, worktreeView } from '../../support/views';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const commit = (age: number) => ({ sha: 'a'.repeat(40), subject: 'a subject', at: iso(t0 - age) });
const main = worktreeView({
  name: 'my-project',
  path: '/code/my-project',
  branch: 'main',
  isMain: true,
  lastCommit: commit(10 * MINUTE),
});
const featureA = worktreeView({
  name: 'my-project-wt-feat-a',
  path: '/code/my-project-wt-feat-a',
  branch: 'feature/feature-a',
  lastCommit: commit(5 * MINUTE),
});
const featureB = worktreeView({
  name: 'my-project-wt-feat-b',
  path: '/code/my-project-wt-feat-b',
  branch: 'feature/feature-b',
  lastCommit: commit(3 * HOUR),
  activity: 'idle',
});
const show = (snapshot: ReturnType<typeof snapshotOf>, columns: number | null = null) =>
  monitorText(snapshot, { now: t0, columns, style: plain, platform: 'linux' });

test('the skill’s own example comes out in the skill’s own format', () => {
  const snapshot = snapshotOf([main, featureA, featureB], {
    suggestions: [
      {
        worktree: featureB.id,
        text: 'feature/feature-b has been idle for 3 hours. Resume it, or clean it up.',
        action: 'open',
      },
    ],
  });
  expect(show(snapshot, 80)).toBe(`## Active Sessions

| # | Worktree             | Branch            | Last Commit | Status  |
|---|----------------------|-------------------|-------------|---------|
| 1 | my-project (main)    | main              | 10 min ago  | Active  |
| 2 | my-project-wt-feat-a | feature/feature-a | 5 min ago   | Active  |
| 3 | my-project-wt-feat-b | feature/feature-b | 3 hours ago | ⚠️ Idle |

Suggestion: feature/feature-b has been idle for 3 hours. Resume it, or clean it
up.
  orch open my-project-wt-feat-b`);
});

const rich = snapshotOf(
  [
    main,
    {
      ...featureA,
      task: 'Fix the login | now',
      attention: 'needs-you',
      ahead: 2,
      behind: 1,
      changes: { staged: 1, changed: 3, untracked: 0, conflicted: 0 },
      collisions: [
        {
          with: featureB.id,
          files: ['src/a.ts', 'src/b.ts'],
          certainty: 'decided',
          kinds: ['content'],
          regions: [],
          regionsLeftOut: 0,
        },
      ],
      sessions: [
        sessionView({
          state: 'needs-permission',
          attention: 'needs-you',
          since: iso(t0 - 2 * MINUTE),
          reason: 'Bash: npm run deploy',
          terminal: 'tmux work:2.1',
        }),
      ],
    },
    {
      ...featureB,
      sessions: [
        sessionView({
          sessionId: 'b',
          state: 'done',
          attention: 'look',
          since: iso(t0 - HOUR),
          lastMessage: 'All tests pass.',
        }),
      ],
    },
  ],
  { problems: [{ where: 'settings', message: 'The file was set aside.' }] },
);

test('at 80 columns the table keeps to the skill’s columns and the rest stands below it', () => {
  const text = show(rich, 80);
  expect(text).toBe(`## Active Sessions

| # | Worktree             | Branch            | Last Commit | Status  |
|---|----------------------|-------------------|-------------|---------|
| 1 | my-project (main)    | main              | 10 min ago  | Active  |
| 2 | my-project-wt-feat-a | feature/feature-a | 5 min ago   | Active  |
| 3 | my-project-wt-feat-b | feature/feature-b | 3 hours ago | ⚠️ Idle |

  2  ▲ needs permission, 2 min: Bash: npm run deploy (tmux work:2.1)
     Fix the login | now · 1 staged, 3 changed · ↑2 ↓1 · collides with 3 (src/a…
  3  ✓ done, 1 hour: “All tests pass.”

Problem: settings: The file was set aside.`);
});

test('where two rows collide stands below the first of them, as far as it can be read at a glance', () => {
  const region = (from: number): CollisionRegion => ({
    file: 'src/a.ts',
    kind: 'content',
    ours: { file: 'src/a.ts', lines: { from, to: from + 2 }, uncommitted: true, subject: null },
    theirs: {
      file: 'src/a.ts',
      lines: { from: 3, to: 2 },
      uncommitted: false,
      subject: 'Take \u001b[31mit out',
    },
  });
  const moved: CollisionRegion = {
    file: 'b.png',
    kind: 'binary',
    ours: { file: 'b.png', lines: null, uncommitted: false, subject: null },
    theirs: { file: 'c.png', lines: null, uncommitted: false, subject: 'Redraw' },
  };
  const collision = {
    files: ['src/a.ts', 'b.png'],
    certainty: 'decided' as const,
    kinds: ['content' as const],
    regionsLeftOut: 2,
  };
  const regions = [region(10), moved, region(20), region(30)];
  const text = show(
    snapshotOf([
      main,
      { ...featureA, collisions: [{ ...collision, with: featureB.id, regions }] },
      { ...featureB, collisions: [{ ...collision, with: featureA.id, regions }] },
    ]),
  );
  expect(text.split('\n\n').at(-1)).toBe(
    [
      '  2  collides with 3 (src/a.ts and 1 more)',
      '       src/a.ts: here lines 10–12, uncommitted changes; in 3 nothing after line 2, “Take ␛[31mit out”',
      '       b.png (binary, changed on both sides): in 3 c.png, “Redraw”',
      '       src/a.ts: here lines 20–22, uncommitted changes; in 3 nothing after line 2, “Take ␛[31mit out”',
      '       and 3 more',
      '  3  collides with 2 (src/a.ts and 1 more)',
    ].join('\n'),
  );
});

test('a wide terminal, and a pipe, get the columns that there are words for', () => {
  const table = show(rich).split('\n').slice(2, 7);
  expect(table).toEqual([
    '| # | Worktree             | Branch            | Last Commit | Status  | Session                   | Changes             | ↑↓    | Task                 | Subject   |',
    '|---|----------------------|-------------------|-------------|---------|---------------------------|---------------------|-------|----------------------|-----------|',
    '| 1 | my-project (main)    | main              | 10 min ago  | Active  |                           |                     |       |                      | a subject |',
    '| 2 | my-project-wt-feat-a | feature/feature-a | 5 min ago   | Active  | ▲ needs permission, 2 min | 1 staged, 3 changed | ↑2 ↓1 | Fix the login \\| now | a subject |',
    '| 3 | my-project-wt-feat-b | feature/feature-b | 3 hours ago | ⚠️ Idle | ✓ done, 1 hour            |                     |       |                      | a subject |',
  ]);
  expect(show(rich)).toContain('collides with 3 (src/a.ts and 1 more)');
});

describe.each([60, 80, 100, 120, 160, 240])('at %i columns', (columns) => {
  test('no line is wider than the terminal, and every row of a table is as wide as its head', () => {
    const long = worktreeView({
      name: `my-project-wt-${'very-long-name-'.repeat(6)}end`,
      branch: `feature/${'日本語の枝'.repeat(8)}`,
      task: `Emoji 👩‍👩‍👧‍👦 and ${'words '.repeat(40)}`,
      sessions: [sessionView({ state: 'working', reason: 'x'.repeat(300) })],
      changes: { staged: 11, changed: 22, untracked: 33, conflicted: 44 },
      ahead: 123,
      behind: 456,
    });
    const snapshot = snapshotOf([main, long, featureB], {
      suggestions: [{ worktree: long.id, text: 'Some advice. '.repeat(20), action: null }],
    });
    const lines = show(snapshot, columns).split('\n');
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    const rows = lines.filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(5);
    expect(new Set(rows.map((row) => stringWidth(row))).size).toBe(1);
  });
});

test('nothing that a branch, task or message holds reaches the terminal as a command', () => {
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202ereversed\r\nnew line\u0000';
  const hostile = worktreeView({
    name: `w${evil}`,
    branch: `b${evil}`,
    task: `t${evil}`,
    lockReason: evil,
    locked: true,
    problem: evil,
    note: { title: evil, path: '/n', at: iso(t0) },
    lastCommit: { sha: 'a', subject: evil, at: iso(t0) },
    sessions: [
      sessionView({ state: 'needs-answer', attention: 'needs-you', reason: evil, terminal: evil }),
      sessionView({ sessionId: 'b', state: 'done', attention: 'look', lastMessage: evil }),
    ],
    collisions: [
      {
        with: 'base',
        files: [evil],
        certainty: 'decided',
        kinds: ['content'],
        regions: [],
        regionsLeftOut: 0,
      },
    ],
  });
  const snapshot = snapshotOf([hostile], {
    suggestions: [{ worktree: hostile.id, text: evil, action: 'merge' }],
    problems: [{ where: evil, message: evil }],
    elsewhere: [{ ...sessionView({ reason: evil }), directory: evil }],
  });
  for (const columns of [null, 80, 300]) {
    const text = show(snapshot, columns);
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u);
    expect(text.split('\n').filter((line) => line.startsWith('| 1'))).toHaveLength(1);
  }
});

test('colour only adds to what is there, and exact columns keep emoji rows aligned', () => {
  const style = styleFor(true, {});
  const text = monitorText(rich, { now: t0, columns: 80, style, platform: 'linux' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences under test.
  expect(text.replace(/\u001b\[\d+[mG]/g, '')).toBe(show(rich, 80));
  const border = (show(rich, 80).split('\n')[2] ?? '').lastIndexOf('|');
  expect(text.split('\n').find((line) => line.includes('⚠️'))).toContain(`\u001b[${border + 1}G`);
});

test('several repositories have a table each, numbered through', () => {
  const snapshot = snapshotOf([main]);
  const [first] = snapshot.repositories;
  if (first === undefined) throw new Error('no repository');
  const second = { ...first, id: 'r-2', name: 'other', root: '/code/other', worktrees: [featureA] };
  const text = show({ ...snapshot, repositories: [first, second] }, 80);
  expect(text).toContain('### project  /code/project');
  expect(text).toContain('### other  /code/other');
  expect(text).toContain('| 2 | my-project-wt-feat-a');
});

test('no repository, a missing worktree and a detached one each say so', () => {
  expect(show({ ...snapshotOf([]), repositories: [] })).toContain('orch repo add DIR');
  const text = show(
    snapshotOf([
      { ...featureA, missing: true },
      { ...featureB, branch: null, head: 'abcdef0123', lastCommit: null },
    ]),
  );
  expect(text).toContain('| Away ');
  expect(text).toContain('(detached abcdef0)');
  expect(text).toContain('| none ');
});

test('a suggestion’s command can be pasted, whatever the name', () => {
  const odd = worktreeView({ name: "it's $(here)", path: "/code/it's $(here)", base: 'main' });
  const advice = (action: 'merge' | 'rebase') =>
    show(snapshotOf([odd], { suggestions: [{ worktree: odd.id, text: 'Do.', action }] }));
  expect(advice('merge')).toContain("  orch merge 'it'\\''s $(here)'");
  expect(advice('rebase')).toContain("  orch rebase 'it'\\''s $(here)'");
});

test('ages are said as the skill says them', () => {
  expect(ago(iso(t0 - 30_000), t0)).toBe('just now');
  expect(ago(iso(t0 + 5_000), t0)).toBe('just now');
  expect(ago(iso(t0 - 10 * MINUTE), t0)).toBe('10 min ago');
  expect(ago(iso(t0 - HOUR), t0)).toBe('1 hour ago');
  expect(ago(iso(t0 - 47 * HOUR), t0)).toBe('47 hours ago');
  expect(ago(iso(t0 - 48 * HOUR), t0)).toBe('2 days ago');
  expect(ago('nonsense', t0)).toBe('unknown');
  expect(since(iso(t0 - 59_999), t0)).toBe('just now');
  expect(since(iso(t0 - 2 * HOUR), t0)).toBe('2 hours');
});

test('text is fitted by what a terminal shows, never through a character', () => {
  expect(fitEnd('日本語', 5)).toBe('日本…');
  expect(fitEnd('👩‍👩‍👧‍👦 family', 4)).toBe('👩‍👩‍👧‍👦 …');
  expect(fitMiddle('my-project-wt-login', 11)).toBe('my-pr…login');
  expect(fitEnd('abc', 0)).toBe('');
  expect(clean('a\tb\n\u001b[1mc\u200b')).toBe('a b ␛[1mc');
  expect(cleanBlock('a\r\n\tb\u0007')).toBe('a\n    b␇');
  expect(wrap('one two three', 7)).toBe('one two\nthree');
});

test('what has to be rebased is said on its row, with the command; while someone works there, without', () => {
  const files = ['src/a.ts'];
  const why = 'main has moved and conflicts with it in src/a.ts';
  const shown = (waitsFor: 'session' | null, next: string) =>
    show(
      snapshotOf([main, { ...featureA, behind: 1, rebaseNow: { files, waitsFor, why, next } }], {
        suggestions: [
          {
            worktree: featureA.id,
            text: `feature/feature-a: ${why}. ${next}`,
            action: waitsFor === null ? 'rebase' : null,
          },
        ],
      }),
      120,
    );
  const free = shown(null, 'Rebase it now.');
  expect(free).toContain(`\n  2  rebase now: ${why}\n`);
  expect(free).toContain(`orch rebase ${featureA.name}`);
  const busy = shown('session', 'Rebase it when Claude is done there.');
  expect(busy).toContain(`\n  2  needs a rebase: ${why}. Rebase it when Claude is done there.\n`);
  expect(busy).not.toContain('orch rebase');
});
