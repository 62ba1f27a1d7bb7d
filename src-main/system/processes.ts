import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { promisify } from 'node:util';
import { errorCode } from './file-failure';
import { headOrNull } from './small-reads';

export type Platform = 'darwin' | 'linux' | 'win32';

/**
 * What can be asked about other processes. On Linux everything is a read of /proc; elsewhere a process
 * has to be started for most of it, so ask for many at once and never on a fast timer. `exists` is one
 * system call everywhere. Nothing here throws: what can't be told is null or left out.
 */
export interface Processes {
  /** Whether some process has this number now: maybe a later one, maybe a zombie. */
  exists(pid: number): boolean;
  /**
   * When it started, in the system's own words, the same words for the life of the process: Linux, clock
   * ticks since boot; macOS, `Fri Sep 11 09:43:48 2026` in UTC; Windows, a FILETIME. Null when gone.
   */
  startTime(pid: number): Promise<string | null>;
  /** The same for many, with at most one process started; those that are gone are left out. */
  startTimes(pids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /**
   * Differs after every start of the machine where start times count from boot (Linux). Elsewhere they
   * are absolute, nothing hangs on it, and it is the same always.
   */
  bootId(): Promise<string>;
  /** When this machine started, in milliseconds since the epoch, right to a second or two. */
  bootTime(): number;
  /** A variable as the process had it at its start; null when unset, not ours to read, or on Windows. */
  environmentVariable(pid: number, name: string): Promise<string | null>;
  /** Its parent, the parent's parent and so on, nearest first. */
  ancestors(pid: number): Promise<readonly number[]>;
}

/** Starts a program and answers its standard output; rejects when it fails or takes longer than it may. */
export type Run = (
  program: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
) => Promise<string>;

const LIMIT_MS = 10_000;
const execute = promisify(execFile);
const runProgram: Run = async (program, args, env = {}) => {
  const { stdout } = await execute(program, [...args], {
    env: { ...process.env, ...env },
    timeout: LIMIT_MS,
    windowsHide: true,
    maxBuffer: 16 << 20,
  });
  return stdout;
};

export function createProcesses(platform: Platform, run: Run = runProgram): Processes {
  const asked = platform === 'linux' ? linux() : platform === 'darwin' ? darwin(run) : windows(run);
  return {
    ...asked,
    exists,
    startTime: async (pid) => (await asked.startTimes([pid])).get(pid) ?? null,
    bootTime: () => Date.now() - uptime() * 1000,
  };
}

function exists(pid: number): boolean {
  // kill(0, …) and negative numbers mean whole groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return errorCode(error) !== 'ESRCH';
  }
}

/**
 * Whether a process of this machine has this number and does something. A zombie does not count where
 * telling it costs no process (Linux); what can't be told counts as alive.
 */
export async function isAlive(pid: number): Promise<boolean> {
  if (!exists(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return !isZombie(afterName(await readFile(`/proc/${pid}/stat`, 'utf8')));
  } catch (error) {
    return errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ESRCH';
  }
}

type Asked = Pick<Processes, 'startTimes' | 'bootId' | 'environmentVariable' | 'ancestors'>;

const usable = (pids: readonly number[]) => pids.filter((pid) => Number.isSafeInteger(pid) && pid > 0);

// ---------------------------------------------------------------- Linux

/** `pid (name) state …`: the name may hold anything, spaces and parentheses included. */
const afterName = (stat: string): string => stat.slice(stat.lastIndexOf(')') + 2);
/** Or dead altogether (X). */
const isZombie = (fromState: string): boolean => /^[ZX]/.test(fromState);

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; null for a zombie, which does nothing more. */
export function parseProcStat(stat: string): { readonly parent: number; readonly startTime: string } | null {
  const rest = afterName(stat);
  const fields = rest.split(' ');
  const parent = fields[1];
  const startTime = fields[19];
  if (parent === undefined || startTime === undefined || isZombie(rest)) return null;
  return { parent: Number(parent), startTime };
}

/** A name of at most 64 characters and some fifty numbers. */
const PROC_STAT_BYTES = 2_048;

function linux(): Asked {
  const stat = async (pid: number) => {
    const text = await headOrNull(`/proc/${pid}/stat`, PROC_STAT_BYTES);
    // Null: gone.
    return text === null ? null : parseProcStat(text);
  };
  return {
    async startTimes(pids) {
      const found = new Map<number, string>();
      await Promise.all(
        usable(pids).map(async (pid) => {
          const known = await stat(pid);
          if (known !== null) found.set(pid, known.startTime);
        }),
      );
      return found;
    },
    bootId: () =>
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
        (id) => id.trim(),
        () => 'unknown',
      ),
    async environmentVariable(pid, name) {
      try {
        const entries = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
        return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
      } catch {
        return null; // Gone, or another person's.
      }
    },
    async ancestors(pid) {
      const chain: number[] = [];
      for (let next = (await stat(pid))?.parent; next !== undefined && next > 0; ) {
        if (chain.includes(next)) break;
        chain.push(next);
        next = (await stat(next))?.parent;
      }
      return chain;
    },
  };
}

// ---------------------------------------------------------------- macOS

/** The same words in every language and time zone, as Claude Code asks for them too. */
const PLAIN = { LC_ALL: 'C', TZ: 'UTC' };

function darwin(run: Run): Asked {
  // ps exits with 1 when one of the processes is gone, and prints the others all the same.
  const ps = (args: readonly string[]) =>
    run('/bin/ps', args, PLAIN).catch((error: unknown) => printedBy(error));
  return {
    async startTimes(pids) {
      const found = new Map<number, string>();
      const wanted = usable(pids);
      if (wanted.length === 0) return found;
      for (const line of (await ps(['-o', 'pid=,stat=,lstart=', '-p', wanted.join(',')])).split('\n')) {
        const [, pid, state, startTime] = /^\s*(\d+)\s+(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
        if (startTime !== undefined && state?.startsWith('Z') === false) found.set(Number(pid), startTime);
      }
      return found;
    },
    bootId: async () => 'absolute',
    async environmentVariable(pid, name) {
      if (usable([pid]).length === 0) return null;
      // The command line and the environment come as one line, words separated by spaces.
      const line = await ps(['-Eww', '-o', 'command=', '-p', String(pid)]);
      const start = line.lastIndexOf(` ${name}=`);
      if (start < 0) return null;
      const rest = line.slice(start + name.length + 2).trimEnd();
      return rest.split(/ (?=[A-Za-z_]\w*=)/)[0] ?? null;
    },
    async ancestors(pid) {
      const parents = new Map<number, number>();
      for (const line of (await ps(['-axo', 'pid=,ppid='])).split('\n')) {
        const [child, parent] = line.trim().split(/\s+/).map(Number);
        if (child !== undefined && parent !== undefined) parents.set(child, parent);
      }
      return climb(pid, (child) => parents.get(child));
    },
  };
}

const printedBy = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : '';

// ---------------------------------------------------------------- Windows

/** https://learn.microsoft.com/windows/win32/cimwin32prov/win32-process; the query holds numbers only. */
export const windowsProcessQuery = (pids: readonly number[] | 'all'): readonly string[] => [
  '-NoLogo',
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  `Get-CimInstance -ClassName Win32_Process -Property ProcessId,ParentProcessId,CreationDate${
    pids === 'all' ? '' : ` -Filter '${pids.map((pid) => `ProcessId=${pid}`).join(' OR ')}'`
  } | ForEach-Object { if ($_.CreationDate) { '{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, $_.CreationDate.ToFileTimeUtc() } }`,
];

interface WindowsProcess {
  readonly parent: number;
  readonly startTime: string;
}

function windows(run: Run): Asked {
  const query = async (pids: readonly number[] | 'all') => {
    const found = new Map<number, WindowsProcess>();
    const output = await run('powershell.exe', windowsProcessQuery(pids)).catch(printedBy);
    for (const line of output.split(/\r?\n/)) {
      const [, pid, parent, startTime] = /^(\d+) (\d+) (\d+)$/.exec(line.trim()) ?? [];
      if (startTime !== undefined) found.set(Number(pid), { parent: Number(parent), startTime });
    }
    return found;
  };
  return {
    async startTimes(pids) {
      const wanted = usable(pids);
      if (wanted.length === 0) return new Map();
      return new Map([...(await query(wanted))].map(([pid, known]) => [pid, known.startTime]));
    },
    bootId: async () => 'absolute',
    environmentVariable: async () => null,
    async ancestors(pid) {
      const all = await query('all');
      return climb(pid, (child) => {
        const own = all.get(child);
        const parent = own === undefined ? undefined : all.get(own.parent);
        // Windows keeps the number of a parent that is gone, and gives it to somebody younger.
        if (own === undefined || parent === undefined) return undefined;
        return BigInt(parent.startTime) <= BigInt(own.startTime) ? own.parent : undefined;
      });
    },
  };
}

function climb(pid: number, parentOf: (pid: number) => number | undefined): readonly number[] {
  const chain: number[] = [];
  for (let next = parentOf(pid); next !== undefined && next > 0; next = parentOf(next)) {
    if (next === pid || chain.includes(next)) break;
    chain.push(next);
  }
  return chain;
}

// ---------------------------------------------------------------- comparing

/** Milliseconds between the epochs of FILETIME (1601) and of .NET's ticks (0001), and ours. */
const FILETIME_EPOCH_MS = 11_644_473_600_000;
const TICKS_EPOCH_MS = 62_135_596_800_000;
const SLACK_MS = 2_000;

/**
 * Whether a start time written down by someone else means the same process as one found here. Exact on
 * Linux. macOS and Windows could not be tried with the real client: its registry holds `ps`'s words
 * there (in UTC; local time is accepted too) and a FILETIME or, from older clients, .NET ticks, according
 * to files people published; so what can't be understood counts as the same, for a live session shown
 * twice as crashed is worse than a dead one shown until its number is free.
 */
export function sameStartTime(recorded: string, found: string, platform: Platform): boolean {
  if (recorded === found) return true;
  if (platform === 'linux') return false;
  const instants = platform === 'darwin' ? wordsToInstants : numberToInstants;
  const [one, other] = [instants(recorded), instants(found)];
  if (one.length === 0 || other.length === 0) return true;
  return one.some((a) => other.some((b) => Math.abs(a - b) <= SLACK_MS));
}

function wordsToInstants(words: string): readonly number[] {
  return [Date.parse(`${words} UTC`), Date.parse(words)].filter(Number.isFinite);
}

function numberToInstants(digits: string): readonly number[] {
  if (!/^\d{15,20}$/.test(digits)) return [];
  const ms = Number(BigInt(digits) / 10_000n);
  return [ms - FILETIME_EPOCH_MS, ms - TICKS_EPOCH_MS].filter((at) => at > 0 && at < 8e12);
}
