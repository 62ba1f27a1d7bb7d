/**
 * What each system's tray, windows and notifications can do, in one table. Sources: Electron's own
 * documentation of Tray, BrowserWindow and Notification (https://www.electronjs.org/docs/latest/api/tray,
 * …/browser-window, …/notification) and electron.d.ts of the pinned version.
 */
export type Platform = 'darwin' | 'linux' | 'win32';

export interface PlatformPolicy {
  /** The file of a tray icon's variant. macOS tints names that end in `Template` itself. */
  trayIcon(variant: 'calm' | 'working' | 'needs-you'): string;
  /** Text beside the icon exists in the macOS menu bar only. */
  readonly trayTitle: boolean;
  /** `getBounds` exists on macOS and Windows only. */
  readonly trayBounds: boolean;
  /**
   * macOS: an attached menu would swallow the click that opens the popover, so it pops up on a right
   * click. Elsewhere it is attached; on Linux attaching is the only way, and it is set anew after each
   * change, because StatusNotifierItem shows a copy of it.
   */
  readonly trayMenu: 'popped-up' | 'attached';
  /** Windows cuts a tray tooltip at 128 UTF-16 units, the closing zero included (NOTIFYICONDATA.szTip). */
  readonly tooltipLimit: number | null;
  /**
   * How long after showing a blur means nothing, in milliseconds: on Windows the taskbar takes the focus
   * back for a moment after a click on its notification area.
   */
  readonly ignoreBlurMs: number;
  /** The body is markup for the daemons of Linux (Desktop Notifications Specification, body-markup). */
  readonly notificationMarkup: boolean;
  /** Most UTF-8 bytes of a body; macOS shows about 256 of a whole notification. */
  readonly notificationBytes: number;
}

export const platformPolicies: { readonly [P in Platform]: PlatformPolicy } = {
  darwin: {
    trayIcon: (variant) => `tray-${variant}Template.png`,
    trayTitle: true,
    trayBounds: true,
    trayMenu: 'popped-up',
    tooltipLimit: null,
    ignoreBlurMs: 0,
    notificationMarkup: false,
    notificationBytes: 240,
  },
  linux: {
    trayIcon: (variant) => `tray-${variant}.png`,
    trayTitle: false,
    trayBounds: false,
    trayMenu: 'attached',
    tooltipLimit: null,
    ignoreBlurMs: 0,
    notificationMarkup: true,
    notificationBytes: 1_000,
  },
  win32: {
    trayIcon: (variant) => `tray-${variant}.ico`,
    trayTitle: false,
    trayBounds: true,
    trayMenu: 'attached',
    tooltipLimit: 127,
    ignoreBlurMs: 400,
    notificationMarkup: false,
    notificationBytes: 1_000,
  },
};

/** The three systems that Orchard knows; any other Unix is treated as Linux is. */
export const platformOf = (platform: string): Platform =>
  platform === 'darwin' || platform === 'win32' ? platform : 'linux';
