/** Asks one tmux server, named by its socket, what it holds. https://man.openbsd.org/tmux.1 */
import type { Machine, Run } from './machine';

const LIMIT_MS = 5_000;

export interface TmuxPane {
  /** `%5`: stable for the pane's life, whatever window it is moved to. */
  readonly id: string;
  readonly pid: number;
  readonly active: boolean;
  readonly windowId: string;
  readonly windowActive: boolean;
  readonly zoomed: boolean;
  readonly sessionId: string;
  /** How many clients show this session. */
  readonly attached: number;
  readonly windowIndex: string;
  readonly paneIndex: string;
  readonly sessionName: string;
}

export interface TmuxClient {
  readonly pid: number;
  readonly activity: number;
  readonly sessionId: string;
  /** Whether its terminal has the focus; null when the terminal or the server does not tell. */
  readonly focused: boolean | null;
  /** What `-c` takes. */
  readonly name: string;
}

export interface TmuxServer {
  /** What selects this server on a command line. */
  readonly address: readonly string[];
  run(...args: string[]): Promise<Run>;
  /** Every pane, once per session that shows it; null when the server does not answer. */
  panes(): Promise<readonly TmuxPane[] | null>;
  clients(): Promise<readonly TmuxClient[]>;
  /** Sessions, the one used last first. */
  sessions(): Promise<readonly string[]>;
}

/** The socket of `TMUX=<socket>,<server pid>,<session>`; the path itself may hold commas. */
export const socketOf = (tmux: string | undefined): string | null =>
  /^(\/.*),\d+,\d+$/s.exec(tmux ?? '')?.[1] ?? null;

// Fields without spaces first, separated by spaces, a name that may hold some last. Not tabs: tmux prints
// control characters as "_" to a client that it takes for a non-UTF-8 one.
const PANE =
  '#{pane_id} #{pane_pid} #{pane_active} #{window_id} #{window_active} #{window_zoomed_flag} #{session_id} #{session_attached} #{window_index} #{pane_index} #{session_name}';
const CLIENT =
  '#{client_pid} #{client_activity} #{session_id} [#{client_flags}] [#{client_termfeatures}] #{focus-events} #{client_name}';

export function parsePanes(text: string): readonly TmuxPane[] {
  const panes: TmuxPane[] = [];
  for (const line of text.split('\n')) {
    const match = /^(%\d+) (\d+) (\d) (@\d+) (\d) (\d) (\$\d+) (\d+) (\d+) (\d+) (.*)$/.exec(line);
    if (match === null) continue;
    const [, id = '', pid, active, windowId = '', windowActive, zoomed, sessionId = '', attached] = match;
    panes.push({
      id,
      pid: Number(pid),
      active: active === '1',
      windowId,
      windowActive: windowActive === '1',
      zoomed: zoomed === '1',
      sessionId,
      attached: Number(attached),
      windowIndex: match[9] ?? '',
      paneIndex: match[10] ?? '',
      sessionName: match[11] ?? '',
    });
  }
  return panes;
}

/**
 * A client's focus is known only when the server asks for it (`focus-events`) and the terminal is known to
 * report it: a client counts as focused until it is told otherwise.
 */
export function parseClients(text: string): readonly TmuxClient[] {
  const clients: TmuxClient[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d+) (\d+) (\$\d+) \[([^\]]*)\] \[([^\]]*)\] (\S*) (.+)$/.exec(line);
    if (match === null) continue;
    const [, pid, activity, sessionId = '', flags = '', features = '', events, name = ''] = match;
    const reports = (events === '1' || events === 'on') && features.split(',').includes('focus');
    clients.push({
      pid: Number(pid),
      activity: Number(activity),
      sessionId,
      focused: reports ? flags.split(',').includes('focused') : null,
      name,
    });
  }
  return clients.sort((a, b) => b.activity - a.activity);
}

/** An argument that ends in a semicolon ends a tmux command, unless a backslash is before it: man tmux, PARSING. */
const escapeSeparator = (argument: string) => argument.replace(/;$/, '\\;');

/** `socket` null is the person's default server. */
export function createTmuxServer(socket: string | null, machine: Machine): TmuxServer {
  const address = socket === null ? [] : ['-S', socket];
  // -u: names come whole, whatever locale Orchard runs in.
  const run = async (...args: string[]): Promise<Run> => {
    const program = await machine.find('tmux');
    return program === null
      ? { exitCode: null, stdout: '', stderr: 'tmux is not on the PATH.' }
      : machine.run(program, ['-u', ...address, ...args.map(escapeSeparator)], {
          limitMs: LIMIT_MS,
          // Without a server this starts one, and it stays.
          outlives: args[0] === 'new-session',
        });
  };
  return {
    address,
    run,
    async panes() {
      const { exitCode, stdout } = await run('list-panes', '-a', '-F', PANE);
      return exitCode === 0 ? parsePanes(stdout) : null;
    },
    async clients() {
      const { exitCode, stdout } = await run('list-clients', '-F', CLIENT);
      return exitCode === 0 ? parseClients(stdout) : [];
    },
    async sessions() {
      const { exitCode, stdout } = await run('list-sessions', '-F', '#{session_activity} #{session_id}');
      if (exitCode !== 0) return [];
      return stdout
        .split('\n')
        .map((line) => line.split(' '))
        .filter((fields) => /^\$\d+$/.test(fields[1] ?? ''))
        .sort((a, b) => Number(b[0]) - Number(a[0]))
        .map((fields) => fields[1] ?? '');
    },
  };
}
