/** What the tray's context menu says, as data: the rows that want something, then the fixed entries. */
import { sessionWords } from '../../contract/session-words';
import type { SessionView, Snapshot, WorktreeView } from '../../contract/snapshot';

export type MenuAction =
  | { readonly type: 'open-popover' }
  | { readonly type: 'open-worktree'; readonly worktreeId: string; readonly sessionId: string | null }
  | { readonly type: 'open-session'; readonly sessionId: string }
  | { readonly type: 'spawn' }
  | { readonly type: 'settings' }
  | { readonly type: 'quit' };

export type MenuEntry =
  | { readonly type: 'separator' }
  | { readonly type: 'item'; readonly label: string; readonly action: MenuAction | null };

/** What a click on a notification of an earlier run asks for; `about` is what it was notified with. */
export const earlierAction = (about: string): MenuAction =>
  about.startsWith('s-') ? { type: 'open-session', sessionId: about } : { type: 'open-popover' };

const MOST_ROWS = 8;
const LONGEST_NAME = 48;

/**
 * One line for a menu: no control or direction characters, clipped, and `&` doubled, because a single
 * one marks an access key (https://www.electronjs.org/docs/latest/api/menu-item).
 */
export function menuText(text: string): string {
  const flat = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const characters = [...flat];
  const clipped =
    characters.length <= LONGEST_NAME ? flat : `${characters.slice(0, LONGEST_NAME - 1).join('')}…`;
  return clipped.replaceAll('&', '&&');
}

interface Row {
  readonly attention: 'needs-you' | 'look';
  readonly since: string;
  readonly label: string;
  readonly action: MenuAction;
}

const wanting = (sessions: readonly SessionView[]): SessionView | undefined =>
  sessions.find(({ attention }) => attention === 'needs-you') ??
  sessions.find(({ attention }) => attention === 'look');

function worktreeRow(worktree: WorktreeView): Row | null {
  if (worktree.attention === 'none') return null;
  const session = wanting(worktree.sessions);
  const name = worktree.task ?? worktree.branch ?? worktree.name;
  const word = session === undefined ? 'look' : sessionWords[session.state];
  return {
    attention: worktree.attention,
    since: session?.since ?? '',
    label: `${menuText(name)} — ${word}`,
    action: { type: 'open-worktree', worktreeId: worktree.id, sessionId: session?.id ?? null },
  };
}

/** Rows that need the person first, the longest-waiting on top, then those worth a look. */
function rows(snapshot: Snapshot): readonly Row[] {
  const elsewhere = snapshot.elsewhere.flatMap((session): Row[] =>
    session.attention === 'none'
      ? []
      : [
          {
            attention: session.attention,
            since: session.since,
            label: `${menuText(session.name ?? session.directory)} — ${sessionWords[session.state]}`,
            action: { type: 'open-session', sessionId: session.id },
          },
        ],
  );
  const rank = (row: Row) => (row.attention === 'needs-you' ? 0 : 1);
  return snapshot.repositories
    .flatMap(({ worktrees }) => worktrees.flatMap((worktree) => worktreeRow(worktree) ?? []))
    .concat(elsewhere)
    .sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since));
}

/** The menu for a snapshot; null before the first one. */
export function trayMenu(snapshot: Snapshot | null): readonly MenuEntry[] {
  const wantingRows = snapshot === null ? [] : rows(snapshot);
  const item = (label: string, action: MenuAction | null): MenuEntry => ({ type: 'item', label, action });
  const more = wantingRows.length - MOST_ROWS;
  return [
    item('Open Orchard', { type: 'open-popover' }),
    { type: 'separator' },
    ...(snapshot === null ? [] : [item(menuText(snapshot.line), null)]),
    ...wantingRows.slice(0, MOST_ROWS).map(({ label, action }) => item(label, action)),
    ...(more > 0 ? [item(`${more} more…`, { type: 'open-popover' })] : []),
    ...(snapshot === null ? [] : [{ type: 'separator' } as const]),
    item('New worktree…', { type: 'spawn' }),
    item('Settings', { type: 'settings' }),
    { type: 'separator' },
    item('Quit Orchard', { type: 'quit' }),
  ];
}
