/** A morning's work as it looks in real life: three repositories, seven worktrees, every common state. */
import type { OperationEvent } from '@contract/operations';
import type { CleanupPlan, MergePlan, SpawnDone, SpawnPlan, UndoableOperation } from '@contract/plans';
import type { DoctorCheck, NoteView, Output, TerminalCapability } from '@contract/requests';
import { ok } from '@contract/result';
import type { Settings } from '@contract/settings';
import type {
  CollisionRegion,
  RepositoryView,
  SessionView,
  Snapshot,
  WorktreeView,
} from '@contract/snapshot';
import type { Answers } from './fake-bridge';

export const NOW = Date.parse('2026-11-20T10:42:30.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const ago = (ms: number): string => new Date(NOW - ms).toISOString();
export const minutes = (count: number): string => ago(count * MINUTE);
export const hours = (count: number): string => ago(count * HOUR);

const hex = (prefix: string, count: number) => `${prefix}-${count.toString(16).padStart(12, '0')}`;
export const worktreeId = (count: number): string => hex('w', count);
export const repositoryId = (count: number): string => hex('r', count);
export const sessionKey = (count: number): string => hex('s', count);
const sha = (count: number) => (count * 7_919).toString(16).padStart(8, '4').repeat(5).slice(0, 40);
export const TOKEN = '0123456789abcdef0123456789abcdef';

export function session(count: number, change: Partial<SessionView> = {}): SessionView {
  return {
    id: sessionKey(count),
    pid: 40_000 + count,
    sessionId: `5f1c2a44-0000-4000-8000-${count.toString().padStart(12, '0')}`,
    state: 'working',
    attention: 'none',
    since: minutes(3),
    evidence: 'registry: busy',
    reason: null,
    lastMessage: null,
    name: null,
    terminal: `tmux work:${count}.0`,
    bell: false,
    muted: false,
    ...change,
  };
}

export function worktree(count: number, change: Partial<WorktreeView> = {}): WorktreeView {
  return {
    id: worktreeId(count),
    repositoryId: repositoryId(1),
    name: `storefront-wt-${count}`,
    path: `/Users/mira/code/storefront-wt-${count}`,
    branch: `feature/task-${count}`,
    isMain: false,
    base: 'main',
    head: sha(count),
    missing: false,
    lastCommit: { sha: sha(count), subject: 'Tidy imports', at: hours(1) },
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
  };
}

const main = (count: number, repository: number, name: string, change: Partial<WorktreeView> = {}) =>
  worktree(count, {
    repositoryId: repositoryId(repository),
    name,
    path: `/Users/mira/code/${name}`,
    branch: 'main',
    isMain: true,
    ...change,
  });

const totalsRegions: readonly CollisionRegion[] = [
  {
    file: 'src/cart/totals.ts',
    kind: 'content',
    ours: {
      file: 'src/cart/totals.ts',
      lines: { from: 41, to: 47 },
      uncommitted: true,
      subject: null,
    },
    theirs: {
      file: 'src/cart/totals.ts',
      lines: { from: 41, to: 44 },
      uncommitted: false,
      subject: 'Round once, at the end',
    },
  },
  {
    file: 'src/cart/totals.ts',
    kind: 'content',
    ours: {
      file: 'src/cart/totals.ts',
      lines: { from: 88, to: 88 },
      uncommitted: false,
      subject: 'Keep the guest’s currency',
    },
    theirs: {
      file: 'src/cart/totals.ts',
      lines: { from: 86, to: 85 },
      uncommitted: false,
      subject: 'Round once, at the end',
    },
  },
  {
    file: 'src/cart/totals.test.ts',
    kind: 'delete-modify',
    ours: { file: 'src/cart/totals.test.ts', lines: null, uncommitted: true, subject: null },
    theirs: {
      file: 'src/cart/totals.test.ts',
      lines: null,
      uncommitted: false,
      subject: 'Move the totals’ tests to one table',
    },
  },
];

export const checkout = worktree(2, {
  name: 'storefront-wt-guest-checkout',
  path: '/Users/mira/code/storefront-wt-guest-checkout',
  branch: 'feature/guest-checkout',
  task: 'Let guests check out without an account',
  attention: 'needs-you',
  ahead: 4,
  behind: 1,
  changes: { staged: 2, changed: 3, untracked: 1, conflicted: 0 },
  lastCommit: { sha: sha(2), subject: 'Carry the guest cart over to the order', at: minutes(9) },
  note: {
    title: 'Guest orders keep the e-mail only',
    path: '.planning/brain/guest-orders.md',
    at: minutes(20),
  },
  collisions: [
    {
      with: worktreeId(3),
      files: ['src/cart/totals.ts', 'src/cart/totals.test.ts'],
      certainty: 'decided',
      kinds: ['content', 'delete-modify'],
      regions: totalsRegions,
      regionsLeftOut: 1,
    },
  ],
  sessions: [
    session(1, {
      state: 'needs-permission',
      attention: 'needs-you',
      since: minutes(4),
      evidence: 'registry: waiting, permission prompt',
      reason: 'Bash: npm run db:migrate -- --env staging',
      name: 'feature/guest-checkout',
    }),
  ],
});

export const totals = worktree(3, {
  name: 'storefront-wt-checkout-totals',
  path: '/Users/mira/code/storefront-wt-checkout-totals',
  branch: 'feature/checkout-totals',
  task: 'Make checkout totals agree with the invoice',
  ahead: 2,
  changes: { staged: 0, changed: 5, untracked: 0, conflicted: 0 },
  lastCommit: { sha: sha(3), subject: 'Round once, at the end', at: minutes(22) },
  collisions: [
    {
      with: worktreeId(2),
      files: ['src/cart/totals.ts', 'src/cart/totals.test.ts'],
      certainty: 'decided',
      kinds: ['content', 'delete-modify'],
      regions: totalsRegions.map(({ ours, theirs, ...region }) => ({
        ...region,
        ours: theirs,
        theirs: ours,
      })),
      regionsLeftOut: 1,
    },
  ],
  sessions: [session(2, { since: minutes(2), name: 'feature/checkout-totals' })],
});

export const search = worktree(4, {
  name: 'storefront-wt-search-facets',
  path: '/Users/mira/code/storefront-wt-search-facets',
  branch: 'feature/search-facets',
  task: 'Facets on the search page',
  attention: 'look',
  ahead: 7,
  lastCommit: { sha: sha(4), subject: 'Count facets in one query', at: minutes(13) },
  sessions: [
    session(3, {
      state: 'done',
      attention: 'look',
      since: minutes(12),
      lastMessage: 'All 214 tests pass. Facets load in one query now; I left the old endpoint in place.',
      evidence: 'registry: idle, turn ended',
    }),
  ],
});

export const storefront: RepositoryView = {
  id: repositoryId(1),
  name: 'storefront',
  root: '/Users/mira/code/storefront',
  base: 'main',
  landingOrders: [
    {
      base: 'main',
      text: 'Merge search-facets first: it collides with nothing waiting; guest-checkout and checkout-totals both change 2 files, and guest-checkout has more commits. Then only checkout-totals needs a rebase.',
      places: [
        { worktree: worktreeId(4), needsRebase: false, ready: true, text: null },
        {
          worktree: worktreeId(2),
          needsRebase: false,
          ready: false,
          text: 'A good one to merge once it is ready: after it checkout-totals needs a rebase, and no order asks for fewer.',
        },
        {
          worktree: worktreeId(3),
          needsRebase: true,
          ready: false,
          text: 'Better merge guest-checkout first, which has more commits: merging this one now makes guest-checkout rebase.',
        },
      ],
    },
  ],
  worktrees: [
    main(1, 1, 'storefront', {
      lastCommit: { sha: sha(1), subject: 'Merge branch ‘feature/price-history’', at: hours(2) },
    }),
    checkout,
    totals,
    search,
  ],
};

export const atlas: RepositoryView = {
  id: repositoryId(2),
  name: 'atlas-api',
  root: '/Users/mira/code/atlas-api',
  base: 'main',
  landingOrders: [],
  worktrees: [
    main(5, 2, 'atlas-api', {
      changes: { staged: 0, changed: 1, untracked: 2, conflicted: 0 },
      lastCommit: { sha: sha(5), subject: 'Pin the OpenAPI generator', at: hours(5) },
    }),
    worktree(6, {
      repositoryId: repositoryId(2),
      name: 'atlas-api-wt-rate-limits',
      path: '/Users/mira/code/atlas-api-wt-rate-limits',
      branch: 'feature/rate-limits',
      task: 'Rate limits per API key, with a Retry-After header',
      ahead: 1,
      behind: 6,
      changes: { staged: 0, changed: 2, untracked: 0, conflicted: 0 },
      lastCommit: { sha: sha(6), subject: 'Sliding window in Redis', at: minutes(50) },
      sessions: [
        session(4, {
          state: 'background',
          since: minutes(6),
          evidence: 'registry: shell running',
          name: 'feature/rate-limits',
        }),
        session(5, { state: 'idle', since: minutes(40), evidence: 'registry: idle', name: 'review' }),
      ],
    }),
    worktree(7, {
      repositoryId: repositoryId(2),
      name: 'atlas-api-wt-drop-v1',
      path: '/Users/mira/code/atlas-api-wt-drop-v1',
      branch: 'feature/drop-v1',
      task: 'Remove the v1 endpoints',
      activity: 'stale',
      merged: 'squash',
      lastCommit: { sha: sha(7), subject: 'Delete the v1 router', at: hours(51) },
      note: { title: 'Two partners still call v1/export', path: '.planning/brain/v1.md', at: hours(52) },
    }),
  ],
};

export const snapshot: Snapshot = {
  revision: 41,
  takenAt: ago(0),
  line: '1 needs you · 2 working · 1 done · 1 idle',
  counts: { needsYou: 1, working: 2, done: 1, worktrees: 7, repositories: 2 },
  tray: { icon: 'needs-you', title: '1 · 2' },
  repositories: [storefront, atlas],
  elsewhere: [],
  suggestions: [
    {
      worktree: worktreeId(4),
      text: storefront.landingOrders[0]?.text ?? '',
      action: 'merge',
    },
    {
      worktree: worktreeId(7),
      text: 'feature/drop-v1 is merged already. Clean it up.',
      action: 'cleanup',
    },
  ],
  problems: [],
  tools: {
    git: { state: 'ok', version: '2.47.1', path: '/usr/bin/git' },
    claude: { state: 'ok', version: '2.1.3', path: '/Users/mira/.local/bin/claude' },
  },
  complete: true,
};

/** The same morning an hour later: guest checkout has landed, and two siblings conflict with it. */
const behind = (files: readonly string[], waitsFor: 'session' | null) => ({
  behind: 5,
  collisions: [
    {
      with: 'base' as const,
      files,
      certainty: 'decided' as const,
      kinds: ['content' as const],
      regions: [],
      regionsLeftOut: 0,
    },
  ],
  rebaseNow: {
    files,
    waitsFor,
    why: `main has moved and conflicts with it in ${files.length === 1 ? files[0] : `${files.length} files`}`,
    next: waitsFor === null ? 'Rebase it now.' : 'Rebase it when Claude is done there.',
  },
});
export const waitingTotals = worktree(3, {
  ...totals,
  ...behind(['src/cart/totals.ts', 'src/cart/totals.test.ts'], 'session'),
});
export const behindSearch = worktree(4, { ...search, ...behind(['src/search/facets.ts'], null) });

export const withWorktrees = (
  worktrees: readonly WorktreeView[],
  change: Partial<Snapshot> = {},
): Snapshot => ({
  ...snapshot,
  repositories: [{ ...storefront, worktrees }],
  suggestions: [],
  ...change,
});

export const settings: Settings = {
  version: 1,
  repositories: { added: ['/Users/mira/code/atlas-api'], hidden: ['/Users/mira/code/dotfiles'] },
  thresholds: { idleHours: 2, staleHours: 24, worktreesPerRepository: 4, checkInMinutes: 45 },
  notifications: {
    enabled: true,
    sound: true,
    kinds: { needsYou: true, done: true, failed: true, crashed: true },
    shortestTurnSeconds: 10,
    quietHours: { from: '22:00', to: '08:00' },
    mutedSessions: [],
  },
  terminal: { preferred: 'auto', custom: null },
  naming: { branchPrefix: 'feature/', parent: null },
  approvals: {},
  shortcut: 'Control+Alt+O',
  openAtLogin: true,
};

export const terminals: readonly TerminalCapability[] = [
  {
    id: 'tmux',
    title: 'tmux',
    platforms: ['darwin', 'linux', 'win32'],
    installed: true,
    reach: 'pane',
    canOpenNew: true,
    note: '',
  },
  {
    id: 'gnome-terminal',
    title: 'GNOME Terminal',
    platforms: ['linux'],
    installed: true,
    reach: 'application',
    canOpenNew: true,
    note: 'Wayland does not let one program raise another’s window',
  },
  {
    id: 'kitty',
    title: 'kitty',
    platforms: ['darwin', 'linux'],
    installed: false,
    reach: 'pane',
    canOpenNew: true,
    note: 'Needs allow_remote_control',
  },
];

export const settingsAnswer: Output<'settings.get'> = { settings, terminals, readOnly: ['terminal.custom'] };

export const checks: readonly DoctorCheck[] = [
  { id: 'git', title: 'Git', state: 'ok', message: 'git 2.47.1 in /usr/bin/git', next: null },
  { id: 'claude', title: 'Claude Code', state: 'ok', message: '2.1.3 in ~/.local/bin/claude', next: null },
  {
    id: 'terminal',
    title: 'Terminal',
    state: 'warning',
    message: 'Inside tmux, the exact pane is reached; outside, only the application.',
    next: 'Start Claude in tmux to be taken to the exact pane.',
  },
  {
    id: 'notifications',
    title: 'Notifications',
    state: 'broken',
    message: 'The system refuses notifications from Orchard.',
    next: 'Allow them in System Settings, Notifications.',
  },
  {
    id: 'gh',
    title: 'GitHub command line',
    state: 'absent',
    message: 'gh is not installed; pull requests open in the browser.',
    next: null,
  },
];

export const spawnPlan: SpawnPlan = {
  token: TOKEN,
  repositoryId: repositoryId(1),
  name: 'gift-cards-at-checkout',
  path: '/Users/mira/code/storefront-wt-gift-cards-at-checkout',
  branch: 'feature/gift-cards-at-checkout',
  base: 'main',
  baseCommit: sha(1),
  baseSubject: 'Merge branch ‘feature/price-history’',
  freshness: 'fetched just now',
  copies: ['.env.local', '.claude', 'CLAUDE.md', 'node_modules'],
  setup: null,
  hooks: [],
  firstPrompt: 'Accept gift cards at checkout',
  commands: [
    'git worktree add -b feature/gift-cards-at-checkout ../storefront-wt-gift-cards-at-checkout main',
    'cd ../storefront-wt-gift-cards-at-checkout',
    "claude 'Accept gift cards at checkout'",
  ],
  quick: false,
  steps: ['Make the worktree', 'Copy local files', 'Open the terminal'],
  warnings: [],
  refusal: null,
};

export const spawnDone: SpawnDone = {
  worktreeId: worktreeId(8),
  path: spawnPlan.path,
  branch: spawnPlan.branch,
  commands: [`cd ${spawnPlan.path}`, "claude 'Accept gift cards at checkout'"],
  opened: { reached: 'new', terminal: 'tmux', command: 'tmux new-window' },
  warnings: [],
};

export const mergePlan: MergePlan = {
  token: TOKEN,
  worktreeId: worktreeId(4),
  branch: 'feature/search-facets',
  base: 'main',
  strategy: 'merge',
  update: null,
  steps: [
    { id: 'check', text: 'Check that all is committed and main has not moved' },
    { id: 'validate', text: 'Validate: npm run build, npm test' },
    { id: 'land', text: 'Merge into main, in /Users/mira/code/storefront' },
  ],
  conflicts: [],
  collisions: [],
  order: null,
  validation: [
    { command: { purpose: 'detected', text: 'npm run build' }, approved: true },
    { command: { purpose: 'detected', text: 'npm test' }, approved: true },
  ],
  carryOver: ['CLAUDE.md'],
  warnings: [],
  losses: [],
  refusal: null,
};

export const cleanupPlan: CleanupPlan = {
  token: TOKEN,
  worktreeId: worktreeId(7),
  path: '/Users/mira/code/atlas-api-wt-drop-v1',
  branch: 'feature/drop-v1',
  merged: 'squash',
  mergedHow: 'Squash-merged: merging it into main again would add nothing',
  steps: [
    { id: 'brain', text: 'Save 1 note into atlas-api/.planning/brain/feature/drop-v1' },
    { id: 'trash', text: 'Move the directory and its git entry to trash' },
    { id: 'branch', text: 'Delete feature/drop-v1, pinned for undo' },
  ],
  losses: [],
  notKept: ['node_modules (412 MB)', 'dist'],
  warnings: [],
  refusal: null,
};

export const undoable: readonly UndoableOperation[] = [
  {
    operation: 'cleanup-20261120093000-a1b2c3',
    kind: 'cleanup',
    repositoryId: repositoryId(1),
    repository: 'project',
    summary: 'Cleaned up feature/price-history',
    at: hours(1),
    until: ago(-167 * HOUR),
    diskBytes: 48_300_000,
  },
  {
    operation: 'merge-20261120092000-d4e5f6',
    kind: 'merge',
    repositoryId: repositoryId(1),
    repository: 'project',
    summary: 'Merged feature/price-history into main',
    at: hours(2),
    until: ago(-166 * HOUR),
    diskBytes: null,
  },
];

export const notes: readonly NoteView[] = [
  {
    title: 'Guest orders keep the e-mail only',
    path: '.planning/brain/guest-orders.md',
    at: minutes(20),
    text: '# Guest orders keep the e-mail only\n\nWe store no name for guests: the invoice takes it from the payment.\n\n- <b>not bold</b>\n- the cart key moves to the order',
  },
  {
    title: 'Why the cart lives in Redis',
    path: '.planning/brain/cart.md',
    at: hours(70),
    text: 'Because of the 30 day expiry.',
  },
];

export const event = (
  kind: OperationEvent['kind'],
  change: OperationEvent['change'],
  { repository = 1, operation = `${kind}-20261120104230-abcdef`, worktree: id = null as string | null } = {},
): OperationEvent => ({
  operation,
  kind,
  repositoryId: repositoryId(repository),
  worktreeId: id,
  at: ago(0),
  change,
});

export const answers: Answers = {
  'snapshot.get': ok(snapshot),
  'popover.opened': ok(null),
  'settings.get': ok(settingsAnswer),
  'settings.update': ok(settings),
  'worktree.open': ok({ reached: 'pane', terminal: 'tmux', command: 'tmux switch-client -t work:1.0' }),
  'worktree.openCommand': ok({
    command: "cd '/Users/mira/code/storefront-wt-guest-checkout' && claude --resume 5f1c2a44",
  }),
  'worktree.openToResolve': ok({
    reached: 'new',
    terminal: 'iTerm2',
    command: 'claude',
    prompt: 'Merge main into this branch',
    told: true,
  }),
  'worktree.markSeen': ok(null),
  'worktree.notes': ok({ notes }),
  'session.open': ok({ reached: 'pane', terminal: 'tmux', command: 'tmux switch-client -t work:1.0' }),
  'session.mute': ok(null),
  'repository.hide': ok(null),
  'repository.planSpawn': ok(spawnPlan),
  'repository.spawn': ok(spawnDone),
  'worktree.planMerge': ok(mergePlan),
  'worktree.planCleanup': ok(cleanupPlan),
  'operation.list': ok({ operations: undoable }),
  'operation.cancel': ok(null),
  'doctor.run': ok({ checks }),
};
