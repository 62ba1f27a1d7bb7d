import type { FailureText } from '@contract/failure-texts';
import { describeFailure } from '@contract/failure-texts';
import type { ReactNode } from 'react';
import type { Trouble } from '../bridge';
import { Icon } from './glyphs';

export function describeTrouble(trouble: Trouble): FailureText {
  if (trouble.kind === 'unreachable')
    return {
      title: 'Connection lost',
      message: 'Orchard does not answer.',
      next: 'Start Orchard again, then come back here; nothing that runs is stopped by this.',
      details: null,
    };
  return describeFailure(trouble);
}

/** Words between backquotes are things to type; everything else is text. */
function Words({ text }: { readonly text: string }) {
  return text.split('`').map((part, place) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one fixed sentence
    place % 2 === 1 ? <code key={place}>{part}</code> : part,
  );
}

interface TroubleBoxProps {
  readonly trouble: Trouble;
  /** What to do about it, right here. */
  readonly children?: ReactNode;
}
/** A failure as every face words it: title, one sentence, the next step, git's own words on demand. */
export function TroubleBox({ trouble, children }: TroubleBoxProps) {
  const { title, message, next, details } = describeTrouble(trouble);
  return (
    <section className="trouble" aria-label={title}>
      <p className="trouble-title">
        <Icon name="warning" />
        <strong>{title}</strong>
      </p>
      <p dir="auto">
        <Words text={message} />
      </p>
      <p className="next" dir="auto">
        <Words text={next} />
      </p>
      {details !== null && details !== '' && (
        <details>
          <summary>Details</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <pre tabIndex={0}>{details}</pre>
        </details>
      )}
      {children !== undefined && children !== false && <div className="actions">{children}</div>}
    </section>
  );
}
