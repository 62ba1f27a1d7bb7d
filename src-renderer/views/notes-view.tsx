import type { NoteView } from '@contract/requests';
import type { WorktreeView } from '@contract/snapshot';
import { useEffect, useState } from 'react';
import type { Trouble } from '../bridge';
import { titleOf } from '../model/rows';
import { Age } from '../ui/clock';
import { Page } from '../ui/frame';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';

/** The brain's notes of a worktree, as text: nothing in them is interpreted. */
export function NotesView({ worktree }: { readonly worktree: WorktreeView }) {
  const { ask } = useOrchard();
  const [notes, setNotes] = useState<readonly NoteView[] | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const { id: worktreeId } = worktree;
  useEffect(() => {
    let stopped = false;
    void ask('worktree.notes', { worktreeId }).then((answer) => {
      if (stopped) return;
      if (answer.ok) setNotes(answer.value.notes);
      else setTrouble(answer.error);
    });
    return () => {
      stopped = true;
    };
  }, [ask, worktreeId]);
  return (
    <Page title="Notes" subtitle={titleOf(worktree)}>
      {trouble !== null && <TroubleBox trouble={trouble} />}
      {notes?.length === 0 && <p className="nothing">No notes yet.</p>}
      {notes?.map(({ title, path, at, text }, place) => (
        <details key={path} className="note" open={place === 0}>
          <summary>
            <span className="note-title" dir="auto">
              {title}
            </span>
            <Age at={at} />
          </summary>
          <p className="hint">
            <bdi>{path}</bdi>
          </p>
          <pre dir="auto">{text}</pre>
        </details>
      ))}
    </Page>
  );
}
