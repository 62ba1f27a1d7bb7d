import type { Collision, LandingOrder, RebaseNow, WorktreeView } from '@contract/snapshot';
import { memo, useEffect, useId, useRef } from 'react';
import { collisionName, orderSessions, type Row } from '../model/rows';
import {
  changeCounts,
  describeRow,
  mergedWord,
  ongoingWord,
  reasonOf,
  rebaseWord,
  rowState,
  stateWord,
  toneOf,
} from '../model/words';
import { Age, useNow } from '../ui/clock';
import { Button } from '../ui/controls';
import { Icon, StateGlyph } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';
import { RowDetails } from './row-details';

interface WorktreeRowProps {
  readonly row: Row;
  readonly siblings: readonly WorktreeView[];
  readonly orders: readonly LandingOrder[];
  readonly tabbable: boolean;
  readonly expanded: boolean;
  onFocus(id: string): void;
  onToggle(id: string): void;
  onOpen(id: string): void;
}

const MOST_OTHERS = 2;

export const WorktreeRow = memo(function WorktreeRow(props: WorktreeRowProps) {
  const { row, siblings, orders, tabbable, expanded, onFocus, onToggle, onOpen } = props;
  const { worktree, session, title } = row;
  const now = useNow();
  const detailsId = useId();
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (expanded) item.current?.scrollIntoView({ block: 'nearest' });
  }, [expanded]);
  const state = rowState(row);
  const reason = reasonOf(session);
  const others = orderSessions(worktree.sessions).filter(
    (other) => other.id !== session?.id && other.state !== 'ended',
  );
  const { lastCommit, note } = worktree;
  return (
    <li
      ref={item}
      className={`row tone-row-${state.tone}${worktree.attention === 'needs-you' ? ' asks' : ''}${worktree.stale ? ' from-last-time' : ''}`}
      data-row={worktree.id}
    >
      <button
        type="button"
        className="row-main"
        data-row={worktree.id}
        tabIndex={tabbable ? 0 : -1}
        aria-expanded={expanded}
        aria-controls={expanded ? detailsId : undefined}
        onFocus={() => onFocus(worktree.id)}
        onClick={() => onToggle(worktree.id)}
        onDoubleClick={() => onOpen(worktree.id)}
      >
        <span className="visually-hidden">{describeRow(row, now)}</span>
        <span className="row-grid" aria-hidden="true">
          <StateGlyph mark={state.mark} tone={state.tone} />
          <span className="row-title" dir="auto" title={title}>
            {title}
            {worktree.isMain && <span className="tag"> main worktree</span>}
          </span>
          {state.since !== null && <Age at={state.since} />}

          <span className={reason === null ? 'row-state' : 'row-state wraps'}>
            <span className={`word tone-${state.tone}`}>{state.word}</span>{' '}
            {reason !== null ? (
              <span className="reason" dir="auto" title={reason}>
                {reason}
              </span>
            ) : (
              lastCommit !== null && (
                <>
                  <span className="subject" dir="auto" title={lastCommit.subject}>
                    {lastCommit.subject}
                  </span>
                  {state.since !== lastCommit.at && <Age at={lastCommit.at} />}
                </>
              )
            )}
          </span>

          {others.slice(0, MOST_OTHERS).map((other) => (
            <span className="row-other" key={other.id}>
              <StateGlyph mark={other.state} tone={toneOf(other)} />
              <span className={`word tone-${toneOf(other)}`}>{stateWord(other.state)}</span>
              <span className="subject" dir="auto">
                {other.reason ?? other.name ?? ''}
              </span>
              <Age at={other.since} />
            </span>
          ))}
          {others.length > MOST_OTHERS && (
            <span className="row-other">and {others.length - MOST_OTHERS} more sessions</span>
          )}

          <RowMeta worktree={worktree} siblings={siblings} title={title} />
          {((reason !== null && lastCommit !== null) || note !== null) && (
            <span className="row-foot">
              {reason !== null && lastCommit !== null && (
                <span className="foot-part">
                  <Icon name="commit" />
                  <span className="text" dir="auto" title={lastCommit.subject}>
                    {lastCommit.subject}
                  </span>
                  <Age at={lastCommit.at} />
                </span>
              )}
              {note !== null && (
                <span className="foot-part">
                  <Icon name="note" />
                  <span className="text" dir="auto" title={note.title}>
                    {note.title}
                  </span>
                </span>
              )}
            </span>
          )}
        </span>
      </button>
      {worktree.rebaseNow !== null && (
        <RebaseNotice worktreeId={worktree.id} rebase={worktree.rebaseNow} tabbable={tabbable} />
      )}
      {expanded && (
        <div id={detailsId} className="row-details">
          <RowDetails row={row} siblings={siblings} orders={orders} onOpen={onOpen} />
        </div>
      )}
    </li>
  );
});

interface RebaseNoticeProps {
  readonly worktreeId: string;
  readonly rebase: RebaseNow;
  readonly tabbable: boolean;
}
/** Something landed that this one conflicts with. Offered only while nothing there would be disturbed. */
function RebaseNotice({ worktreeId, rebase, tabbable }: RebaseNoticeProps) {
  const { show } = useOrchard();
  const { why, next, waitsFor, files } = rebase;
  return (
    <div className="row-notice">
      <p dir="auto" title={files.join('\n')}>
        <strong>{rebaseWord(rebase)}:</strong> {why}.{waitsFor !== null && ` ${next}`}
      </p>
      {waitsFor === null && (
        <Button
          kind="quiet"
          tabIndex={tabbable ? 0 : -1}
          onClick={() => show({ name: 'rebase', worktreeId })}
        >
          Rebase…
        </Button>
      )}
    </div>
  );
}

/** Where the work is and how much of it is there, in signs that the details spell out. */
function RowMeta({
  worktree,
  siblings,
  title,
}: {
  readonly worktree: WorktreeView;
  readonly siblings: readonly WorktreeView[];
  readonly title: string;
}) {
  const counts = changeCounts(worktree);
  const place = worktree.branch ?? worktree.name;
  return (
    <span className="row-meta">
      {worktree.branch === null && <span>no branch</span>}
      {place !== title && (
        <span className="branch" title={worktree.branch ?? worktree.path}>
          <Icon name="branch" />
          <bdi className="text">{place}</bdi>
        </span>
      )}
      <span className="signs">
        {(worktree.ahead > 0 || worktree.behind > 0) && (
          <span
            className="count"
            title={`${worktree.ahead} ahead, ${worktree.behind} behind ${worktree.base ?? ''}`}
          >
            {worktree.ahead > 0 && <span>↑{worktree.ahead}</span>}
            {worktree.behind > 0 && <span>↓{worktree.behind}</span>}
          </span>
        )}
        {counts.length > 0 && (
          <span className="count" title={counts.map(({ words }) => words).join(', ')}>
            {counts.map(({ kind, sign, count }) => (
              <span key={kind} className={kind}>
                {sign}
                {count}
              </span>
            ))}
          </span>
        )}
        {worktree.ongoing !== null && (
          <span className="badge needs" title={ongoingWord(worktree.ongoing)}>
            {worktree.ongoing}
          </span>
        )}
        <CollisionBadges worktree={worktree} siblings={siblings} />
        {worktree.merged !== null && (
          <span className="badge good" title={mergedWord(worktree.merged)}>
            <Icon name="merged" />
            merged
          </span>
        )}
        {worktree.locked && (
          <span className="badge" title={worktree.lockReason ?? 'Locked'}>
            <Icon name="lock" />
          </span>
        )}
        {worktree.stale && <span className="badge">from last time</span>}
        {worktree.problem !== null && (
          <span className="badge needs" title={worktree.problem}>
            <Icon name="warning" />
          </span>
        )}
      </span>
    </span>
  );
}

/** What is decided stands out; a guess says in words, quietly, that it is one. */
function CollisionBadges({
  worktree,
  siblings,
}: {
  readonly worktree: WorktreeView;
  readonly siblings: readonly WorktreeView[];
}) {
  const of = (certainty: Collision['certainty']) =>
    worktree.collisions.filter((collision) => collision.certainty === certainty);
  const [decided, guessed] = [of('decided'), of('provisional')];
  const others = guessed.map((collision) => collisionName(collision, worktree, siblings)).join(', ');
  return (
    <>
      {decided.length > 0 && (
        <span className="badge needs" title={`Collides in ${filesWord(decided)}`}>
          <Icon name="collision" />
          {decided.length}
        </span>
      )}
      {guessed.length > 0 && (
        <span className="badge guess" title={`May collide with ${others} in ${filesWord(guessed)}`}>
          may collide
        </span>
      )}
    </>
  );
}

function filesWord(collisions: readonly Collision[]): string {
  const count = new Set(collisions.flatMap(({ files }) => files)).size;
  return `${count} ${count === 1 ? 'file' : 'files'}`;
}
