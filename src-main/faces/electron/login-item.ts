import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { App } from 'electron';
import { autostartEntry, autostartPath } from './autostart-file';
import type { Platform } from './platform-policy';

/** Started at login, Orchard shows its icon and nothing else. */
export const HIDDEN_ARGUMENT = '--hidden';

export interface LoginItemDeps {
  readonly app: Pick<App, 'isPackaged' | 'setLoginItemSettings' | 'getLoginItemSettings'>;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The program to start; an AppImage is started by its own path, not by the mount it runs from. */
  readonly executable: string;
}

/**
 * Makes the system agree with the setting. Answers a sentence when it does not, else null. An app that
 * runs from a checkout is not registered: it would register Electron itself. Nor is an instance of its
 * own (ORCHARD_HOME): there is one entry a person, which it would take away or point elsewhere.
 */
export async function applyLoginItem(openAtLogin: boolean, deps: LoginItemDeps): Promise<string | null> {
  if ((deps.env.ORCHARD_HOME ?? '') !== '')
    return openAtLogin ? 'Opening at login does not work for an instance with its own ORCHARD_HOME.' : null;
  if (!deps.app.isPackaged) return openAtLogin ? 'Opening at login works with the installed app only.' : null;
  try {
    if (deps.platform === 'linux') return await applyAutostartFile(openAtLogin, deps);
    deps.app.setLoginItemSettings({ openAtLogin, args: [HIDDEN_ARGUMENT] });
    if (!openAtLogin || deps.platform !== 'darwin') return null;
    return deps.app.getLoginItemSettings().status === 'requires-approval'
      ? 'macOS wants you to allow Orchard under System Settings, General, Login Items.'
      : null;
  } catch (error) {
    return `The system did not take the login item: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function applyAutostartFile(openAtLogin: boolean, deps: LoginItemDeps): Promise<string | null> {
  const file = autostartPath(deps.env, deps.home);
  if (!openAtLogin) {
    await rm(file, { force: true });
    return null;
  }
  const entry = autostartEntry([deps.env.APPIMAGE ?? deps.executable, HIDDEN_ARGUMENT]);
  if (entry === null) return 'The path of Orchard has a line break, which no autostart file can hold.';
  const there = await readFile(file, 'utf8').catch(() => null);
  if (there === entry) return null;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, entry);
  await rename(draft, file);
  return null;
}
