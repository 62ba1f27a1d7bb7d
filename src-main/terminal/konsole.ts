import { createEmulator } from './emulator';
import { bringToFront } from './front';
import type { Machine } from './machine';
import type { SessionProcess, Terminal } from './terminal';

const LIMIT_MS = 3_000;

/**
 * https://docs.kde.org/stable5/en/konsole/konsole/command-line-options.html for opening; `-e` is last.
 * https://docs.kde.org/stable5/en/konsole/konsole/scripting.html for D-Bus: a session's environment names its
 * service and its object, and a window can be told which of its sessions to show.
 */
export const createKonsole = (machine: Machine): Terminal => {
  const emulator = createEmulator(
    {
      id: 'konsole',
      title: 'Konsole',
      platforms: ['linux'],
      processNames: ['konsole'],
      program: 'konsole',
      bundle: null,
      args: ({ directory, argv }) => ['--new-tab', '--workdir', directory, '-e', ...argv],
      oneSessionPerWindow: false,
    },
    machine,
  );
  return {
    ...emulator,
    async capability() {
      const window = await emulator.capability();
      return (await qdbus(machine)) === null
        ? { reach: window.reach, note: 'Install qdbus to have the exact tab selected.' }
        : { reach: 'pane', note: `Selects the exact tab over D-Bus. ${window.note}` };
    },
    async focus(session) {
      const selected = await selectTab(session, machine);
      const raised = await bringToFront(
        session,
        session.ancestors.find((ancestor) => emulator.hosts?.(ancestor))?.pid ?? null,
        machine,
      );
      return selected ? 'pane' : raised;
    },
  };
};

/** Distributions name it by the Qt it comes from. */
async function qdbus(machine: Machine): Promise<string | null> {
  for (const name of ['qdbus6', 'qdbus', 'qdbus-qt6', 'qdbus-qt5']) {
    const path = await machine.find(name);
    if (path !== null) return path;
  }
  return null;
}

async function selectTab(session: SessionProcess, machine: Machine): Promise<boolean> {
  const service = session.env.KONSOLE_DBUS_SERVICE;
  const number = /^\/Sessions\/(\d+)$/.exec(session.env.KONSOLE_DBUS_SESSION ?? '')?.[1];
  const program = await qdbus(machine);
  if (service === undefined || number === undefined || program === null) return false;
  const env = { ...machine.env, DBUS_SESSION_BUS_ADDRESS: session.env.DBUS_SESSION_BUS_ADDRESS };
  const ask = (...args: string[]) => machine.run(program, [service, ...args], { env, limitMs: LIMIT_MS });

  // The variable names the window that the tab was born in; it may have been moved since.
  const known = /^\/Windows\/\d+$/.exec(session.env.KONSOLE_DBUS_WINDOW ?? '')?.[0];
  const objects = (await ask()).stdout.split('\n').map((line) => line.trim());
  const windows = objects.filter((path) => /^\/Windows\/\d+$/.test(path) && path !== known);
  for (const window of known === undefined ? windows : [known, ...windows]) {
    const sessions = await ask(window, 'org.kde.konsole.Window.sessionList');
    if (sessions.exitCode !== 0 || !sessions.stdout.split(/\s+/).includes(number)) continue;
    return (await ask(window, 'org.kde.konsole.Window.setCurrentSession', number)).exitCode === 0;
  }
  return false;
}
