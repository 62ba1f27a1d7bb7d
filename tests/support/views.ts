/** Views and facts with sensible contents, for tests that care about one field of them. */
import { defaultSettings } from '../../src-main/contract/settings';
import type { SessionView, Snapshot, WorktreeView } from '../../src-main/contract/snapshot';
import type { RepositoryFacts, SessionFacts, WorktreeFacts } from '../../src-main/domain/facts';

export const t0 = Date.UTC(2026, 0, 5, 9, 0, 0);
export const iso = (ms: number) => new Date(ms).toISOString();
const hex = (text: string) =>
  [...text]
    .map((c) => c.charCodeAt(0).toString(16))
    .join('')
    .padEnd(12, '0')
    .slice(-12);

export const sessionView = (change: Partial<SessionView> = {}): SessionView => ({
  id: `s-${hex(change.sessionId ?? 'a')}`,
  pid: 100,
  sessionId: 'a',
  state: 'idle',
  attention: 'none',
  since: iso(t0),
  evidence: 'registry: idle',
  reason: null,
  lastMessage: null,
  bell: false,
  muted: false,
  name: null,
  terminal: null,
  ...change,
});

export const worktreeView = (change: Partial<WorktreeView> = {}): WorktreeView => ({
  id: `w-${hex(change.name ?? 'w')}`,
  repositoryId: 'r-000000000001',
  name: 'project-wt-login',
  path: '/code/project-wt-login',
  branch: 'feature/login',
  isMain: false,
  base: 'main',
  head: 'a'.repeat(40),
  missing: false,
  lastCommit: { sha: 'a'.repeat(40), subject: 'first', at: iso(t0) },
  ahead: 0,
  behind: 0,
  changes: { staged: 0, changed: 0, untracked: 0, conflicted: 0 },
  activity: 'active',
  attention: 'none',
  task: null,
  note: null,
  locked: false,
  lockReason: null,
  merged: null,
  collisions: [],
  rebaseNow: null,
  sessions: [],
  ongoing: null,
  quick: false,
  watched: 'files',
  unwatched: null,
  stale: false,
  diskBytes: null,
  problem: null,
  ...change,
});

export const snapshotOf = (worktrees: readonly WorktreeView[], change: Partial<Snapshot> = {}): Snapshot => ({
  revision: 1,
  takenAt: iso(t0),
  line: 'no sessions',
  counts: { needsYou: 0, working: 0, done: 0, worktrees: worktrees.length, repositories: 1 },
  tray: { icon: 'calm', title: '' },
  repositories: [
    {
      id: 'r-000000000001',
      name: 'project',
      root: '/code/project',
      base: 'main',
      worktrees,
      landingOrders: [],
    },
  ],
  elsewhere: [],
  suggestions: [],
  problems: [],
  tools: { git: { state: 'ok', version: '2.39.5', path: '/usr/bin/git' }, claude: { state: 'missing' } },
  complete: true,
  ...change,
});

export const worktreeFacts = (change: Partial<WorktreeFacts> = {}): WorktreeFacts => ({
  id: `w-${hex(change.name ?? 'w')}`,
  path: '/code/project-wt-login',
  gitDir: '/code/project/.git/worktrees/project-wt-login',
  name: 'project-wt-login',
  isMain: false,
  branch: 'feature/login',
  head: 'a'.repeat(40),
  locked: false,
  lockReason: null,
  missing: false,
  base: 'main',
  lastCommit: { sha: 'a'.repeat(40), subject: 'first', at: t0 },
  ahead: 0,
  behind: 0,
  changes: { staged: 0, changed: 0, untracked: 0, conflicted: 0 },
  ongoing: null,
  merged: null,
  lastActivityAt: t0,
  record: null,
  note: null,
  watched: 'files',
  unwatched: null,
  stale: false,
  problem: null,
  ...change,
});

export const repositoryFacts = (
  worktrees: readonly WorktreeFacts[],
  change: Partial<RepositoryFacts> = {},
): RepositoryFacts => ({
  location: {
    id: 'r-000000000001',
    name: 'project',
    root: '/code/project',
    commonDir: '/code/project/.git',
    isBare: false,
  },
  base: 'main',
  worktrees,
  problem: null,
  ...change,
});

export const sessionFacts = (change: Partial<SessionFacts> = {}): SessionFacts => ({
  key: `${change.pid ?? 100}:1`,
  pid: 100,
  procStart: '1',
  sessionId: 'a',
  cwd: '/code/project-wt-login',
  name: null,
  startedAt: t0,
  alive: true,
  sinceBoot: true,
  status: 'busy',
  waitingFor: null,
  statusSince: t0,
  updatedAt: t0,
  tmux: null,
  version: '2.1.330',
  transcript: null,
  ...change,
});

export const settings = defaultSettings;
