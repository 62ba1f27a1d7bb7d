/** tmux servers of the test's own: own socket, no configuration, ended with the test. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { quotePosix } from '../../src-main/terminal/quoting';
import { poll } from './poll';

const execute = promisify(execFile);

export interface TestTmux {
  readonly socket: string;
  run(...args: string[]): Promise<string>;
  /** A new window (the first makes the session) whose pane runs a stand-in for Claude; answers its pid and pane. */
  session(
    session: string,
    options?: { readonly below?: boolean },
  ): Promise<{ pid: number; pane: string; window: string }>;
  /** Attaches a client to a session, drawn in a pane of `outer`. */
  attach(session: string, outer: TestTmux): Promise<void>;
  /** `session:window.pane` of what the server's current client, or the session, shows. */
  shows(session: string): Promise<string>;
  env: NodeJS.ProcessEnv;
}

export async function tmuxMissing(): Promise<string | null> {
  try {
    await execute('tmux', ['-V']);
    return null;
  } catch {
    return 'tmux is not installed';
  }
}

export function createTestTmux(directory: string, name: string, env: NodeJS.ProcessEnv): TestTmux {
  const socket = join(directory, name);
  const clean = { ...env };
  delete clean.TMUX;
  delete clean.TMUX_PANE;
  const run = async (...args: string[]) =>
    (await execute('tmux', ['-u', '-f', '/dev/null', '-S', socket, ...args], { env: clean })).stdout.replace(
      /\n$/,
      '',
    );
  onTestFinished(async () => {
    await run('kill-server').catch(() => undefined);
  });
  let made = 0;
  return {
    socket,
    env: clean,
    run,
    async session(session, { below = false } = {}) {
      const pidFile = join(directory, `${name}-${made++}.pid`);
      // Below a shell, as a person starts it; or in its place, as a new window does.
      const stand = `sh -c 'echo $$ > "$0".tmp; mv "$0".tmp "$0"; exec sleep 1000' ${quotePosix(pidFile)}`;
      const exists = await run('has-session', '-t', `=${session}`).then(
        () => true,
        () => false,
      );
      const place = ['-P', '-F', '#{pane_id} #{window_id}', below ? `${stand}; :` : `exec ${stand}`];
      const out = exists
        ? await run('new-window', '-d', '-t', `=${session}:`, ...place)
        : await run('new-session', '-d', '-x', '80', '-y', '24', '-s', session, ...place);
      const [pane = '', window = ''] = out.split(' ');
      const pid = await poll(
        () => readFile(pidFile, 'utf8').then(Number, () => 0),
        (value) => value > 0,
        { what: 'the stand-in session' },
      );
      return { pid, pane, window };
    },
    async attach(session, outer) {
      const before = (await run('list-clients', '-t', `=${session}`)).split('\n').filter(Boolean).length;
      const command = `env -u TMUX -u TMUX_PANE tmux -u -S ${quotePosix(socket)} attach-session -t ${quotePosix(`=${session}`)}`;
      const exists = await outer.run('has-session').then(
        () => true,
        () => false,
      );
      if (exists) await outer.run('new-window', '-d', command);
      else await outer.run('new-session', '-d', '-x', '80', '-y', '24', '-s', 'outer', command);
      await poll(
        async () => (await run('list-clients', '-t', `=${session}`)).split('\n').filter(Boolean).length,
        (count) => count > before,
        { what: 'the attached client' },
      );
    },
    shows: (session) => run('display-message', '-p', '-t', `=${session}:`, '#{window_id} #{pane_id}'),
  };
}
