import { expect, onTestFinished, test } from 'vitest';
import type { Settings } from '../../src-main/contract/settings';
import type { Collision, Snapshot } from '../../src-main/contract/snapshot';
import type { RepositoryFacts, SessionMemory } from '../../src-main/domain/facts';
import { createFleet } from '../../src-main/engine/fleet/fleet';
import { resolverOf } from '../../src-main/engine/fleet/resolve-fleet';
import { sessionIdOf } from '../../src-main/engine/fleet/session-ids';
import type { CollisionObserver } from '../../src-main/engine/ports';
import { fakeGit, fakeLedger, fakeSessions, fakeSettings, strictLog } from '../support/fake-ports';
import { createManualClock } from '../support/manual-clock';
import { poll } from '../support/poll';
import { repositoryFacts, sessionFacts, t0, worktreeFacts } from '../support/views';

const main = worktreeFacts({
  name: 'project',
  path: '/code/project',
  isMain: true,
  branch: 'main',
  id: 'w-00000000000a',
});
const login = worktreeFacts({ id: 'w-00000000000b' });
const project = repositoryFacts([main, login]);
const turn = {
  lastMessage: 'All done. Bye.',
  lastAt: t0,
  turnStartedAt: t0,
  error: null,
  pendingTool: null,
  interrupted: false,
  turnOpen: false,
};

async function startFleet(
  options: {
    readonly facts?: readonly RepositoryFacts[];
    readonly settings?: Partial<Settings>;
    readonly scope?: 'all' | readonly string[];
    readonly memory?: Readonly<Record<string, SessionMemory>>;
    readonly collisions?: CollisionObserver;
  } = {},
) {
  const clock = createManualClock(t0);
  const facts = options.facts ?? [project];
  const git = fakeGit({
    '/code/project': project.location,
    '/code/project-wt-login': project.location,
    '/code/project-wt-login/src': project.location,
  });
  git.answerWith(facts);
  const sessions = fakeSessions();
  const ledger = fakeLedger(options.memory);
  const settings = fakeSettings({
    repositories: { added: ['/code/project'], hidden: [] },
    ...options.settings,
  });
  const fleet = createFleet({
    git: git.port,
    sessions: sessions.port,
    ledger: ledger.port,
    settings,
    terminals: { describe: async ({ tmux }) => (tmux === null ? null : `tmux ${tmux}`) },
    collisions: options.collisions ?? null,
    diskUsage: null,
    clock,
    log: strictLog(),
    platform: 'linux',
    scope: options.scope ?? 'all',
    watch: true,
    gitTool: async () => ({ state: 'ok', version: '2.39.5', path: '/usr/bin/git' }),
    problems: () => [],
  });
  const seen: Snapshot[] = [];
  fleet.onSnapshot((snapshot) => void seen.push(snapshot));
  onTestFinished(() => fleet.dispose());
  const first = await fleet.start();
  const until = (good: (snapshot: Snapshot) => boolean) =>
    poll(() => fleet.snapshot(), good, { limitMs: 2000 });
  return { fleet, git, sessions, ledger, settings, clock, seen, first, until };
}

const rowOf = (snapshot: Snapshot, id: string) =>
  snapshot.repositories.flatMap(({ worktrees }) => worktrees).find((row) => row.id === id);

test('the first complete snapshot shows every worktree of an added repository', async () => {
  const { first } = await startFleet();
  expect(first.complete).toBe(true);
  expect(first.repositories[0]?.worktrees.map(({ name }) => name)).toEqual(['project', 'project-wt-login']);
  expect(first.line).toBe('no sessions');
});

test('a session deep inside a worktree belongs to it, and its change raises the revision', async () => {
  const { sessions, until, first } = await startFleet();
  sessions.report([sessionFacts({ cwd: '/code/project-wt-login/src' })]);
  const next = await until((snapshot) => snapshot.counts.working === 1);
  expect(rowOf(next, login.id)?.sessions[0]).toMatchObject({ state: 'working', pid: 100 });
  expect(next.revision).toBeGreaterThan(first.revision);
});

test('a turn that ends while known is done until it is seen, by any Orchard process', async () => {
  const { fleet, sessions, ledger, clock, until } = await startFleet();
  sessions.report([sessionFacts()]);
  await until((snapshot) => snapshot.counts.working === 1);
  clock.advance(60_000);
  sessions.report([sessionFacts({ status: 'idle', statusSince: t0 + 50_000, transcript: turn })]);
  const done = await until((snapshot) => snapshot.counts.done === 1);
  expect(rowOf(done, login.id)).toMatchObject({ attention: 'look' });

  ledger.writtenElsewhere({ '100:1': { firstSeenAt: t0, seenAt: t0 + 55_000 } });
  const seen = await until((snapshot) => snapshot.counts.done === 0);
  expect(rowOf(seen, login.id)?.sessions[0]?.state).toBe('idle');
  expect(fleet.snapshot().line).toBe('1 idle');
});

test('a session first seen when already idle is idle, not done', async () => {
  const { sessions, until } = await startFleet();
  sessions.report([sessionFacts({ status: 'idle', statusSince: t0 - 1000, transcript: turn })]);
  const snapshot = await until((next) => next.line === '1 idle');
  expect(snapshot.counts.done).toBe(0);
});

test('marking as seen is remembered for the other processes', async () => {
  const { fleet, ledger, clock } = await startFleet();
  clock.advance(5);
  await fleet.markSeen(['100:1']);
  expect(ledger.entries()['100:1']).toEqual({ firstSeenAt: t0 + 5, seenAt: t0 + 5 });
});

test('nothing changed means no new revision', async () => {
  const { git, seen, until, sessions } = await startFleet();
  const before = seen.length;
  git.report({ ...project });
  git.report({ ...project });
  sessions.report([sessionFacts()]);
  await until((snapshot) => snapshot.counts.working === 1);
  expect(seen.length).toBe(before + 1);
});

test('time alone turns a row idle after two hours', async () => {
  const { clock, until } = await startFleet();
  for (let minute = 0; minute < 121; minute++) clock.advance(60_000);
  const snapshot = await until((next) => rowOf(next, login.id)?.activity === 'idle');
  expect(snapshot.suggestions[0]?.text).toContain('idle for 2 hours');
});

test('a hidden repository stays hidden, and so do its sessions', async () => {
  const { first, sessions, until, fleet } = await startFleet({
    settings: { repositories: { added: ['/code/project'], hidden: ['/code/project'] } },
  });
  expect(first.repositories).toEqual([]);
  sessions.report([sessionFacts({ cwd: '/code/project/deep' }), sessionFacts({ pid: 7, cwd: '/tmp/x' })]);
  await until((snapshot) => snapshot.elsewhere.length === 1);
  expect(fleet.snapshot().elsewhere[0]?.directory).toBe('/tmp/x');
});

test('a live session makes its repository known, and hiding it takes it away at once', async () => {
  const { sessions, settings, until, git } = await startFleet({
    settings: { repositories: { added: [], hidden: [] } },
  });
  sessions.report([sessionFacts()]);
  await until((snapshot) => snapshot.repositories.length === 1);
  expect(git.observed.at(-1)).toEqual([project.location.id]);
  await settings.update((current) => ({
    ...current,
    repositories: { added: [], hidden: [project.location.root] },
  }));
  await until((snapshot) => snapshot.repositories.length === 0);
});

test('asked about one directory, sessions in other repositories are left out', async () => {
  const { sessions, until, fleet } = await startFleet({ scope: ['/code/project'] });
  sessions.report([sessionFacts(), sessionFacts({ pid: 7, cwd: '/tmp/x' })]);
  await until((snapshot) => snapshot.counts.working === 1);
  expect(fleet.snapshot().elsewhere).toEqual([]);
});

test('a worktree without a live session shows its newest past conversation', async () => {
  const { sessions, until, fleet } = await startFleet();
  sessions.past.set(login.path, {
    sessionId: 'old',
    directory: login.path,
    lastAt: t0 - 5000,
    lastMessage: 'Earlier.',
  });
  await fleet.refresh();
  sessions.report([sessionFacts({ pid: 9, cwd: '/code/project' })]);
  const snapshot = await until((next) => rowOf(next, login.id)?.sessions[0]?.state === 'ended');
  expect(rowOf(snapshot, login.id)?.sessions[0]).toMatchObject({
    sessionId: 'old',
    pid: null,
    lastMessage: 'Earlier.',
  });
});

test('a spawned session that does not register asks about the trust prompt after 20 s', async () => {
  const record = {
    version: 1 as const,
    entry: 'project-wt-login',
    path: login.path,
    task: 'Fix the login',
    branch: 'feature/login',
    base: 'main',
    createdAt: new Date(t0).toISOString(),
    createdAtCommit: 'a'.repeat(40),
    quick: false,
    sessionId: 'spawned-1',
    spawnedAt: new Date(t0).toISOString(),
    copies: {},
    group: null,
  };
  const spawned = repositoryFacts([main, { ...login, record }]);
  const { first, clock, until, sessions } = await startFleet({ facts: [spawned] });
  expect(rowOf(first, login.id)?.sessions[0]).toMatchObject({ state: 'starting', attention: 'none' });
  clock.advance(20_000);
  const late = await until((next) => rowOf(next, login.id)?.attention === 'needs-you');
  expect(rowOf(late, login.id)?.sessions[0]?.reason).toBe('Waiting at the trust prompt?');
  sessions.report([sessionFacts({ sessionId: 'spawned-1' })]);
  const working = await until((next) => next.counts.working === 1);
  expect(rowOf(working, login.id)?.sessions).toHaveLength(1);
});

test('rows from the cache are shown but the snapshot is not complete', async () => {
  const clock = createManualClock(t0);
  const git = fakeGit({ '/code/project': project.location });
  git.answerWith([repositoryFacts([{ ...main, stale: true }])]);
  const fleet = createFleet({
    git: git.port,
    sessions: fakeSessions().port,
    ledger: fakeLedger().port,
    settings: fakeSettings({ repositories: { added: ['/code/project'], hidden: [] } }),
    terminals: { describe: async () => null },
    collisions: null,
    diskUsage: null,
    clock,
    log: strictLog(),
    platform: 'linux',
    scope: 'all',
    watch: false,
    gitTool: async () => ({ state: 'ok', version: '2.39.5', path: '/usr/bin/git' }),
    problems: () => [],
  });
  onTestFinished(() => fleet.dispose());
  let done = false;
  const started = fleet.start().then(() => {
    done = true;
  });
  await poll(
    () => fleet.snapshot().repositories.length,
    (count) => count === 1,
  );
  expect(fleet.snapshot().complete).toBe(false);
  expect(done).toBe(false);
  git.report(project);
  await started;
  expect(fleet.snapshot().complete).toBe(true);
});

test('a transcript that grew is a hint that its worktree changed', async () => {
  const { git, sessions } = await startFleet();
  sessions.active('/code/project-wt-login');
  expect(git.hints).toEqual(['/code/project-wt-login']);
});

test('a session is found by the id that its view carries', async () => {
  const { sessions, until, fleet } = await startFleet();
  sessions.report([sessionFacts({ tmux: 's1:@0.%0' })]);
  await until((snapshot) => rowOf(snapshot, login.id)?.sessions[0]?.terminal === 'tmux s1:@0.%0');
  expect(fleet.session(sessionIdOf('100:1'))?.facts?.pid).toBe(100);
  expect(fleet.worktree(login.id)?.sessions).toHaveLength(1);
});

test('a session that lives for days is written about again, so that the ledger does not forget it', async () => {
  const { sessions, ledger, clock, until } = await startFleet();
  sessions.report([sessionFacts()]);
  await until((snapshot) => snapshot.counts.working === 1);
  const written: unknown[] = [];
  const write = ledger.port.write;
  ledger.port.write = async (entries) => {
    written.push(entries);
    await write(entries);
  };
  clock.advance(11 * 3_600_000);
  expect(written).toEqual([]);
  clock.advance(2 * 3_600_000);
  expect(written).toEqual([{ '100:1': { firstSeenAt: t0, seenAt: null } }]);
});

test('the repository of a session that crashed stays in sight', async () => {
  const { sessions, until } = await startFleet({ settings: { repositories: { added: [], hidden: [] } } });
  sessions.report([sessionFacts({ alive: false })]);
  const snapshot = await until((next) => next.repositories.length === 1);
  expect(rowOf(snapshot, login.id)?.sessions[0]?.state).toBe('crashed');
});

test('a session that ends leaves its conversation on the row at once', async () => {
  const { sessions, until } = await startFleet();
  sessions.report([sessionFacts({ sessionId: 'talk' })]);
  await until((snapshot) => snapshot.counts.working === 1);
  sessions.past.set('/code/project-wt-login', {
    sessionId: 'talk',
    directory: '/code/project-wt-login',
    lastAt: t0,
    lastMessage: 'All done. Bye.',
  });
  sessions.report([]);
  const snapshot = await until((next) => rowOf(next, login.id)?.sessions[0]?.state === 'ended');
  expect(rowOf(snapshot, login.id)?.sessions[0]).toMatchObject({ sessionId: 'talk', pid: null });
});

test('what was seen here stays seen when another process writes about something else', async () => {
  const { fleet, sessions, ledger, clock, until } = await startFleet();
  sessions.report([sessionFacts()]);
  await until((snapshot) => snapshot.counts.working === 1);
  clock.advance(60_000);
  sessions.report([sessionFacts({ status: 'idle', statusSince: t0 + 50_000, transcript: turn })]);
  await until((snapshot) => snapshot.counts.done === 1);
  await fleet.markSeen(['100:1']);
  // As the file is while this process' own write still waits for the lock.
  ledger.writtenElsewhere({
    '100:1': { firstSeenAt: t0, seenAt: null },
    '7:1': { firstSeenAt: t0, seenAt: null },
  });
  expect((await until((snapshot) => snapshot.counts.done === 0)).line).toBe('1 idle');
  await fleet.settled();
  expect(fleet.snapshot().line).toBe('1 idle');
});

test('collisions that were not computed yet are unknown to a plan, not absent', async () => {
  const { fleet } = await startFleet();
  expect(await resolverOf(fleet, null).worktree(login.id)).toMatchObject({ collisions: null });
});

test('watches that ran out are one problem for all rows, and go away with their reason', async () => {
  const unwatched = { kind: 'limit', why: 'the system has no file watches left' } as const;
  const blind = { ...login, watched: 'git-only', unwatched } as const;
  const { fleet, git } = await startFleet({ facts: [repositoryFacts([main, blind])] });
  expect(fleet.snapshot().problems).toEqual([
    {
      where: 'watching',
      message:
        '1 worktree is looked at now and then instead of being watched, because the system has no file watches left.',
    },
  ]);
  git.report(repositoryFacts([{ ...main, watched: 'git-only', unwatched }, blind]));
  await poll(
    () => fleet.snapshot().problems[0]?.message,
    (message) => message?.startsWith('2 worktrees are ') === true,
  );
  expect(fleet.snapshot().problems).toHaveLength(1);
  // Where nothing is wrong, only the row says it.
  const remote = { kind: 'remote', why: 'it is on NFS, whose changes are not announced' } as const;
  git.report(repositoryFacts([main, { ...login, watched: 'git-only', unwatched: remote }]));
  await poll(
    () => fleet.snapshot().problems.length,
    (count) => count === 0,
  );
  expect(fleet.snapshot().repositories[0]?.worktrees[1]?.unwatched).toBe(remote.why);
});

test('a plan takes a worktree of which something is only guessed for unknown, and shows it all the same', async () => {
  let tell: Parameters<CollisionObserver['onCollisions']>[0] = () => undefined;
  const waited: string[] = [];
  const { fleet, first } = await startFleet({
    collisions: {
      observe: () => undefined,
      forget: () => undefined,
      onCollisions(listener) {
        tell = listener;
        return () => undefined;
      },
      settled: async () => void waited.push('verdicts'),
      explained: async () => void waited.push('regions'),
      dispose: async () => undefined,
    },
  });
  const guess: Collision = {
    with: 'base',
    files: ['src/x.ts'],
    certainty: 'provisional',
    kinds: [],
    regions: [],
    regionsLeftOut: 0,
  };
  tell(project.location.id, new Map([[login.id, [guess]]]), new Set([login.id]));
  expect((await fleet.refresh()).revision).toBeGreaterThan(first.revision);
  expect(rowOf(fleet.snapshot(), login.id)?.collisions).toEqual([guess]);
  expect(
    fleet
      .snapshot()
      .suggestions.map(({ text }) => text)
      .join(),
  ).not.toContain('src/x.ts');
  expect(await resolverOf(fleet, null).worktree(login.id)).toMatchObject({ collisions: null });
  const decided: Collision = { ...guess, certainty: 'decided', kinds: ['content'] };
  tell(project.location.id, new Map([[login.id, [decided]]]), new Set());
  expect(await resolverOf(fleet, null).worktree(login.id)).toMatchObject({ collisions: [decided] });
  await fleet.settled();
  expect(waited).toEqual(['verdicts', 'regions']);
});
