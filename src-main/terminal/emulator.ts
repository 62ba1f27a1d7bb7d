/**
 * The common part of terminal emulators that open a window by a command line. What differs (the exact
 * arguments, and how a tab is addressed) is in one file per terminal.
 */
import { fail, ok } from '../contract/result';
import { bringToFront, windowCapability, windowInFront } from './front';
import type { Machine, Platform } from './machine';
import { type NewTerminal, type SessionProcess, type Terminal, terminalFailed } from './terminal';

export interface EmulatorTraits {
  readonly id: string;
  readonly title: string;
  readonly platforms: readonly Platform[];
  /** Names of the process that draws its windows, as the system cuts them (15 characters on Linux). */
  readonly processNames: readonly string[];
  /** Its program on the PATH (Linux). */
  readonly program: string;
  /** Its application on macOS; null where there is none. */
  readonly bundle: string | null;
  /** The arguments that open a window running the launcher. */
  args(request: NewTerminal): readonly string[];
  /** One session per window: the window in front is the session in front. */
  readonly oneSessionPerWindow: boolean;
}

export function createEmulator(traits: EmulatorTraits, machine: Machine): Terminal {
  const { title, bundle, program } = traits;
  const hosts: NonNullable<Terminal['hosts']> = (ancestor) => hostsByName(ancestor.name, traits.processNames);
  const emulatorOf = (session: SessionProcess) => session.ancestors.find(hosts)?.pid ?? null;
  return {
    id: traits.id,
    title,
    platforms: traits.platforms,
    installed: async () =>
      machine.platform === 'darwin'
        ? bundle !== null && (await findBundle(bundle, machine)) !== null
        : (await machine.find(program)) !== null,
    capability: () => windowCapability(machine),
    async openNew(request) {
      if (machine.platform === 'darwin') {
        const path = bundle === null ? null : await findBundle(bundle, machine);
        if (path === null) return fail(terminalFailed(title, `${title} is not installed.`));
        // -n: a running instance would not see the arguments (man 1 open).
        const run = await machine.run('/usr/bin/open', ['-n', '-a', path, '--args', ...traits.args(request)]);
        return run.exitCode === 0 ? ok({}) : fail(terminalFailed(title, run.stderr));
      }
      return startEmulator(title, program, traits.args(request), request, machine);
    },
    hosts,
    focus: (session) => bringToFront(session, emulatorOf(session), machine),
    inFront: async (session) =>
      traits.oneSessionPerWindow ? windowInFront(session, emulatorOf(session), machine) : null,
  };
}

/** The kernel cuts a name to 15 characters; `kitty` on macOS is a path's base name. */
const hostsByName = (name: string, names: readonly string[]): boolean =>
  names.some((known) => name === known || name === known.slice(0, 15));

export async function startEmulator(
  title: string,
  program: string,
  args: readonly string[],
  request: NewTerminal,
  machine: Machine,
) {
  if (machine.platform === 'linux' && !hasDisplay(machine))
    return fail(
      terminalFailed(title, 'There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).'),
    );
  const path = await machine.find(program);
  if (path === null) return fail(terminalFailed(title, `${program} is not on the PATH.`));
  const started = await machine.start(path, args, { directory: request.directory });
  return started.ok ? ok({ failure: started.failure }) : fail(terminalFailed(title, started.details));
}

export const hasDisplay = (machine: Machine): boolean =>
  machine.platform !== 'linux' ||
  (machine.env.DISPLAY ?? '') !== '' ||
  (machine.env.WAYLAND_DISPLAY ?? '') !== '';

/** Where applications are on macOS: for everybody, for the person, and Apple's own. */
export async function findBundle(name: string, machine: Machine): Promise<string | null> {
  for (const directory of [
    '/Applications',
    `${machine.homeDirectory}/Applications`,
    '/System/Applications/Utilities',
    '/Applications/Utilities',
  ])
    if (await machine.exists(`${directory}/${name}`)) return `${directory}/${name}`;
  return null;
}
