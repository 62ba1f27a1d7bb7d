import type { UndoableOperation } from '@contract/plans';
import { useCallback, useEffect, useState } from 'react';
import type { Trouble } from '../bridge';
import { byteSize, exactTime, shortDay } from '../model/ages';
import { Age } from '../ui/clock';
import { Button } from '../ui/controls';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';
import { Outcome } from './landed';
import { UndoButton } from './undo-button';

export function UndoView() {
  const { ask } = useOrchard();
  const [operations, setOperations] = useState<readonly UndoableOperation[] | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [restored, setRestored] = useState<readonly string[] | null>(null);
  const load = useCallback(async () => {
    const answer = await ask('operation.list', {});
    if (answer.ok) setOperations(answer.value.operations);
    setTrouble(answer.ok ? null : answer.error);
  }, [ask]);
  useEffect(() => {
    void load();
  }, [load]);
  return (
    <Page title="Undo" subtitle="Merges and cleanups of the last 7 days">
      {trouble !== null && (
        <TroubleBox trouble={trouble}>
          <Button onClick={() => void load()}>Try again</Button>
        </TroubleBox>
      )}
      {restored !== null && <Outcome lines={['Taken back.', ...restored]} />}
      {operations === null && trouble === null && <p className="hint">Looking…</p>}
      {operations?.length === 0 && <p className="nothing">Nothing to undo.</p>}
      {operations !== null && operations.length > 0 && (
        <ul className="entries">
          {operations.map(({ operation, kind, summary, at, until, diskBytes }) => (
            <li key={operation}>
              <div className="entry-text">
                <p dir="auto">{summary}</p>
                <p className="hint">
                  {kind === 'merge' ? 'Merge' : 'Cleanup'} · <Age at={at} /> ·{' '}
                  <span title={exactTime(until)}>until {shortDay(until)}</span>
                  {diskBytes !== null && ` · ${byteSize(diskBytes)}`}
                </p>
              </div>
              <UndoButton
                operation={operation}
                label={`Undo ${summary}`}
                onUndone={(what) => {
                  setRestored(what);
                  void load();
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
