/**
 * What Windows knows the app by. Since Electron 42 the first notification makes a Start-menu entry named
 * like the app, and a COM class, for its toasts to come back to (windows_toast_activator.cc of Electron).
 * Left alone, each start from a checkout would register another class, and take the entry of an installed
 * Orchard over; so a checkout has a name, an id and a class of its own.
 */
import { join } from 'node:path';
import type { App, Shell, ShortcutDetails } from 'electron';
import type { Log } from '../../engine/ports';

interface Identity {
  readonly name: string;
  readonly appUserModelId: string;
  readonly toastActivatorClsid: string;
}

export const windowsIdentity = (packaged: boolean): Identity =>
  packaged
    ? {
        name: 'Orchard',
        appUserModelId: 'dev.orchard.app',
        toastActivatorClsid: '{5B0D7A1E-6C1F-4E0B-9B57-0A3C9D1F6E21}',
      }
    : {
        name: 'Orchard (checkout)',
        appUserModelId: 'dev.orchard.app.checkout',
        toastActivatorClsid: '{8E2F4C36-1B7A-4D59-A3C8-7D6E5F0B9A42}',
      };

export interface WindowsIdentityDeps {
  readonly app: Pick<
    App,
    'isPackaged' | 'setName' | 'setAppUserModelId' | 'setToastActivatorCLSID' | 'getPath'
  >;
  readonly shell: Pick<Shell, 'readShortcutLink' | 'writeShortcutLink'>;
  /** The program that runs, and the checkout that it runs. */
  readonly executable: string;
  readonly root: string;
  readonly log: Log;
}

/** Call it before the first notification. */
export function identifyOnWindows({ app, shell, executable, root, log }: WindowsIdentityDeps): void {
  const { name, appUserModelId, toastActivatorClsid } = windowsIdentity(app.isPackaged);
  app.setAppUserModelId(appUserModelId);
  // Since Electron 42.
  if (typeof app.setToastActivatorCLSID === 'function') app.setToastActivatorCLSID(toastActivatorClsid);
  if (app.isPackaged) return;
  app.setName(name);
  // Electron's own entry would start a bare Electron: it has no arguments. One that names the same
  // program, id and class is left as it is.
  const entry = join(app.getPath('appData'), 'Microsoft', 'Windows', 'Start Menu', 'Programs', `${name}.lnk`);
  const wanted: ShortcutDetails = {
    target: executable,
    args: `"${root.replace(/[\\/]+$/, '')}"`,
    description: name,
    appUserModelId,
    toastActivatorClsid,
  };
  if (!isThere(shell, entry, wanted) && !shell.writeShortcutLink(entry, 'create', wanted))
    log.warn('windows.start-menu-entry', { entry });
}

function isThere(shell: Pick<Shell, 'readShortcutLink'>, entry: string, wanted: ShortcutDetails): boolean {
  try {
    const there = shell.readShortcutLink(entry);
    return (['target', 'args', 'appUserModelId', 'toastActivatorClsid'] as const).every(
      (part) => there[part]?.toLowerCase() === wanted[part]?.toLowerCase(),
    );
  } catch {
    // It throws for one that is not there.
    return false;
  }
}
