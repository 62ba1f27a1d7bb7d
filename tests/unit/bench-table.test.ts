import { expect, test } from 'vitest';
import { limitRow, median, pairedRatio, quantile, ratioRow, shownRow } from '../bench/row';
import { END, START, tableOf, withTable } from '../bench/table';

test('a ratio is the median of pairs, so that one slow moment decides nothing', () => {
  expect(pairedRatio([10, 20, 300], [10, 10, 10])).toBe(2);
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
  expect(ratioRow('x', [12, 13], [10, 10], { atMost: 1.3 })).toMatchObject({ verdict: 'ok', bar: '≤ 1.3 ×' });
  expect(ratioRow('x', [14, 14], [10, 10], { atMost: 1.3 }).verdict).toBe('missed');
  expect(ratioRow('x', [10], [24], { fasterBy: 2.5 }).verdict).toBe('missed');
  expect(ratioRow('x', [10], [26], { fasterBy: 2.5 })).toMatchObject({ verdict: 'ok', bar: '≥ 2.5 ×' });
});

test('a measurement that gave nothing is never called good', () => {
  expect(ratioRow('x', [], [], { atMost: 1.3 }).verdict).toBe('missed');
});

test('the table goes between its markers and nowhere else', () => {
  const table = tableOf([limitRow('a | b', '3', '≤ 2', false), shownRow('c', '4')], 'About it.');
  expect(table).toContain('| a \\| b | 3 | ≤ 2 | **missed** |');
  const readme = `before\n${START}\nold\n${END}\nafter`;
  expect(withTable(readme, table)).toBe(`before\n${START}\n${table}\n${END}\nafter`);
  expect(withTable('no place', table)).toBeNull();
});
