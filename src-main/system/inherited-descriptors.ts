/**
 * Keeps what Electron has open out of processes that outlive it. On Linux Chromium's descriptors are not
 * all close-on-exec: measured on Electron 33, a child of the main process inherits 43 (IPC sockets,
 * database locks, shared memory), so that its helpers outlive a killed app as long as a terminal is open;
 * a child of a utility process one, the V8 snapshot. Node itself marks what it was given
 * (https://github.com/nodejs/node/blob/v20.19.0/src/node.cc, `uv_disable_stdio_inheritance`); macOS closes
 * everything that is not named (POSIX_SPAWN_CLOEXEC_DEFAULT, libuv's src/unix/process.c), and on Windows
 * handles are inherited only when they are marked so.
 */
import { access, constants, readdir, readFile } from 'node:fs/promises';

/** O_CLOEXEC, as /proc/PID/fdinfo prints it (octal): https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes all but 0, 1 and 2, then becomes the program. bash, because dash knows only descriptors of one
 * digit; `-p` reads no BASH_ENV, and leaves functions in the environment as they are.
 */
const CLOSING =
  'for d in /proc/$$/fd/*; do d=$' + '{d##*/}; [ "$d" -gt 2 ] && eval "exec $d>&-"; done; exec -- "$@"';
const BASHES = ['/bin/bash', '/usr/bin/bash', '/run/current-system/sw/bin/bash', '/usr/local/bin/bash'];

export type Command = readonly [program: string, args: readonly string[]];

/**
 * What to start instead, so that nothing but 0 to 2 is inherited; the program itself where nothing more
 * would be, or where there is no bash to see to it.
 */
export async function withoutInherited(
  program: string,
  args: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<Command> {
  if (platform !== 'linux' || (await inheritable()).length === 0) return [program, args];
  // A program that is missing should fail as one, not as a shell's exit code.
  if (program.startsWith('/') && (await firstThere([program])) === null) return [program, args];
  const bash = await firstThere(BASHES);
  return bash === null ? [program, args] : [bash, ['-p', '-c', CLOSING, 'orchard', program, ...args]];
}

/** Descriptors above 2 of this process that a child would inherit. */
export async function inheritable(): Promise<readonly number[]> {
  const found: number[] = [];
  const names = await readdir('/proc/self/fd').catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const fd = Number(name);
      if (fd <= 2) return;
      // One that was open for the listing only is gone by now.
      const info = await readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '');
      const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) found.push(fd);
    }),
  );
  return found.sort((a, b) => a - b);
}

async function firstThere(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}
