import { isAtWork } from '@contract/session-words';
import type { LandingOrder, SessionView, WorktreeView } from '@contract/snapshot';
import { useState } from 'react';
import type { Trouble } from '../bridge';
import { byteSize } from '../model/ages';
import { collisionName, orderSessions, type Row } from '../model/rows';
import { changeCounts, landingText, mergedWord, ongoingWord } from '../model/words';
import { Age } from '../ui/clock';
import { CollisionRegions } from '../ui/collision-regions';
import { Button } from '../ui/controls';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';
import { SessionLine } from './session-line';

interface RowDetailsProps {
  readonly row: Row;
  readonly siblings: readonly WorktreeView[];
  readonly orders: readonly LandingOrder[];
  onOpen(id: string): void;
}

export function RowDetails({ row, siblings, orders, onOpen }: RowDetailsProps) {
  const { worktree } = row;
  return (
    <>
      <Actions row={row} onOpen={onOpen} />
      <Facts worktree={worktree} siblings={siblings} orders={orders} />
      {worktree.sessions.length > 1 && <Sessions worktree={worktree} />}
    </>
  );
}

function Actions({ row, onOpen }: Omit<RowDetailsProps, 'siblings' | 'orders'>) {
  const { ask, show, copy, say } = useOrchard();
  const { worktree, session } = row;
  const { id: worktreeId } = worktree;
  const atWork = worktree.sessions.some(({ state }) => isAtWork[state]);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [command, setCommand] = useState<{ readonly text: string; readonly copied: boolean } | null>(null);

  const copyCommand = async () => {
    setTrouble(null);
    const answer = await ask('worktree.openCommand', { worktreeId, sessionId: session?.id ?? null });
    if (!answer.ok) return setTrouble(answer.error);
    const copied = await copy(answer.value.command);
    setCommand({ text: answer.value.command, copied });
    say(copied ? 'Command copied' : 'Copy the command by hand');
  };
  const act = async (what: Promise<{ ok: true } | { ok: false; error: Trouble }>, done: string) => {
    setTrouble(null);
    const answer = await what;
    if (answer.ok) say(done);
    else setTrouble(answer.error);
  };

  return (
    <>
      <div className="actions">
        <Button kind="primary" icon="terminal" aria-keyshortcuts="o" onClick={() => onOpen(worktreeId)}>
          Open terminal
        </Button>
        <Button icon="copy" onClick={() => void copyCommand()}>
          Copy command
        </Button>
      </div>
      <div className="actions links">
        {!worktree.isMain && (
          <>
            <Button kind="quiet" onClick={() => show({ name: 'merge', worktreeId })}>
              Merge…
            </Button>
            {/* Who works there is left alone; a conflict says on the row what has to end first. */}
            {worktree.behind > 0 && worktree.rebaseNow === null && !atWork && (
              <Button kind="quiet" onClick={() => show({ name: 'rebase', worktreeId })}>
                Rebase…
              </Button>
            )}
            <Button kind="quiet" onClick={() => show({ name: 'cleanup', worktreeId })}>
              Clean up…
            </Button>
          </>
        )}
        {worktree.note !== null && (
          <Button kind="quiet" onClick={() => show({ name: 'notes', worktreeId })}>
            Notes
          </Button>
        )}
        {worktree.attention === 'look' && (
          <Button
            kind="quiet"
            onClick={() => void act(ask('worktree.markSeen', { worktreeId }), 'Marked as seen')}
          >
            Mark seen
          </Button>
        )}
        {session !== null && session.state !== 'ended' && (
          <Button
            kind="quiet"
            onClick={() =>
              void act(
                ask('session.mute', { sessionId: session.id, muted: !session.muted }),
                session.muted ? 'Notifications on for this session' : 'Session muted',
              )
            }
          >
            {session.muted ? 'Unmute' : 'Mute'}
          </Button>
        )}
        <Button
          kind="quiet"
          onClick={() =>
            void act(ask('repository.hide', { repositoryId: worktree.repositoryId }), 'Repository hidden')
          }
        >
          Hide repository
        </Button>
      </div>
      {command !== null && (
        <div className="command">
          <code dir="ltr">{command.text}</code>
          <span className="hint">{command.copied ? 'Copied' : 'Select and copy it'}</span>
        </div>
      )}
      {trouble !== null && <TroubleBox trouble={trouble} />}
    </>
  );
}

function Facts({
  worktree,
  siblings,
  orders,
}: {
  readonly worktree: WorktreeView;
  readonly siblings: readonly WorktreeView[];
  readonly orders: readonly LandingOrder[];
}) {
  const counts = changeCounts(worktree);
  const landing = landingText(worktree.id, orders);
  const only = worktree.sessions.length === 1 ? worktree.sessions[0] : undefined;
  return (
    <dl className="facts">
      {only !== undefined && <SessionFacts session={only} />}
      <dt>Folder</dt>
      <dd title={worktree.path}>
        <bdi className="path">{worktree.path}</bdi>
      </dd>
      <dt>Branch</dt>
      <dd>
        <bdi>{worktree.branch ?? 'none (detached)'}</bdi>
        {!worktree.isMain && worktree.base !== null && (
          <>
            {' from '}
            <bdi>{worktree.base}</bdi>
          </>
        )}
        {(worktree.ahead > 0 || worktree.behind > 0) &&
          `, ${worktree.ahead} ahead, ${worktree.behind} behind`}
      </dd>
      {worktree.lastCommit !== null && (
        <>
          <dt>Commit</dt>
          <dd dir="auto">
            <code>{worktree.lastCommit.sha.slice(0, 7)}</code> {worktree.lastCommit.subject}{' '}
            <Age at={worktree.lastCommit.at} />
          </dd>
        </>
      )}
      <dt>Changes</dt>
      <dd>
        {counts.length === 0 ? 'none' : counts.map(({ words }) => words).join(', ')}
        {worktree.ongoing !== null && `. ${ongoingWord(worktree.ongoing)}`}
        {worktree.unwatched !== null && ` (looked at now and then, because ${worktree.unwatched})`}
      </dd>
      {worktree.collisions.map((collision) => (
        <CollisionFact
          key={collision.with}
          name={collisionName(collision, worktree, siblings)}
          collision={collision}
        />
      ))}
      {landing !== null && (
        <>
          <dt>Order</dt>
          <dd dir="auto">{landing}</dd>
        </>
      )}
      {worktree.merged !== null && (
        <>
          <dt>Merged</dt>
          <dd>{mergedWord(worktree.merged).replace(/^Merged:? ?/, '')}</dd>
        </>
      )}
      {worktree.locked && (
        <>
          <dt>Locked</dt>
          <dd dir="auto">{worktree.lockReason ?? 'by git worktree lock'}</dd>
        </>
      )}
      {worktree.note !== null && (
        <>
          <dt>Note</dt>
          <dd dir="auto">{worktree.note.title}</dd>
        </>
      )}
      {worktree.diskBytes !== null && (
        <>
          <dt>Disk</dt>
          <dd>{byteSize(worktree.diskBytes)}</dd>
        </>
      )}
      {worktree.missing && (
        <>
          <dt>Away</dt>
          <dd>Its disk may not be mounted, or it was deleted by hand. Nothing is forgotten.</dd>
        </>
      )}
      {worktree.problem !== null && (
        <>
          <dt>Problem</dt>
          <dd dir="auto">{worktree.problem}</dd>
        </>
      )}
    </dl>
  );
}

/** What the row's state rests on, so that a person can check it. */
function SessionFacts({ session }: { readonly session: SessionView }) {
  const { state, evidence, terminal, lastMessage } = session;
  return (
    <>
      <dt>{state === 'ended' ? 'Session' : 'Known by'}</dt>
      <dd dir="auto">{[evidence, terminal].filter((part) => part !== null && part !== '').join(' · ')}</dd>
      {lastMessage !== null && (
        <>
          <dt>Last said</dt>
          <dd dir="auto">{lastMessage}</dd>
        </>
      )}
    </>
  );
}

const MOST_FILES = 3;
function CollisionFact({
  name,
  collision,
}: {
  readonly name: string;
  readonly collision: WorktreeView['collisions'][number];
}) {
  const { files, certainty } = collision;
  const more = files.length - MOST_FILES;
  const decided = certainty === 'decided';
  return (
    <>
      <dt>{decided ? 'Collides' : 'May collide'}</dt>
      <dd className={decided ? undefined : 'guessed'} title={files.join('\n')}>
        with <bdi>{name}</bdi>
        {collision.regions.length > 0 ? (
          // Their names follow, each with its places.
          files.length > 1 && ` in ${files.length} files`
        ) : (
          <>
            {' in '}
            <bdi>{files.slice(0, MOST_FILES).join(', ')}</bdi>
            {more > 0 && ` and ${more} more`}
          </>
        )}
        <CollisionRegions collision={collision} />
      </dd>
    </>
  );
}

function Sessions({ worktree }: { readonly worktree: WorktreeView }) {
  return (
    <ul className="sessions">
      {orderSessions(worktree.sessions).map((session) => (
        <SessionLine key={session.id} session={session} />
      ))}
    </ul>
  );
}
