import { sessionWords } from '../../contract/session-words';
import type { SessionState, SessionView } from '../../contract/snapshot';
import { since } from './ages';
import type { Style } from './style';
import { clean } from './text';

const glyphs: { readonly [S in SessionState]: string } = {
  starting: '◐',
  working: '●',
  'needs-permission': '▲',
  'needs-answer': '▲',
  limited: '▲',
  failed: '▲',
  background: '◐',
  done: '✓',
  idle: '○',
  crashed: '✗',
  ended: '·',
  unknown: '?',
};

/** "▲ needs permission, 2 min": the same glyph and word everywhere. */
export const sessionText = (session: SessionView, now: number): string =>
  `${glyphs[session.state]} ${sessionWords[session.state]}, ${since(session.since, now)}`;

export function sessionPaint(session: SessionView, style: Style): (text: string) => string {
  if (session.attention === 'needs-you') return (text) => style.bold(style.yellow(text));
  if (session.state === 'crashed') return style.red;
  if (session.state === 'done') return style.green;
  if (session.state === 'working' || session.state === 'starting' || session.state === 'background')
    return style.cyan;
  return style.dim;
}

/** What a person would want to know next: why it needs them, or what it said last. */
export function sessionDetail(session: SessionView): string | null {
  if (session.reason !== null) return clean(session.reason);
  if ((session.state === 'done' || session.state === 'failed') && session.lastMessage !== null)
    return `“${clean(session.lastMessage)}”`;
  return null;
}

/** The session that stands for its worktree where there is room for one only. */
export function foremost(sessions: readonly SessionView[]): SessionView | null {
  const rank = (session: SessionView) =>
    session.attention === 'needs-you'
      ? 0
      : session.attention === 'look'
        ? 1
        : session.state === 'ended'
          ? 3
          : 2;
  return [...sessions].sort((a, b) => rank(a) - rank(b) || b.since.localeCompare(a.since))[0] ?? null;
}
