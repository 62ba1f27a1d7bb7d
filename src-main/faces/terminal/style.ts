/** Colour as a hint, never as the only sign; the sixteen colours, which every theme chose for itself. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
  /** Whether cells may be put at an exact column by an escape sequence. */
  readonly exact: boolean;
}

const sequence = (on: number, off: number) => (text: string) =>
  text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
const plainText = (text: string) => text;

export const plain: Style = {
  bold: plainText,
  dim: plainText,
  red: plainText,
  yellow: plainText,
  green: plainText,
  cyan: plainText,
  exact: false,
};
const coloured: Style = {
  bold: sequence(1, 22),
  dim: sequence(2, 22),
  red: sequence(31, 39),
  yellow: sequence(33, 39),
  green: sequence(32, 39),
  cyan: sequence(36, 39),
  exact: true,
};

/** https://no-color.org: any value that is not empty turns colour off. */
export function styleFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  if (!isTerminal || env.TERM === 'dumb') return plain;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return { ...plain, exact: true };
  return coloured;
}
