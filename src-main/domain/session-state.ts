/**
 * What a session is up to, from what was observed of it. Anything that is not understood is `unknown`:
 * a wrong "idle" costs a person more than an honest question mark.
 */
import type { Attention, SessionState } from '../contract/snapshot';
import type { PastConversation, SessionFacts, SessionMemory, TaskRecord } from './facts';

export interface SessionVerdict {
  readonly state: SessionState;
  readonly attention: Attention;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly evidence: string;
  readonly reason: string | null;
  readonly lastMessage: string | null;
}

const DAY_MS = 86_400_000;
/** A session that has not registered by then probably shows the trust dialog. */
export const TRUST_PROMPT_MS = 20_000;
/** One that has not registered by then was never started, or ended before it began. */
const NEVER_STARTED_MS = 1_800_000;

const clockTime = (ms: number) => {
  const local = new Date(ms);
  return `${String(local.getHours()).padStart(2, '0')}:${String(local.getMinutes()).padStart(2, '0')}`;
};

type Core = Pick<SessionVerdict, 'state' | 'attention' | 'evidence' | 'reason'>;

/** `waitingFor` values that are known to be a permission dialog; the words are the registry's. */
const permissionWaits = new Set(['permission prompt', 'sandbox request', 'worker request']);

function waiting(facts: SessionFacts): Core {
  const what = facts.waitingFor ?? '';
  const evidence = `registry: waiting, ${what || 'for what is not said'}`;
  const tool = facts.transcript?.pendingTool?.summary ?? null;
  if (permissionWaits.has(what))
    return {
      state: 'needs-permission',
      attention: 'needs-you',
      evidence,
      reason: tool ?? (what === 'permission prompt' ? null : what),
    };
  if (what === 'input needed')
    return { state: 'needs-answer', attention: 'needs-you', evidence, reason: tool };
  return { state: 'unknown', attention: 'none', evidence, reason: null };
}

/** The turn is over: by an error, by the person's Esc, or by being done; and was that seen? */
function turnOver(facts: SessionFacts, memory: SessionMemory | null, since: number, evidence: string): Core {
  const tail = facts.transcript;
  if (tail?.error != null) {
    const { kind, message, resetsAt } = tail.error;
    return {
      state: kind === 'rate-limit' ? 'limited' : 'failed',
      attention: 'needs-you',
      evidence: `${evidence}; transcript: ${kind === 'rate-limit' ? 'rate limit' : 'API error'}`,
      reason: resetsAt === null ? message : `until ${clockTime(resetsAt)}`,
    };
  }
  const idle: Core = { state: 'idle', attention: 'none', evidence, reason: null };
  // No turn was ever taken (just started, or `/clear`ed), or the person ended it: there is no outcome.
  if (tail === null || tail.turnStartedAt === null || tail.interrupted) return idle;
  const endedWhileKnown = memory !== null && since > memory.firstSeenAt;
  const seen = memory?.seenAt != null && memory.seenAt >= since;
  return endedWhileKnown && !seen ? { ...idle, state: 'done', attention: 'look' } : idle;
}

function fromTranscript(facts: SessionFacts, memory: SessionMemory | null): Core {
  const tail = facts.transcript;
  const unknown: Core = {
    state: 'unknown',
    attention: 'none',
    evidence: 'registry: this client does not say its status',
    reason: null,
  };
  if (tail === null || tail.lastAt === null) return unknown;
  if (!tail.turnOpen) return turnOver(facts, memory, tail.lastAt, 'transcript: the turn ended');
  // An unanswered tool is either running or waiting for a permission; the transcript can't tell which.
  if (tail.pendingTool !== null)
    return { ...unknown, evidence: `transcript: ${tail.pendingTool.name} has no result yet` };
  return { state: 'working', attention: 'none', evidence: 'transcript: a turn is open', reason: null };
}

function alive(facts: SessionFacts, memory: SessionMemory | null): Core {
  switch (facts.status) {
    case 'busy':
      return { state: 'working', attention: 'none', evidence: 'registry: busy', reason: null };
    case 'shell':
      return {
        state: 'background',
        attention: 'none',
        evidence: 'registry: a background shell runs',
        reason: null,
      };
    case 'waiting':
      return waiting(facts);
    case 'idle':
      return turnOver(facts, memory, facts.statusSince, 'registry: idle');
    case null:
      return fromTranscript(facts, memory);
    default:
      return { state: 'unknown', attention: 'none', evidence: `registry: ${facts.status}`, reason: null };
  }
}

/**
 * The verdict about a registered session; null for one whose file was left by an earlier boot, which is
 * a past conversation.
 */
export function judgeSession(
  facts: SessionFacts,
  memory: SessionMemory | null,
  now: number,
): SessionVerdict | null {
  const lastMessage = facts.transcript?.lastMessage ?? null;
  if (!facts.alive) {
    if (!facts.sinceBoot) return null;
    const seen = memory?.seenAt != null && memory.seenAt >= facts.updatedAt;
    return {
      state: 'crashed',
      attention: seen || now - facts.updatedAt > DAY_MS ? 'none' : 'look',
      since: facts.updatedAt,
      evidence: `process ${facts.pid} is gone, its registry file is still there`,
      reason: null,
      lastMessage,
    };
  }
  const since = facts.status === null ? (facts.transcript?.lastAt ?? facts.updatedAt) : facts.statusSince;
  return { ...alive(facts, memory), since, lastMessage };
}

/** A worktree that was spawned with a session which has not registered; null once that is no news. */
export function judgeStarting(record: TaskRecord, now: number): SessionVerdict | null {
  if (record.sessionId === null) return null;
  const since = Date.parse(record.spawnedAt);
  const age = now - since;
  if (Number.isNaN(age) || age > NEVER_STARTED_MS) return null;
  const late = age >= TRUST_PROMPT_MS;
  return {
    state: 'starting',
    attention: late ? 'needs-you' : 'none',
    since,
    evidence: 'spawned, not registered yet',
    reason: late ? 'Waiting at the trust prompt?' : null,
    lastMessage: null,
  };
}

export function judgePast(past: PastConversation): SessionVerdict {
  return {
    state: 'ended',
    attention: 'none',
    since: past.lastAt,
    evidence: 'transcript of a past conversation',
    reason: null,
    lastMessage: past.lastMessage,
  };
}
