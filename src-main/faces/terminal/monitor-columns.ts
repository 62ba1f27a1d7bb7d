/** The columns of the monitor's table: the skill's own, and as many more as there are words and room for. */
import type { WorktreeView } from '../../contract/snapshot';
import { ago } from './ages';
import { foremost, sessionPaint, sessionText } from './session-words';
import type { Style } from './style';
import { type Cell, type Column, naturalWidths, shrink, tableWidth } from './table';
import { clean } from './text';
import { branchName, changesText, syncText, worktreeName } from './worktree-words';

export interface MonitorOptions {
  readonly now: number;
  /** Columns of the terminal; null when the output is no terminal: nothing has to fit. */
  readonly columns: number | null;
  readonly style: Style;
  readonly platform: 'darwin' | 'linux' | 'win32';
}

export interface Row {
  readonly number: number;
  readonly worktree: WorktreeView;
}
export interface Field {
  readonly column: Column;
  cell(row: Row, options: MonitorOptions): Cell;
}

const column = (title: string, least: number, most: number, cut: Column['cut'] = 'end'): Column => ({
  title,
  least,
  most,
  cut,
});

/** The skill's own columns, always there. */
const always: readonly Field[] = [
  { column: column('#', 1, 3), cell: ({ number }) => ({ text: String(number) }) },
  {
    column: column('Worktree', 12, 48, 'middle'),
    cell: ({ worktree }, { style }) => ({
      text: worktreeName(worktree),
      ...(worktree.attention === 'none' ? {} : { paint: style.bold }),
    }),
  },
  {
    column: column('Branch', 10, 48, 'middle'),
    cell: ({ worktree }) => ({ text: branchName(worktree) }),
  },
  {
    column: column('Last Commit', 11, 14),
    cell: ({ worktree }, { now }) => ({
      text: worktree.lastCommit === null ? 'none' : ago(worktree.lastCommit.at, now),
    }),
  },
  { column: column('Status', 8, 10), cell: ({ worktree }, { style }) => statusCell(worktree, style) },
];

/** Product columns, as many as fit, in this order; the rest is said below the table. */
interface Extra extends Field {
  readonly id: 'session' | 'changes' | 'sync' | 'task' | 'subject';
  /** Where room is short: names get shorter for it, it is whole or not there, or it is cut itself. */
  readonly yields: 'names' | 'nothing' | 'itself';
}
const extra: readonly Extra[] = [
  {
    id: 'session',
    yields: 'names',
    column: column('Session', 12, 30),
    cell: ({ worktree }, { now, style }) => {
      const session = foremost(worktree.sessions);
      if (session === null) return { text: '' };
      const others = worktree.sessions.filter(({ state }) => state !== 'ended').length - 1;
      return {
        text: sessionText(session, now) + (others > 0 ? ` +${others}` : ''),
        paint: sessionPaint(session, style),
      };
    },
  },
  {
    id: 'changes',
    yields: 'nothing',
    column: column('Changes', 9, 34),
    cell: ({ worktree }) => ({ text: changesText(worktree) }),
  },
  {
    id: 'sync',
    yields: 'nothing',
    column: column('↑↓', 5, 11),
    cell: ({ worktree }) => ({ text: syncText(worktree) }),
  },
  {
    id: 'task',
    yields: 'itself',
    column: column('Task', 16, 48),
    cell: ({ worktree }) => ({ text: worktree.task === null ? '' : clean(worktree.task) }),
  },
  {
    id: 'subject',
    yields: 'itself',
    column: column('Subject', 16, 40),
    cell: ({ worktree }) => ({
      text: worktree.lastCommit === null ? '' : clean(worktree.lastCommit.subject),
    }),
  },
];

function statusCell(worktree: WorktreeView, style: Style): Cell {
  if (worktree.missing) return { text: 'Away', paint: style.red };
  if (worktree.activity === 'active') return { text: 'Active' };
  return { text: worktree.activity === 'idle' ? '⚠️ Idle' : '⚠️ Stale', paint: style.yellow };
}

/** The skill's columns, and as many more as there are words and room for. */
export function chooseColumns(
  rows: readonly Row[],
  options: MonitorOptions,
): {
  readonly fields: readonly Field[];
  readonly widths: readonly number[];
  readonly used: ReadonlySet<string>;
} {
  const room = options.columns ?? Number.POSITIVE_INFINITY;
  const natural = (fields: readonly Field[]) =>
    naturalWidths(
      fields.map((field) => field.column),
      rows.map((row) => fields.map((field) => field.cell(row, options))),
    );
  let fields: readonly Field[] = always;
  let widths: readonly number[] = shrink(
    always.map((field) => field.column),
    natural(always),
    room,
  );
  const used = new Set<string>();
  for (const field of extra) {
    if (!rows.some((row) => field.cell(row, options).text !== '')) {
      used.add(field.id);
      continue;
    }
    const tried = [...fields, field];
    const wanted = natural(tried);
    const own = wanted.at(-1) ?? 0;
    if (field.yields === 'names') {
      if (tableWidth(squeezed(tried, wanted)) > room) break;
      widths = shrink(
        tried.map((one) => one.column),
        wanted,
        room,
      );
    } else {
      const least = field.yields === 'itself' ? Math.min(own, field.column.least) : own;
      const left = room - tableWidth([...widths, 0]);
      if (left < least) break;
      widths = [...widths, Math.min(own, left)];
    }
    fields = [...fields, field];
    used.add(field.id);
  }
  return { fields, widths, used };
}

/** Names may lose a third for it, not more. */
const squeezed = (fields: readonly Field[], natural: readonly number[]): number[] =>
  fields.map(({ column: { most, least } }, i) => {
    const one = natural[i] ?? 0;
    return most > 40 ? Math.min(one, Math.max(least, Math.ceil((one * 2) / 3))) : one;
  });
