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
