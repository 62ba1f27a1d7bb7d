import type { Snapshot } from '@contract/snapshot';
import { SessionLine } from './session-line';

/** Live sessions whose directory is in no repository: still counted, still one click away. */
export function ElsewhereSection({ sessions }: { readonly sessions: Snapshot['elsewhere'] }) {
  return (
    <section className="group elsewhere" aria-label="Elsewhere">
      <h2 className="group-title">Elsewhere</h2>
      <ul className="sessions">
        {sessions.map((session) => (
          <SessionLine key={session.id} session={{ ...session, name: session.name ?? session.directory }} />
        ))}
      </ul>
    </section>
  );
}
