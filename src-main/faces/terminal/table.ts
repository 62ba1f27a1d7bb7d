/** A Markdown table that also reads as a table in a terminal: the format of the orchestration skill. */
import type { Style } from './style';
import { fitEnd, fitMiddle, padEnd, width } from './text';

export interface Column {
  readonly title: string;
  /** Never narrower than this (or its title). */
  readonly least: number;
  /** Never wider than this. */
  readonly most: number;
  readonly cut: 'middle' | 'end';
}
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const BETWEEN = 3;
const AROUND = 4;

/** Columns that a table of these natural widths takes, borders included. */
export const tableWidth = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one, 0) + BETWEEN * Math.max(0, widths.length - 1) + AROUND;

export const naturalWidths = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] =>
  columns.map((column, index) => {
    const widest = Math.max(0, ...rows.map((row) => width(escaped(row[index]?.text ?? ''))));
    return Math.max(width(column.title), Math.min(widest, column.most));
  });

/** Takes from the widest until it fits; a table that can't fit keeps its least widths. */
export function shrink(columns: readonly Column[], natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  const least = columns.map((column, i) =>
    Math.min(Math.max(column.least, width(column.title)), natural[i] ?? 0),
  );
  while (tableWidth(widths) > available) {
    let widest = -1;
    widths.forEach((one, i) => {
      if (one > (least[i] ?? 0) && (widest < 0 || one > (widths[widest] ?? 0))) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  widths: readonly number[],
  style: Style,
): string {
  const bar = style.dim('|');
  const line = (cells: readonly string[]) => `${bar} ${cells.join(` ${bar} `)} ${bar}`;
  const header = line(columns.map((column, i) => style.bold(padEnd(column.title, widths[i] ?? 0))));
  const rule = style.dim(`|${widths.map((one) => '-'.repeat(one + 2)).join('|')}|`);
  const body = rows.map((row) => {
    let at = 1;
    const cells = columns.map((column, i) => {
      const size = widths[i] ?? 0;
      const cell = row[i] ?? { text: '' };
      const fitted = (column.cut === 'middle' ? fitMiddle : fitEnd)(escaped(cell.text), size);
      const painted = (cell.paint ?? ((text) => text))(fitted);
      at += size + BETWEEN;
      const spaces = ' '.repeat(Math.max(0, size - width(fitted)) + 1);
      // Terminals disagree on how wide an emoji is: say where the next border belongs.
      return painted + spaces + (style.exact && !isNarrow(fitted) ? `\u001b[${at}G` : '');
    });
    return bar + cells.map((cell) => ` ${cell}${bar}`).join('');
  });
  return [header, rule, ...body].join('\n');
}

/** A bar inside a cell would be a border. */
const escaped = (text: string): string => text.replaceAll('|', '\\|');

/** Only characters on whose width every terminal agrees. */
const isNarrow = (text: string): boolean => /^[\u0020-\u007e\u00a1-\u024f…·●○◐▲✓✗↑↓]*$/.test(text);
