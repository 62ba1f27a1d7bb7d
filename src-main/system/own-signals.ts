/** What a person, a terminal or the system ends a process with, taken over by the process itself. */

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
export const END_SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * One Ctrl+C may arrive more than once: npm and `npm start`'s own starter pass it on, and `when-exit`
 * (which conf and electron-store bring along) hooks every signal once and raises it again, which without
 * a listener of ours ends the process at once: https://github.com/fabiospampinato/when-exit
 */
const SAME_SIGNAL_MS = 500;

/** As much of `process` as is needed here. */
export interface SignalSource {
  on(signal: EndSignal, listener: () => void): unknown;
  removeAllListeners(signal: EndSignal): unknown;
}

/**
 * Hands every ending signal to `onSignal`, with how many there have been (1 is the first). The listeners
 * stay for the life of the process: without one, the next signal would end it in the middle of putting
 * things away. Listeners from before are dropped. On Windows Node raises SIGHUP when the console closes,
 * and ends the process some ten seconds later: https://nodejs.org/docs/latest-v20.x/api/process.html#signal-events
 */
export function ownSignals(
  source: SignalSource,
  onSignal: (times: number, signal: EndSignal) => void,
  now: () => number = () => performance.now(),
): void {
  let times = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const signal of END_SIGNALS) {
    source.removeAllListeners(signal);
    source.on(signal, () => {
      const at = now();
      if (at - lastAt < SAME_SIGNAL_MS) return;
      lastAt = at;
      times++;
      onSignal(times, signal);
    });
  }
}
