import type { Snapshot } from '@contract/snapshot';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { Ask, WatchedBridge } from './bridge';
import { announce } from './model/announcements';
import type { LiveStore } from './model/live-store';
import { ClockProvider } from './ui/clock';
import { copyText } from './ui/copy-text';
import { OrchardContext, type OrchardUi, type View } from './ui/orchard-context';
import { CurrentView } from './views/current-view';

interface AppProps {
  readonly bridge: WatchedBridge;
  readonly ask: Ask;
  readonly store: LiveStore;
}

/** Two openings within this many milliseconds are one: showing a window both focuses it and makes it visible. */
const ONE_OPENING_MS = 1_000;

export function App({ bridge, ask, store }: AppProps) {
  const live = useSyncExternalStore(store.subscribe, store.get);
  const [view, setView] = useState<View>({ name: 'list' });
  const [focusRow, setFocusRow] = useState<string | null>(null);
  const [openings, setOpenings] = useState(0);
  const { text, say } = useLiveRegion(live.snapshot);

  const show = useCallback((next: View) => {
    setFocusRow('worktreeId' in next ? next.worktreeId : null);
    setView(next);
  }, []);
  const back = useCallback((focusWorktree?: string) => {
    if (focusWorktree !== undefined) setFocusRow(focusWorktree);
    setView({ name: 'list' });
  }, []);
  const [acknowledged, setAcknowledged] = useState<ReadonlySet<string>>(new Set());
  const acknowledge = useCallback((operation: string) => {
    setAcknowledged((before) => (before.has(operation) ? before : new Set([...before, operation])));
  }, []);
  const copy = useCallback((value: string) => copyText(bridge, value), [bridge]);

  const { wanted } = live;
  useEffect(() => {
    if (wanted === null) return;
    if (wanted.view === 'spawn') show({ name: 'spawn', repositoryId: null });
    else if (wanted.view === 'settings') show({ name: 'settings' });
    else back();
  }, [wanted, show, back]);

  useOpenings(() => {
    void ask('popover.opened', {});
    setFocusRow(null);
    setOpenings((count) => count + 1);
  });

  const ui = useMemo<OrchardUi>(
    () => ({
      ask,
      bridge,
      operations: live.operations,
      show,
      back,
      say,
      copy,
      acknowledge,
      acknowledged,
    }),
    [ask, bridge, live.operations, show, back, say, copy, acknowledge, acknowledged],
  );

  // On the window, so that Esc works wherever the focus is, or when it is nowhere.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing) return;
      event.preventDefault();
      if (view.name === 'list') bridge.hide();
      else back();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [view, bridge, back]);

  return (
    <OrchardContext value={ui}>
      <ClockProvider>
        <div className="popover">
          <CurrentView
            view={view}
            live={live}
            focusRow={focusRow}
            openings={openings}
            onRetry={store.retry}
          />
        </div>
        <p className="visually-hidden" role="status" aria-live="polite">
          {text}
        </p>
      </ClockProvider>
    </OrchardContext>
  );
}

/** What changed since the last snapshot, and whatever a view wants said. */
function useLiveRegion(snapshot: Snapshot | null) {
  const [text, setText] = useState('');
  const before = useRef<Snapshot | null>(null);
  useEffect(() => {
    const last = before.current;
    before.current = snapshot;
    if (last === null || snapshot === null || last === snapshot) return;
    const news = announce(last, snapshot);
    if (news !== null) setText(news);
  }, [snapshot]);
  return { text, say: setText };
}

/** Calls back when the page comes to the front, the first time included. */
function useOpenings(onOpen: () => void) {
  const latest = useRef(onOpen);
  useEffect(() => {
    latest.current = onOpen;
  });
  useEffect(() => {
    let last = Number.NEGATIVE_INFINITY;
    const opened = () => {
      if (document.visibilityState === 'hidden') {
        last = Number.NEGATIVE_INFINITY;
        return;
      }
      const now = performance.now();
      if (now - last < ONE_OPENING_MS) return;
      last = now;
      latest.current();
    };
    const reopened = () => {
      if (document.visibilityState === 'visible') opened();
    };
    opened();
    document.addEventListener('visibilitychange', opened);
    window.addEventListener('focus', reopened);
    return () => {
      document.removeEventListener('visibilitychange', opened);
      window.removeEventListener('focus', reopened);
    };
  }, []);
}
