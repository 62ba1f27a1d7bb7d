/** What a run says at its end about what its tests could and could not show. */

const windows = 'focus, blur and stacking of real windows (X11)';
const tray = 'a real tray icon, and the click on it';
const notification = 'a real notification, and the click on it';
const sandbox = 'context isolation and the app:// scheme as Electron implements them';
const lock = 'the single-instance lock of Electron';

/** Open after a run on the stand-in alone. */
export const notOnStandIn: readonly string[] = [
  windows,
  tray,
  notification,
  sandbox,
  lock,
  'native dialogs, the global shortcut, login items',
];
/** Shown by the specs on the real Electron, whatever the stand-in leaves open. */
export const onReal = (_version: string): readonly string[] => [windows, sandbox, lock];
/** Shown by the tests on the run's own bus. */
export const onBus: readonly string[] = [tray, notification];

/** Open after a run on this version, on this machine. */
export function notOnReal(version: string): readonly string[] {
  const root = process.getuid?.() === 0;
  return [
    ...(root ? ['Chromium’s sandbox (it can’t start as root)'] : []),
    ...(Number.parseInt(version, 10) < 45
      ? [
          `what newer versions than Electron ${version} have: UNNotification on macOS, native Wayland by default, GTK 4, activation of an app by a notification on Windows`,
        ]
      : []),
    ...(process.platform === 'linux' ? ['macOS and Windows: tray, popover, notifications, login items'] : []),
  ];
}
