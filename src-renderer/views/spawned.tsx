import type { SpawnDone } from '@contract/plans';
import { useState } from 'react';
import { Button } from '../ui/controls';
import { Page } from '../ui/frame';
import { Icon } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';

const reachedWords = {
  pane: 'in its pane of',
  window: 'in a window of',
  application: 'in',
  new: 'in a new window of',
} as const;

/** What was made, and how to begin when no terminal was opened. */
export function SpawnedPage({ done, title }: { readonly done: SpawnDone; readonly title: string }) {
  const { back, copy, say } = useOrchard();
  const [copied, setCopied] = useState(false);
  const copyAll = async () => {
    const worked = await copy(done.commands.join('\n'));
    setCopied(worked);
    say(worked ? 'Copied' : 'Select and copy it');
  };
  return (
    <Page
      title="Spawned"
      subtitle={title}
      stage="done"
      footer={
        <>
          <span className="footer-note" />
          <Button icon="copy" onClick={() => void copyAll()}>
            {copied ? 'Copied' : 'Copy commands'}
          </Button>
          <Button kind="primary" data-first-focus onClick={() => back(done.worktreeId)}>
            Done
          </Button>
        </>
      }
    >
      <div className="outcome">
        <Icon name="check" />
        <p>
          {done.opened === null ? (
            'The worktree is ready. Run this in a terminal to begin:'
          ) : (
            <>
              Claude starts {reachedWords[done.opened.reached]} {done.opened.terminal}.
            </>
          )}
        </p>
      </div>
      <dl className="plan">
        <dt>Folder</dt>
        <dd>
          <bdi>{done.path}</bdi>
        </dd>
        <dt>Branch</dt>
        <dd>
          <bdi>{done.branch}</bdi>
        </dd>
      </dl>
      {done.opened === null && (
        <code className="exact" dir="ltr">
          {done.commands.join('\n')}
        </code>
      )}
      {done.warnings.map((warning) => (
        <p className="hint" key={warning} dir="auto">
          {warning}
        </p>
      ))}
    </Page>
  );
}
