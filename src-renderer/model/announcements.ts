import type { SessionView, Snapshot } from '@contract/snapshot';
import { titleOf } from './rows';
import { stateWord } from './words';

interface Speaking {
  readonly where: string;
  readonly session: SessionView;
}
const everySession = (snapshot: Snapshot): ReadonlyMap<string, Speaking> => {
  const found: Speaking[] = snapshot.elsewhere.map((session) => ({
    where: session.name ?? session.directory,
    session,
  }));
  for (const repository of snapshot.repositories)
    for (const worktree of repository.worktrees)
      for (const session of worktree.sessions)
        found.push({ where: `${repository.name}, ${titleOf(worktree)}`, session });
  return new Map(found.map((one) => [one.session.id, one]));
};

/**
 * What a polite live region says between two snapshots: only sessions that began to ask for something.
 * More than three at once are summed up by the status line. Null when there is nothing to say.
 */
export function announce(before: Snapshot, after: Snapshot): string | null {
  const known = everySession(before);
  const news = [...everySession(after).values()].filter(({ session }) => {
    const old = known.get(session.id)?.session;
    return session.attention !== 'none' && (old?.attention === 'none' || old?.state !== session.state);
  });
  if (news.length === 0) return null;
  if (news.length > 3) return after.line;
  return news
    .map(({ where, session }) =>
      [where, stateWord(session.state), session.reason].filter((part) => part !== null).join(': '),
    )
    .join('. ');
}
