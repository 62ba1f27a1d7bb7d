import type { Settings } from '../contract/settings';
import type { RepositoryView, SessionView, Snapshot, WorktreeView } from '../contract/snapshot';
import type { NotificationRequest } from './facts';

/**
 * What was said and when turns began, per session. Kept by the caller between snapshots; sessions that
 * are gone are forgotten.
 */
export type NotificationMemory = Readonly<
  Record<string, { readonly turnStartedAt: string | null; readonly said: string | null }>
>;

export interface NotificationInput {
  /** Null for the first complete snapshot: it tells where things stand, nothing has just happened. */
  readonly previous: NotificationMemory | null;
  readonly next: Snapshot;
  readonly settings: Settings['notifications'];
  /** Minutes since local midnight, for quiet hours. */
  readonly minuteOfDay: number;
}

type Kind = keyof Settings['notifications']['kinds'];

export interface NotificationCandidate extends NotificationRequest {
  readonly kind: Kind;
  /** Said even though its terminal is in front (the person asked for the bell). */
  readonly always: boolean;
}

const inTurn = (session: SessionView) =>
  session.state === 'working' || session.state === 'needs-permission' || session.state === 'needs-answer';

function kindOf(session: SessionView): Kind | null {
  if (session.state === 'crashed') return 'crashed';
  if (session.state === 'failed') return 'failed';
  if (session.state === 'done') return 'done';
  return session.attention === 'needs-you' ? 'needsYou' : null;
}

/** 'HH:MM' as minutes since midnight; null when it is not a time. */
function minutes(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}

function isQuiet(hours: Settings['notifications']['quietHours'], minuteOfDay: number): boolean {
  if (hours === null) return false;
  const from = minutes(hours.from);
  const to = minutes(hours.to);
  if (from === null || to === null || from === to) return false;
  return from < to ? minuteOfDay >= from && minuteOfDay < to : minuteOfDay >= from || minuteOfDay < to;
}

/** macOS shows about 256 bytes of a notification. */
const BODY_LIMIT = 180;
function clip(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  const characters = [...flat];
  return characters.length <= BODY_LIMIT ? flat : `${characters.slice(0, BODY_LIMIT - 1).join('')}…`;
}

/** The first sentence of a message, or its first line when it has no sentence. */
export function firstSentence(message: string): string {
  const line = message.trim().split('\n', 1)[0] ?? '';
  const end = /[.!?。！？](?=\s|$)/.exec(line);
  return end === null ? line : line.slice(0, end.index + 1);
}

function bodyOf(session: SessionView): string {
  const reason = session.reason;
  switch (session.state) {
    case 'needs-permission':
      return reason === null ? 'Needs your permission.' : `Needs your permission: ${reason}`;
    case 'needs-answer':
      return reason === null ? 'Asks you a question.' : `Asks: ${reason}`;
    case 'limited':
      return reason === null ? 'Stopped by a rate limit.' : `Stopped by a rate limit: ${reason}`;
    case 'failed':
      return reason === null ? 'The turn failed.' : `The turn failed: ${reason}`;
    case 'crashed':
      return 'The session ended unexpectedly.';
    case 'done':
      return session.lastMessage === null ? 'Done.' : `Done: ${firstSentence(session.lastMessage)}`;
    default:
      return reason ?? 'Needs you.';
  }
}

interface Place {
  readonly session: SessionView;
  readonly repository: RepositoryView | null;
  readonly worktree: WorktreeView | null;
}

function places(snapshot: Snapshot): readonly Place[] {
  const found: Place[] = [];
  for (const repository of snapshot.repositories)
    for (const worktree of repository.worktrees)
      for (const session of worktree.sessions) found.push({ session, repository, worktree });
  for (const session of snapshot.elsewhere) found.push({ session, repository: null, worktree: null });
  return found;
}

function titleOf({ repository, worktree, session }: Place): string {
  const what = worktree?.task ?? worktree?.branch ?? worktree?.name ?? session.name ?? 'a session';
  return clip(repository === null ? what : `${repository.name} · ${what}`);
}

/**
 * Decides what to say about a new snapshot. Pure: the caller keeps the memory, asks whether a
 * candidate's terminal is in front, and delivers.
 */
export function decideNotifications(input: NotificationInput): {
  readonly candidates: readonly NotificationCandidate[];
  readonly memory: NotificationMemory;
} {
  const { previous, next, settings } = input;
  const memory: Record<string, { turnStartedAt: string | null; said: string | null }> = {};
  const candidates: NotificationCandidate[] = [];
  const quiet = isQuiet(settings.quietHours, input.minuteOfDay);

  for (const place of places(next)) {
    const { session, worktree } = place;
    const before = previous?.[session.id];
    // Cached rows are a memory of last time: they say nothing and change nothing.
    if (worktree?.stale === true) {
      if (before !== undefined) memory[session.id] = { ...before };
      continue;
    }
    const kind = kindOf(session);
    const stamp = kind === null ? null : `${session.state}@${session.since}`;
    const turnStartedAt = inTurn(session) ? (before?.turnStartedAt ?? session.since) : null;
    memory[session.id] = { turnStartedAt, said: stamp ?? before?.said ?? null };
    if (kind === null || stamp === null || previous === null || before?.said === stamp) continue;

    const bell = session.state === 'done' && session.bell;
    const muted =
      !settings.enabled ||
      settings.mutedSessions.includes(session.sessionId) ||
      (!settings.kinds[kind] && !bell);
    if (muted || (quiet && !bell)) continue;
    const started = before?.turnStartedAt ?? null;
    const lasted = started === null ? null : Date.parse(session.since) - Date.parse(started);
    if (kind === 'done' && !bell && lasted !== null && lasted < settings.shortestTurnSeconds * 1000) continue;
    candidates.push({
      id: session.id,
      title: titleOf(place),
      body: clip(bodyOf(session)),
      sound: settings.sound,
      sessionKey: session.id,
      worktreeId: worktree?.id ?? null,
      kind,
      always: bell,
    });
  }
  return { candidates, memory };
}

const KIND_WORDS: { readonly [K in Kind]: (count: number) => string } = {
  needsYou: (count) => `${count} ${count === 1 ? 'needs' : 'need'} you`,
  failed: (count) => `${count} failed`,
  crashed: (count) => `${count} crashed`,
  done: (count) => `${count} done`,
};
const KIND_ORDER = ['needsYou', 'failed', 'crashed', 'done'] as const;

/**
 * What somebody who comes back is told: what came to stand while they were away, each as it stands now.
 * One is said as itself; more become one notification, whose click shows the list.
 */
export function summarize(candidates: readonly NotificationCandidate[]): readonly NotificationRequest[] {
  if (candidates.length <= 1)
    return candidates.map(({ kind: _kind, always: _always, ...request }) => request);
  const ofKind = (kind: Kind) => candidates.filter((candidate) => candidate.kind === kind);
  const counts = KIND_ORDER.flatMap((kind) => {
    const count = ofKind(kind).length;
    return count === 0 ? [] : [KIND_WORDS[kind](count)];
  });
  const names = KIND_ORDER.flatMap((kind) => ofKind(kind).map(({ title }) => title));
  return [
    {
      id: 'orchard-away',
      title: `While you were away: ${counts.join(' · ')}`,
      body: clip(names.join(', ')),
      sound: candidates.some(({ sound }) => sound),
      sessionKey: null,
      worktreeId: null,
    },
  ];
}
