/** Once for each project that runs on the real Electron: finds its program and gives it a desktop. */
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { ELECTRON_MISSING, electronVersion, findElectron } from './find-electron';
import { privateDesktopMissing, startPrivateDesktop } from './private-desktop';

export type RealElectron =
  | {
      readonly program: string;
      readonly version: string;
      /** The desktop's part of the environment. */
      readonly env: Readonly<Record<string, string>>;
      /** Whether bus and tray are this run's own (Linux). */
      readonly ownDesktop: boolean;
    }
  | { readonly missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    realElectron: RealElectron;
  }
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const insisted = process.env.ORCHARD_ELECTRON === '1';
const desktopNames = [
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
  'XAUTHORITY',
];

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const provide = (value: RealElectron) => project.provide('realElectron', value);
  const program = await findElectron(root);
  if (program === null) {
    if (insisted) throw new Error(ELECTRON_MISSING);
    provide({ missing: ELECTRON_MISSING });
    return undefined;
  }
  const version = await electronVersion(program);
  if (process.platform === 'linux') {
    const lacking = await privateDesktopMissing();
    if (lacking === null) {
      const desktop = await startPrivateDesktop();
      provide({ program, version, env: desktop.env, ownDesktop: true });
      return desktop.stop;
    }
    const given = Object.fromEntries(
      desktopNames.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    const hasDesktop = 'DISPLAY' in given || 'WAYLAND_DISPLAY' in given;
    if (insisted && hasDesktop) provide({ program, version, env: given, ownDesktop: false });
    else if (insisted) throw new Error(`There is no display here, and ${lacking}.`);
    else provide({ missing: `no desktop of its own for the real Electron: ${lacking}` });
    return undefined;
  }
  // Its windows would come up among the person's: only for who asks for them.
  if (insisted) provide({ program, version, env: {}, ownDesktop: false });
  else provide({ missing: 'the real Electron runs among a person’s windows only with npm run e2e:electron' });
  return undefined;
}
