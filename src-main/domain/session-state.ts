/** What a session is up to, decided from what was observed, and what the decision rests on. */
import type { Attention, SessionState } from '../contract/snapshot';
import type { PastConversation, SessionFacts, SessionMemory, TaskRecord, TranscriptTail } from './facts';

export interface SessionVerdict {
  readonly state: SessionState;
  /** Since when, in milliseconds since the epoch; the same for as long as the state is. */
  readonly since: number;
  readonly attention: Attention;
  /** A phrase that a person can check against the files: "registry: waiting, permission prompt". */
  readonly evidence: string;
  /** Why it needs the person, as far as that is known. */
  readonly reason: string | null;
  /** The last thing Claude said, whole. */
  readonly lastMessage: string | null;
}

/** A spawned session that has not registered after this long probably waits at the trust dialog. */
export const TRUST_PROMPT_MS = 20_000;
/** After this long its terminal was closed, or Claude never started: nothing is starting any more. */
const NEVER_STARTED_MS = 1_800_000;
const DAY_MS = 86_400_000;
/** A dialog that is open longer was not just opened by the person to choose a model. */
const OWN_DIALOG_MS = 30_000;
/** Without the registry's word, an open turn that wrote nothing for this long proves nothing any more. */
const SILENT_TURN_MS = 600_000;
/** A session whose process can't be looked at is believed for this long after its last sign of life. */
const FOREIGN_BELIEVED_MS = 3_600_000;

/**
 * The state of a session that has a registry file; null when that file is only a leftover (written
 * before this start of the machine, or by a process elsewhere that has long been silent).
 */
export function judgeSession(
  facts: SessionFacts,
  memory: SessionMemory | null,
  now: number,
): SessionVerdict | null {
  const lastMessage = facts.transcript?.lastMessage ?? null;
  const verdict = (
    state: SessionState,
    attention: Attention,
    evidence: string,
    more: { readonly since?: number; readonly reason?: string | null } = {},
  ): SessionVerdict => ({
    state,
    attention,
    evidence,
    since: more.since ?? facts.statusSince,
    reason: more.reason ?? null,
    lastMessage,
  });

  const lastSign = Math.max(facts.updatedAt, facts.transcript?.lastAt ?? 0);
  if (!facts.alive) {
    if (!facts.sinceBoot) return null;
    const looked = memory?.seenAt != null && memory.seenAt >= lastSign;
    const attention = looked || now - lastSign >= DAY_MS ? 'none' : 'look';
    return verdict('crashed', attention, `process ${facts.pid} is gone, its registry file is still there`, {
      since: lastSign,
    });
  }
  if (facts.foreign === true) {
    if (now - lastSign >= DAY_MS) return null;
    if (now - lastSign >= FOREIGN_BELIEVED_MS)
      return verdict('unknown', 'none', 'its process is on another machine or in a container');
  }

  switch (facts.status) {
    case 'busy':
      return verdict('working', 'none', 'registry: busy', { since: turnStart(facts) });
    case 'waiting':
      return waiting(facts, now, verdict);
    case 'shell':
      return verdict('background', 'none', 'registry: shell (the turn is over, a background shell runs)');
    case 'idle':
      // The turn's own end, and not the status's: a dialog that was opened and closed since ended none.
      return turnOver(
        facts,
        memory,
        'registry: idle',
        facts.transcript?.turnEndedAt ?? facts.statusSince,
        now,
        verdict,
      );
    case null:
      return fromTranscript(facts, memory, now, verdict);
    default:
      return verdict('unknown', 'none', `registry: ${facts.status}`);
  }
}

type Verdict = (
  state: SessionState,
  attention: Attention,
  evidence: string,
  more?: { readonly since?: number; readonly reason?: string | null },
) => SessionVerdict;

function waiting(facts: SessionFacts, now: number, verdict: Verdict): SessionVerdict {
  const evidence = `registry: waiting, ${facts.waitingFor ?? 'for nothing it names'}`;
  const pending = facts.transcript?.pendingTool?.summary ?? null;
  const needs = (state: 'needs-permission' | 'needs-answer', reason: string | null) =>
    verdict(state, 'needs-you', evidence, { reason });
  switch (facts.waitingFor) {
    case 'permission prompt':
      return needs('needs-permission', pending);
    case 'sandbox request':
      return needs('needs-permission', pending ?? 'to leave the sandbox');
    case 'worker request':
      return needs('needs-permission', 'for one of its workers');
    case 'input needed':
      return needs('needs-answer', pending);
    case 'dialog open':
      // `/model`, `/config` and the like say the same as a dialog that came up by itself.
      if (now - facts.statusSince < OWN_DIALOG_MS)
        return verdict(facts.transcript?.turnOpen === true ? 'working' : 'idle', 'none', evidence);
      return needs('needs-answer', 'a dialog is open');
    default:
      return verdict('unknown', 'none', evidence);
  }
}

/** When the turn that is running began: the prompt's time, if the transcript has got that far. */
function turnStart({ transcript, statusSince }: SessionFacts): number {
  if (transcript?.turnOpen !== true || transcript.turnStartedAt === null) return statusSince;
  return Math.min(transcript.turnStartedAt, statusSince);
}

/** Whether this process, and not an earlier one whose conversation it resumed, has had a turn. */
function hadTurn(facts: SessionFacts): boolean {
  const { transcript } = facts;
  if (transcript === null) return false;
  if (transcript.turnStartedAt !== null) return transcript.turnStartedAt >= facts.startedAt;
  // The prompt is further back than the tail that was read.
  return transcript.lastMessage !== null && (transcript.lastAt ?? 0) >= facts.startedAt;
}

function turnOver(
  facts: SessionFacts,
  memory: SessionMemory | null,
  evidence: string,
  endedAt: number,
  now: number,
  verdict: Verdict,
): SessionVerdict {
  const { transcript } = facts;
  const idle = (why: string) => verdict('idle', 'none', `${evidence}; ${why}`, { since: endedAt });
  if (transcript === null || !hadTurn(facts)) return idle('no turn yet');
  // Esc before the first word leaves nothing but the prompt in the transcript.
  if (transcript.turnOpen) return idle('its turn was broken off');
  if (transcript.error !== null) return turnFailed(transcript.error, evidence, endedAt, now, verdict);
  if (transcript.interrupted) return idle('interrupted by the person');
  if (memory === null || endedAt <= memory.firstSeenAt) return idle('its turn had ended when first seen');
  if (memory.seenAt !== null && memory.seenAt >= endedAt) return idle('seen since its turn ended');
  return verdict('done', 'look', `${evidence}; not seen since its turn ended`, { since: endedAt });
}

function turnFailed(
  error: NonNullable<TranscriptTail['error']>,
  evidence: string,
  since: number,
  now: number,
  verdict: Verdict,
): SessionVerdict {
  const state = error.kind === 'rate-limit' ? 'limited' : 'failed';
  return verdict(
    state,
    'needs-you',
    `${evidence}; transcript: ${state === 'limited' ? 'rate limit' : 'API error'}`,
    { since, reason: error.resetsAt === null ? error.message : limitEnd(error.resetsAt, now) },
  );
}

/** In the person's own time zone, as a clock on their wall shows it. */
function limitEnd(at: number, now: number): string {
  if (at <= now) return 'the limit is over, it can go on';
  const end = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(end.getHours())}:${two(end.getMinutes())}`;
  if (at - now < DAY_MS) return `until ${time}`;
  return `until ${end.getFullYear()}-${two(end.getMonth() + 1)}-${two(end.getDate())} ${time}`;
}

/** Clients that don't say their status: only what their transcript proves. */
function fromTranscript(
  facts: SessionFacts,
  memory: SessionMemory | null,
  now: number,
  verdict: Verdict,
): SessionVerdict {
  const { transcript } = facts;
  const lastAt = transcript?.lastAt ?? null;
  if (transcript === null || lastAt === null || !hadTurn(facts)) {
    // A client registers first and says its status a moment later.
    const fresh = now - facts.startedAt < TRUST_PROMPT_MS;
    return verdict(fresh ? 'starting' : 'unknown', 'none', 'registry: no status; transcript: no turn yet', {
      since: facts.startedAt,
    });
  }
  if (!transcript.turnOpen)
    return turnOver(
      facts,
      memory,
      'registry: no status; transcript: the turn is over',
      transcript.turnEndedAt ?? lastAt,
      now,
      verdict,
    );
  const since = transcript.turnStartedAt ?? lastAt;
  // An unanswered tool is either running or waiting for a permission; the transcript can't tell which.
  if (transcript.pendingTool !== null)
    return verdict(
      'unknown',
      'none',
      `registry: no status; transcript: ${transcript.pendingTool.name} has no result yet`,
      { since },
    );
  return now - lastAt < SILENT_TURN_MS
    ? verdict('working', 'none', 'registry: no status; transcript: a turn is open', { since })
    : verdict('unknown', 'none', 'registry: no status; transcript: an open turn that went silent', { since });
}

/**
 * A worktree that was spawned with a session which has not registered; null when none was started, or
 * so long ago that none will come.
 */
export function judgeStarting(record: TaskRecord, now: number): SessionVerdict | null {
  const since = Date.parse(record.spawnedAt);
  if (record.sessionId === null || !Number.isFinite(since)) return null;
  const age = now - since;
  if (age >= NEVER_STARTED_MS) return null;
  const late = age >= TRUST_PROMPT_MS;
  return {
    state: 'starting',
    since,
    attention: late ? 'needs-you' : 'none',
    evidence: 'spawned, not registered yet',
    reason: late ? 'Waiting at the trust prompt?' : null,
    lastMessage: null,
  };
}

/** A conversation without a process. */
export function judgePast(past: PastConversation): SessionVerdict {
  return {
    state: 'ended',
    since: past.lastAt,
    attention: 'none',
    evidence: 'transcript: no live session has this conversation',
    reason: null,
    lastMessage: past.lastMessage,
  };
}
