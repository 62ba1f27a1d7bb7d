/** What is chosen in the tray's menu, or clicked on a notification, and how a refusal of it is said. */
import { describeFailure } from '../../contract/failure-texts';
import type { Failure } from '../../contract/failures';
import type { PopoverView } from '../../contract/requests';
import type { DesktopOrchard } from '../../engine/orchard';
import type { Log } from '../../engine/ports';
import type { MenuAction } from './tray-menu';

export interface TrayActionDeps {
  readonly composed: Promise<Pick<DesktopOrchard, 'handlers'>>;
  /** Resolves when every session was seen once. */
  readonly started: Promise<unknown>;
  readonly open: (view: PopoverView) => void;
  readonly quit: () => void;
  /** A row in the popover; null takes it away. */
  readonly setProblem: (message: string | null, where?: string) => void;
  readonly log: Log;
}

export interface TrayActions {
  act(action: MenuAction): Promise<void>;
  /** Says it in the popover: an alert without a window blocks the app until somebody finds it. */
  refused(failure: Failure): void;
}

export function createTrayActions(deps: TrayActionDeps): TrayActions {
  function refused(failure: Failure) {
    const { title, message, next } = describeFailure(failure);
    deps.log.warn('tray.refused', { failure });
    deps.setProblem([message, next].filter((part) => part !== '').join(' '), title);
    deps.open('worktrees');
  }
  return {
    refused,
    async act(action) {
      if (action.type === 'open-popover') return deps.open('worktrees');
      if (action.type === 'spawn') return deps.open('spawn');
      if (action.type === 'settings') return deps.open('settings');
      if (action.type === 'quit') return deps.quit();
      try {
        const { handlers } = await deps.composed;
        // A click on a notification of an earlier run may be what started the app.
        if (action.type === 'open-session') await deps.started;
        const done =
          action.type === 'open-session'
            ? await handlers['session.open']({ sessionId: action.sessionId })
            : await handlers['worktree.open']({
                worktreeId: action.worktreeId,
                sessionId: action.sessionId,
              });
        if (done.ok) deps.setProblem(null);
        else refused(done.error);
      } catch (error) {
        refused({ kind: 'internal', reference: deps.log.bug('tray.action', error) });
      }
    },
  };
}
