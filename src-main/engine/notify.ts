/** Says what the policy decides, once, unless the person is looking at that very terminal. */
import type { Snapshot } from '../contract/snapshot';
import type { SessionFacts } from '../domain/facts';
import { decideNotifications, type NotificationMemory } from '../domain/notification-policy';
import type { Clock, Log, Notifier, SettingsStore, Terminals } from './ports';

export interface AnnouncerDeps {
  readonly notifier: Notifier;
  readonly settings: SettingsStore;
  readonly terminals: Pick<Terminals, 'inFront'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What was observed of the session behind a view's id. */
  sessionFacts(id: string): SessionFacts | null;
  /** A click on the notification. */
  open(sessionId: string): void;
  /** Its pane is in front: the person has seen it. */
  markSeen(sessionId: string): void;
}

export function createAnnouncer(deps: AnnouncerDeps) {
  let memory: NotificationMemory | null = null;

  const minuteOfDay = () => {
    const local = new Date(deps.clock.now());
    return local.getHours() * 60 + local.getMinutes();
  };

  return {
    /** Resolves when everything that this snapshot gives rise to was handed over. */
    async consider(snapshot: Snapshot): Promise<void> {
      // Until everything was read once, a row that appears is no news.
      if (!snapshot.complete && memory === null) return;
      const decided = decideNotifications({
        previous: memory,
        next: snapshot,
        settings: deps.settings.get().notifications,
        minuteOfDay: minuteOfDay(),
      });
      memory = decided.memory;
      await Promise.all(
        decided.candidates.map(async ({ always, ...request }) => {
          const session = request.sessionKey === null ? null : deps.sessionFacts(request.sessionKey);
          const inFront = session?.alive === true && (await deps.terminals.inFront(session));
          if (inFront && request.sessionKey !== null) deps.markSeen(request.sessionKey);
          if (inFront && !always) return;
          deps.notifier.notify(request, () => {
            if (request.sessionKey !== null) deps.open(request.sessionKey);
          });
        }),
      ).catch((error: unknown) => deps.log.bug('notify', error));
    },
  };
}
export type Announcer = ReturnType<typeof createAnnouncer>;
