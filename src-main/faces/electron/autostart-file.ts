/** The XDG autostart entry: https://specifications.freedesktop.org/autostart-spec/latest/ */
import { isAbsolute, join } from 'node:path';

/** `$XDG_CONFIG_HOME/autostart/orchard.desktop`, or below `~/.config` as the base directory spec says. */
export function autostartPath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const configured = env.XDG_CONFIG_HOME;
  const config = configured !== undefined && isAbsolute(configured) ? configured : join(home, '.config');
  return join(config, 'autostart', 'orchard.desktop');
}

/**
 * Quotes an argument of `Exec`: `"`, `` ` ``, `$` and `\` are escaped inside double quotes, `%` is
 * doubled, and each backslash once more because the value is a string of a desktop file.
 * https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
 */
function quoteExec(argument: string): string {
  const quoted = `"${argument.replaceAll(/["`$\\]/g, '\\$&')}"`;
  return quoted.replaceAll('%', '%%').replaceAll('\\', '\\\\');
}

/** Null when a part can't be written in a desktop file at all (a line break in the path). */
export function autostartEntry(command: readonly string[]): string | null {
  if (command.some((part) => /[\0\r\n]/.test(part))) return null;
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Orchard',
    'Comment=Every Claude Code session and git worktree in your menu bar',
    `Exec=${command.map(quoteExec).join(' ')}`,
    'Icon=orchard',
    'Terminal=false',
    'StartupNotify=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}
