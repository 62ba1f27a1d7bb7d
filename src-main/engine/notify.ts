/** Says what the policy decides, once, unless the person is looking at that very terminal. */
import type { Snapshot } from '../contract/snapshot';
import type { NotificationRequest, SessionFacts } from '../domain/facts';
import {
  decideNotifications,
  type NotificationCandidate,
  type NotificationMemory,
  summarize,
} from '../domain/notification-policy';
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
  /** A click on one about more than one session. */
  showList(): void;
  /** Its pane is in front: the person has seen it. */
  markSeen(sessionId: string): void;
}

export function createAnnouncer(deps: AnnouncerDeps) {
  let memory: NotificationMemory | null = null;
  /** While nobody is there: what was seen last, so that a bell rings once. Null: somebody is. */
  let away: { memory: NotificationMemory | null } | null = null;

  const minuteOfDay = () => {
    const local = new Date(deps.clock.now());
    return local.getHours() * 60 + local.getMinutes();
  };
  const decide = (previous: NotificationMemory | null, next: Snapshot) =>
    decideNotifications({
      previous,
      next,
      settings: deps.settings.get().notifications,
      minuteOfDay: minuteOfDay(),
    });

  /** The ones whose terminal the person is not looking at; a bell rings all the same. */
  async function unseen(candidates: readonly NotificationCandidate[]) {
    const seen = await Promise.all(
      candidates.map(async ({ sessionKey, always }) => {
        const session = sessionKey === null ? null : deps.sessionFacts(sessionKey);
        const inFront = session?.alive === true && (await deps.terminals.inFront(session));
        if (inFront && sessionKey !== null) deps.markSeen(sessionKey);
        return inFront && !always;
      }),
    );
    return candidates.filter((_candidate, index) => seen[index] !== true);
  }
  function deliver({ ...request }: NotificationRequest) {
    deps.notifier.notify(request, () => {
      if (request.sessionKey === null) deps.showList();
      else deps.open(request.sessionKey);
    });
  }
  const deliverEach = (candidates: readonly NotificationCandidate[]) => {
    for (const { kind: _kind, always: _always, ...request } of candidates) deliver(request);
  };

  return {
    /** Resolves when everything that this snapshot gives rise to was handed over. */
    async consider(snapshot: Snapshot): Promise<void> {
      // Until everything was read once, a row that appears is no news.
      if (!snapshot.complete && memory === null) return;
      try {
        if (away === null) {
          const decided = decide(memory, snapshot);
          memory = decided.memory;
          deliverEach(await unseen(decided.candidates));
          return;
        }
        // Nobody is told but by a bell that was asked for; the rest waits until somebody is back.
        const decided = decide(away.memory, snapshot);
        away.memory = decided.memory;
        const bells = decided.candidates.filter(({ always }) => always);
        const rung = Object.fromEntries(bells.flatMap(({ id }) => [[id, decided.memory[id]]]));
        if (memory !== null) memory = { ...memory, ...rung } as NotificationMemory;
        deliverEach(bells);
      } catch (error) {
        deps.log.bug('notify', error);
      }
    },
    /** Nobody sits before the screen from now on. */
    leave(): void {
      away ??= { memory };
    },
    /** Somebody is back, and this is how things stand: what changed and still stands is said in one. */
    async comeBack(snapshot: Snapshot): Promise<void> {
      if (away === null) return;
      const from = memory ?? away.memory;
      away = null;
      try {
        if (!snapshot.complete && from === null) return;
        const decided = decide(from, snapshot);
        memory = decided.memory;
        for (const request of summarize(await unseen(decided.candidates))) deliver(request);
      } catch (error) {
        deps.log.bug('notify', error);
      }
    },
  };
}
export type Announcer = ReturnType<typeof createAnnouncer>;
