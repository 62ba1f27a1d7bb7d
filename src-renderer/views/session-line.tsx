import type { SessionView } from '@contract/snapshot';
import { useState } from 'react';
import type { Trouble } from '../bridge';
import { stateWord, toneOf } from '../model/words';
import { Age } from '../ui/clock';
import { Button } from '../ui/controls';
import { StateGlyph } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';

/** One session with its evidence and its own way to its terminal. */
export function SessionLine({ session }: { readonly session: SessionView }) {
  const { ask, say } = useOrchard();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const open = async () => {
    setTrouble(null);
    const answer = await ask('session.open', { sessionId: session.id });
    if (answer.ok) say(`Opened in ${answer.value.terminal}`);
    else setTrouble(answer.error);
  };
  const tone = toneOf(session);
  return (
    <li className="session">
      <StateGlyph mark={session.state} tone={tone} />
      <div className="session-text">
        <p>
          <span className={`word tone-${tone}`}>{stateWord(session.state)}</span>
          {session.name !== null && (
            <span className="session-name" dir="auto">
              {session.name}
            </span>
          )}
          <Age at={session.since} />
        </p>
        {session.reason !== null && <p dir="auto">{session.reason}</p>}
        {session.lastMessage !== null && (
          <p className="last-message" dir="auto">
            {session.lastMessage}
          </p>
        )}
        <p className="evidence" dir="auto">
          {[session.evidence, session.terminal].filter((part) => part !== null && part !== '').join(' · ')}
        </p>
        {trouble !== null && <TroubleBox trouble={trouble} />}
      </div>
      <Button kind="quiet" aria-label={`Open ${session.name ?? 'this session'}`} onClick={() => void open()}>
        Open
      </Button>
    </li>
  );
}
