import type { OperationEvent } from '../../src-main/contract/operations';
import { type Handlers, type RequestName, requests } from '../../src-main/contract/requests';
import { defaultSettings } from '../../src-main/contract/settings';
import type { Snapshot } from '../../src-main/contract/snapshot';
import type { Orchard } from '../../src-main/engine/orchard';
import { createSilentLog } from './silent-log';

export const emptySnapshot: Snapshot = {
  revision: 1,
  takenAt: '2026-01-05T09:00:00.000Z',
  line: 'no sessions',
  counts: { needsYou: 0, working: 0, done: 0, worktrees: 0, repositories: 0 },
  tray: { icon: 'calm', title: '' },
  repositories: [],
  elsewhere: [],
  suggestions: [],
  problems: [],
  tools: { git: { state: 'ok', version: '2.39.5', path: '/usr/bin/git' }, claude: { state: 'missing' } },
  complete: true,
};

/** An engine that answers what a test says, and throws when it is asked anything else. */
export function createFakeOrchard(first: Snapshot = emptySnapshot, handlers: Partial<Handlers> = {}) {
  let snapshot = first;
  let settings = defaultSettings;
  const snapshots = new Set<(snapshot: Snapshot) => void>();
  const operations = new Set<(event: OperationEvent) => void>();
  const log = createSilentLog();
  const calls: { readonly name: string; readonly input: unknown }[] = [];
  const answers: Partial<Handlers> = {
    'snapshot.get': async () => ({ ok: true, value: snapshot }),
    'snapshot.refresh': async () => ({ ok: true, value: snapshot }),
    ...handlers,
  };
  const all = Object.fromEntries(
    (Object.keys(requests) as RequestName[]).map((name) => [
      name,
      async (input: unknown) => {
        calls.push({ name, input });
        const answer = answers[name] as ((input: unknown) => Promise<unknown>) | undefined;
        if (answer === undefined) throw new Error(`not expected: ${name}`);
        return answer(input);
      },
    ]),
  ) as unknown as Handlers;
  const orchard: Orchard = {
    handlers: all,
    log,
    settings: {
      file: '/config/settings.json',
      setAside: null,
      get: () => settings,
      async update(change) {
        settings = change(settings);
        return { ok: true, value: settings };
      },
      onChange: () => () => {},
      dispose() {},
    },
    snapshot: () => snapshot,
    onSnapshot(listener) {
      snapshots.add(listener);
      return () => snapshots.delete(listener);
    },
    onOperation(listener) {
      operations.add(listener);
      return () => operations.delete(listener);
    },
    start: async () => snapshot,
    settled: async () => snapshot,
    leave: () => void calls.push({ name: 'leave', input: null }),
    comeBack: () => void calls.push({ name: 'come back', input: null }),
    performance: () => null,
    async dispose() {
      disposed++;
    },
  };
  let disposed = 0;
  return {
    orchard,
    calls,
    log,
    disposed: () => disposed,
    push(next: Snapshot) {
      snapshot = next;
      for (const listener of snapshots) listener(next);
    },
    operate(event: OperationEvent) {
      for (const listener of operations) listener(event);
    },
    listeners: () => snapshots.size + operations.size,
  };
}
