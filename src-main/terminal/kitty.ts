import { ok } from '../contract/result';
import { createEmulator, findBundle } from './emulator';
import { bringToFront } from './front';
import type { Machine } from './machine';
import type { SessionProcess, Terminal } from './terminal';

const LIMIT_MS = 3_000;

/**
 * Opening: https://sw.kovidgoyal.net/kitty/invocation/. No `--title`: it would fix the title for good, where
 * the launcher's escape sequence lets Claude change it later.
 * Focusing: https://sw.kovidgoyal.net/kitty/remote-control/#kitten-focus-window, only where the person allowed
 * remote control and gave it a socket; then the session's environment names both.
 */
export const createKitty = (machine: Machine): Terminal => {
  const emulator = createEmulator(
    {
      id: 'kitty',
      title: 'kitty',
      platforms: ['darwin', 'linux'],
      processNames: ['kitty'],
      program: 'kitty',
      bundle: 'kitty.app',
      args: ({ directory, argv }) => ['--directory', directory, ...argv],
      oneSessionPerWindow: false,
    },
    machine,
  );
  const program = async () =>
    machine.platform === 'darwin'
      ? await findBundle('kitty.app', machine).then((path) => path && `${path}/Contents/MacOS/kitty`)
      : await machine.find('kitty');
  const remote = async (socket: string, args: readonly string[]) => {
    const path = await program();
    return path === null ? null : machine.run(path, ['@', '--to', socket, ...args], { limitMs: LIMIT_MS });
  };

  return {
    ...emulator,
    async capability() {
      const window = await emulator.capability();
      return {
        reach: 'pane',
        note: `Exact window and tab where kitty.conf has allow_remote_control and listen_on. Else: ${window.note}`,
      };
    },
    async openNew(request) {
      const socket = machine.env.KITTY_LISTEN_ON;
      if (socket !== undefined) {
        const { directory, title, argv } = request;
        const args = ['launch', '--type=tab', `--cwd=${directory}`, `--tab-title=${title}`, ...argv];
        if ((await remote(socket, args))?.exitCode === 0) return ok({});
      }
      return emulator.openNew(request);
    },
    async focus(session) {
      const address = addressOf(session);
      if (address !== null) {
        const args = ['focus-window', '--match', `id:${address.window}`];
        if ((await remote(address.socket, args))?.exitCode === 0) {
          // kitty raises its window where the system lets it; X11 window managers may refuse that.
          if (machine.platform === 'linux') await bringToFront(session, emulatorPid(session), machine);
          return 'pane';
        }
      }
      return bringToFront(session, emulatorPid(session), machine);
    },
    async inFront(session) {
      const address = addressOf(session);
      if (address === null) return null;
      const listed = await remote(address.socket, ['ls', '--match', `id:${address.window}`]);
      if (listed === null || listed.exitCode !== 0) return null;
      // `is_focused` of an OS window, a tab and a window all have to hold.
      // https://sw.kovidgoyal.net/kitty/remote-control/#kitten-ls
      return isFocused(listed.stdout, Number(address.window));
    },
  };
};

const emulatorPid = (session: SessionProcess) =>
  session.ancestors.find((ancestor) => ancestor.name === 'kitty')?.pid ?? null;

function addressOf(session: SessionProcess): { readonly socket: string; readonly window: string } | null {
  const socket = session.env.KITTY_LISTEN_ON;
  const window = session.env.KITTY_WINDOW_ID;
  return socket !== undefined && window !== undefined && /^\d+$/.test(window) ? { socket, window } : null;
}

/** Reads `kitten @ ls`: OS windows hold tabs hold windows. Null when it can't be read. */
export function isFocused(json: string, id: number): boolean | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  for (const osWindow of list(parsed))
    for (const tab of list(field(osWindow, 'tabs')))
      for (const window of list(field(tab, 'windows')))
        if (field(window, 'id') === id)
          return [osWindow, tab, window].every((part) => field(part, 'is_focused') === true);
  return null;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
