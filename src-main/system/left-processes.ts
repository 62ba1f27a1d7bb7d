import type { Clock, LeftProcesses } from '../engine/ports';
import type { ProcessIdentity } from './file-lock';
import { endTree } from './process-tree';

const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 5_000;

/**
 * Ends what an Orchard that was killed left running: a setup command, a checkout. Every such process
 * leads a group of its own, and its start time says that it is still the one that was meant.
 */
export function createLeftProcesses(deps: {
  readonly processes: ProcessIdentity;
  readonly clock: Clock;
}): LeftProcesses {
  const { processes, clock } = deps;
  return {
    identify: (pid) => processes.startTime(pid),
    async end(pid, identity) {
      if ((await processes.startTime(pid)) !== identity) return;
      endTree(pid, 'SIGKILL');
      for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
        if ((await processes.startTime(pid)) !== identity) return;
        await new Promise<void>((resolve) => {
          // A clock's timers let the process end; this must not.
          const awake = setInterval(() => undefined, 60_000);
          clock.schedule(LOOK_EVERY_MS, () => {
            clearInterval(awake);
            resolve();
          });
        });
      }
    },
  };
}
