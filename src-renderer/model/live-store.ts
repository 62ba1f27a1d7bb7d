import type { PopoverView } from '@contract/requests';
import type { Snapshot } from '@contract/snapshot';
import type { Ask, Connection, Trouble, WatchedBridge } from '../bridge';
import type { Operations } from './running-operations';
import { withEvent } from './running-operations';

export interface Live {
  readonly snapshot: Snapshot | null;
  readonly operations: Operations;
  readonly connection: Connection;
  /** Why there is no snapshot, when asking for the first one failed. */
  readonly trouble: Trouble | null;
  /** A view that the tray's menu asked for; `asked` counts, so that asking twice is seen twice. */
  readonly wanted: { readonly view: PopoverView; readonly asked: number } | null;
}

export interface LiveStore {
  get(): Live;
  subscribe(listener: () => void): () => void;
  /** Asks again after a failure. */
  retry(): void;
  dispose(): void;
}

/**
 * Subscribes, then gets once; what is older than what is shown is dropped. After a lost connection the
 * other side may be a new process that counts from the start, so its first snapshot counts anew.
 */
export function createLiveStore(bridge: WatchedBridge, ask: Ask): LiveStore {
  let live: Live = {
    snapshot: null,
    operations: new Map(),
    connection: 'open',
    trouble: null,
    wanted: null,
  };
  let newest = -1;
  const listeners = new Set<() => void>();
  const set = (change: Partial<Live>) => {
    live = { ...live, ...change };
    for (const listener of listeners) listener();
  };
  const receive = (snapshot: Snapshot) => {
    if (snapshot.revision <= newest) return;
    newest = snapshot.revision;
    set({ snapshot, trouble: null });
  };
  const get = async () => {
    const answer = await ask('snapshot.get', {});
    if (answer.ok) receive(answer.value);
    else if (live.snapshot === null) set({ trouble: answer.error });
  };

  const stops = [
    bridge.on('snapshot', receive),
    bridge.on('operation', (event) => set({ operations: withEvent(live.operations, event) })),
    bridge.on('view', (view) => set({ wanted: { view, asked: (live.wanted?.asked ?? 0) + 1 } })),
    bridge.onConnection?.((connection) => {
      const back = connection === 'open' && live.connection === 'lost';
      set({ connection });
      if (back) {
        newest = -1;
        void get();
      }
    }) ?? (() => {}),
  ];
  void get();

  return {
    get: () => live,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry() {
      set({ trouble: null });
      void get();
    },
    dispose() {
      for (const stop of stops) stop();
    },
  };
}
