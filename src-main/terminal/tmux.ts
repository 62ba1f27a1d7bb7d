/**
 * tmux: the one terminal with an exact address for every pane, on any platform that has it.
 *
 * Claude Code's registry names the pane but not the server, and two servers have equal pane ids. So the
 * socket comes from the session process' own environment, and a pane counts only when its first process
 * is an ancestor of the session.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../contract/result';
import type { Machine } from './machine';
import { plainTitle, quotePosix } from './quoting';
import {
  type NewTerminal,
  type Opened,
  type SessionProcess,
  type Terminal,
  type TerminalFailed,
  terminalFailed,
} from './terminal';
import { createTmuxServer, socketOf, type TmuxPane, type TmuxServer } from './tmux-server';

const TITLE = 'tmux';

export interface FoundPane {
  readonly server: TmuxServer;
  /** The pane, as each session that shows it sees it. */
  readonly places: readonly [TmuxPane, ...TmuxPane[]];
}

export interface Tmux extends Terminal {
  /** The session's pane, proved; null when it is in none. */
  find(session: SessionProcess): Promise<FoundPane | null>;
  /**
   * Makes the pane the one that is seen, on the client that was used last. Answers that client's process,
   * or null when nobody is attached to the server.
   */
  show(pane: FoundPane): Promise<Result<{ readonly client: number | null }, TerminalFailed>>;
  /** What shows the pane in a terminal without tmux. */
  attachCommand(pane: FoundPane): readonly string[];
  /** Whether the pane is what a client shows, and the processes of those clients that show it. */
  showing(
    pane: FoundPane,
  ): Promise<{ readonly focused: boolean | null; readonly clients: readonly number[] }>;
  describe(pane: FoundPane): string;
  /** Whether Orchard itself runs in a pane of a server that answers. */
  inside(): Promise<boolean>;
  running(): Promise<boolean>;
}

export function createTmux(options: {
  readonly machine: Machine;
  /** Shows a session that nobody is attached to: opens a terminal that runs this command. */
  readonly attach: (
    command: readonly string[],
    title: string,
  ) => Promise<Result<{ readonly terminal: string }, unknown>>;
}): Tmux {
  const { machine, attach } = options;
  const own = socketOf(machine.env.TMUX);

  /** The server that the session says it is in; unsaid (its environment can't be read), the usual ones. */
  async function servers(session: SessionProcess): Promise<readonly TmuxServer[]> {
    const socket = socketOf(session.env.TMUX);
    if (socket !== null) return [createTmuxServer(socket, machine)];
    // A tmux in a tmux is started with TMUX unset; the shell above it still has it.
    for (const { pid } of session.ancestors.slice(1, 7)) {
      const above = socketOf((await machine.processes.environment(pid))?.TMUX);
      if (above !== null) return [createTmuxServer(above, machine)];
    }
    if (session.tmux === null) return [];
    const uid = process.getuid?.();
    if (uid === undefined) return [];
    const directory = join(machine.env.TMUX_TMPDIR ?? '/tmp', `tmux-${uid}`);
    const names = await readdir(directory).catch(() => []);
    return names.map((name) => createTmuxServer(join(directory, name), machine));
  }

  async function openIn(server: TmuxServer, request: NewTerminal): Promise<Result<Opened, TerminalFailed>> {
    const client = (await server.clients())[0];
    const session = client?.sessionId ?? (await server.sessions())[0] ?? null;
    const place = ['-P', '-F', '#{session_id} #{window_id} #{window_index} #{session_name}'];
    const what = [
      '-n',
      formatProof(plainTitle(request.title, 40)),
      // Formats are expanded in a directory too, and can't be escaped in all of tmux's versions; the
      // launcher goes there anyway.
      ...(request.directory.includes('#') ? [] : ['-c', request.directory]),
      '--',
      ...request.argv,
    ];
    const made =
      session === null
        ? await server.run('new-session', '-d', ...place, ...what)
        : await server.run('new-window', ...place, '-t', `${session}:`, ...what);
    const match = /^(\$\d+) (@\d+) (\d+) (.*)\n/.exec(made.stdout);
    if (made.exitCode !== 0 || match === null)
      return fail(terminalFailed(TITLE, made.stderr || 'tmux did not say where the new window is.'));
    const [, sessionId = '', windowId = '', index = '', name = ''] = match;
    const where = `tmux ${name}:${index}`;
    if (client !== undefined) return ok({ where });
    // Nobody sees this server: show it. Without a display the window waits for whoever attaches.
    const shown = await attach(
      ['tmux', ...server.address, 'attach-session', '-t', `${sessionId}:${windowId}`],
      request.title,
    );
    return ok({ where: shown.ok ? `${where}, in ${shown.value.terminal}` : `${where}, not attached` });
  }

  const tmux: Tmux = {
    id: 'tmux',
    title: TITLE,
    platforms: ['darwin', 'linux'],
    installed: async () => (await machine.find('tmux')) !== null,
    capability: async () => ({
      reach: 'pane',
      note: 'Exact pane, on its own server. Attached nowhere: a terminal opens on it.',
    }),
    openNew: (request) => openIn(createTmuxServer(own, machine), request),

    async find(session) {
      const family = session.ancestors.map(({ pid }) => pid);
      const said = /(%\d+)$/.exec(session.tmux ?? '')?.[1] ?? session.env.TMUX_PANE;
      for (const server of await servers(session)) {
        const proved = ((await server.panes()) ?? []).filter(({ pid }) => family.includes(pid));
        // The pane that was named, if proved; else (joined, broken out, renamed) the nearest ancestor's.
        const nearest = [...proved].sort((a, b) => family.indexOf(a.pid) - family.indexOf(b.pid))[0];
        const id = proved.find((pane) => pane.id === said)?.id ?? nearest?.id;
        const [first, ...others] = proved.filter((pane) => pane.id === id);
        if (first !== undefined) return { server, places: [first, ...others] };
      }
      return null;
    },

    async show({ server, places }) {
      const clients = await server.clients();
      const shown = new Set(places.map(({ sessionId }) => sessionId));
      const watching = clients.find(({ sessionId }) => shown.has(sessionId));
      const place = places.find(({ sessionId }) => sessionId === watching?.sessionId) ?? places[0];
      const selected = await server.run('select-window', '-t', `${place.sessionId}:${place.windowId}`);
      if (selected.exitCode !== 0) return fail(terminalFailed(TITLE, selected.stderr));
      if (!place.active) {
        // -Z (3.1 and later) keeps a zoomed window zoomed, now on this pane.
        const zoomed = place.zoomed ? await server.run('select-pane', '-Z', '-t', place.id) : null;
        if (zoomed?.exitCode !== 0) {
          const plain = await server.run('select-pane', '-t', place.id);
          if (plain.exitCode !== 0) return fail(terminalFailed(TITLE, plain.stderr));
        }
      }
      if (watching !== undefined) return ok({ client: watching.pid });
      const other = clients[0];
      if (other === undefined) return ok({ client: null });
      const switched = await server.run('switch-client', '-c', other.name, '-t', place.sessionId);
      return switched.exitCode === 0
        ? ok({ client: other.pid })
        : fail(terminalFailed(TITLE, switched.stderr));
    },

    attachCommand: ({ server, places: [place] }) => [
      'tmux',
      ...server.address,
      'attach-session',
      '-t',
      `${place.sessionId}:${place.windowId}.${place.id}`,
    ],

    async showing({ server, places }) {
      const seen = new Set(
        places.filter((place) => place.active && place.windowActive).map(({ sessionId }) => sessionId),
      );
      const clients = (await server.clients()).filter(({ sessionId }) => seen.has(sessionId));
      const focused = clients.some((client) => client.focused === true)
        ? true
        : clients.every((client) => client.focused === false)
          ? false
          : null;
      return {
        focused,
        clients: clients.filter((client) => client.focused !== false).map(({ pid }) => pid),
      };
    },

    describe: ({ places: [place] }) => `tmux ${place.sessionName}:${place.windowIndex}.${place.paneIndex}`,
    inside: async () => own !== null && (await createTmuxServer(own, machine).sessions()).length > 0,
    running: async () => (await createTmuxServer(own, machine).sessions()).length > 0,
  };
  return tmux;
}

/** The same by hand, for a person in or out of tmux. */
export const attachLine = (command: readonly string[]): string => command.map(quotePosix).join(' ');

/**
 * A window's name goes through tmux' formats, where `#(…)` runs a command and `#{…}` reads variables; `##` is
 * a plain `#`, except before `[`, where it begins a style.
 */
export const formatProof = (title: string): string => title.replaceAll('#[', '# [').replaceAll('#', '##');
