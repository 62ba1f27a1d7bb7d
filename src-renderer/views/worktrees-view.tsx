import type { Snapshot } from '@contract/snapshot';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { Connection, Trouble } from '../bridge';
import { filterGroups, firstRowToFocus, type Group, groupRows, holdOrder } from '../model/rows';
import { Button, IconButton } from '../ui/controls';
import { Frame } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';
import { ElsewhereSection } from './elsewhere-section';
import { Notices } from './notices';
import { EmptyState } from './start-views';
import { StatusHeader } from './status-header';
import { WorktreeRow } from './worktree-row';

interface WorktreesViewProps {
  readonly snapshot: Snapshot;
  readonly connection: Connection;
  readonly focusRow: string | null;
  /** Counts how often the popover came to the front; each time focus starts anew. */
  readonly openings: number;
}

export function WorktreesView({ snapshot, connection, focusRow, openings }: WorktreesViewProps) {
  const { ask, bridge, show, say } = useOrchard();
  const list = useRef<HTMLDivElement>(null);
  const filterInput = useRef<HTMLInputElement>(null);
  const [expanded, setExpanded] = useState<string | null>(null);
  const [pointed, setPointed] = useState(false);
  const [filter, setFilter] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const query = useDeferredValue(filter ?? '');

  const ordered = useHeldOrder(snapshot, pointed || expanded !== null);
  const groups = useMemo(() => filterGroups(ordered, query), [ordered, query]);
  const rowIds = useMemo(
    () => groups.flatMap(({ rows }) => rows.map(({ worktree }) => worktree.id)),
    [groups],
  );
  const [active, setActive] = useState<string | null>(null);
  const current = active !== null && rowIds.includes(active) ? active : firstRowToFocus(groups);

  const rowButton = (id: string) =>
    list.current?.querySelector<HTMLElement>(`button.row-main[data-row="${id}"]`) ?? null;
  const focusOn = (id: string | undefined) => {
    if (id === undefined) return;
    setActive(id);
    rowButton(id)?.focus();
  };

  // Once per opening, and once when a view was left: where the eyes should be.
  const first = useRef({ focusRow, groups });
  first.current = { focusRow, groups };
  // biome-ignore lint/correctness/useExhaustiveDependencies: `openings` is what makes this run again
  useEffect(() => {
    const { focusRow: wanted, groups: shown } = first.current;
    const best = firstRowToFocus(shown);
    const id = wanted !== null && rowButton(wanted) !== null ? wanted : best;
    if (id === null) return;
    setActive(id);
    rowButton(id)?.focus({ preventScroll: true });
    list.current?.closest('.frame-scroll')?.scrollTo({ top: 0 });
    rowButton(id)?.scrollIntoView({ block: 'nearest' });
  }, [openings]);
  useEffect(() => {
    const left = () => setPointed(false);
    window.addEventListener('blur', left);
    return () => window.removeEventListener('blur', left);
  }, []);
  useEffect(() => {
    if (filter === '') filterInput.current?.focus();
  }, [filter]);

  const open = async (worktreeId: string) => {
    setTrouble(null);
    const row = ordered.flatMap(({ rows }) => rows).find(({ worktree }) => worktree.id === worktreeId);
    const answer = await ask('worktree.open', { worktreeId, sessionId: row?.session?.id ?? null });
    if (answer.ok) say(`Opened in ${answer.value.terminal}`);
    else setTrouble(answer.error);
  };
  const add = async () => {
    const answer = await ask('repository.add', {});
    if (!answer.ok && answer.error.kind !== 'cancelled') setTrouble(answer.error);
  };
  const closeFilter = () => {
    setFilter(null);
    if (current !== null) requestAnimationFrame(() => rowButton(current)?.focus());
  };

  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>) => {
    const { key, target } = event;
    if (!(target instanceof HTMLElement)) return;
    const plain = !(event.metaKey || event.ctrlKey || event.altKey);
    const done = () => event.preventDefault();
    if (target === filterInput.current) {
      if (key === 'Escape') {
        done();
        closeFilter();
      } else if (key === 'ArrowDown' || key === 'Enter') {
        done();
        focusOn(rowIds[0]);
      }
      return;
    }
    if (plain && key === '/') {
      done();
      if (filter === null) setFilter('');
      else filterInput.current?.focus();
      return;
    }
    if (plain && key === 'n') {
      done();
      show({ name: 'spawn', repositoryId: null });
      return;
    }
    if (key === 'Escape' && filter !== null) {
      done();
      closeFilter();
      return;
    }
    const row = target.closest<HTMLElement>('[data-row]')?.dataset.row;
    if (row === undefined) return;
    const onMain = target.classList.contains('row-main');
    if (key === 'Escape' && expanded === row) {
      done();
      setExpanded(null);
      focusOn(row);
      return;
    }
    const place = rowIds.indexOf(row);
    const openIt = (key === 'Enter' && (event.metaKey || event.ctrlKey)) || (plain && key === 'o');
    if (openIt) {
      done();
      void open(row);
    } else if (plain && key === 'ArrowDown') {
      done();
      focusOn(rowIds[Math.min(place + 1, rowIds.length - 1)]);
    } else if (plain && key === 'ArrowUp') {
      done();
      if (place === 0 && filter !== null) filterInput.current?.focus();
      else focusOn(onMain ? rowIds[Math.max(place - 1, 0)] : row);
    } else if (!onMain) return;
    else if (key === 'Home') {
      done();
      focusOn(rowIds[0]);
    } else if (key === 'End') {
      done();
      focusOn(rowIds.at(-1));
    } else if (plain && key === 'ArrowRight') {
      done();
      setExpanded(row);
    } else if (plain && key === 'ArrowLeft') {
      done();
      setExpanded((id) => (id === row ? null : id));
    }
  };

  const nothing =
    snapshot.repositories.length === 0 &&
    snapshot.elsewhere.length === 0 &&
    snapshot.complete &&
    snapshot.tools.git.state === 'ok';
  return (
    <Frame
      header={
        <StatusHeader
          snapshot={snapshot}
          connection={connection}
          filter={filter}
          filterInput={filterInput}
          onFilter={setFilter}
          onKeyDown={onKeyDown}
        />
      }
      footer={
        <>
          <IconButton icon="search" label="Filter rows" aria-keyshortcuts="/" onClick={() => setFilter('')} />
          <IconButton icon="undo" label="Undo a merge or cleanup" onClick={() => show({ name: 'undo' })} />
          <IconButton
            icon="pulse"
            label="Doctor: what is found and what is missing"
            onClick={() => show({ name: 'doctor' })}
          />
          <span className="footer-note">{footNote(snapshot, connection)}</span>
          <IconButton icon="gear" label="Settings" onClick={() => show({ name: 'settings' })} />
        </>
      }
    >
      {filter === null && <Notices snapshot={snapshot} connection={connection} onOpen={open} />}
      {trouble !== null && (
        <div className="inset">
          <TroubleBox trouble={trouble}>
            <Button kind="quiet" onClick={() => setTrouble(null)}>
              Dismiss
            </Button>
          </TroubleBox>
        </div>
      )}
      {nothing && <EmptyState desktop={bridge.face === 'electron'} onAdd={() => void add()} />}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys bubble up from the rows, which are buttons */}
      <div
        ref={list}
        className="rows"
        onKeyDown={onKeyDown}
        onPointerEnter={() => setPointed(true)}
        onPointerLeave={() => setPointed(false)}
      >
        {groups.map(({ repository, rows }) => (
          <section key={repository.id} className="group" aria-label={repository.name}>
            <h2 className="group-title" title={repository.root}>
              <bdi>{repository.name}</bdi>
            </h2>
            <ul>
              {rows.map((row) => (
                <WorktreeRow
                  key={row.worktree.id}
                  row={row}
                  siblings={repository.worktrees}
                  orders={repository.landingOrders}
                  tabbable={row.worktree.id === current}
                  expanded={row.worktree.id === expanded}
                  onFocus={setActive}
                  onToggle={(id) => setExpanded((now) => (now === id ? null : id))}
                  onOpen={open}
                />
              ))}
            </ul>
          </section>
        ))}
        {filter !== null && groups.length === 0 && <p className="no-match">Nothing matches “{filter}”.</p>}
      </div>
      {snapshot.elsewhere.length > 0 && filter === null && <ElsewhereSection sessions={snapshot.elsewhere} />}
    </Frame>
  );
}

function footNote(snapshot: Snapshot, connection: Connection): string {
  if (connection !== 'open') return 'Not connected';
  if (!snapshot.complete) return 'Still reading…';
  const { worktrees, repositories } = snapshot.counts;
  if (repositories === 0) return '';
  return `${worktrees} ${worktrees === 1 ? 'worktree' : 'worktrees'} in ${repositories} ${repositories === 1 ? 'repository' : 'repositories'}`;
}

/** Attention order, but held still while someone points at or reads a row. */
function useHeldOrder(snapshot: Snapshot, hold: boolean): readonly Group[] {
  const held = useRef<readonly Group[]>([]);
  const next = useMemo(() => groupRows(snapshot), [snapshot]);
  const shown = hold ? holdOrder(held.current, next) : next;
  useEffect(() => {
    held.current = shown;
  });
  return shown;
}
