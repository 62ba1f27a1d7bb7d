/**
 * What a terminal's file needs from the machine: programs to find and to start, processes to look at.
 * Tests put a recording one in its place and read the exact command lines.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, constants, type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { posix, win32 } from 'node:path';
import { withoutInherited } from '../system/inherited-descriptors';
import type { ProcessInspector } from './processes';

export type Platform = 'darwin' | 'linux' | 'win32';
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** What it printed to stderr, or why it could not be run. */
  readonly stderr: string;
}

export type Started =
  | { readonly ok: false; readonly details: string }
  /** `failure` settles only when the process ends badly; a terminal may live for weeks. */
  | { readonly ok: true; readonly failure: Promise<string> };

export interface RunOptions {
  /** Instead of the login environment less the traces of the terminal that Orchard runs in. */
  readonly env?: Environment;
  readonly limitMs?: number;
  /** True for what may leave a server behind (a new tmux): it inherits nothing of ours. */
  readonly outlives?: boolean;
}

export interface Machine {
  readonly platform: Platform;
  /** The login environment (see system/login-environment.ts). */
  readonly env: Environment;
  readonly homeDirectory: string;
  readonly processes: ProcessInspector;
  /** A program on the PATH as an absolute path; null when there is none. */
  find(program: string): Promise<string | null>;
  exists(path: string): Promise<boolean>;
  /** Runs a program to its end. Never throws; a time limit (10 s unless said otherwise) ends it. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Starts a program that outlives Orchard, in a session of its own. */
  start(
    program: string,
    args: readonly string[],
    options?: { readonly env?: Environment; readonly directory?: string },
  ): Promise<Started>;
}

/**
 * What tells a process which terminal, multiplexer or Claude session it is in. A new terminal is in
 * none of them: inherited, they would make it answer to the wrong pane, and Claude refuse to nest.
 */
const OF_ANOTHER_TERMINAL =
  /^(TMUX|TMUX_PANE|STY|WINDOW|WINDOWID|COLUMNS|LINES|TERM|TERMCAP|COLORTERM|TERM_PROGRAM|TERM_PROGRAM_VERSION|TERM_SESSION_ID|LC_TERMINAL|LC_TERMINAL_VERSION|VTE_VERSION|XTERM_\w+|KITTY_\w+|WEZTERM_\w+|ITERM_\w+|KONSOLE_\w+|GNOME_TERMINAL_\w+|ALACRITTY_\w+|GHOSTTY_\w+|WT_\w+|VSCODE_\w+|ZELLIJ\w*|TERMINFO|SHELL_SESSION_ID|ELECTRON_RUN_AS_NODE|CLAUDECODE|CLAUDE_PID|CLAUDE_CODE_(ENTRYPOINT|SSE_PORT|SESSION_ID|CHILD_SESSION|EXECPATH|TMPDIR))$/;

export function withoutTerminalTraces(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !OF_ANOTHER_TERMINAL.test(name)) kept[name] = value;
  return kept;
}

/** The same names for a shell that is inside an environment already (tmux keeps its server's). */
export const claudeTraces = [
  'CLAUDECODE',
  'CLAUDE_PID',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_SESSION_ID',
  'CLAUDE_CODE_CHILD_SESSION',
] as const;

export function createMachine(options: {
  readonly platform: Platform;
  readonly env: Environment;
  readonly homeDirectory: string;
  readonly processes: ProcessInspector;
}): Machine {
  const { platform, env, homeDirectory, processes } = options;
  const { join, delimiter, isAbsolute } = platform === 'win32' ? win32 : posix;

  const isProgram = async (path: string) => {
    try {
      if (platform !== 'win32') await access(path, constants.X_OK);
      return (await stat(path)).isFile();
    } catch {
      return false; // Not there, or not for us: either way not a program that can be run.
    }
  };

  return {
    platform,
    env,
    homeDirectory,
    processes,
    async find(program) {
      if (isAbsolute(program)) return (await isProgram(program)) ? program : null;
      const path = env.PATH ?? (platform === 'win32' ? env.Path : undefined) ?? '';
      const endings = platform === 'win32' && !/\.\w+$/.test(program) ? ['.exe', '.cmd', '.bat'] : [''];
      for (const directory of path.split(delimiter)) {
        // A relative entry would let the current directory, a repository, decide what runs.
        if (!isAbsolute(directory)) continue;
        for (const ending of endings) {
          const candidate = join(directory, program + ending);
          if (await isProgram(candidate)) return candidate;
        }
      }
      return null;
    },
    async exists(path) {
      try {
        await stat(path);
        return true;
      } catch {
        return false;
      }
    },
    async run(program, args, { env: own = withoutTerminalTraces(env), limitMs = 10_000, outlives } = {}) {
      const [first, rest] = outlives === true ? await withoutInherited(program, args) : [program, args];
      return new Promise((resolve) => {
        execFile(
          first,
          [...rest],
          { env: own, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 4 << 20, windowsHide: true },
          (error, stdout, stderr) => {
            if (error === null) return resolve({ exitCode: 0, stdout, stderr });
            const exitCode = typeof error.code === 'number' ? error.code : null;
            const why = error.killed
              ? `${program} did not answer within ${limitMs / 1000} seconds.`
              : exitCode === null
                ? error.message
                : '';
            resolve({ exitCode, stdout, stderr: [stderr.trim(), why].filter(Boolean).join('\n') });
          },
        );
      });
    },
    async start(program, args, { env: own = withoutTerminalTraces(env), directory } = {}) {
      const words = await openScratch(platform);
      const [first, rest] = await withoutInherited(program, args);
      const child = spawn(first, [...rest], {
        env: own,
        // A directory that is away would fail the start with a misleading ENOENT of the program.
        cwd: directory !== undefined && (await isDirectory(directory)) ? directory : homeDirectory,
        detached: true,
        stdio: ['ignore', words?.fd ?? 'ignore', words?.fd ?? 'ignore'],
        windowsHide: false,
      });
      return new Promise((resolve) => {
        child.once('error', (error) => {
          void words?.close();
          resolve({ ok: false, details: error.message });
        });
        child.once('spawn', () => {
          child.unref();
          const failure = new Promise<string>((settle) => {
            child.once('exit', (code, signal) => {
              void readScratch(words).then((said) => {
                if (code === 0) return;
                const how =
                  code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
                settle([`${program} ${how}.`, said].filter(Boolean).join('\n'));
              });
            });
          });
          resolve({ ok: true, failure });
        });
      });
    },
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/**
 * A file without a name for what a terminal says when it fails to start. A pipe would break with
 * Orchard's end and take the terminal along; a named file would stay behind.
 */
async function openScratch(platform: Platform): Promise<FileHandle | null> {
  if (platform === 'win32') return null;
  const path = posix.join(tmpdir(), `orchard-${randomBytes(9).toString('hex')}`);
  try {
    const handle = await open(path, 'wx+', 0o600);
    await unlink(path);
    return handle;
  } catch {
    return null; // A full or read-only temporary directory costs the details, not the terminal.
  }
}

async function readScratch(handle: FileHandle | null): Promise<string> {
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4_096), 0, 4_096, 0);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } catch {
    return '';
  } finally {
    await handle.close().catch(() => undefined);
  }
}
