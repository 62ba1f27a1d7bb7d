import type { Trouble } from '../bridge';
import { Button } from '../ui/controls';
import { Frame } from '../ui/frame';
import { Icon } from '../ui/glyphs';
import { TroubleBox } from '../ui/trouble-box';

/** Before the first snapshot: the list's shape, and a word for who can't see it. */
export function LoadingView() {
  return (
    <Frame
      header={
        <h1 className="status-line">
          <span className="lead">Orchard</span>
        </h1>
      }
    >
      <div className="loading" aria-busy="true">
        <p className="visually-hidden" role="status">
          Reading repositories and sessions
        </p>
        {['a', 'b', 'c'].map((key) => (
          <div key={key} className="ghost-row" aria-hidden="true">
            <span className="ghost dot" />
            <span className="ghost title" />
            <span className="ghost meta" />
          </div>
        ))}
      </div>
    </Frame>
  );
}

export function StartTroubleView({ trouble, onRetry }: { readonly trouble: Trouble; onRetry(): void }) {
  return (
    <Frame
      header={
        <h1 className="status-line">
          <span className="lead">Orchard</span>
        </h1>
      }
    >
      <div className="page">
        <TroubleBox trouble={trouble}>
          <Button onClick={onRetry}>Try again</Button>
        </TroubleBox>
      </div>
    </Frame>
  );
}

/** Nothing is watched: what this is, and the two ways to begin. */
export function EmptyState({ onAdd, desktop }: { onAdd(): void; readonly desktop: boolean }) {
  return (
    <div className="empty">
      <span className="empty-mark">
        <Icon name="tree" />
      </span>
      <h2>Nothing to watch yet</h2>
      <p>
        Start Claude Code in any git repository and it shows up here by itself
        {desktop ? ', or add a repository.' : ', or run'}
      </p>
      {desktop ? (
        <Button kind="primary" icon="plus" onClick={onAdd}>
          Add a repository…
        </Button>
      ) : (
        <code>orch repo add &lt;folder&gt;</code>
      )}
    </div>
  );
}
