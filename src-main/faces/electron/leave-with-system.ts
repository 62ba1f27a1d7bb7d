/** The ends that nobody can be asked about: signals, and a system or session that goes down. */
import type { App, PowerMonitor } from 'electron';
import { ownSignals } from '../../system/own-signals';
import type { Quit } from './quit';

/**
 * Call it once the app is ready, and not before: Chromium installs its own handlers while it starts, over
 * those of a listener from earlier (seen on Electron 33), and libuv does not install its own again. Until
 * then its handlers quit in order, and there is nothing to put away.
 */
export function leaveWithSystem({
  app,
  powerMonitor,
  platform,
  quit,
}: {
  readonly app: Pick<App, 'on'>;
  readonly powerMonitor: Pick<PowerMonitor, 'on'>;
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly quit: Pick<Quit, 'leaveNow' | 'isBusy'>;
}): void {
  ownSignals(process, (_times, signal) => quit.leaveNow(signal));
  // Linux and macOS. The types leave the event out; prevented, Electron delays the shutdown while we leave:
  // https://www.electronjs.org/docs/latest/api/power-monitor#event-shutdown-linux-macos
  powerMonitor.on('shutdown', (event?: { preventDefault?(): void }) => {
    event?.preventDefault?.();
    quit.leaveNow('shutdown');
  });
  if (platform !== 'win32') return;
  // Windows tells windows: https://www.electronjs.org/docs/latest/api/browser-window#event-query-session-end-windows
  app.on('browser-window-created', (_event, window) => {
    // It then shows the person that Orchard is at work, and lets them wait or go on.
    window.on('query-session-end', (event) => {
      if (quit.isBusy()) event.preventDefault();
    });
    // Final: the system ends the process when it has waited long enough.
    window.on('session-end', () => quit.leaveNow('session-end'));
  });
}
