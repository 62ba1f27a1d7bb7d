import { expect, test } from 'vitest';
import { frameLines, watchMonitor } from '../../../src-main/faces/terminal/watch';
import { createFakeOrchard } from '../../support/fake-orchard';
import { createFakeIo } from '../../support/terminal-io';
import { snapshotOf, t0, worktreeView } from '../../support/views';

const first = snapshotOf([worktreeView()], { line: '1 working' });
const second = snapshotOf([worktreeView({ activity: 'idle' })], { revision: 2, line: 'no sessions' });

function start(options: Parameters<typeof createFakeIo>[0], json = false) {
  const fake = createFakeOrchard(first);
  const terminal = createFakeIo(options);
  const stop = new AbortController();
  const watching = watchMonitor({
    orchard: fake.orchard,
    io: terminal.io,
    json,
    now: () => t0,
    platform: 'linux',
    signal: stop.signal,
  });
  return { ...fake, terminal, stop, watching };
}

test('without a terminal each change is one block, and the passing of time is none', async () => {
  const { push, terminal, stop, watching } = start({});
  push({ ...first, revision: 2, takenAt: '2026-01-05T10:00:00.000Z' });
  push({ ...second, revision: 3 });
  stop.abort();
  await watching;
  expect(terminal.text.out.split('## Active Sessions')).toHaveLength(3);
  expect(terminal.text.out).not.toContain('\u001b');
});

test('with --json each change is one document on one line, in a terminal too', async () => {
  const { push, terminal, stop, watching } = start({ columns: 80 }, true);
  push(second);
  stop.abort();
  await watching;
  const lines = terminal.text.out.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).revision)).toEqual([1, 2]);
});

test('nothing is printed before the first whole look', async () => {
  const fake = createFakeOrchard({ ...first, complete: false });
  const terminal = createFakeIo();
  const stop = new AbortController();
  const watching = watchMonitor({
    orchard: fake.orchard,
    io: terminal.io,
    json: true,
    now: () => t0,
    platform: 'linux',
    signal: stop.signal,
  });
  expect(terminal.text.out).toBe('');
  fake.push(first);
  stop.abort();
  await watching;
  expect(terminal.text.out.split('\n')).toHaveLength(2);
});

test('a reader that goes away ends it', async () => {
  const { terminal, watching, listeners } = start({});
  terminal.hangUp();
  await watching;
  expect(listeners()).toBe(0);
});

test('a terminal gets a screen of its own, redrawn only when something changed, and back in the end', async () => {
  const { push, terminal, watching, listeners } = start({ columns: 80, rows: 24 });
  const { text } = terminal;
  expect(text.out.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
  const drawn = text.out.length;
  push({ ...first, revision: 9 });
  expect(text.out.length).toBe(drawn);
  push(second);
  expect(text.out.slice(drawn)).toContain('Idle');
  const before = text.out.length;
  terminal.resize({ columns: 40, rows: 10 });
  expect(text.out.length).toBeGreaterThan(before);
  terminal.press('q');
  await watching;
  expect(text.out.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
  expect(listeners() + terminal.listening()).toBe(0);
});

test.each(['\u0003', '\u001b', 'q'])('%j leaves', async (key) => {
  const { terminal, watching } = start({ columns: 80 });
  terminal.press('x');
  terminal.press(key);
  await watching;
  expect(terminal.text.out.endsWith('\u001b[?1049l')).toBe(true);
});

test('what does not fit the screen is counted', () => {
  const text = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
  const lines = frameLines(text, '2 working', 10, 80, (one) => one);
  expect(lines).toHaveLength(10);
  expect(lines[7]).toBe('… 13 more lines');
  expect(lines.at(-1)).toBe('2 working · q to leave');
  expect(frameLines('short', 'x', 10, 80, (one) => one)).toEqual(['short', '', 'x · q to leave']);
});
