import type { Snapshot } from '@contract/snapshot';
import type { RefObject } from 'react';
import type { Connection } from '../bridge';
import { Button, IconButton } from '../ui/controls';
import { useOrchard } from '../ui/orchard-context';

interface StatusHeaderProps {
  readonly snapshot: Snapshot;
  readonly connection: Connection;
  /** Null when the filter is closed. */
  readonly filter: string | null;
  readonly filterInput: RefObject<HTMLInputElement | null>;
  onFilter(filter: string | null): void;
  onKeyDown(event: React.KeyboardEvent<HTMLElement>): void;
}

/** The one line that the tray and `orch status` say too, and the two things one comes here to do. */
export function StatusHeader({
  snapshot,
  connection,
  filter,
  filterInput,
  onFilter,
  onKeyDown,
}: StatusHeaderProps) {
  const { show } = useOrchard();
  const canSpawn = snapshot.repositories.length > 0 && connection === 'open';
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts work from the header as from the rows
    <div className="status-header" onKeyDown={onKeyDown}>
      {filter === null ? (
        <StatusLine line={snapshot.line} needsYou={snapshot.counts.needsYou > 0} />
      ) : (
        <>
          <h1 className="visually-hidden">{snapshot.line}</h1>
          <input
            ref={filterInput}
            className="filter"
            type="text"
            aria-label="Filter rows"
            placeholder="Filter"
            spellCheck={false}
            value={filter}
            onChange={(event) => onFilter(event.currentTarget.value)}
          />
        </>
      )}
      {filter !== null && <IconButton icon="cross" label="Close the filter" onClick={() => onFilter(null)} />}
      <Button
        kind="primary"
        icon="plus"
        aria-keyshortcuts="n"
        disabled={!canSpawn}
        onClick={() => show({ name: 'spawn', repositoryId: null })}
      >
        Spawn
      </Button>
    </div>
  );
}

function StatusLine({ line, needsYou }: { readonly line: string; readonly needsYou: boolean }) {
  const [first = '', ...rest] = line.split(' · ');
  return (
    <h1 className="status-line" title={line}>
      <span className={needsYou ? 'lead needs' : 'lead'}>{first}</span>
      {rest.length > 0 && <span className="rest"> · {rest.join(' · ')}</span>}
    </h1>
  );
}
