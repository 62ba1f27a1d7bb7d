/** One word as the person's shell takes it, in commands that are shown to be pasted. */
export function shellWord(word: string, platform: 'darwin' | 'linux' | 'win32'): string {
  if (
    /^[A-Za-z0-9_@%+,./-][A-Za-z0-9_@%+=:,./-]*$/.test(word) &&
    !(platform === 'win32' && /[@%,]/.test(word))
  )
    return word;
  // PowerShell takes typographic quotes for plain ones:
  // https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
  return platform === 'win32'
    ? `'${word.replace(/['\u2018-\u201b]/g, (quote) => quote + quote)}'`
    : `'${word.replaceAll("'", "'\\''")}'`;
}
