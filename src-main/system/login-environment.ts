import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginEnvironment {
  readonly env: Environment;
  readonly from: 'own' | 'login-shell';
  /** Why the login shell's could not be had, in a sentence; the own one is used then. */
  readonly problem: string | null;
}

export interface LoginEnvironmentOptions {
  readonly env: Environment;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** True for a process that a person started from a shell: it has the shell's environment already. */
  readonly fromTerminal: boolean;
  readonly limitMs?: number;
}

/** Told to the shell so that rc files stay quiet and can tell; never part of what comes back. */
const QUESTION: Environment = {
  ORCHARD_RESOLVING_ENVIRONMENT: '1',
  // oh-my-zsh asks about updates and starts tmux in an interactive shell:
  // https://github.com/ohmyzsh/ohmyzsh/blob/master/README.md#manual-updates
  DISABLE_AUTO_UPDATE: 'true',
  ZSH_TMUX_AUTOSTART: 'false',
  ZSH_TMUX_AUTOSTARTED: 'true',
};
/** Belongs to the asked shell, not to the person. */
const OF_THE_SHELL_ITSELF = ['_', 'SHLVL', 'PWD', 'OLDPWD', 'SHELL_SESSION_ID'];

/**
 * The environment that git, claude, gh, hooks and validation run in. A desktop app on macOS (and under
 * some Linux desktops) lacks the PATH that a person set up for their shell, so the login shell is asked
 * once, without a terminal, in a session of its own, with a time limit. Never throws.
 */
export async function readLoginEnvironment(options: LoginEnvironmentOptions): Promise<LoginEnvironment> {
  const { env, platform, fromTerminal, limitMs = 5_000 } = options;
  const own = (problem: string | null): LoginEnvironment => ({ env, from: 'own', problem });
  if (platform === 'win32' || fromTerminal) return own(null);
  const shell = env.SHELL ?? (platform === 'darwin' ? '/bin/zsh' : '/bin/sh');
  const marker = `orchard-${randomBytes(8).toString('hex')}`;
  const answer = await ask(shell, marker, { ...env, ...QUESTION }, limitMs);
  if ('problem' in answer) return own(answer.problem);
  const found = parseEnvironment(answer.output, marker);
  if (found === null) return own(`${shell} did not print its environment`);
  for (const name of [...Object.keys(QUESTION), ...OF_THE_SHELL_ITSELF]) delete found[name];
  // A person's own value of what the question overrode, or of what belongs to this process, stays.
  const kept = Object.fromEntries(
    [...Object.keys(QUESTION), ...OF_THE_SHELL_ITSELF]
      .filter((name) => env[name] !== undefined)
      .map((name) => [name, env[name]]),
  );
  return { env: { ...env, ...found, ...kept }, from: 'login-shell', problem: null };
}

/** How each shell is told to run a command as a login shell that reads the person's rc files. */
export function shellArguments(shell: string, command: string): readonly string[] {
  switch (basename(shell)) {
    // csh takes -l only as its single flag; its interactive rc file holds the PATH.
    case 'csh':
    case 'tcsh':
      return ['-ic', command];
    case 'pwsh':
      return ['-Login', '-Command', command];
    // Plain sh has no rc file to read, and some (dash without a terminal) complain about -i.
    case 'sh':
    case 'dash':
    case 'ash':
      return ['-lc', command];
    default:
      return ['-i', '-l', '-c', command];
  }
}

function ask(
  shell: string,
  marker: string,
  env: Environment,
  limitMs: number,
): Promise<{ readonly output: string } | { readonly problem: string }> {
  // Only words that every shell reads the same. `env -0` is missing on macOS before 13: the plain
  // list after it is the fallback.
  const command = `echo ${marker}; env -0; echo ${marker}; env; echo ${marker}`;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    // A session of its own: an interactive shell must not stop for, or grab, somebody's terminal.
    const child = spawn(shell, shellArguments(shell, command), {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let settled = false;
    const settle = (answer: { readonly output: string } | { readonly problem: string }) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      child.stdout.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      endGroup(child.pid);
      settle({ problem: `${shell} did not answer within ${limitMs / 1000} seconds` });
    }, limitMs);
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // An rc file may leave something in the background that holds the pipe: the last marker is enough.
      const output = Buffer.concat(chunks).toString('utf8');
      if (output.split(marker).length > 3) {
        endGroup(child.pid);
        settle({ output });
      }
    });
    child.once('error', (error) => settle({ problem: `${shell} could not be started: ${error.message}` }));
    child.once('close', () => settle({ output: Buffer.concat(chunks).toString('utf8') }));
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone already.
  }
}

/** Reads the NUL-separated list, else the plain one; null when the shell printed neither. */
export function parseEnvironment(output: string, marker: string): Record<string, string> | null {
  const parts = output.split(marker);
  if (parts.length < 3) return null;
  const separated = (parts[1] ?? '').replace(/^\r?\n/, '');
  const found: Record<string, string> = {};
  if (separated.includes('\0')) {
    for (const entry of separated.split('\0')) {
      const at = entry.indexOf('=');
      if (at > 0) found[entry.slice(0, at)] = entry.slice(at + 1);
    }
    return found;
  }
  let last: string | null = null;
  for (const line of (parts[2] ?? '')
    .replace(/^\r?\n/, '')
    .replace(/\r?\n$/, '')
    .split('\n')) {
    const start = /^([A-Za-z_]\w*)=(.*)$/s.exec(line);
    if (start?.[1] !== undefined) {
      last = start[1];
      found[last] = start[2] ?? '';
    } else if (last !== null) found[last] += `\n${line}`;
  }
  return last === null ? null : found;
}
