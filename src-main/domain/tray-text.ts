import type { Counts, SessionView, TrayIcon } from '../contract/snapshot';

/** One line for `orch status`, the tray's tooltip and its title, so that they can't disagree. */
export interface StatusText {
  readonly line: string;
  readonly title: string;
  readonly icon: TrayIcon;
}

type Tally = Readonly<
  Record<'needsYou' | 'working' | 'background' | 'done' | 'crashed' | 'idle' | 'unknown', number>
>;

function tally(sessions: readonly SessionView[]): Tally {
  const count = { needsYou: 0, working: 0, background: 0, done: 0, crashed: 0, idle: 0, unknown: 0 };
  for (const session of sessions) {
    if (session.attention === 'needs-you') count.needsYou++;
    else if (session.state === 'working' || session.state === 'starting') count.working++;
    else if (session.state === 'background') count.background++;
    else if (session.state === 'done') count.done++;
    else if (session.state === 'crashed' && session.attention === 'look') count.crashed++;
    else if (session.state === 'idle') count.idle++;
    else if (session.state === 'unknown') count.unknown++;
  }
  return count;
}

/** The counts of `orch status --json`. A session that needs you counts there only. */
export function countSessions(
  sessions: readonly SessionView[],
  worktrees: number,
  repositories: number,
): Counts {
  const { needsYou, working, background, done } = tally(sessions);
  return { needsYou, working: working + background, done, worktrees, repositories };
}

/**
 * What needs a person comes first; a count of zero is not said. With no live session the line is
 * `no sessions` and the title is empty, so that the menu bar stays quiet.
 */
export function statusText(sessions: readonly SessionView[]): StatusText {
  const count = tally(sessions);
  const parts = [
    count.needsYou > 0 && `${count.needsYou} ${count.needsYou === 1 ? 'needs' : 'need'} you`,
    count.working > 0 && `${count.working} working`,
    count.background > 0 && `${count.background} in background`,
    count.done > 0 && `${count.done} done`,
    count.crashed > 0 && `${count.crashed} crashed`,
    count.idle > 0 && `${count.idle} idle`,
    count.unknown > 0 && `${count.unknown} unknown`,
  ].filter((part) => part !== false);
  const line = parts.length === 0 ? 'no sessions' : parts.join(' · ');
  const icon = count.needsYou > 0 ? 'needs-you' : count.working + count.background > 0 ? 'working' : 'calm';
  return { line, title: parts.length === 0 ? '' : line, icon };
}
