import type { Live } from '../model/live-store';
import { Button } from '../ui/controls';
import { Page } from '../ui/frame';
import type { View } from '../ui/orchard-context';
import { useOrchard } from '../ui/orchard-context';
import { TroubleBox } from '../ui/trouble-box';
import { CleanupView } from './cleanup-view';
import { DoctorView } from './doctor-view';
import { MergeView } from './merge-view';
import { NotesView } from './notes-view';
import { SettingsView } from './settings-view';
import { SpawnView } from './spawn-view';
import { LoadingView, StartTroubleView } from './start-views';
import { UndoView } from './undo-view';
import { WorktreesView } from './worktrees-view';

interface CurrentViewProps {
  readonly view: View;
  readonly live: Live;
  readonly focusRow: string | null;
  readonly openings: number;
  onRetry(): void;
}

export function CurrentView({ view, live, focusRow, openings, onRetry }: CurrentViewProps) {
  const { snapshot, connection, trouble } = live;
  if (snapshot === null) {
    if (connection === 'refused')
      return (
        <StartTroubleView
          trouble={{ kind: 'forbidden', problem: 'This page has no valid token' }}
          onRetry={onRetry}
        />
      );
    if (trouble !== null) return <StartTroubleView trouble={trouble} onRetry={onRetry} />;
    if (connection === 'lost')
      return <StartTroubleView trouble={{ kind: 'unreachable' }} onRetry={onRetry} />;
    return <LoadingView />;
  }
  const worktree = (id: string) =>
    snapshot.repositories.flatMap((repository) => repository.worktrees).find((one) => one.id === id);

  switch (view.name) {
    case 'list':
      return (
        <WorktreesView snapshot={snapshot} connection={connection} focusRow={focusRow} openings={openings} />
      );
    case 'spawn':
      return <SpawnView snapshot={snapshot} repositoryId={view.repositoryId} />;
    case 'merge':
    case 'rebase':
      return (
        <MergeView
          key={view.name + view.worktreeId}
          mode={view.name}
          snapshot={snapshot}
          worktreeId={view.worktreeId}
          worktree={worktree(view.worktreeId) ?? null}
        />
      );
    case 'cleanup':
      return (
        <CleanupView
          key={view.worktreeId}
          worktreeId={view.worktreeId}
          worktree={worktree(view.worktreeId) ?? null}
        />
      );
    case 'notes': {
      const found = worktree(view.worktreeId);
      return found === undefined ? <GonePage /> : <NotesView worktree={found} />;
    }
    case 'undo':
      return <UndoView />;
    case 'settings':
      return <SettingsView />;
    case 'doctor':
      return <DoctorView />;
  }
}

function GonePage() {
  const { back } = useOrchard();
  return (
    <Page title="Gone">
      <TroubleBox trouble={{ kind: 'not-found', what: 'worktree', name: 'that was here' }}>
        <Button onClick={() => back()}>Back to the list</Button>
      </TroubleBox>
    </Page>
  );
}
