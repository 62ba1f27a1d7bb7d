import { expect, test } from 'vitest';
import { activityOf, newest } from '../../src-main/domain/activity';
import { spell } from '../../src-main/domain/durations';

const HOUR = 3_600_000;
const thresholds = { idleHours: 2, staleHours: 24 };

test.each([
  [0, 'active'],
  [2 * HOUR - 1, 'active'],
  [2 * HOUR, 'idle'],
  [24 * HOUR - 1, 'idle'],
  [24 * HOUR, 'stale'],
] as const)('%i ms after the last sign of life it is %s', (age, expected) => {
  expect(activityOf(1_000_000, 1_000_000 + age, thresholds)).toBe(expected);
});

test('without any sign of life it is stale, and a clock that ran backwards does no harm', () => {
  expect(activityOf(null, 5, thresholds)).toBe('stale');
  expect(activityOf(10 * HOUR, 0, thresholds)).toBe('active');
});

test('the newest of several times ignores what is unknown', () => {
  expect(newest(null, 3, undefined, 7)).toBe(7);
  expect(newest(null, undefined)).toBeNull();
});

test.each([
  [59_000, 'under a minute'],
  [60_000, '1 minute'],
  [3 * HOUR + 59 * 60_000, '3 hours'],
  [25 * HOUR, '1 day'],
] as const)('%i ms is spelled %s', (ms, words) => {
  expect(spell(ms)).toBe(words);
});
