import { expect, test } from 'vitest';
import { afterDeath, noDeaths } from '../../src-main/domain/growing-wait';

test('what keeps dying is started again at once, then after ever longer waits up to five minutes, and told once', () => {
  let deaths = noDeaths;
  const story = Array.from({ length: 14 }, () => {
    const next = afterDeath(deaths, 10);
    deaths = next.deaths;
    return next;
  });
  expect(story.map(({ waitMs }) => waitMs / 1000).slice(0, 6)).toEqual([0, 1, 2, 4, 8, 16]);
  expect(story.at(-1)?.waitMs).toBe(300_000);
  expect(story.map(({ tell }) => tell).indexOf(true)).toBe(2);
  expect(story.filter(({ tell }) => tell)).toHaveLength(1);
});

test('one that lived for a minute begins a new story', () => {
  const { deaths, waitMs } = afterDeath({ inARow: 9 }, 60_000);
  expect([deaths.inARow, waitMs]).toEqual([1, 0]);
});
