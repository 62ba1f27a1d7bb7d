import type { Collision, RepositoryView, SessionView, Snapshot, WorktreeView } from '@contract/snapshot';

/** What a row is drawn from. */
export interface Row {
  readonly worktree: WorktreeView;
  /** The session that speaks for the row: the one that asks the most, then the newest. */
  readonly session: SessionView | null;
  readonly title: string;
}

export interface Group {
  readonly repository: RepositoryView;
  readonly rows: readonly Row[];
}

type Tier = 0 | 1 | 2 | 3;
const tierOf = (session: SessionView | null): Tier => {
  if (session === null) return 3;
  if (session.attention === 'needs-you') return 0;
  if (session.attention === 'look') return 1;
  return session.state === 'working' || session.state === 'starting' || session.state === 'background'
    ? 2
    : 3;
};

const time = (at: string | undefined) => {
  const value = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(value) ? 0 : value;
};

/** The one that asks the most first; equals by the newest change, then by id so that ties never flip. */
export function orderSessions(sessions: readonly SessionView[]): readonly SessionView[] {
  return [...sessions].sort(
    (a, b) =>
      tierOf(a) - tierOf(b) ||
      Number(a.state === 'ended') - Number(b.state === 'ended') ||
      time(b.since) - time(a.since) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** The task when there is one, else the branch without its prefix, else the directory's name. */
export function titleOf(worktree: WorktreeView): string {
  if (worktree.task !== null && worktree.task.trim() !== '') return worktree.task;
  if (worktree.isMain) return worktree.branch ?? worktree.name;
  return worktree.branch?.replace(/^[^/]+\//, '') ?? worktree.name;
}

/** What the row calls the other side of a collision. */
export function collisionName(
  collision: Collision,
  worktree: WorktreeView,
  siblings: readonly WorktreeView[],
): string {
  if (collision.with === 'base') return worktree.base ?? 'the base';
  const other = siblings.find(({ id }) => id === collision.with);
  return other === undefined ? 'another worktree' : titleOf(other);
}

const toRow = (worktree: WorktreeView): Row => ({
  worktree,
  session: orderSessions(worktree.sessions)[0] ?? null,
  title: titleOf(worktree),
});

const rowTier = (row: Row): number => {
  if (row.worktree.attention === 'needs-you') return 0;
  if (row.worktree.attention === 'look') return Math.min(1, tierOf(row.session));
  return tierOf(row.session);
};
const recency = (row: Row) => Math.max(time(row.session?.since), time(row.worktree.lastCommit?.at));

const byAttention = (a: Row, b: Row) =>
  rowTier(a) - rowTier(b) || recency(b) - recency(a) || (a.worktree.id < b.worktree.id ? -1 : 1);

/** Rows that need you first, then the ones to look at, then work in progress, then by what happened last. */
export function groupRows(snapshot: Snapshot): readonly Group[] {
  const groups = snapshot.repositories.map((repository) => ({
    repository,
    rows: repository.worktrees.map(toRow).sort(byAttention),
  }));
  const best = (group: Group) => Math.min(4, ...group.rows.map(rowTier));
  return groups.sort((a, b) => best(a) - best(b) || a.repository.name.localeCompare(b.repository.name));
}

/**
 * Puts `next` in the order of `held`, so that nothing moves under the pointer: what is gone drops out,
 * what is new comes last. The contents are always the new ones.
 */
export function holdOrder(held: readonly Group[], next: readonly Group[]): readonly Group[] {
  const arrange = <T>(items: readonly T[], ids: readonly string[], idOf: (item: T) => string) => {
    const places = new Map(ids.map((id, place) => [id, place]));
    const place = (item: T) => places.get(idOf(item)) ?? ids.length;
    return [...items].sort((a, b) => place(a) - place(b));
  };
  const rowsBefore = new Map(
    held.map(({ repository, rows }) => [repository.id, rows.map((row) => row.worktree.id)]),
  );
  return arrange(
    next.map(({ repository, rows }) => ({
      repository,
      rows: arrange(rows, rowsBefore.get(repository.id) ?? [], (row) => row.worktree.id),
    })),
    held.map((group) => group.repository.id),
    (group) => group.repository.id,
  );
}

/** Every word must be found in the row's own texts, whatever its case. */
export function filterGroups(groups: readonly Group[], query: string): readonly Group[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups
    .map(({ repository, rows }) => ({
      repository,
      rows: rows.filter(({ worktree, title }) => {
        const text = [title, worktree.branch, worktree.name, repository.name, worktree.lastCommit?.subject]
          .join(' ')
          .toLocaleLowerCase();
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter((group) => group.rows.length > 0);
}

/** Where focus lands: the first row that needs you, then one to look at, else the first. */
export function firstRowToFocus(groups: readonly Group[]): string | null {
  const rows = groups.flatMap((group) => group.rows);
  const wanted = rows.find((row) => rowTier(row) === 0) ?? rows.find((row) => rowTier(row) === 1) ?? rows[0];
  return wanted?.worktree.id ?? null;
}
