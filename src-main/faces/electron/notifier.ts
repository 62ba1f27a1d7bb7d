import type { Notification, NotificationConstructorOptions } from 'electron';
import type { Log, Notifier } from '../../engine/ports';
import { activationTag, notificationBody } from './notification-text';
import { type Platform, platformPolicies } from './platform-policy';

/** More than any notification centre keeps; the oldest reference goes first. */
const MOST_KEPT = 100;

export interface NotifierDeps {
  readonly create: (options: NotificationConstructorOptions) => Notification;
  readonly isSupported: () => boolean;
  readonly platform: Platform;
  readonly log: Log;
  /** The system began or ceased to refuse notifications. */
  readonly onProblem: () => void;
}

export interface ElectronNotifier extends Notifier {
  /**
   * Windows: whether an activation belongs to a notification of this process, whose own click listener
   * takes care of it. Ask once per activation.
   */
  holds(rawActivation: string): boolean;
  dispose(): void;
}

/**
 * Notifications through Electron. Each is kept until it is clicked or closed, because a collected one
 * can't be clicked any more (https://github.com/electron/electron/issues/16922).
 */
export function createElectronNotifier(deps: NotifierDeps): ElectronNotifier {
  const policy = platformPolicies[deps.platform];
  const kept = new Map<string, Notification>();
  /** Clicked ones whose activation is still to come (Windows tells both, in either order), and the reverse. */
  const clicked = new Set<string>();
  const activated = new Set<string>();
  let problem: string | null = deps.isSupported() ? null : 'This system has no notification service.';

  function setProblem(next: string | null) {
    if (next === problem) return;
    problem = next;
    deps.onProblem();
  }
  function forget(id: string, notification: Notification) {
    if (kept.get(id) === notification) kept.delete(id);
  }

  return {
    get problem() {
      return problem;
    },
    notify(request, onClick) {
      if (!deps.isSupported()) {
        setProblem('This system has no notification service.');
        return;
      }
      const notification = deps.create({
        id: request.id,
        title: request.title,
        body: notificationBody(request.body, policy),
        silent: !request.sound,
        urgency: 'normal',
      });
      notification.on('click', () => {
        forget(request.id, notification);
        if (!activated.delete(request.id) && deps.platform === 'win32') clicked.add(request.id);
        onClick();
      });
      notification.on('close', ({ reason }) => {
        // Timed out is off the screen and still in the notification centre, where it can be clicked.
        if (reason !== 'timedOut') forget(request.id, notification);
      });
      notification.on('show', () => setProblem(null));
      notification.on('failed', (_event, error) => {
        forget(request.id, notification);
        deps.log.warn('notification.failed', { error });
        setProblem(`The system refused a notification: ${error}`);
      });
      const replaced = kept.get(request.id);
      kept.delete(request.id);
      kept.set(request.id, notification);
      // The systems that know ids replace by themselves; closing there would take the new one away.
      if (deps.platform === 'linux') replaced?.close();
      const oldest = kept.keys().next().value;
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      notification.show();
    },
    holds(raw) {
      const tag = activationTag(raw);
      if (tag === null) return kept.size > 0;
      if (clicked.delete(tag)) return true;
      if (!kept.has(tag)) return false;
      activated.add(tag);
      return true;
    },
    dispose() {
      kept.clear();
      clicked.clear();
      activated.clear();
    },
  };
}
