import { useState } from 'react';
import type { Trouble } from '../bridge';
import { Button } from '../ui/controls';
import { useOrchard } from '../ui/orchard-context';
import { describeTrouble } from '../ui/trouble-box';

/** Troubles whose next step is taken in the worktree itself. */
const inTerminal: ReadonlySet<Trouble['kind']> = new Set<Trouble['kind']>([
  'conflict',
  'dirty',
  'operation-under-way',
  'session-busy',
  'session-live',
  'validation-failed',
  'validation-changed-files',
]);
export const mendedInTerminal = (trouble: Trouble): boolean => inTerminal.has(trouble.kind);

/** The way to where a trouble is mended. */
export function OpenTerminal({ worktreeId }: { readonly worktreeId: string }) {
  const { ask, say } = useOrchard();
  const [refused, setRefused] = useState<string | null>(null);
  const open = async () => {
    const answer = await ask('worktree.open', { worktreeId, sessionId: null });
    if (answer.ok) say(`Opened in ${answer.value.terminal}`);
    setRefused(answer.ok ? null : describeTrouble(answer.error).message);
  };
  return (
    <>
      <Button icon="terminal" onClick={() => void open()}>
        Open terminal
      </Button>
      {refused !== null && (
        <span className="hint" role="status" dir="auto">
          {refused}
        </span>
      )}
    </>
  );
}
