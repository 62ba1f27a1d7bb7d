/** A tmux server of the test's own: its socket and configuration are below the test's directory. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LIMITS } from '../poll';

const run = promisify(execFile);

export interface Tmux {
  readonly socket: string;
  /** Runs a tmux command on this server and answers what it printed, trimmed. */
  command(...args: string[]): Promise<string>;
  /** Starts a program (no shell in between) in a new detached session; answers its pane, e.g. `%3`. */
  start(
    name: string,
    directory: string,
    command: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** Types text as it is, then nothing. */
  type(pane: string, text: string): Promise<void>;
  /** Presses keys by tmux's names: `Enter`, `Escape`, `C-c`. */
  press(pane: string, ...keys: string[]): Promise<void>;
  screen(pane: string): Promise<string>;
  /** The process that tmux started in the pane. */
  panePid(pane: string): Promise<number>;
  stop(): Promise<void>;
}

export function createTmux(root: string, env: NodeJS.ProcessEnv, name = 'tmux'): Tmux {
  const socket = join(root, `${name}.sock`);
  const configuration = join(root, `${name}.conf`);
  // A server that ends with its last session may be about to while the next one is being started.
  const configured = writeFile(configuration, 'set -g exit-empty off\n');
  const command = async (...args: string[]) => {
    await configured;
    const { stdout } = await run('tmux', ['-S', socket, '-f', configuration, ...args], {
      env,
      timeout: LIMITS.soon,
    });
    return stdout.trimEnd();
  };
  return {
    socket,
    command,
    start: (session, directory, program, more = {}) =>
      command(
        ...['new-session', '-d', '-P', '-F', '#{pane_id}', '-s', session, '-x', '140', '-y', '45'],
        ...['-c', directory, '--', 'env', ...Object.entries(more).map(([key, value]) => `${key}=${value}`)],
        ...program,
      ),
    type: async (pane, text) => {
      await command('send-keys', '-t', pane, '-l', '--', text);
    },
    press: async (pane, ...keys) => {
      await command('send-keys', '-t', pane, ...keys);
    },
    screen: (pane) => command('capture-pane', '-p', '-t', pane),
    panePid: async (pane) => Number(await command('display-message', '-p', '-t', pane, '#{pane_pid}')),
    stop: async () => {
      await command('kill-server').catch(() => undefined); // Where none was started.
    },
  };
}
