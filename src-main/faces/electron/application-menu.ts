import type { MenuItemConstructorOptions } from 'electron';
import type { Platform } from './platform-policy';

/**
 * The application's menu. macOS takes copy, paste and Cmd+W from it; on the other systems a window
 * without one has all that by itself, and null is no menu at all.
 */
export const applicationMenu = (platform: Platform, hide: () => void): MenuItemConstructorOptions[] | null =>
  platform === 'darwin'
    ? [
        { role: 'appMenu' },
        { role: 'editMenu' },
        // Hidden as Esc does it, and not the role `close`: the page stays warm for the next click.
        { label: 'Window', submenu: [{ label: 'Close', accelerator: 'Command+W', click: hide }] },
      ]
    : null;
