/** Joins sessions to worktrees and asks the rules what each is up to. */
import type { WorktreeId } from '../../contract/ids';
import type { SessionView } from '../../contract/snapshot';
import { newest } from '../../domain/activity';
import { contains, deepest, type PathStyle } from '../../domain/containment';
import type { PastConversation, RepositoryFacts, SessionFacts, SessionMemory } from '../../domain/facts';
import { judgePast, judgeSession, judgeStarting, type SessionVerdict } from '../../domain/session-state';
import type { PlacedSession } from '../../domain/snapshot';
import { sessionIdOf } from './session-ids';

export interface PlacingInput {
  readonly now: number;
  readonly style: PathStyle;
  readonly repositories: readonly RepositoryFacts[];
  /** Main worktrees (or bare repositories) that are hidden; a session below one is not shown. */
  readonly hiddenRoots: readonly string[];
  /** Sessions outside the repositories at hand are left out, not shown as elsewhere. */
  readonly scoped: boolean;
  readonly sessions: readonly SessionFacts[];
  readonly memory: Readonly<Record<string, SessionMemory>>;
  readonly past: ReadonlyMap<WorktreeId, PastConversation>;
  readonly terminals: ReadonlyMap<string, string | null>;
  readonly mutedSessions: readonly string[];
}

const BELL = '🔔 DONE';
/** A message can be pages long; a row shows its beginning, the terminal has the rest. */
const MESSAGE_LIMIT = 600;

function view(
  id: string,
  sessionId: string,
  pid: number | null,
  verdict: SessionVerdict,
  extra: { readonly name: string | null; readonly terminal: string | null; readonly muted: boolean },
): SessionView {
  const message = verdict.lastMessage;
  return {
    id,
    pid,
    sessionId,
    state: verdict.state,
    attention: verdict.attention,
    since: new Date(verdict.since).toISOString(),
    evidence: verdict.evidence,
    reason: verdict.reason,
    lastMessage: message === null ? null : [...message].slice(0, MESSAGE_LIMIT).join(''),
    bell: message?.includes(BELL) ?? false,
    ...extra,
  };
}

/** Every session with its place; a worktree without a live one gets its newest past conversation. */
export function placeSessions(input: PlacingInput): readonly PlacedSession[] {
  const worktrees = input.repositories.flatMap((repository) => repository.worktrees);
  const placed: PlacedSession[] = [];
  const occupied = new Set<WorktreeId>();
  const known = new Set(input.sessions.map(({ sessionId }) => sessionId));

  for (const facts of input.sessions) {
    const home = deepest(facts.cwd, worktrees, input.style);
    const verdict = judgeSession(facts, input.memory[facts.key] ?? null, input.now);
    if (verdict === null) continue;
    const hidden =
      home === null &&
      (input.scoped || input.hiddenRoots.some((root) => contains(root, facts.cwd, input.style)));
    if (home !== null && facts.alive) occupied.add(home.id);
    placed.push({
      view: view(sessionIdOf(facts.key), facts.sessionId, facts.pid, verdict, {
        name: facts.name,
        terminal: input.terminals.get(facts.key) ?? null,
        muted: input.mutedSessions.includes(facts.sessionId),
      }),
      directory: facts.cwd,
      worktree: home?.id ?? null,
      hidden,
      turnAt: newest(facts.statusSince, facts.transcript?.lastAt),
      live: facts.alive,
    });
    if (home !== null && verdict.state === 'crashed') occupied.add(home.id);
  }

  for (const worktree of worktrees) {
    if (occupied.has(worktree.id)) continue;
    const record = worktree.record;
    const past = input.past.get(worktree.id);
    const registered = record?.sessionId != null && (known.has(record.sessionId) || past !== undefined);
    const starting = record === null || registered ? null : judgeStarting(record, input.now);
    if (record?.sessionId != null && starting !== null) {
      placed.push({
        view: view(sessionIdOf(`spawned:${record.sessionId}`), record.sessionId, null, starting, {
          name: null,
          terminal: null,
          muted: input.mutedSessions.includes(record.sessionId),
        }),
        directory: worktree.path,
        worktree: worktree.id,
        hidden: false,
        turnAt: starting.since,
        live: true,
      });
      continue;
    }
    if (past === undefined) continue;
    placed.push({
      view: view(sessionIdOf(`past:${past.sessionId}`), past.sessionId, null, judgePast(past), {
        name: null,
        terminal: null,
        muted: false,
      }),
      directory: past.directory,
      worktree: worktree.id,
      hidden: false,
      turnAt: past.lastAt,
      live: false,
    });
  }
  return placed;
}
