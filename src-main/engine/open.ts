/**
 * Opens a worktree or a session: a live session's own terminal, else a new one that goes on with the
 * newest conversation, else a fresh Claude.
 */
import type { FailureOf, OpenFailure } from '../contract/failures';
import type { SessionKey, WorktreeId } from '../contract/ids';
import type { OpenDone } from '../contract/plans';
import type { ToldClaude } from '../contract/requests';
import { fail, ok, type Result } from '../contract/result';
import type { Attention, SessionState } from '../contract/snapshot';
import type { OpenRequest, SessionObserver, Terminals } from './ports';

/** A session as far as opening it needs to know. */
export interface OpenableSession {
  readonly key: SessionKey;
  /** Its process runs; a crashed or ended one can only be resumed. */
  readonly live: boolean;
  readonly pid: number | null;
  readonly tmux: string | null;
  /** Claude Code's own id of the conversation. */
  readonly sessionId: string;
  readonly directory: string;
  readonly state: SessionState;
  readonly attention: Attention;
  /** When it came into this state, ms. */
  readonly since: number;
  readonly worktreeId: WorktreeId | null;
}

export interface OpenableWorktree {
  readonly id: WorktreeId;
  readonly path: string;
  readonly name: string;
  readonly branch: string | null;
  readonly task: string | null;
  readonly missing: boolean;
  readonly base: string | null;
  readonly sessions: readonly OpenableSession[];
}

/** Turns ids into what they stand for now; the fleet knows. */
export interface Openables {
  worktree(id: WorktreeId): OpenableWorktree | null;
  session(key: SessionKey): OpenableSession | null;
}

export interface OpenerDeps {
  readonly openables: Openables;
  readonly terminals: Pick<Terminals, 'open' | 'commandLine'>;
  readonly sessions: Pick<SessionObserver, 'pastConversation' | 'tool'>;
  /** The person looks at it now: nothing there is unseen any more. */
  readonly opened: (what: {
    readonly worktreeId: WorktreeId | null;
    readonly session: SessionKey | null;
  }) => void;
}

export interface Opener {
  /** `session` null: the one that needs the person most. */
  open(worktree: WorktreeId, session: SessionKey | null): Promise<Result<OpenDone, OpenFailure>>;
  /** The same, with Claude told to resolve the conflict with the base when a new terminal opens. */
  openToResolve(worktree: WorktreeId): Promise<Result<OpenDone & ToldClaude, OpenFailure>>;
  /** What `open` would run, as a line to paste; runs nothing. */
  openCommand(
    worktree: WorktreeId,
    session: SessionKey | null,
  ): Promise<Result<{ readonly command: string }, OpenFailure>>;
  /** A session that may be in no known repository. */
  openSession(session: SessionKey): Promise<Result<OpenDone, OpenFailure>>;
}

interface Target {
  readonly request: OpenRequest;
  readonly session: SessionKey | null;
  readonly worktreeId: WorktreeId | null;
}

export function createOpener(deps: OpenerDeps): Opener {
  const { openables, terminals, sessions, opened } = deps;

  const missing = (what: 'worktree' | 'session', name: string): FailureOf<'not-found'> => ({
    kind: 'not-found',
    what,
    name,
  });

  async function target(
    worktreeId: WorktreeId,
    key: SessionKey | null,
  ): Promise<Result<Target, OpenFailure>> {
    const worktree = openables.worktree(worktreeId);
    if (worktree === null) return fail(missing('worktree', worktreeId));
    const named = key === null ? null : worktree.sessions.find((session) => session.key === key);
    if (named === undefined) return fail(missing('session', key ?? ''));
    const session = named ?? mostInNeed(worktree.sessions);
    const title = worktree.task ?? worktree.branch ?? worktree.name;
    const live = session === null ? null : liveTarget(session, title);
    if (live !== null) return ok(live);
    if (worktree.missing) return fail({ kind: 'worktree-missing', path: worktree.path });
    // Spawned and not registered yet: there is no conversation that could go on.
    const resumable = session?.state === 'starting' ? null : session;
    const conversation =
      resumable?.sessionId ?? (await sessions.pastConversation(worktree.path))?.sessionId ?? null;
    return ok({
      request: {
        directory: worktree.path,
        title,
        command: claudeCommand(conversation, worktree.branch ?? worktree.name),
        session: null,
      },
      session: session?.key ?? null,
      worktreeId,
    });
  }

  async function go(found: Result<Target, OpenFailure>): Promise<Result<OpenDone, OpenFailure>> {
    if (!found.ok) return found;
    const { request, session, worktreeId } = found.value;
    // A running session needs no Claude to be found; a new terminal would show "command not found".
    if (request.session === null && (await sessions.tool()).state === 'missing')
      return fail({ kind: 'no-claude' });
    const done = await terminals.open(request);
    if (done.ok) opened({ worktreeId, session });
    return done;
  }

  return {
    open: async (worktreeId, key) => go(await target(worktreeId, key)),
    async openToResolve(worktreeId) {
      const found = await target(worktreeId, null);
      if (!found.ok) return found;
      const { request } = found.value;
      const told = request.session === null;
      const prompt = resolvePrompt(openables.worktree(worktreeId)?.base ?? null);
      const command = told && request.command !== null ? [...request.command, prompt] : request.command;
      const done = await go(ok({ ...found.value, request: { ...request, command } }));
      return done.ok ? ok({ ...done.value, prompt, told }) : done;
    },
    async openCommand(worktreeId, key) {
      const found = await target(worktreeId, key);
      return found.ok ? ok({ command: await terminals.commandLine(found.value.request) }) : found;
    },
    async openSession(key) {
      const session = openables.session(key);
      if (session === null) return fail(missing('session', key));
      if (session.worktreeId !== null && openables.worktree(session.worktreeId) !== null)
        return go(await target(session.worktreeId, key));
      const title = session.directory.split(/[\\/]/).at(-1) ?? session.directory;
      return go(
        ok(
          liveTarget(session, title) ?? {
            request: {
              directory: session.directory,
              title,
              command: claudeCommand(session.sessionId, null),
              session: null,
            },
            session: key,
            worktreeId: null,
          },
        ),
      );
    },
  };
}

function liveTarget(session: OpenableSession, title: string): Target | null {
  if (!session.live || session.pid === null) return null;
  return {
    request: {
      directory: session.directory,
      title,
      // Should the process end just now, its conversation goes on in a new terminal.
      command: claudeCommand(session.sessionId, null),
      session: { pid: session.pid, tmux: session.tmux },
    },
    session: session.key,
    worktreeId: session.worktreeId,
  };
}

/** One prompt, never a command: it starts with a word, so it can't read as an option or a slash command. */
export const resolvePrompt = (base: string | null): string =>
  `Merge ${base ?? 'the base branch'} into this branch with git, resolve the conflicts so that the intent of both sides is kept, run the tests, and commit. Say what you decided for each file.`;

/** `name` only for a new conversation: a resumed one keeps its own. */
export function claudeCommand(conversation: string | null, name: string | null): readonly string[] {
  // An id comes from a file's name or content: it may never read as an option.
  if (conversation !== null && /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(conversation))
    return ['claude', '--resume', conversation];
  const plain = name?.replace(/^-+/, '') ?? '';
  return plain === '' ? ['claude'] : ['claude', '-n', plain];
}

const ATTENTION: readonly Attention[] = ['needs-you', 'look', 'none'];
/** Within one attention: what blocks a session most comes first. */
const STATE: readonly SessionState[] = [
  'needs-permission',
  'needs-answer',
  'limited',
  'failed',
  'starting',
  'done',
  'working',
  'background',
  'idle',
  'unknown',
  'crashed',
  'ended',
];

/**
 * The session that needs the person most; live ones before all others. Of two that wait alike, the one
 * that waits longer; of two that need nothing, the one that changed last. Null when there is none.
 */
export function mostInNeed(sessions: readonly OpenableSession[]): OpenableSession | null {
  const rank = (session: OpenableSession) => [
    session.live ? 0 : 1,
    session.live ? ATTENTION.indexOf(session.attention) : 0,
    session.live ? STATE.indexOf(session.state) : 0,
    session.live && session.attention !== 'none' ? session.since : -session.since,
  ];
  const ordered = [...sessions].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    for (let at = 0; at < left.length; at++) {
      const difference = (left[at] ?? 0) - (right[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return ordered[0] ?? null;
}
