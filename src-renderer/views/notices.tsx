import type { Snapshot, Suggestion } from '@contract/snapshot';
import { useState } from 'react';
import type { Connection } from '../bridge';
import { Button } from '../ui/controls';
import { Icon } from '../ui/glyphs';
import { useOrchard } from '../ui/orchard-context';
import { describeTrouble, TroubleBox } from '../ui/trouble-box';

interface NoticesProps {
  readonly snapshot: Snapshot;
  readonly connection: Connection;
  onOpen(worktreeId: string): void;
}

/** The oldest git that Orchard works with; shown when there is none at all to ask. */
const GIT_NEEDED = '2.39';

/** What stands between a person and the list being true or useful; usually nothing. */
export function Notices({ snapshot, connection, onOpen }: NoticesProps) {
  const { git, claude } = snapshot.tools;
  return (
    <div className="notices">
      {connection === 'lost' && (
        <div className="notice" role="status">
          <Icon name="warning" />
          <p>
            <strong>Connection lost.</strong> What you see is from before; trying again by itself.
          </p>
        </div>
      )}
      {connection === 'refused' && (
        <TroubleBox trouble={{ kind: 'forbidden', problem: 'This page’s token is no longer valid' }} />
      )}
      {git.state !== 'ok' && (
        <TroubleBox
          trouble={{
            kind: 'no-git',
            found: git.state === 'too-old' ? git.version : null,
            needed: git.state === 'too-old' ? git.needed : GIT_NEEDED,
          }}
        />
      )}
      {claude.state !== 'ok' && <ClaudeNotice />}
      {snapshot.problems.map(({ where, message }) => (
        <div className="notice" key={where + message}>
          <Icon name="warning" />
          <p dir="auto">
            <strong>
              <bdi>{where}</bdi>
            </strong>{' '}
            {message}
          </p>
        </div>
      ))}
      <Running />
      <Failed />
      <Suggestions suggestions={snapshot.suggestions} onOpen={onOpen} />
    </div>
  );
}

function ClaudeNotice() {
  const { title, next } = describeTrouble({ kind: 'no-claude' });
  return (
    <div className="notice">
      <Icon name="warning" />
      <p>
        <strong>{title}.</strong> {next} Worktrees are watched all the same.
      </p>
    </div>
  );
}

const kindWords = {
  spawn: 'Spawning',
  merge: 'Merging',
  cleanup: 'Cleaning up',
  undo: 'Undoing',
  rebase: 'Rebasing',
} as const;

/** Operations that run now, whoever started them: the app, a command line, another window. */
function Running() {
  const { ask, operations } = useOrchard();
  const running = [...operations.values()].filter(({ finished }) => finished === null);
  return running.map((operation) => {
    const step = operation.steps.find(({ state }) => state === 'running');
    return (
      <div className="notice running" key={operation.id}>
        <span className="spinner" aria-hidden="true" />
        <p dir="auto">
          <strong>{operation.title || kindWords[operation.kind]}</strong>
          {operation.waitsFor === null
            ? step !== undefined && ` ${step.text}`
            : ` Waits for ${operation.waitsFor}`}
        </p>
        <Button kind="quiet" onClick={() => void ask('operation.cancel', { operation: operation.id })}>
          Cancel
        </Button>
      </div>
    );
  });
}

/** Operations that failed while nobody looked at their view. */
function Failed() {
  const { operations, acknowledged, acknowledge } = useOrchard();
  const failed = [...operations.values()].filter(
    ({ id, finished }) =>
      finished !== null &&
      finished.failure !== null &&
      finished.failure.kind !== 'cancelled' &&
      !acknowledged.has(id),
  );
  return failed.map(
    ({ id, title, kind, finished }) =>
      finished?.failure && (
        <div key={id} role="status">
          <TroubleBox trouble={finished.failure}>
            <span className="hint" dir="auto">
              {title || kindWords[kind]}
            </span>
            <Button kind="quiet" onClick={() => acknowledge(id)}>
              Dismiss
            </Button>
          </TroubleBox>
        </div>
      ),
  );
}

const actionWords = { open: 'Open', merge: 'Merge…', cleanup: 'Clean up…', rebase: 'Rebase…' } as const;
const SHOWN = 1;

function Suggestions({
  suggestions,
  onOpen,
}: {
  readonly suggestions: readonly Suggestion[];
  onOpen(worktreeId: string): void;
}) {
  const { show } = useOrchard();
  const [all, setAll] = useState(false);
  const act = ({ action, worktree }: Suggestion) => {
    if (action === 'open') onOpen(worktree);
    else if (action !== null) show({ name: action, worktreeId: worktree });
  };
  const hidden = suggestions.length - SHOWN;
  return (
    <>
      {suggestions.slice(0, all ? undefined : SHOWN).map((suggestion) => (
        <div className="notice suggestion" key={suggestion.worktree + suggestion.text}>
          <Icon name="bulb" />
          <p dir="auto">{suggestion.text}</p>
          {suggestion.action !== null && suggestion.worktree !== '' && (
            <Button kind="quiet" onClick={() => act(suggestion)}>
              {actionWords[suggestion.action]}
            </Button>
          )}
        </div>
      ))}
      {hidden > 0 && (
        <button type="button" className="more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer suggestions' : `${hidden} more ${hidden === 1 ? 'suggestion' : 'suggestions'}`}
        </button>
      )}
    </>
  );
}
