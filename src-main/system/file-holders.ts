/**
 * Whether a lock file that git left has a living owner. git writes no name into its locks, so it is asked
 * the other way round: who has the file open, or is a git at work in one of the directories.
 */
import { execFile } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { textOrNull } from './small-reads';

const run = promisify(execFile);
const LIMIT_MS = 10_000;

/**
 * Whether any process has one of the files open, or is a git that changes something in one of the
 * directories (real paths; what lies below counts). What can't be told counts as held.
 */
export async function isHeld(
  files: readonly string[],
  directories: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  if (platform === 'linux') return heldOnLinux(new Set(files), directories);
  return platform === 'win32' ? anyGitOnWindows() : heldOnUnix(files, directories);
}

/** Commands that lock nothing and may stay for hours: in a pager, or as a daemon. */
const LOOKING = new Set([
  'annotate',
  'blame',
  'cat-file',
  'credential-cache--daemon',
  'diff',
  'fsmonitor--daemon',
  'grep',
  'help',
  'log',
  'reflog',
  'rev-list',
  'shortlog',
  'show',
  'whatchanged',
]);

async function heldOnLinux(files: ReadonlySet<string>, directories: readonly string[]): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids) if (await holds(`/proc/${pid}`, files, directories)) return true;
  return false;
}

async function holds(process: string, files: ReadonlySet<string>, directories: readonly string[]) {
  const command = (await textOrNull(`${process}/cmdline`))?.split('\0') ?? [];
  if (/^git(-|$)/.test(basename(command[0] ?? ''))) {
    const at = await readlink(`${process}/cwd`).catch(() => null);
    const within = directories.some((directory) => at === directory || at?.startsWith(`${directory}/`));
    // Orchard's own looks write nothing.
    if (within && !command.includes('--no-optional-locks') && !command.some((word) => LOOKING.has(word)))
      return true;
  }
  for (const descriptor of await readdir(`${process}/fd`).catch(() => [])) {
    const target = await readlink(`${process}/fd/${descriptor}`).catch(() => null);
    if (target !== null && files.has(target)) return true;
  }
  return false;
}

/** https://manpages.debian.org/lsof.8: it answers 1 when nothing was found. */
async function heldOnUnix(files: readonly string[], directories: readonly string[]): Promise<boolean> {
  const asked = [
    ...(files.length === 0 ? [] : [['-t', '--', ...files]]),
    ...directories.map((directory) => ['-a', '-c', 'git', '-d', 'cwd', '-t', '--', directory]),
  ];
  for (const args of asked) {
    const found = await run('lsof', args, { timeout: LIMIT_MS }).then(
      ({ stdout }) => stdout.trim() !== '',
      (error: { readonly code?: unknown; readonly stdout?: string }) =>
        error.code !== 1 || (error.stdout ?? '').trim() !== '',
    );
    if (found) return true;
  }
  return false;
}

/** A file that is open can't be removed on Windows; a closed lock is held by some git that runs. */
async function anyGitOnWindows(): Promise<boolean> {
  const args = ['/FI', 'IMAGENAME eq git.exe', '/FO', 'CSV', '/NH'];
  return run('tasklist', args, { timeout: LIMIT_MS, windowsHide: true }).then(
    ({ stdout }) => /git\.exe/i.test(stdout),
    () => true,
  );
}
