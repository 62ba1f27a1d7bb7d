import { expect, test, vi } from 'vitest';
import { createMonotonicClock, createSystemClock } from '../../src-main/system/clock';

test('spans of the monotonic clock do not notice that the machine’s time is set back', () => {
  const monotonic = createMonotonicClock();
  const wall = createSystemClock();
  const before = { monotonic: monotonic.now(), wall: wall.now() };
  const set = vi.spyOn(Date, 'now').mockReturnValue(before.wall - 3_600_000);
  try {
    expect(wall.now()).toBeLessThan(before.wall);
    expect(monotonic.now()).toBeGreaterThanOrEqual(before.monotonic);
  } finally {
    set.mockRestore();
  }
});
