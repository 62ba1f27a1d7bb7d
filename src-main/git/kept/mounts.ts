/**
 * Where other file systems begin below a directory. A device number tells most of them; a bind mount of
 * the same file system has the same number, and only the kernel's own list names it
 * (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html). Windows' junctions are links to
 * Node, and links are never followed here.
 */
import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { textOrNull } from '../../system/small-reads';

/** Real paths of what is mounted below `directory`; empty where the system keeps no such list. */
export async function mountsBelow(directory: string): Promise<ReadonlySet<string>> {
  const list = await textOrNull('/proc/self/mountinfo');
  if (list === null) return new Set();
  const real = await realpath(directory).catch(() => directory);
  return new Set(
    list
      .split('\n')
      .map((line) => unescaped(line.split(' ')[4] ?? ''))
      .filter((point) => point.startsWith(real + sep)),
  );
}

/** The kernel writes a space, a tab, a newline and a backslash as three octal digits. */
const unescaped = (point: string): string =>
  point.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
