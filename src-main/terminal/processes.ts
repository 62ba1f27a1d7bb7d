/** Looks at other processes of the same person: who started them, in which terminal, with what environment. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

export interface ProcessInfo {
  readonly pid: number;
  /** The program's name; on Linux the kernel cuts it to 15 characters. */
  readonly name: string;
  /** The program's path where the system tells it. */
  readonly path: string | null;
}

export interface ProcessInspector {
  /** A process and its ancestors, itself first; empty when it is gone or the system does not tell. */
  ancestors(pid: number): Promise<readonly ProcessInfo[]>;
  /** Its initial environment; null when it can't be read. */
  environment(pid: number): Promise<Readonly<Record<string, string>> | null>;
  /** Its controlling terminal, as `/dev/pts/3` or `/dev/ttys003`. */
  tty(pid: number): Promise<string | null>;
}

export function createProcessInspector(platform: 'darwin' | 'linux' | 'win32'): ProcessInspector {
  if (platform === 'linux') return createProcInspector();
  if (platform === 'darwin') return createPsInspector();
  // Windows has no cheap way to read another process' environment, and a tab has no address there.
  return { ancestors: async () => [], environment: async () => null, tty: async () => null };
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly tty: number;
}

/** `/proc/<pid>/stat`: the name is in brackets and may hold brackets itself (man 5 proc). */
export function parseStat(text: string): Stat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const rest = text.slice(close + 2).split(' ');
  const parent = Number(rest[1]);
  const tty = Number(rest[4]);
  if (!Number.isInteger(parent) || !Number.isInteger(tty)) return null;
  return { name: text.slice(open + 1, close), parent, tty };
}

/** The device number of `tty_nr`: minor in bits 31-20 and 7-0, major in 15-8 (man 5 proc). */
export function ttyPath(device: number): string | null {
  const major = (device >> 8) & 0xff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `/dev/pts/${(major - 136) * 256 + minor}`;
  if (major === 4 && minor < 64) return `/dev/tty${minor}`;
  return null;
}

function createProcInspector(): ProcessInspector {
  const read = async (pid: number) => {
    try {
      return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return null; // Gone.
    }
  };
  return {
    async ancestors(pid) {
      const found: ProcessInfo[] = [];
      for (let next = pid; next > 1 && found.length < 64; ) {
        const facts = await read(next);
        if (facts === null) break;
        const path = await readlink(`/proc/${next}/exe`).catch(() => null);
        found.push({ pid: next, name: facts.name, path });
        next = facts.parent;
      }
      return found;
    },
    async environment(pid) {
      try {
        const text = await readFile(`/proc/${pid}/environ`, 'utf8');
        return Object.fromEntries(
          text
            .split('\0')
            .filter((entry) => entry.indexOf('=') > 0)
            .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
        );
      } catch {
        return null; // Gone, or another person's.
      }
    },
    async tty(pid) {
      const facts = await read(pid);
      return facts === null ? null : ttyPath(facts.tty);
    },
  };
}

const ps = (args: readonly string[]) =>
  new Promise<string>((resolve) => {
    execFile(
      '/bin/ps',
      [...args],
      { timeout: 5_000, maxBuffer: 16 << 20, env: { LC_ALL: 'C' } },
      (_error, stdout) => resolve(stdout),
    );
  });

/** Lines of `ps -Ao pid=,ppid=,tty=,comm=`; on macOS `comm` is the whole path. */
export function parsePs(
  text: string,
): ReadonlyMap<number, { readonly parent: number; readonly tty: string | null; readonly path: string }> {
  const found = new Map<number, { parent: number; tty: string | null; path: string }>();
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parent, tty = '', path = ''] = match;
    found.set(Number(pid), {
      parent: Number(parent),
      tty: tty.startsWith('tty') ? `/dev/${tty}` : null,
      path,
    });
  }
  return found;
}

/** What a terminal leaves in its children's environment, and nothing else of a person's. */
const WANTED = [
  'TMUX',
  'TMUX_PANE',
  'TERM_PROGRAM',
  'KITTY_WINDOW_ID',
  'KITTY_LISTEN_ON',
  'WEZTERM_PANE',
  'WEZTERM_UNIX_SOCKET',
  'ITERM_SESSION_ID',
  'TERM_SESSION_ID',
];

/**
 * `ps eww` prints the environment behind the arguments, all in one line without quoting. Only known names
 * are looked for, each where it stands last (an argument may hold the same text), and a value ends where
 * the next variable begins.
 */
export function parsePsEnvironment(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of WANTED) {
    const at = text.lastIndexOf(` ${name}=`);
    if (at < 0) continue;
    const value = text.slice(at + name.length + 2);
    const end = value.search(/ [A-Za-z_][A-Za-z0-9_]*=|\n|$/);
    found[name] = value.slice(0, end);
  }
  return found;
}

function createPsInspector(): ProcessInspector {
  return {
    async ancestors(pid) {
      const all = parsePs(await ps(['-Ao', 'pid=,ppid=,tty=,comm=']));
      const found: ProcessInfo[] = [];
      for (let next = pid; next > 1 && found.length < 64; ) {
        const facts = all.get(next);
        if (facts === undefined) break;
        // A login shell's name starts with a dash.
        found.push({ pid: next, name: basename(facts.path).replace(/^-/, ''), path: facts.path });
        next = facts.parent;
      }
      return found;
    },
    async environment(pid) {
      const text = await ps(['eww', '-o', 'command=', '-p', String(pid)]);
      return text === '' ? null : parsePsEnvironment(text);
    },
    async tty(pid) {
      return parsePs(await ps(['-o', 'pid=,ppid=,tty=,comm=', '-p', String(pid)])).get(pid)?.tty ?? null;
    },
  };
}
