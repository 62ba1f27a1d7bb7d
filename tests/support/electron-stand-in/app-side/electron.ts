/**
 * The stand-in for the `electron` module, for tests only: what the app asks of its desktop is recorded
 * and told to the test, and what a person would do comes back from there. It is checked against
 * Electron's own types, has nothing that was not written here on purpose, and proves nothing about
 * tray, notifications, sandbox or windows of a real desktop (see `notProved` in launch.ts).
 */
import type * as Electron from 'electron';
import { theApp } from './app';
import * as desktop from './desktop';
import { IpcMain, Protocol, Session } from './doors';
import { strict, strictClass } from './strict';
import { utilityProcess as utilityProcesses } from './utility-process';
import { BrowserWindow as StandInWindow } from './windows';

export const app = strict('app', theApp) satisfies Pick<
  Electron.App,
  | 'isReady'
  | 'whenReady'
  | 'getVersion'
  | 'quit'
  | 'exit'
  | 'isPackaged'
  | 'name'
  | 'requestSingleInstanceLock'
>;
export const BrowserWindow = strictClass('BrowserWindow', StandInWindow) satisfies new (
  options?: Electron.BrowserWindowConstructorOptions,
) => Pick<
  Electron.BrowserWindow,
  | 'id'
  | 'loadURL'
  | 'show'
  | 'hide'
  | 'focus'
  | 'isVisible'
  | 'isFocused'
  | 'setBackgroundColor'
  | 'isDestroyed'
  | 'getBounds'
  | 'setBounds'
  | 'destroy'
>;
export const ipcMain = strict('ipcMain', new IpcMain()) satisfies Pick<
  Electron.IpcMain,
  'handle' | 'removeHandler'
>;
export const protocol = strict('protocol', new Protocol()) satisfies Pick<
  Electron.Protocol,
  'registerSchemesAsPrivileged' | 'handle'
>;
export const session = strict('session', { defaultSession: strict('defaultSession', new Session()) });
export const Tray = strictClass('Tray', desktop.Tray);
export const Menu = strict('Menu', desktop.Menu);
export const Notification = strictClass('Notification', desktop.Notification) satisfies (new (
  options?: Electron.NotificationConstructorOptions,
) => Pick<Electron.Notification, 'show' | 'close'>) &
  Pick<typeof Electron.Notification, 'isSupported'>;
export const nativeImage = strict('nativeImage', desktop.nativeImage);
export const screen = strict('screen', desktop.screen) satisfies Pick<
  Electron.Screen,
  'getCursorScreenPoint'
>;
export const nativeTheme = strict('nativeTheme', desktop.nativeTheme) satisfies Pick<
  Electron.NativeTheme,
  'shouldUseDarkColors'
>;
export const globalShortcut = strict('globalShortcut', desktop.globalShortcut) satisfies Pick<
  Electron.GlobalShortcut,
  'register' | 'unregister' | 'isRegistered'
>;
export const dialog = strict('dialog', desktop.dialog) satisfies Pick<
  Electron.Dialog,
  'showOpenDialog' | 'showMessageBox' | 'showErrorBox'
>;
export const shell = strict('shell', desktop.shell) satisfies Pick<Electron.Shell, 'openExternal'>;
export const clipboard = strict('clipboard', desktop.clipboard) satisfies Pick<
  Electron.Clipboard,
  'writeText'
>;
export const powerMonitor = strict('powerMonitor', desktop.powerMonitor);
export const powerSaveBlocker = strict('powerSaveBlocker', desktop.powerSaveBlocker) satisfies Pick<
  Electron.PowerSaveBlocker,
  'start' | 'stop'
>;
export const utilityProcess = strict('utilityProcess', utilityProcesses);

// electron-store takes the module whole.
export default {
  app,
  BrowserWindow,
  clipboard,
  dialog,
  globalShortcut,
  ipcMain,
  Menu,
  nativeImage,
  nativeTheme,
  Notification,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  Tray,
  utilityProcess,
};
