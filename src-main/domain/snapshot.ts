/** Turns what was observed into what a face shows. Pure; `engine/fleet.ts` keeps the observations. */
import type { RepositoryId, WorktreeId } from '../contract/ids';
import type { Settings } from '../contract/settings';
import type {
  Attention,
  Collision,
  Problem,
  RepositoryView,
  SessionView,
  Snapshot,
  WorktreeView,
} from '../contract/snapshot';
import { activityOf, newest } from './activity';
import type { RepositoryFacts, WorktreeFacts } from './facts';
import { landingOrdersOf } from './landing-candidates';
import { rebaseNowOf } from './rebase-now';
import { suggest } from './suggestions';
import { countSessions, statusText } from './tray-text';

/** A session with its verdict, and the worktree that it belongs to. */
export interface PlacedSession {
  readonly view: SessionView;
  readonly directory: string;
  /** Null: its directory is in no repository. */
  readonly worktree: WorktreeId | null;
  /** In a repository that is hidden: neither shown nor counted. */
  readonly hidden: boolean;
  /** The newest sign of a turn, milliseconds since the epoch. */
  readonly turnAt: number | null;
  readonly live: boolean;
}

export interface FleetTruth {
  readonly now: number;
  readonly repositories: readonly RepositoryFacts[];
  readonly sessions: readonly PlacedSession[];
  readonly collisions: ReadonlyMap<WorktreeId, readonly Collision[]>;
  readonly diskBytes: ReadonlyMap<WorktreeId, number>;
  readonly thresholds: Settings['thresholds'];
  readonly lastLookAt: number | null;
  readonly problems: readonly Problem[];
  readonly tools: Snapshot['tools'];
  readonly complete: boolean;
}

const rank: Readonly<Record<Attention, number>> = { 'needs-you': 0, look: 1, none: 2 };

/** What a row asks is the most that one of its sessions asks. */
export function highestAttention(sessions: readonly { readonly attention: Attention }[]): Attention {
  return sessions.reduce<Attention>(
    (most, { attention }) => (rank[attention] < rank[most] ? attention : most),
    'none',
  );
}

const iso = (ms: number) => new Date(ms).toISOString();

/** Sessions of a row: who needs you first, then the newest change. */
function inOrder(sessions: readonly PlacedSession[]): readonly SessionView[] {
  return sessions
    .map(({ view }) => view)
    .sort(
      (a, b) => rank[a.attention] - rank[b.attention] || (a.since < b.since ? 1 : a.since > b.since ? -1 : 0),
    );
}

function signOf(facts: WorktreeFacts, sessions: readonly PlacedSession[]): number | null {
  return newest(facts.lastActivityAt, facts.lastCommit?.at, ...sessions.map(({ turnAt }) => turnAt));
}

function viewOf(
  facts: WorktreeFacts,
  repositoryId: RepositoryId,
  sessions: readonly PlacedSession[],
  truth: FleetTruth,
): WorktreeView {
  const views = inOrder(sessions);
  // A turn that runs is life, however long ago it began.
  const working = views.some(
    ({ state }) => state === 'working' || state === 'background' || state === 'starting',
  );
  const view: Omit<WorktreeView, 'rebaseNow'> = {
    id: facts.id,
    repositoryId,
    name: facts.name,
    path: facts.path,
    branch: facts.branch,
    isMain: facts.isMain,
    base: facts.base,
    head: facts.head,
    missing: facts.missing,
    lastCommit:
      facts.lastCommit === null
        ? null
        : { sha: facts.lastCommit.sha, subject: facts.lastCommit.subject, at: iso(facts.lastCommit.at) },
    ahead: facts.ahead,
    behind: facts.behind,
    changes: facts.changes,
    activity: working ? 'active' : activityOf(signOf(facts, sessions), truth.now, truth.thresholds),
    attention: highestAttention(views),
    task: facts.record?.task ?? null,
    note:
      facts.note === null ? null : { title: facts.note.title, path: facts.note.path, at: iso(facts.note.at) },
    locked: facts.locked,
    lockReason: facts.lockReason,
    merged: facts.merged,
    collisions: truth.collisions.get(facts.id) ?? [],
    sessions: views,
    ongoing: facts.ongoing,
    quick: facts.record?.quick ?? false,
    watched: facts.watched,
    unwatched: facts.unwatched?.why ?? null,
    stale: facts.stale,
    diskBytes: truth.diskBytes.get(facts.id) ?? null,
    problem: facts.problem,
  };
  return { ...view, rebaseNow: rebaseNowOf(view) };
}

/**
 * That changes are noticed late because watches ran out: once, however many rows it is about. What can't
 * be watched where it lies (a network file system) is said on its row alone: nothing is wrong there.
 */
function unwatchedProblems(repositories: readonly RepositoryFacts[]): readonly Problem[] {
  const late = repositories
    .flatMap(({ worktrees }) => worktrees)
    .flatMap(({ unwatched }) =>
      unwatched?.kind === 'limit' || unwatched?.kind === 'budget' ? [unwatched.why] : [],
    );
  return [...new Set(late)].map((why) => {
    const count = late.filter((one) => one === why).length;
    return {
      where: 'watching',
      message: `${count === 1 ? '1 worktree is' : `${count} worktrees are`} looked at now and then instead of being watched, because ${why}.`,
    };
  });
}

/** The snapshot of a truth, all but its revision. */
export function buildSnapshot(truth: FleetTruth): Omit<Snapshot, 'revision'> {
  const byWorktree = new Map<WorktreeId, PlacedSession[]>();
  for (const session of truth.sessions) {
    if (session.worktree === null || session.hidden) continue;
    const there = byWorktree.get(session.worktree);
    if (there === undefined) byWorktree.set(session.worktree, [session]);
    else there.push(session);
  }
  const signs = new Map<WorktreeId, number | null>();
  const repositories: readonly RepositoryView[] = truth.repositories
    .map((facts): RepositoryView => {
      const worktrees = facts.worktrees.map((worktree) => {
        const sessions = byWorktree.get(worktree.id) ?? [];
        signs.set(worktree.id, signOf(worktree, sessions));
        return { view: viewOf(worktree, facts.location.id, sessions, truth), record: worktree.record };
      });
      return {
        id: facts.location.id,
        name: facts.location.name,
        root: facts.location.root,
        base: facts.base,
        worktrees: worktrees.map(({ view }) => view),
        landingOrders: landingOrdersOf(worktrees),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en') || a.root.localeCompare(b.root, 'en'));

  const elsewhere = truth.sessions
    .filter(({ worktree, hidden }) => worktree === null && !hidden)
    .map(({ view, directory }) => ({ ...view, directory }));
  const shown = [
    ...repositories.flatMap(({ worktrees }) => worktrees.flatMap(({ sessions }) => sessions)),
    ...elsewhere,
  ];
  const worktrees = repositories.reduce((sum, repository) => sum + repository.worktrees.length, 0);
  const { line, title, icon } = statusText(shown);

  return {
    takenAt: iso(truth.now),
    line,
    counts: countSessions(shown, worktrees, repositories.length),
    tray: { icon, title },
    repositories,
    elsewhere,
    suggestions: suggest(repositories, {
      now: truth.now,
      lastSignAt: (worktree) => signs.get(worktree.id) ?? null,
      thresholds: truth.thresholds,
      lastLookAt: truth.lastLookAt,
      liveSessions: truth.sessions.filter(({ live, hidden }) => live && !hidden).length,
    }),
    problems: [
      ...truth.problems,
      ...unwatchedProblems(truth.repositories),
      ...truth.repositories.flatMap(({ location, problem }) =>
        problem === null ? [] : [{ where: location.name, message: problem }],
      ),
    ],
    tools: truth.tools,
    complete: truth.complete,
  };
}
