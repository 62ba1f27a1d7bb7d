import type { ForkOptions, UtilityProcess } from 'electron';
import type { GitHelperStarter } from '../../engine/orchard';

/**
 * Runs the git helper as a utility process: small, so that its many child processes start fast, and
 * ended by Chromium if the app dies. https://www.electronjs.org/docs/latest/api/utility-process
 */
export const gitHelperStarter =
  (fork: (modulePath: string, args: string[], options: ForkOptions) => UtilityProcess): GitHelperStarter =>
  (modulePath) => {
    const child = fork(modulePath, [], { serviceName: 'Orchard git helper', stdio: 'inherit' });
    let gone = false;
    child.on('exit', () => {
      gone = true;
    });
    return {
      send(message) {
        if (!gone) child.postMessage(message);
      },
      onMessage(listener) {
        child.on('message', (message: unknown) => listener(message));
      },
      onExit(listener) {
        child.on('exit', (code) => listener(code));
      },
      kill() {
        if (!gone) child.kill();
      },
    };
  };
