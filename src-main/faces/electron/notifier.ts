import type { Notification, NotificationConstructorOptions } from 'electron';
import type { Clock, Log, Notifier } from '../../engine/ports';
import {
  aboutOf,
  activatedName,
  noService,
  notificationBody,
  notificationName,
  type Refusal,
  refused,
  toastXml,
  unsigned,
} from './notification-text';
import { type Platform, platformPolicies } from './platform-policy';

/** More than any notification centre keeps; the oldest is taken off the screen, so that none is left dead. */
const MOST_KEPT = 100;
/** Windows tells one click twice, in either order: to the notification and to the app. */
const SAME_CLICK_MS = 5_000;

export interface NotifierDeps {
  readonly create: (options: NotificationConstructorOptions) => Notification;
  readonly isSupported: () => boolean;
  readonly platform: Platform;
  readonly packaged: boolean;
  /** Monotonic. */
  readonly clock: Clock;
  readonly log: Log;
  /** The system began or ceased to refuse notifications. */
  readonly onProblem: () => void;
  /** macOS: what earlier runs left in the notification centre; null where that can't be asked. */
  readonly history: (() => Promise<readonly Notification[]>) | null;
  /** A click on one of an earlier run; `about` is the id that it was notified with. */
  readonly onEarlierClick: (about: string) => void;
  /** What tells this run's notifications from those of others: lower-case letters and digits. */
  readonly run: string;
}

export interface ElectronNotifier extends Notifier {
  /**
   * Windows: a notification was activated, maybe one of an earlier run. False when what came names none
   * of ours.
   */
  activated(raw: string): boolean;
  dispose(): void;
}

interface Kept {
  readonly notification: Notification;
  readonly about: string;
  readonly onClick: () => void;
}

/**
 * Notifications through Electron. Each is kept until it is clicked or closed, because a collected one
 * can't be clicked any more (https://github.com/electron/electron/issues/16922).
 */
export function createElectronNotifier(deps: NotifierDeps): ElectronNotifier {
  const { platform, clock } = deps;
  const policy = platformPolicies[platform];
  /** By name, the oldest first; replaced ones too, until they are known to be off the screen. */
  const kept = new Map<string, Kept>();
  const clickedAt = new Map<string, number>();
  let count = 0;
  let refusal: Refusal | null = null;
  if (!deps.isSupported()) refusal = noService;
  else if (platform === 'darwin' && !deps.packaged) refusal = unsigned;

  function setRefusal(next: Refusal | null) {
    if (next?.problem === refusal?.problem) return;
    refusal = next;
    deps.onProblem();
  }

  /** Answers a click once, however often it is told. */
  function click(name: string, act: () => void) {
    const now = clock.now();
    for (const [other, at] of clickedAt) if (now - at > SAME_CLICK_MS) clickedAt.delete(other);
    if (clickedAt.has(name)) return;
    clickedAt.set(name, now);
    act();
  }

  function keep(name: string, held: Kept) {
    const { notification } = held;
    kept.set(name, held);
    notification.on('click', () => {
      kept.delete(name);
      click(name, held.onClick);
    });
    notification.on('close', (details) => {
      // Timed out is off the screen and still in the notification centre, where it can be clicked.
      if (details?.reason !== 'timedOut') kept.delete(name);
    });
    const [oldest] = kept;
    if (kept.size <= MOST_KEPT || oldest === undefined) return;
    kept.delete(oldest[0]);
    oldest[1].notification.close();
  }

  deps
    .history?.()
    .then((earlier) => {
      for (const notification of earlier) {
        const about = aboutOf(notification.id);
        if (about !== null && !kept.has(notification.id))
          keep(notification.id, { notification, about, onClick: () => deps.onEarlierClick(about) });
      }
    })
    .catch((error: unknown) => deps.log.warn('notification.history', { error: String(error) }));

  return {
    get problem() {
      return refusal?.problem ?? null;
    },
    get remedy() {
      return refusal?.next ?? null;
    },
    notify(request, onClick) {
      if (!deps.isSupported()) {
        setRefusal(noService);
        return;
      }
      count++;
      const name = notificationName(request.id, deps.run, count);
      const body = notificationBody(request.body, policy);
      const silent = !request.sound;
      const notification = deps.create({
        id: name,
        title: request.title,
        body,
        silent,
        urgency: 'normal',
        ...(platform === 'win32' ? { toastXml: toastXml({ name, title: request.title, body, silent }) } : {}),
      });
      notification.on('show', () => setRefusal(null));
      notification.on('failed', (_event, error) => {
        kept.delete(name);
        deps.log.warn('notification.failed', { error });
        setRefusal(refused(platform, deps.packaged, error ?? ''));
      });
      // Closed before the new one is shown, and kept until it says that it went: where a daemon leaves it
      // standing, a click on it still leads somewhere.
      for (const { about, notification: older } of [...kept.values()])
        if (about === request.id) older.close();
      keep(name, { notification, about: request.id, onClick });
      notification.show();
    },
    activated(raw) {
      const name = activatedName(raw);
      const about = name === null ? null : aboutOf(name);
      if (name === null || about === null) return false;
      const held = kept.get(name);
      click(name, held?.onClick ?? (() => deps.onEarlierClick(about)));
      return true;
    },
    dispose() {
      // On Linux nobody answers a click any more, and on Windows it would start a bare Electron from a
      // checkout. Elsewhere the system starts the app for it.
      if (platform === 'linux' || !deps.packaged)
        for (const { notification } of [...kept.values()]) notification.close();
      kept.clear();
      clickedAt.clear();
    },
  };
}
