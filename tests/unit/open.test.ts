import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../src-main/contract/result';
import {
  claudeCommand,
  createOpener,
  mostInNeed,
  type OpenableSession,
  type OpenableWorktree,
} from '../../src-main/engine/open';
import type { OpenRequest, PastConversation } from '../../src-main/engine/ports';

const session = (change: Partial<OpenableSession> = {}): OpenableSession => ({
  key: 's-000000000001',
  live: true,
  pid: 42,
  tmux: 'work:@1.%2',
  sessionId: 'aaaa-1111',
  directory: '/wt/login/src',
  state: 'working',
  attention: 'none',
  since: 1_000,
  worktreeId: 'w-000000000001',
  ...change,
});
const worktree = (change: Partial<OpenableWorktree> = {}): OpenableWorktree => ({
  id: 'w-000000000001',
  path: '/wt/login',
  name: 'project-wt-login',
  branch: 'feature/login',
  task: 'Mend the login',
  missing: false,
  base: 'main',
  sessions: [],
  ...change,
});

function setUp(
  known: OpenableWorktree | null,
  options: { past?: PastConversation | null; claude?: 'ok' | 'missing'; elsewhere?: OpenableSession } = {},
) {
  const requests: OpenRequest[] = [];
  const seen: unknown[] = [];
  const opener = createOpener({
    openables: {
      worktree: (id) => (known?.id === id ? known : null),
      session: (key) =>
        known?.sessions.find((one) => one.key === key) ??
        (options.elsewhere?.key === key ? options.elsewhere : null),
    },
    terminals: {
      async open(request) {
        requests.push(request);
        return request.title === 'fails'
          ? fail({ kind: 'no-terminal', tried: ['xterm'] })
          : ok({ reached: 'new', terminal: 'xterm', command: 'by hand' });
      },
      commandLine: async (request) => `line: ${request.command?.join(' ')}`,
    },
    sessions: {
      pastConversation: async () => options.past ?? null,
      tool: async () =>
        options.claude === 'missing' ? { state: 'missing' } : { state: 'ok', version: '2', path: '/claude' },
    },
    opened: (what) => seen.push(what),
  });
  return { opener, requests, seen };
}

describe('opening to have a conflict resolved', () => {
  it('tells a new Claude what to do, as one argument', async () => {
    const { opener, requests } = setUp(worktree());
    expect(await opener.openToResolve('w-000000000001')).toMatchObject({ ok: true, value: { told: true } });
    expect(requests[0]?.command).toEqual([
      'claude',
      '-n',
      'feature/login',
      expect.stringMatching(/^Merge main into this branch/),
    ]);
  });

  it('never types into a running session: the words are handed over instead', async () => {
    const { opener, requests } = setUp(worktree({ sessions: [session()] }));
    const answer = await opener.openToResolve('w-000000000001');
    expect(answer).toMatchObject({
      ok: true,
      value: { told: false, prompt: expect.stringMatching(/^Merge main/) },
    });
    expect(requests[0]?.session?.pid).toBe(session().pid);
    expect(requests[0]?.command).not.toContainEqual(expect.stringMatching(/^Merge main/));
  });
});

describe('opening a worktree', () => {
  it('goes to its live session, and that is seen then', async () => {
    const { opener, requests, seen } = setUp(worktree({ sessions: [session()] }));
    expect(await opener.open('w-000000000001', null)).toMatchObject({ ok: true });
    expect(requests).toEqual([
      {
        directory: '/wt/login/src',
        title: 'Mend the login',
        command: ['claude', '--resume', 'aaaa-1111'],
        session: { pid: 42, tmux: 'work:@1.%2' },
      },
    ]);
    expect(seen).toEqual([{ worktreeId: 'w-000000000001', session: 's-000000000001' }]);
  });

  it('takes the session that was named, not the neediest', async () => {
    const calm = session({ key: 's-000000000002', pid: 7 });
    const { opener, requests } = setUp(
      worktree({ sessions: [session({ attention: 'needs-you', state: 'needs-answer' }), calm] }),
    );
    await opener.open('w-000000000001', calm.key);
    expect(requests[0]?.session?.pid).toBe(7);
    expect(await opener.open('w-000000000001', 's-ffffffffffff')).toMatchObject({
      error: { kind: 'not-found', what: 'session' },
    });
  });

  it('resumes a crashed session, else the newest past conversation, in a new terminal', async () => {
    const crashed = setUp(
      worktree({ sessions: [session({ live: false, state: 'crashed', sessionId: 'bbbb-2' })] }),
    );
    await crashed.opener.open('w-000000000001', null);
    expect(crashed.requests[0]).toMatchObject({
      command: ['claude', '--resume', 'bbbb-2'],
      session: null,
      directory: '/wt/login',
    });

    const past = { sessionId: 'cccc-3', directory: '/wt/login', lastAt: 1, lastMessage: null };
    const ended = setUp(worktree(), { past });
    await ended.opener.open('w-000000000001', null);
    expect(ended.requests[0]?.command).toEqual(['claude', '--resume', 'cccc-3']);
  });

  it('starts a fresh Claude named after the branch, titled with the task, else the branch, else the name', async () => {
    const { opener, requests } = setUp(worktree());
    await opener.open('w-000000000001', null);
    expect(requests[0]).toEqual({
      directory: '/wt/login',
      title: 'Mend the login',
      command: ['claude', '-n', 'feature/login'],
      session: null,
    });
    const detached = setUp(worktree({ task: null, branch: null }));
    await detached.opener.open('w-000000000001', null);
    expect(detached.requests[0]).toMatchObject({
      title: 'project-wt-login',
      command: ['claude', '-n', 'project-wt-login'],
    });
  });

  it('refuses when the directory is away, but still goes to a session that lives', async () => {
    const away = setUp(worktree({ missing: true }));
    expect(await away.opener.open('w-000000000001', null)).toEqual({
      ok: false,
      error: { kind: 'worktree-missing', path: '/wt/login' },
    });
    expect(away.requests).toEqual([]);
    const living = setUp(worktree({ missing: true, sessions: [session()] }));
    expect((await living.opener.open('w-000000000001', null)).ok).toBe(true);
  });

  it('says that Claude is missing instead of opening a terminal that can’t find it', async () => {
    const { opener, requests } = setUp(worktree(), { claude: 'missing' });
    expect(await opener.open('w-000000000001', null)).toEqual({ ok: false, error: { kind: 'no-claude' } });
    expect(requests).toEqual([]);
    const living = setUp(worktree({ sessions: [session()] }), { claude: 'missing' });
    expect((await living.opener.open('w-000000000001', null)).ok).toBe(true);
  });

  it('is not seen when no terminal came', async () => {
    const { opener, seen } = setUp(worktree({ task: 'fails' }));
    expect(await opener.open('w-000000000001', null)).toMatchObject({ error: { kind: 'no-terminal' } });
    expect(seen).toEqual([]);
  });

  it('starts Claude where a spawned one never registered: nothing is there to resume', async () => {
    const starting = session({ pid: null, state: 'starting', sessionId: 'dddd-4' });
    const { opener, requests } = setUp(worktree({ sessions: [starting] }));
    await opener.open('w-000000000001', null);
    expect(requests[0]).toMatchObject({ command: ['claude', '-n', 'feature/login'], session: null });
  });

  it('answers the command alone without opening or seeing anything', async () => {
    const { opener, requests, seen } = setUp(worktree());
    expect(await opener.openCommand('w-000000000001', null)).toEqual({
      ok: true,
      value: { command: 'line: claude -n feature/login' },
    });
    expect([requests, seen]).toEqual([[], []]);
    expect(await opener.openCommand('w-00000000000f', null)).toMatchObject({ error: { kind: 'not-found' } });
  });
});

describe('opening a session', () => {
  it('of no known repository goes to its terminal, or resumes it where it was', async () => {
    const elsewhere = session({ worktreeId: null, directory: '/tmp/play ground' });
    const living = setUp(null, { elsewhere });
    await living.opener.openSession(elsewhere.key);
    expect(living.requests[0]).toMatchObject({ title: 'play ground', session: { pid: 42 } });
    expect(living.seen).toEqual([{ worktreeId: null, session: elsewhere.key }]);

    const ended = setUp(null, { elsewhere: { ...elsewhere, live: false } });
    await ended.opener.openSession(elsewhere.key);
    expect(ended.requests[0]).toMatchObject({
      directory: '/tmp/play ground',
      command: ['claude', '--resume', 'aaaa-1111'],
      session: null,
    });
    expect(await ended.opener.openSession('s-ffffffffffff')).toMatchObject({
      error: { kind: 'not-found', what: 'session' },
    });
  });

  it('of a worktree carries the worktree’s task as its title', async () => {
    const { opener, requests } = setUp(worktree({ sessions: [session()] }));
    await opener.openSession('s-000000000001');
    expect(requests[0]?.title).toBe('Mend the login');
  });
});

describe('the session that needs the person most', () => {
  const pick = (...sessions: OpenableSession[]) => mostInNeed(sessions)?.key ?? null;
  it('is one that needs them, before one to look at, before a busy one', () => {
    const busy = session({ key: 'busy' });
    const done = session({ key: 'done', state: 'done', attention: 'look' });
    const asks = session({ key: 'asks', state: 'needs-answer', attention: 'needs-you' });
    expect(pick(busy, done, asks)).toBe('asks');
    expect(pick(busy, done)).toBe('done');
    expect(pick()).toBeNull();
  });
  it('is the one that waits longer of two alike, and the newer of two that need nothing', () => {
    const waits = { state: 'needs-permission', attention: 'needs-you' } as const;
    expect(
      pick(session({ ...waits, key: 'new', since: 9 }), session({ ...waits, key: 'old', since: 1 })),
    ).toBe('old');
    expect(pick(session({ key: 'old', since: 1 }), session({ key: 'new', since: 9 }))).toBe('new');
  });
  it('is a live one even when a crashed one is to be looked at', () => {
    expect(
      pick(
        session({ key: 'crashed', live: false, state: 'crashed', attention: 'look' }),
        session({ key: 'live' }),
      ),
    ).toBe('live');
  });
});

describe('the command', () => {
  it('never lets an id or a name become an option', () => {
    expect(claudeCommand('--dangerously-skip-permissions', null)).toEqual(['claude']);
    expect(claudeCommand(null, '--help')).toEqual(['claude', '-n', 'help']);
    expect(claudeCommand(null, '---')).toEqual(['claude']);
    expect(claudeCommand('de79a1b2-0c3d', 'x')).toEqual(['claude', '--resume', 'de79a1b2-0c3d']);
  });
});
