import { useState } from 'react';
import type { Trouble } from '../bridge';
import { Button } from '../ui/controls';
import { copyText } from '../ui/copy-text';
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

interface OpenTerminalProps {
  readonly worktreeId: string;
  /** A conflict: Claude is told to resolve it, or a running session's person gets the words to paste. */
  readonly conflict?: boolean;
}
/** The way to where a trouble is mended. */
export function OpenTerminal({ worktreeId, conflict = false }: OpenTerminalProps) {
  const { ask, say, bridge } = useOrchard();
  const [refused, setRefused] = useState<string | null>(null);
  const open = async () => {
    const answer = await ask('worktree.open', { worktreeId, sessionId: null });
    if (answer.ok) say(`Opened in ${answer.value.terminal}`);
    setRefused(answer.ok ? null : describeTrouble(answer.error).message);
  };
  const resolve = async () => {
    const answer = await ask('worktree.openToResolve', { worktreeId });
    setRefused(answer.ok ? null : describeTrouble(answer.error).message);
    if (!answer.ok) return;
    if (answer.value.told) return say(`Claude was told to resolve it, in ${answer.value.terminal}`);
    const copied = await copyText(bridge, answer.value.prompt);
    say(copied ? 'Paste what was copied into the session' : answer.value.prompt);
  };
  return (
    <>
      {conflict && (
        <Button icon="terminal" onClick={() => void resolve()}>
          Have Claude resolve it
        </Button>
      )}
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
