import type { SessionKey, WorktreeId } from '../contract/ids';
import type { PlacedSession } from '../domain/snapshot';
import type { Fleet } from './fleet/fleet';
import type { OpenableSession, Openables } from './open';

/** What can be opened right now, as the fleet knows it. */
export function openablesOf(fleet: Fleet): Openables {
  const openable = ({ view, directory, worktree, live }: PlacedSession): OpenableSession => ({
    key: view.id,
    live: live && view.pid !== null,
    pid: view.pid,
    tmux: fleet.session(view.id)?.facts?.tmux ?? null,
    sessionId: view.sessionId,
    directory,
    state: view.state,
    attention: view.attention,
    since: Date.parse(view.since),
    worktreeId: worktree,
  });
  return {
    worktree(id: WorktreeId) {
      const found = fleet.worktree(id);
      if (found === null) return null;
      const { facts, sessions } = found;
      return {
        id,
        path: facts.path,
        name: facts.name,
        branch: facts.branch,
        task: facts.record?.task ?? null,
        missing: facts.missing,
        base: facts.base,
        sessions: sessions.map(openable),
      };
    },
    session(key: SessionKey) {
      const found = fleet.session(key);
      return found === null ? null : openable(found.placed);
    },
  };
}
