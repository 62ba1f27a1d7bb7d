import type { ForkOptions, UtilityProcess } from 'electron';
import type { ProcessChannel } from '../../engine/orchard';
import type { Log } from '../../engine/ports';

/**
 * Runs a module as a utility process: a Node of its own, without the main thread's work and without its
 * `fs`, and ended by Chromium if the app dies. https://www.electronjs.org/docs/latest/api/utility-process
 */
export function startUtility(
  fork: (modulePath: string, args: string[], options: ForkOptions) => UtilityProcess,
  { modulePath, serviceName, log }: { modulePath: string; serviceName: string; log: Log },
): ProcessChannel {
  const child = fork(modulePath, [], { serviceName, stdio: 'inherit' });
  let gone = false;
  child.on('exit', () => {
    gone = true;
  });
  // V8 gave up (out of memory); 'exit' follows. Without a listener the event would be thrown.
  child.on('error', (type, location) => log.warn('utility.fatal', { serviceName, type, location }));
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
}
