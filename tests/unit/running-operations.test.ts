import { expect, test } from 'vitest';
import type { OperationEvent } from '../../src-main/contract/operations';
import { createRunningOperations } from '../../src-main/engine/operations/running-operations';
import { createManualClock } from '../support/manual-clock';

const operation = (id: string) => ({
  id,
  kind: 'cleanup' as const,
  repositoryId: 'r-000000000001',
  worktreeId: null,
  title: id,
  steps: [],
});

test('an operation whose work throws is finished as broken, and only that one', async () => {
  const events: OperationEvent[] = [];
  const running = createRunningOperations({
    clock: createManualClock(),
    log: { bug: () => 'B-1' },
    emit: (event) => void events.push(event),
  });
  running.begin(operation('other'));
  await expect(
    running.during(async () => {
      await Promise.resolve();
      running.begin(operation('broken'));
      throw new Error('a bug');
    }),
  ).rejects.toThrow('a bug');
  expect(events.filter(({ change }) => change.type === 'finished')).toEqual([
    expect.objectContaining({
      operation: 'broken',
      change: expect.objectContaining({ failure: { kind: 'internal', reference: 'B-1' } }),
    }),
  ]);
  expect(running.cancel('broken')).toBe(false);
  expect(running.cancel('other')).toBe(true);
});

test('closing cancels what runs and what still begins, and waits until the work behind it is over', async () => {
  const running = createRunningOperations({
    clock: createManualClock(),
    log: { bug: () => 'B-1' },
    emit: () => undefined,
  });
  const order: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const work = running.during(async () => {
    const one = running.begin(operation('one'));
    await new Promise<void>((resolve) => one.signal.addEventListener('abort', () => resolve()));
    order.push('taken back');
    one.finish({ kind: 'cancelled' }, 'Cancelled');
    // The last word is said; the lock is still held.
    await released;
    order.push('released');
  });
  const closed = running.close().then(() => order.push('closed'));
  const late = running.during(async () => {
    expect(running.begin(operation('late')).signal.aborted).toBe(true);
    throw new Error('a bug');
  });
  await expect(late).rejects.toThrow('a bug');
  expect(order).not.toContain('closed');
  release();
  await Promise.all([work, closed]);
  expect(order).toEqual(['taken back', 'released', 'closed']);
});
