/** Text of other people (tasks, branches, messages) made safe and fitted for a terminal. */
import stringWidth from 'string-width';

/** What turns the direction of the rest of a line around, and what is not seen at all. */
const INVISIBLE = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/**
 * One line without anything that a terminal acts on: control characters are shown as pictures (an
 * escape as ␛), so that text can neither move the cursor nor hide that it tried to.
 */
export const clean = (text: string): string => pictures(text.replace(/[\s\u2028\u2029]+/g, ' ')).trim();

/** The same for text of several lines: line breaks and tabs stay. */
export const cleanBlock = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => pictures(line.replaceAll('\t', '    ')))
    .join('\n');

function pictures(text: string): string {
  return text.replace(INVISIBLE, '').replace(/\p{Cc}/gu, (control) => {
    const code = control.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '␡' : '�';
  });
}

/** Columns that the text takes; escape sequences for colour take none. */
export const width = (text: string): number => stringWidth(text);

const segments = new Intl.Segmenter();

/** At most `columns` wide, cut at the end with an ellipsis. */
export function fitEnd(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns < 1) return '';
  return `${head(text, columns - 1)}…`;
}

/** Cut in the middle: names of worktrees and branches differ at both ends. */
export function fitMiddle(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns < 5) return fitEnd(text, columns);
  const tail = Math.ceil((columns - 1) / 2);
  return `${head(text, columns - 1 - tail)}…${lastColumns(text, tail)}`;
}

function head(text: string, columns: number): string {
  let result = '';
  let taken = 0;
  for (const { segment } of segments.segment(text)) {
    taken += width(segment);
    if (taken > columns) break;
    result += segment;
  }
  return result;
}

function lastColumns(text: string, columns: number): string {
  const all = [...segments.segment(text)].map(({ segment }) => segment);
  let result = '';
  for (let taken = 0; all.length > 0; ) {
    const last = all.pop() ?? '';
    taken += width(last);
    if (taken > columns) break;
    result = last + result;
  }
  return result;
}

export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)));

/** Words on lines of at most `columns`; a word that is longer than a line is left whole. */
export function wrap(text: string, columns: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
