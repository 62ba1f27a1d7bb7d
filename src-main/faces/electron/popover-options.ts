import type { BrowserWindowConstructorOptions } from 'electron';
import type { Platform } from './platform-policy';

export const POPOVER_WIDTH = 380;
export const POPOVER_HEIGHT = { least: 120, first: 420, most: 560 } as const;

/**
 * What is seen before the page is painted: its own ground (`--ground` in tokens.css), so that a dark
 * desktop gets no white flash. Null on macOS, where the window is made of vibrancy.
 */
export const popoverGround = (platform: Platform, dark: boolean): string | null =>
  platform === 'darwin' ? null : dark ? '#1f1f21' : '#fbfbfa';

export function popoverOptions(given: {
  readonly platform: Platform;
  /** The absolute path of the preload script. */
  readonly preload: string;
  readonly devTools: boolean;
  readonly dark: boolean;
}): BrowserWindowConstructorOptions {
  const ground = popoverGround(given.platform, given.dark);
  return {
    width: POPOVER_WIDTH,
    height: POPOVER_HEIGHT.first,
    show: false,
    frame: false,
    resizable: false,
    maximizable: false,
    minimizable: false,
    fullscreenable: false,
    skipTaskbar: true,
    alwaysOnTop: true,
    title: 'Orchard',
    ...(ground === null ? {} : { backgroundColor: ground }),
    // Vibrancy needs a window that is not `transparent`, and 'active' so that it does not grey out. No
    // `type: 'panel'`: a panel is shown without activating the app, and Electron tells blur by the main
    // window, which an app that is not active does not have (https://github.com/electron/electron/pull/52914);
    // clicks in one may activate it all the same (https://github.com/electron/electron/issues/53889).
    ...(given.platform === 'darwin'
      ? { vibrancy: 'popover' as const, visualEffectState: 'active' as const }
      : {}),
    webPreferences: {
      preload: given.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      spellcheck: false,
      devTools: given.devTools,
    },
  };
}
