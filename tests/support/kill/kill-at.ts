/** Compiles the library that kills at the n-th change of a file, and speaks to it through its memory. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Read once: a scene has a TMPDIR of its own, which goes with it. */
const temporary = tmpdir();
const source = fileURLToPath(new URL('./kill-at.c', import.meta.url));
/** `struct shared`: three counters of 8 bytes, the count of pids, the pids, and where it ended. */
const PIDS = 4096;
const WHERE = 4 * 8 + PIDS * 4;
const SIZE = WHERE + 4096;

/** Why this machine can't count calls, or null. */
export function whyNoKills(): string | null {
  if (process.platform !== 'linux') return 'libraries are preloaded on Linux only';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'no C compiler (cc) here';
  }
}

/** The library's path; compiled once for each version of its source. */
export function killLibrary(): string {
  const text = readFileSync(source);
  const directory = join(temporary, `orchard-kill-at-${process.getuid?.() ?? 0}`);
  const file = join(directory, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.so`);
  if (existsSync(file)) return file;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}`;
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', aside, source, '-ldl', '-lpthread']);
  renameSync(aside, file);
  return file;
}

export interface KillMemory {
  /** What a process needs to count, or to be killed, with all that it starts. */
  readonly env: NodeJS.ProcessEnv;
  /** 0: only count. */
  arm(at: number): Promise<void>;
  read(): Promise<{ readonly count: number; readonly killed: boolean; readonly where: string }>;
  remove(): void;
}

export function createKillMemory(file: string, root: string): KillMemory {
  return {
    env: {
      LD_PRELOAD: killLibrary(),
      KILL_AT_STATE: file,
      KILL_AT_ROOT: root,
      // What goes through io_uring passes no library.
      UV_USE_IO_URING: '0',
    },
    async arm(at) {
      const memory = Buffer.alloc(SIZE);
      memory.writeBigUInt64LE(BigInt(at), 8);
      await writeFile(file, memory);
    },
    async read() {
      const memory = await readFile(file);
      const where = memory.subarray(WHERE);
      return {
        count: Number(memory.readBigUInt64LE(0)),
        killed: memory.readBigUInt64LE(16) !== 0n,
        where: where.subarray(0, where.indexOf(0)).toString().replaceAll(root, ''),
      };
    },
    remove: () => rmSync(file, { force: true }),
  };
}
