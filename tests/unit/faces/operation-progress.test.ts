import { expect, test } from 'vitest';
import type { OperationEvent } from '../../../src-main/contract/operations';
import { showProgress } from '../../../src-main/faces/terminal/operation-progress';
import { createFakeIo } from '../../support/terminal-io';

function start(columns: number | null) {
  const { io, text } = createFakeIo({ columns });
  let now = 0;
  const progress = showProgress(io.err, () => now);
  const tell = (change: OperationEvent['change'], operation = 'merge-20260105090000-abcdef') =>
    progress.onEvent({
      operation,
      kind: 'merge',
      repositoryId: 'r-000000000001',
      worktreeId: null,
      at: '2026-01-05T09:00:00.000Z',
      change,
    });
  return {
    text,
    tell,
    progress,
    wait(ms: number) {
      now += ms;
    },
  };
}
const step = (name: string, state: 'running' | 'done' | 'skipped' | 'failed' | 'undone') =>
  ({ type: 'step', step: name, state }) as const;
const output = (text: string) => ({ type: 'output', step: 'Test', text }) as const;

test('without a terminal every step is one line when it ends, with how long it took', () => {
  const { text, tell, wait } = start(null);
  tell({ type: 'started', title: 'Merge login', steps: [] });
  tell(step('Check', 'running'));
  tell(step('Check', 'done'));
  tell(step('Test', 'running'));
  wait(12_000);
  tell(step('Test', 'failed'));
  tell(step('Check', 'undone'));
  tell(step('Push', 'skipped'));
  expect(text.err).toBe(
    'Merge login\n  ✓ Check\n  ✗ Test 12 s\n  ↩ Check (taken back)\n  – Push (skipped)\n',
  );
});

test('output is shown under its step, line by line, without a tool’s own colours', () => {
  const { text, tell } = start(null);
  tell(step('Test', 'running'));
  tell(output('one\ntw'));
  tell(output('o\u001b[3'));
  tell(output('2m green\u001b[0m\r'));
  tell(output('\n\u001b]0;title\u0007bar 10 %\rbar 100 %'));
  tell(step('Test', 'done'));
  expect(text.err).toBe('  Test…\n      one\n      two green\n      bar 10 %\n      bar 100 %\n  ✓ Test\n');
});

test('in a terminal the running step is the last line, and leaves no trace when it is over', () => {
  const { text, tell, progress } = start(80);
  tell(step('Test', 'running'));
  expect(text.err).toBe('  ● Test…');
  tell(output('line\n'));
  expect(text.err).toBe('  ● Test…\r\u001b[2K      line\n  ● Test…');
  progress.end();
  expect(text.err.endsWith('\r\u001b[2K')).toBe(true);
});

test('only the first operation is shown, and it is the one to cancel', () => {
  const { text, tell, progress } = start(null);
  expect(progress.operation()).toBeNull();
  tell({ type: 'started', title: 'Mine', steps: [] });
  tell({ type: 'started', title: 'Somebody else’s', steps: [] }, 'cleanup-20260105090000-000000');
  expect(progress.operation()).toBe('merge-20260105090000-abcdef');
  expect(text.err).toBe('Mine\n');
});
