import type { WorktreeId } from '../../contract/ids';
import type { Snapshot } from '../../contract/snapshot';
import type { FleetResolver } from '../ports';
import type { Fleet, WorktreeInFleet } from './fleet';

/** From verdicts that are decided; who has none yet is in no order. */
function placeOf(snapshot: Snapshot, id: WorktreeId): string | null {
  for (const { landingOrders } of snapshot.repositories)
    for (const { places } of landingOrders)
      for (const place of places) if (place.worktree === id) return place.text;
  return null;
}

/** The fleet as merge, clean up and undo ask it: ids turned back into places, as fresh as can be. */
export function resolverOf(
  fleet: Fleet,
  /** The Claude Code session that this process was started from (`/orch:…`), by its conversation's id. */
  callerSessionId: string | null,
): FleetResolver {
  const liveSessions = ({ sessions }: WorktreeInFleet) =>
    sessions.flatMap(({ view, live }) =>
      live && view.pid !== null
        ? [{ pid: view.pid, state: view.state, isCaller: view.sessionId === callerSessionId }]
        : [],
    );
  return {
    async worktree(id) {
      const found = fleet.worktree(id);
      if (found === null) return null;
      return {
        location: found.location,
        worktree: found.facts,
        siblings: found.repository.worktrees.filter((worktree) => worktree.id !== id),
        sessions: liveSessions(found),
        collisions: fleet.collisions(id)?.filter(({ certainty }) => certainty === 'decided') ?? null,
        order: placeOf(fleet.snapshot(), id),
      };
    },
    async sessions(id) {
      await fleet.refreshSessions();
      const found = fleet.worktree(id);
      return found === null ? [] : liveSessions(found);
    },
    repositories: async () => fleet.repositories().map(({ location }) => location),
    changed: (repository) => fleet.refreshRepository(repository),
  };
}
