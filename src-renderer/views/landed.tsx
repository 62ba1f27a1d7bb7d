import type { MergeDone } from '@contract/plans';
import type { Snapshot } from '@contract/snapshot';
import { useState } from 'react';
import { titleOf } from '../model/rows';
import { Button } from '../ui/controls';
import { Page } from '../ui/frame';
import { Icon } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';
import { PlanList } from '../ui/plan-parts';
import { TroubleBox } from '../ui/trouble-box';
import { UndoButton } from './undo-button';

interface LandedProps {
  readonly done: MergeDone;
  readonly mode: 'merge' | 'rebase';
  readonly title: string;
  readonly base: string;
  readonly worktreeId: string;
  readonly snapshot: Snapshot;
}

/** What happened, and the three things one may want next: clean up, rebase a sibling, take it back. */
export function Landed({ done, mode, title, base, worktreeId, snapshot }: LandedProps) {
  const { show, back } = useOrchard();
  const [undone, setUndone] = useState<readonly string[] | null>(null);
  const siblings = snapshot.repositories
    .flatMap(({ worktrees }) => worktrees)
    .filter(({ id }) => done.rebaseNow.includes(id));
  const canCleanUp = mode === 'merge' && done.removed === null && undone === null;
  return (
    <Page
      title={mode === 'rebase' ? 'Rebased' : done.landed === null ? 'Pull request' : 'Merged'}
      subtitle={title}
      stage={undone === null ? 'landed' : 'undone'}
      footer={
        <>
          {undone === null && <UndoButton operation={done.operation} onUndone={setUndone} />}
          <span className="footer-note" />
          <Button data-first-focus={canCleanUp ? undefined : true} onClick={() => back()}>
            Done
          </Button>
          {canCleanUp && done.pullRequest === null && (
            <Button kind="primary" data-first-focus onClick={() => show({ name: 'cleanup', worktreeId })}>
              Clean up…
            </Button>
          )}
        </>
      }
    >
      {undone !== null ? (
        <Outcome lines={['Taken back.', ...undone]} />
      ) : (
        <>
          {mode === 'rebase' && <Outcome lines={[`The branch now stands on ${base}.`]} />}
          {done.landed !== null && (
            <Outcome lines={[`Landed on ${done.landed.base} as ${done.landed.sha.slice(0, 9)}.`]} />
          )}
          {done.pullRequest !== null && <PullRequest address={done.pullRequest} />}
          {done.removed !== null && <Outcome lines={[`Cleaned up ${done.removed}.`]} />}
        </>
      )}
      {undone === null && <PlanList title="Mind this" items={done.warnings ?? []} />}
      {undone === null && siblings.length > 0 && (
        <section className="plan-list">
          <h2>These change the same files: rebase them now</h2>
          <ul className="rebase-now">
            {siblings.map((sibling) => (
              <li key={sibling.id}>
                <span dir="auto">{titleOf(sibling)}</span>
                {sibling.rebaseNow !== null && sibling.rebaseNow.waitsFor !== null ? (
                  <span className="hint">{sibling.rebaseNow.next}</span>
                ) : (
                  <Button kind="quiet" onClick={() => show({ name: 'rebase', worktreeId: sibling.id })}>
                    Rebase…
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  );
}

export function Outcome({ lines }: { readonly lines: readonly string[] }) {
  return (
    <div className="outcome">
      <Icon name="check" />
      <div>
        {lines.map((line) => (
          <p key={line} dir="auto">
            {line}
          </p>
        ))}
      </div>
    </div>
  );
}

/** Only an https address becomes a link; the host decides what it opens with. */
function PullRequest({ address }: { readonly address: string }) {
  const { copy, say } = useOrchard();
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
    return <TroubleBox trouble={{ kind: 'not-available', what: 'The pull request’s address' }} />;
  return (
    <div className="outcome">
      <Icon name="branch" />
      <div>
        <p>
          <a href={address} target="_blank" rel="noreferrer noopener">
            {address}
          </a>
        </p>
        <Button
          kind="quiet"
          onClick={() => void copy(address).then((copied) => say(copied ? 'Copied' : 'Not copied'))}
        >
          Copy address
        </Button>
      </div>
    </div>
  );
}
