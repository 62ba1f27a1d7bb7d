/** Once for each project that runs on the real Electron: finds its program and gives it a desktop. */
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { platformOf } from '../../../src-main/faces/electron/platform-policy';
import { electronPath } from '../../../src-main/faces/electron/start-checks';
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

/** Where its program is: where the person says, where npm puts it, or where fetch-electron.mjs does. */
async function findProgram(): Promise<string | null> {
  const platform = platformOf(process.platform);
  const installed = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const fetched = { ELECTRON_OVERRIDE_DIST_PATH: join(root, '.cache/electron-33') };
  for (const path of [
    electronPath(platform, process.env, installed),
    ...(platform === 'linux' ? [electronPath(platform, fetched, installed)] : []),
  ])
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return null;
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const provide = (value: RealElectron) => project.provide('realElectron', value);
  const program = await findProgram();
  if (program === null) {
    const missing =
      'the real Electron is not here: node tests/support/electron-33/fetch-electron.mjs, or npx install-electron';
    if (insisted) throw new Error(missing);
    provide({ missing });
    return undefined;
  }
  const version =
    (await readFile(join(dirname(program), 'version'), 'utf8').catch(() => '')).trim() || 'unknown';
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
