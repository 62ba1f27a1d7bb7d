import { expect, test } from 'vitest';
import { byteSize, shortAge, spokenAge } from '../../src-renderer/model/ages';
import { announce } from '../../src-renderer/model/announcements';
import { readEvents } from '../../src-renderer/model/event-stream';
import {
  filterGroups,
  firstRowToFocus,
  groupRows,
  holdOrder,
  orderSessions,
} from '../../src-renderer/model/rows';
import { type Operations, readableOutput, withEvent } from '../../src-renderer/model/running-operations';
import { rowState } from '../../src-renderer/model/words';
import {
  event,
  hours,
  minutes,
  NOW,
  session,
  snapshot,
  withWorktrees,
  worktree,
  worktreeId,
} from './support/fixtures';

test('ages are short, never negative, and empty when they make no sense', () => {
  const age = (ms: number) => shortAge(new Date(NOW - ms).toISOString(), NOW);
  expect(
    [0, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 13 * 86_400_000, 15 * 86_400_000].map(
      age,
    ),
  ).toEqual(['now', 'now', '1m', '59m', '1h', '23h', '1d', '13d', '2w']);
  expect(age(-5_000)).toBe('now');
  expect(shortAge('not a time', NOW)).toBe('');
  expect(spokenAge(new Date(NOW - 60_000).toISOString(), NOW)).toBe('1 minute ago');
});

test('sizes are in units that a person reads', () => {
  expect([0, 999, 1_500, 999_999, 48_300_000, 2_000_000_000_000].map(byteSize)).toEqual([
    '0 B',
    '999 B',
    '1.5 kB',
    '1.0 MB',
    '48 MB',
    '2.0 TB',
  ]);
});

test('the session that asks the most speaks for the row; an ended one comes last', () => {
  const ended = session(1, { state: 'ended', since: minutes(0) });
  const idle = session(2, { state: 'idle', since: hours(9) });
  const asks = session(3, { state: 'limited', attention: 'needs-you', since: hours(10) });
  const works = session(4, { state: 'working' });
  expect(orderSessions([ended, idle, works, asks]).map(({ id }) => id)).toEqual(
    [asks, works, idle, ended].map(({ id }) => id),
  );
});

test('an unknown state is shown as unknown, and a worktree without a live session by its activity', () => {
  const state = (change: Parameters<typeof worktree>[1]) => {
    const row = groupRows(withWorktrees([worktree(1, change)]))[0]?.rows[0];
    if (row === undefined) throw new Error('no row');
    return rowState(row);
  };
  expect(state({ sessions: [session(1, { state: 'unknown' })] })).toMatchObject({
    mark: 'unknown',
    word: 'Unknown',
  });
  expect(state({ activity: 'stale', sessions: [session(1, { state: 'ended' })] })).toMatchObject({
    mark: 'none',
    word: 'Stale',
  });
  expect(state({ missing: true })).toMatchObject({ mark: 'away', word: 'Directory is away' });
});

test('a held order keeps what is there, drops what is gone and puts what is new last', () => {
  const at = (count: number, attention: 'needs-you' | 'none') =>
    worktree(count, {
      attention,
      sessions: [session(count, { state: attention === 'none' ? 'idle' : 'needs-answer', attention })],
    });
  const before = groupRows(withWorktrees([at(1, 'needs-you'), at(2, 'none'), at(3, 'none')]));
  const after = groupRows(withWorktrees([at(4, 'needs-you'), at(3, 'needs-you'), at(1, 'none')]));
  const ids = (groups: typeof before) => groups.flatMap(({ rows }) => rows.map((row) => row.worktree.id));
  const held = holdOrder(before, after);
  expect(ids(held)).toEqual(
    ids(before)
      .filter((id) => id !== worktreeId(2))
      .concat(worktreeId(4)),
  );
  expect(held[0]?.rows.find((row) => row.worktree.id === worktreeId(3))?.session?.attention).toBe(
    'needs-you',
  );
});

test('focus goes to a look when nothing needs you, and nowhere in an empty list', () => {
  const done = worktree(2, {
    attention: 'look',
    sessions: [session(2, { state: 'done', attention: 'look' })],
  });
  expect(firstRowToFocus(groupRows(withWorktrees([worktree(1), done])))).toBe(done.id);
  expect(firstRowToFocus([])).toBeNull();
});

test('the filter wants every word, in any field and case', () => {
  const found = (query: string) =>
    filterGroups(groupRows(snapshot), query).flatMap(({ rows }) => rows.map(({ title }) => title));
  expect(found('RATE atlas')).toEqual(['Rate limits per API key, with a Retry-After header']);
  expect(found('feature/guest')).toEqual(['Let guests check out without an account']);
  expect(found('  ')).toHaveLength(7);
  expect(found('no such thing')).toEqual([]);
});

test('many changes at once are summed up by the status line', () => {
  const rows = (attention: 'none' | 'needs-you') =>
    withWorktrees(
      [1, 2, 3, 4].map((count) =>
        worktree(count, {
          sessions: [session(count, { attention, state: attention === 'none' ? 'working' : 'needs-answer' })],
        }),
      ),
      { line: '4 need you' },
    );
  expect(announce(rows('none'), rows('needs-you'))).toBe('4 need you');
  expect(announce(rows('needs-you'), rows('needs-you'))).toBeNull();
  expect(announce(rows('needs-you'), rows('none'))).toBeNull();
});

test('output loses colours and rewritten lines, also when they arrive in pieces', () => {
  expect(readableOutput('\u001b[1;32mok\u001b[0m \u001b]8;;https://x\u0007link\u001b]8;;\u0007')).toBe(
    'ok link',
  );
  const pieces = ['10%', '\r', '50%\r', '\n', '\u001b[3', '2mgreen\u001b[0m'];
  const operations = pieces.reduce<Operations>(
    (before, text) => withEvent(before, event('merge', { type: 'output', step: 'validate', text })),
    new Map(),
  );
  expect([...operations.values()][0]?.output).toBe('50%\ngreen');
});

test('a chatty command keeps its newest output only', () => {
  let operations: Operations = new Map();
  for (let line = 0; line < 40; line++)
    operations = withEvent(
      operations,
      event('merge', { type: 'output', step: 's', text: `${line} ${'x'.repeat(2_000)}\n` }),
    );
  const output = [...operations.values()][0]?.output ?? '';
  expect(output.length).toBeLessThan(45_000);
  expect(output).toContain('\n39 x');
  expect(output).not.toContain('\n2 x');
});

test('an event stream is read by its events, whatever its line ends and pieces', async () => {
  const heard: string[] = [];
  const bytes = new TextEncoder().encode(
    ': hi\nevent: a\ndata: {"x":1}\n\nid: 4\r\nevent: b\r\ndata: one\r\ndata: two\r\n\r\ndata: plain\n\ndata: unfinished',
  );
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  await readEvents(body, (name, data) => heard.push(`${name}=${data}`));
  expect(heard).toEqual(['a={"x":1}', 'b=one\ntwo', 'message=plain']);
});
