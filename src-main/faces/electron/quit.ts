/**
 * How the app ends. A person who quits while an operation runs is asked; a signal or a system that goes
 * down asks nobody: the operation is cancelled and taken back, or finished where it can't be, and
 * everything is put away before the process ends. A limit ends it whatever still hangs; each operation is
 * journalled, so the next start finishes or takes back what that cut.
 */
import type { App } from 'electron';
import type { OperationId } from '../../contract/ids';
import type { OperationEvent, OperationKind } from '../../contract/operations';
import type { Log } from '../../engine/ports';

/** Putting away what is only watched takes well under a second. */
const DISPOSE_LIMIT_MS = 5_000;
/** Taking an operation back ends commands patiently and runs git. systemd gives 90 s, macOS less. */
const OPERATION_LIMIT_MS = 30_000;

export type QuitAnswer = 'when-done' | 'cancel' | 'stay';

export interface Quit {
  /** True once everything is being put away. */
  isLeaving(): boolean;
  /** Follows what runs; every operation event of the engine. */
  note(event: OperationEvent): void;
  /** Whether an operation runs that quitting would disturb. */
  isBusy(): boolean;
  /** Ends the app without asking anybody; asked again, also without waiting. */
  leaveNow(why: string): void;
}

export function createQuit(deps: {
  readonly app: Pick<App, 'on' | 'exit' | 'quit'>;
  readonly dispose: () => Promise<void>;
  /** Asks the person; `doing` says what runs ("merging feature/x"), in one phrase. */
  readonly ask: (doing: string) => Promise<QuitAnswer>;
  readonly log: Log;
}): Quit {
  const { app, log } = deps;
  const running = new Map<OperationId, string>();
  let leaving = false;
  let asking = false;
  /** The person has decided, or nobody is asked. */
  let sure = false;
  let whenDone = false;
  let urged = 0;

  function leave(): void {
    if (leaving) return;
    leaving = true;
    sure = true;
    const limitMs = running.size > 0 ? OPERATION_LIMIT_MS : DISPOSE_LIMIT_MS;
    const limit = new Promise<void>((resolve) => {
      setTimeout(() => {
        log.warn('quit.limit', { limitMs });
        resolve();
      }, limitMs);
    });
    const disposed = deps.dispose().catch((error: unknown) => {
      log.bug('desktop.dispose', error);
    });
    void Promise.race([disposed, limit]).then(() => app.exit(0));
  }

  async function askFirst(): Promise<void> {
    asking = true;
    try {
      const answer = await deps.ask([...running.values()].join(', and '));
      whenDone = answer === 'when-done';
      sure = answer === 'cancel' || (whenDone && running.size === 0);
    } catch (error) {
      // Nobody could be asked, so nobody said no; what runs is taken back.
      log.bug('quit.ask', error);
      sure = true;
    } finally {
      asking = false;
    }
    if (sure) app.quit();
  }

  app.on('before-quit', (event) => {
    if (sure || running.size === 0) return;
    event.preventDefault();
    if (!asking) void askFirst();
  });
  app.on('will-quit', (event) => {
    event.preventDefault();
    leave();
  });

  return {
    isLeaving: () => leaving,
    isBusy: () => running.size > 0,
    note({ operation, kind, change }) {
      if (change.type === 'started') running.set(operation, doing(kind, change.title));
      else if (change.type === 'finished') running.delete(operation);
      if (running.size > 0 || !whenDone) return;
      sure = true;
      app.quit();
    },
    leaveNow(why) {
      urged++;
      log.info('quit.asked', { why, times: urged, running: running.size });
      if (urged > 1) app.exit(0);
      else leave();
    },
  };
}

/** What runs, behind "Orchard is …". */
export function doing(kind: OperationKind, title: string): string {
  switch (kind) {
    case 'merge':
      return title.replace(/^Merge /, 'merging ');
    case 'rebase':
      return title.replace(/^Rebase /, 'rebasing ');
    case 'cleanup':
      return title.replace(/^Clean up /, 'cleaning up ');
    case 'undo':
      return `taking back “${title.replace(/^Undo: /, '')}”`;
    case 'spawn':
      return `making a worktree for “${title}”`;
  }
}
