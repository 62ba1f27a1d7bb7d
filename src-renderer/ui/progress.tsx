import { type ReactNode, useEffect, useRef } from 'react';
import type { RunningOperation, StepState } from '../model/running-operations';
import { Button } from './controls';
import { Icon } from './glyphs';
import { useOrchard } from './orchard-context';

const stepWords: { readonly [S in StepState]: string } = {
  waiting: 'to do',
  running: 'running',
  done: 'done',
  skipped: 'skipped',
  failed: 'failed',
  undone: 'taken back',
};
const stepMarks: { readonly [S in StepState]: ReactNode } = {
  waiting: <span className="step-dot" />,
  running: <span className="spinner" />,
  done: <Icon name="check" />,
  skipped: <Icon name="skip" />,
  failed: <Icon name="cross" />,
  undone: <Icon name="undo" />,
};

interface ProgressProps {
  readonly operation: RunningOperation | null;
  /** The plan's words for the steps' ids, where it has them. */
  readonly words?: ReadonlyMap<string, string>;
}
/** Steps as they happen, and what the commands print. */
export function Progress({ operation, words }: ProgressProps) {
  const steps = operation?.steps ?? [];
  return (
    <div className="progress">
      {steps.length === 0 ? (
        <p className="step running">
          <span className="spinner" aria-hidden="true" />
          <span>Starting…</span>
        </p>
      ) : (
        <ol>
          {steps.map(({ text, state }) => (
            <li key={text} className={`step ${state}`}>
              <span className="step-mark" aria-hidden="true">
                {stepMarks[state]}
              </span>
              <span dir="auto">{words?.get(text) ?? text}</span>
              <span className={state === 'skipped' || state === 'undone' ? 'hint' : 'visually-hidden'}>
                {stepWords[state]}
              </span>
            </li>
          ))}
        </ol>
      )}
      {operation !== null && operation.output !== '' && <Output text={operation.output} />}
    </div>
  );
}

/** Stays at its end while it grows, unless someone scrolled up to read. */
function Output({ text }: { readonly text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new text is what makes this run again
  useEffect(() => {
    const pre = box.current;
    if (pre !== null && atEnd.current) pre.scrollTop = pre.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={box}
      className="output"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Output"
      dir="ltr"
      onScroll={({ currentTarget: pre }) => {
        atEnd.current = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 24;
      }}
    >
      {text.replaceAll('\r', '')}
    </pre>
  );
}

export function CancelButton({ operation }: { readonly operation: RunningOperation | null }) {
  const { ask, say } = useOrchard();
  const cancel = async (id: string) => {
    const answer = await ask('operation.cancel', { operation: id });
    say(answer.ok ? 'Cancelling' : 'It can’t be cancelled now');
  };
  return (
    <Button
      data-first-focus
      // Not `disabled`: it takes the focus before the operation has told its id.
      aria-disabled={operation === null || operation.finished !== null}
      onClick={() => operation !== null && operation.finished === null && void cancel(operation.id)}
    >
      Cancel
    </Button>
  );
}
