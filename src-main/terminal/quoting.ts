/**
 * Words as shells want them. Used for launcher scripts and for lines that a person pastes; no process
 * is ever started through a shell string.
 */

/**
 * One word for sh, bash, zsh, dash and ksh. A NUL can be in no argument of any process and is dropped.
 * A bare word may not start with `=` (zsh expands it) or `~`.
 */
export function quotePosix(word: string): string {
  const text = word.replaceAll('\0', '');
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * One string for PowerShell. It takes the typographic single quotes for the plain one, so they are
 * doubled too: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
 */
export function quotePowerShell(text: string): string {
  return `'${text.replaceAll('\0', '').replace(/['\u2018\u2019\u201a\u201b]/g, (quote) => quote + quote)}'`;
}

/**
 * One argument inside a Windows command line, by the rules of CommandLineToArgvW:
 * https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
export function quoteWindowsArgument(argument: string): string {
  const text = argument.replaceAll('\0', '');
  if (text !== '' && !/[\s"]/.test(text)) return text;
  return `"${text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

/**
 * One argument of a batch file run by `cmd.exe /d /e:on /v:off /c`. Quotes are doubled, and `%` can't be
 * escaped, only broken up by an expansion that is always empty. A line break ends a command whatever
 * one does, so it becomes a space. The rules and why: https://blog.rust-lang.org/2024/04/09/cve-2024-24576/
 */
export function quoteBatchArgument(argument: string): string {
  const text = argument.replaceAll('\0', '').replace(/[\r\n]+/g, ' ');
  const quoted = text.replace(/(\\*)"/g, '$1$1""').replace(/(\\+)$/, '$1$1');
  return `"${quoted.replaceAll('%', '%%cd:~,%')}"`;
}

/** `cd` and a program, as one line to paste into a POSIX shell. */
export function posixLine(directory: string, command: readonly string[] | null): string {
  const enter = `cd ${quotePosix(directory)}`;
  return command === null ? enter : `${enter} && ${command.map(quotePosix).join(' ')}`;
}

/**
 * The same for PowerShell. Before 7.3 it drops double quotes inside an argument, later it keeps them
 * (about_Parsing, `$PSNativeCommandArgumentPassing`), so such a word asks for the version at run time.
 */
export function powerShellLine(directory: string, command: readonly string[] | null): string {
  const enter = `Set-Location -LiteralPath ${quotePowerShell(directory)}`;
  if (command === null) return enter;
  const [program = '', ...words] = command;
  const needsVersion = words.some((word) => word.includes('"'));
  const setQuote = needsVersion
    ? `$q = if ($PSVersionTable.PSVersion -lt [version]'7.3') { '\\"' } else { '"' }; `
    : '';
  const rest = words.map((word) =>
    word.includes('"') ? `(${word.split('"').map(quotePowerShell).join(' + $q + ')})` : quotePowerShell(word),
  );
  return `${enter}; if ($?) { ${setQuote}& ${[quotePowerShell(program), ...rest].join(' ')} }`;
}

/** A title for a tab: one line, no control characters (they would end or start an escape sequence). */
export function plainTitle(title: string, most = 200): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const line = title.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`;
}
