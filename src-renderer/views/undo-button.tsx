import { useState } from 'react';
import type { Trouble } from '../bridge';
import { Button } from '../ui/controls';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';

interface UndoButtonProps {
  readonly operation: string;
  readonly kind?: 'plain' | 'quiet';
  readonly label?: string;
  /** Push the remote branch again too: it went with what is undone. */
  readonly restoreRemote?: boolean;
  onUndone(restored: readonly string[]): void;
}

/** Undo refuses to overwrite, so it needs no yes. */
export function UndoButton({
  operation,
  kind = 'plain',
  label,
  restoreRemote = false,
  onUndone,
}: UndoButtonProps) {
  const { ask, say } = useOrchard();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const undo = async () => {
    setBusy(true);
    setTrouble(null);
    const answer = await ask('operation.undo', restoreRemote ? { operation, restoreRemote } : { operation });
    setBusy(false);
    if (answer.ok) {
      say('Taken back');
      onUndone(answer.value.restored);
    } else setTrouble(answer.error);
  };
  return (
    <>
      <Button kind={kind} icon="undo" disabled={busy} aria-label={label} onClick={() => void undo()}>
        {busy ? 'Undoing…' : 'Undo'}
      </Button>
      {trouble !== null && (
        <div className="undo-trouble">
          <TroubleBox trouble={trouble} />
        </div>
      )}
    </>
  );
}
