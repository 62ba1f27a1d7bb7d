import type { App } from 'electron';
import type { Log } from '../../engine/ports';

/** Quitting waits this long for the engine to put its things away, then goes anyway. */
const DISPOSE_LIMIT_MS = 5_000;

/**
 * Puts everything away before the process ends. `will-quit` is held back once; the limit ends the app
 * whatever still hangs (every operation is journaled, so nothing is lost). `isLeaving` is true from then on.
 */
export function disposeOnQuit(
  app: Pick<App, 'on' | 'exit'>,
  dispose: () => Promise<void>,
  log: Log,
): { isLeaving(): boolean } {
  let leaving = false;
  app.on('will-quit', (event) => {
    event.preventDefault();
    if (leaving) return;
    leaving = true;
    const limit = new Promise<void>((resolve) => {
      setTimeout(resolve, DISPOSE_LIMIT_MS);
    });
    const disposed = dispose().catch((error: unknown) => {
      log.bug('desktop.dispose', error);
    });
    void Promise.race([disposed, limit]).then(() => app.exit(0));
  });
  return { isLeaving: () => leaving };
}
