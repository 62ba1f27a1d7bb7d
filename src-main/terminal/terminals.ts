/** All terminals behind the engine's port: which one, in which order, and what became of it. */
import type { OpenFailure } from '../contract/failures';
import type { OpenDone } from '../contract/plans';
import type { TerminalCapability } from '../contract/requests';
import { fail, ok, type Result } from '../contract/result';
import type { Settings } from '../contract/settings';
import type { Clock, Log, OpenRequest, Terminals } from '../engine/ports';
import { chooseTerminal, listTerminals } from './choice';
import { bringToFront } from './front';
import { createLaunchers, type Launch } from './launcher';
import { createMachine, type Environment, type Machine, type Platform } from './machine';
import { createProcessInspector } from './processes';
import { plainTitle, posixLine, powerShellLine } from './quoting';
import { type SessionProcess, type Terminal, terminalFailed } from './terminal';
import { attachLine, createTmux } from './tmux';

export interface TerminalsOptions {
  readonly platform: Platform;
  /** The login environment. */
  readonly env: Environment;
  readonly homeDirectory: string;
  /** Where launchers are written: Orchard's own state directory, owner only. */
  readonly stateDirectory: string;
  readonly settings: () => Settings['terminal'];
  readonly clock: Clock;
  readonly log: Log;
  /** Tests put a recording machine here. */
  readonly machine?: Machine;
  /** How long a new terminal may take to run its launcher, in ms. */
  readonly startLimitMs?: number;
}

type Live = NonNullable<OpenRequest['session']>;

/** A tmux client in a pane of another tmux, in a terminal: deeper than this nobody nests. */
const MOST_NESTING = 4;

export function createTerminals(options: TerminalsOptions): Terminals {
  const { platform, settings, log, startLimitMs = 15_000 } = options;
  const machine =
    options.machine ??
    createMachine({
      platform,
      env: options.env,
      homeDirectory: options.homeDirectory,
      processes: createProcessInspector(platform),
    });
  const launchers = createLaunchers({
    directory:
      platform === 'win32' ? `${options.stateDirectory}\\launchers` : `${options.stateDirectory}/launchers`,
    platform,
    env: machine.env,
    homeDirectory: machine.homeDirectory,
    clock: options.clock,
    log,
  });
  const tmux = createTmux({
    machine,
    async attach(command, title) {
      const launch = { directory: machine.homeDirectory, title, command };
      const opened = await openNew(launch, (terminal) => terminal.id !== 'tmux');
      return opened.ok ? ok({ terminal: opened.value.terminal }) : opened;
    },
  });
  const all = listTerminals(machine, tmux, () => settings().custom);
  const here = all.filter((terminal) => terminal.platforms.includes(platform));
  const choose = async (fits: (terminal: Terminal) => boolean) => {
    // The terminal that Orchard was started from is the person's.
    const self = await inspect({ pid: process.pid, tmux: null }, null);
    const startedFrom = self === null ? undefined : hostOf(self);
    return chooseTerminal({ terminals: here, tmux, machine, settings: settings(), startedFrom, fits });
  };
  const byId = (id: string) => here.find((terminal) => terminal.id === id);
  const hostOf = (session: SessionProcess) => {
    for (const ancestor of session.ancestors)
      for (const terminal of here) if (terminal.hosts?.(ancestor)) return terminal;
    return undefined;
  };

  async function inspect(live: Live, directory: string | null): Promise<SessionProcess | null> {
    const { processes } = machine;
    const [ancestors, env, tty] = await Promise.all([
      processes.ancestors(live.pid),
      processes.environment(live.pid),
      processes.tty(live.pid),
    ]);
    if (ancestors.length === 0 && platform !== 'win32') return null;
    return { pid: live.pid, directory, env: env ?? {}, ancestors, tty, tmux: live.tmux };
  }

  // ------------------------------------------------------------- a live session

  type Front = { readonly reached: OpenDone['reached']; readonly terminal: string };

  async function focus(session: SessionProcess, depth: number): Promise<Result<Front, OpenFailure>> {
    const pane = await tmux.find(session);
    if (pane !== null) {
      const where = tmux.describe(pane);
      const shown = await tmux.show(pane);
      if (!shown.ok) return shown;
      if (shown.value.client === null) {
        const launch = {
          directory: session.directory ?? machine.homeDirectory,
          title: where,
          command: tmux.attachCommand(pane),
        };
        const opened = await openNew(launch, (terminal) => terminal.id !== 'tmux');
        return opened.ok
          ? ok({ reached: 'pane', terminal: `${where}, in ${opened.value.terminal}` })
          : opened;
      }
      // The pane is what its client shows now; that client's own terminal comes to the front if it can.
      const client = await inspect({ pid: shown.value.client, tmux: null }, null);
      if (client !== null && depth < MOST_NESTING) {
        const outer = await focus(client, depth + 1);
        if (!outer.ok) log.info('terminal.outer-not-raised', { pane: where, failure: outer.error });
      }
      return ok({ reached: 'pane', terminal: where });
    }
    const host = hostOf(session);
    const reached =
      host?.focus === undefined ? await bringToFront(session, null, machine) : await host.focus(session);
    const title = host?.title ?? applicationName(session) ?? 'its terminal';
    if (reached !== null) return ok({ reached, terminal: title });
    return fail({
      kind: 'terminal-unreachable',
      terminal: title,
      where: `process ${session.pid}${session.tty === null ? '' : ` on ${session.tty}`}`,
      reason: host === undefined ? null : (await host.capability()).note,
    });
  }

  // ------------------------------------------------------------- a new terminal

  async function openNew(
    launch: Launch,
    fits: (terminal: Terminal) => boolean = () => true,
  ): Promise<Result<{ readonly terminal: string }, OpenFailure>> {
    const { chosen, tried } = await choose(fits);
    if (chosen === null) return fail({ kind: 'no-terminal', tried });
    return openIn(chosen, launch);
  }

  async function openIn(
    terminal: Terminal,
    launch: Launch,
  ): Promise<Result<{ readonly terminal: string }, OpenFailure>> {
    const written = await launchers.write(launch);
    if (!written.ok) return written;
    const launcher = written.value;
    const opened = await terminal.openNew({
      directory: launch.directory,
      title: plainTitle(launch.title),
      script: launcher.script,
      argv: launcher.argv,
    });
    if (!opened.ok) {
      await launcher.remove();
      log.warn('terminal.not-opened', { terminal: terminal.id, details: opened.error.details });
      return opened;
    }
    // The launcher removes itself first: gone, the terminal is really there.
    const problem = await untilConsumed(launcher.consumed, opened.value.failure ?? null, startLimitMs);
    if (problem !== null) {
      await launcher.remove();
      log.warn('terminal.not-opened', { terminal: terminal.id, details: problem });
      return fail(terminalFailed(terminal.title, problem));
    }
    return ok({ terminal: opened.value.where ?? terminal.title });
  }

  const line = (request: OpenRequest) =>
    platform === 'win32'
      ? powerShellLine(request.directory, request.command)
      : posixLine(request.directory, request.command);

  async function commandLine(request: OpenRequest): Promise<string> {
    const session = request.session === null ? null : await inspect(request.session, request.directory);
    const pane = session === null ? null : await tmux.find(session);
    return pane === null ? line(request) : attachLine(tmux.attachCommand(pane));
  }

  return {
    async open(request) {
      const session = request.session === null ? null : await inspect(request.session, request.directory);
      const command = await commandLine(request);
      if (session !== null) {
        const front = await focus(session, 0);
        return front.ok ? ok({ ...front.value, command }) : front;
      }
      const opened = await openNew(request);
      return opened.ok ? ok({ reached: 'new', terminal: opened.value.terminal, command }) : opened;
    },

    commandLine,

    async inFront(live) {
      const look = async (session: SessionProcess | null, depth: number): Promise<boolean> => {
        if (session === null || depth > MOST_NESTING) return false;
        const pane = await tmux.find(session);
        if (pane === null) return (await hostOf(session)?.inFront?.(session)) ?? false;
        const showing = await tmux.showing(pane);
        if (showing.focused !== null) return showing.focused;
        for (const client of showing.clients)
          if (await look(await inspect({ pid: client, tmux: null }, null), depth + 1)) return true;
        return false;
      };
      return look(await inspect(live, null), 0);
    },

    async describe(live) {
      const session = await inspect(live, null);
      if (session === null) return null;
      const pane = await tmux.find(session);
      return pane === null ? (hostOf(session)?.title ?? applicationName(session)) : tmux.describe(pane);
    },

    capabilities: () =>
      Promise.all(
        here.map(async (terminal): Promise<TerminalCapability> => {
          const [installed, capability] = await Promise.all([terminal.installed(), terminal.capability()]);
          return {
            id: terminal.id,
            title: terminal.title,
            platforms: terminal.platforms,
            installed,
            reach: capability.reach,
            canOpenNew: true,
            note: capability.note,
          };
        }),
      ),

    async test(id) {
      const terminal = id === 'auto' ? (await choose(() => true)).chosen : byId(id);
      if (terminal === undefined || terminal === null) return fail({ kind: 'no-terminal', tried: [id] });
      const launch = {
        directory: machine.homeDirectory,
        title: 'Orchard test',
        command:
          platform === 'win32'
            ? ['cmd.exe', '/d', '/c', 'echo Orchard can open this terminal.']
            : ['printf', '%s\\n', 'Orchard can open this terminal.'],
      };
      const opened = await openIn(terminal, launch);
      const command = line({ ...launch, session: null });
      return opened.ok ? ok({ reached: 'new', terminal: opened.value.terminal, command }) : opened;
    },
  };
}

/** "Visual Studio Code" of a session in an application that is no terminal of ours (macOS). */
function applicationName(session: SessionProcess): string | null {
  for (const { path } of session.ancestors) {
    const name = /\/([^/]+)\.app\/Contents\//.exec(path ?? '')?.[1];
    if (name !== undefined) return name;
  }
  return null;
}

/** Null when the launcher ran; else why not. */
async function untilConsumed(
  consumed: () => Promise<boolean>,
  failure: Promise<string> | null,
  limitMs: number,
): Promise<string | null> {
  let failed: string | null = null;
  void failure?.then((details) => {
    failed = details;
  });
  const end = performance.now() + limitMs;
  for (let wait = 20; ; wait = Math.min(wait * 1.5, 250)) {
    if (await consumed()) return null;
    if (failed !== null) return failed;
    if (performance.now() > end)
      return `It was started, but ran nothing within ${Math.round(limitMs / 1000)} seconds.`;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
