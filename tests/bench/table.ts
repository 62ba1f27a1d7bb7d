/** The table, and its place in the README. */
import type { Row, Verdict } from './row';

export const START = '<!-- bench:start -->';
export const END = '<!-- bench:end -->';

const words: { readonly [V in Verdict]: string } = {
  ok: 'ok',
  missed: '**missed**',
  shown: '',
  'not measured': 'not measured here',
};
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function tableOf(rows: readonly Row[], about: string): string {
  return [
    about,
    '',
    '| what | measured | bar | |',
    '|---|---|---|---|',
    ...rows.map(
      ({ what, measured, bar, verdict }) =>
        `| ${cell(what)} | ${cell(measured)} | ${cell(bar)} | ${words[verdict]} |`,
    ),
  ].join('\n');
}

/** The text with the table between its markers; null when it has no such place. */
export function withTable(readme: string, table: string): string | null {
  const from = readme.indexOf(START);
  const to = readme.indexOf(END, from);
  if (from < 0 || to < 0) return null;
  return `${readme.slice(0, from + START.length)}\n${table}\n${readme.slice(to)}`;
}
