/** Ports whose other side a test plays. */

import { ok } from '../../src-main/contract/result';
import { defaultSettings, type Settings } from '../../src-main/contract/settings';
import type {
  GitObserver,
  Log,
  PastConversation,
  RepositoryFacts,
  RepositoryLocation,
  SessionFacts,
  SessionLedger,
  SessionMemory,
  SessionObserver,
  SettingsStore,
} from '../../src-main/engine/ports';

function bell<T>() {
  const listeners = new Set<(value: T) => void>();
  return {
    on(listener: (value: T) => void) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    ring(value: T) {
      for (const listener of listeners) listener(value);
    },
  };
}

export function fakeGit(locations: Readonly<Record<string, RepositoryLocation>>) {
  const facts = bell<RepositoryFacts>();
  const observed: string[][] = [];
  const hints: string[] = [];
  let answers: readonly RepositoryFacts[] = [];
  const port: GitObserver = {
    locate: async (directory) => locations[directory] ?? null,
    observe: async (wanted) => {
      observed.push(wanted.map(({ id }) => id));
      for (const answer of answers)
        if (wanted.some(({ id }) => id === answer.location.id)) facts.ring(answer);
    },
    onFacts: facts.on,
    refresh: async () => undefined,
    hint: (directory) => void hints.push(directory),
    dispose: async () => undefined,
  };
  return {
    port,
    observed,
    hints,
    report: facts.ring,
    answerWith(next: readonly RepositoryFacts[]) {
      answers = next;
    },
  };
}

export function fakeSessions() {
  const sessions = bell<readonly SessionFacts[]>();
  const activity = bell<string>();
  const past = new Map<string, PastConversation>();
  let projects: readonly string[] = [];
  const port: SessionObserver = {
    start: async () => undefined,
    onSessions: sessions.on,
    onActivity: activity.on,
    refresh: async () => undefined,
    pastConversation: async (directory) => past.get(directory) ?? null,
    knownProjects: async () => projects,
    tool: async () => ({ state: 'missing' }),
    dispose: async () => undefined,
  };
  return {
    port,
    past,
    report: sessions.ring,
    active: activity.ring,
    setProjects(next: readonly string[]) {
      projects = next;
    },
  };
}

export function fakeLedger(initial: Readonly<Record<string, SessionMemory>> = {}) {
  const changes = bell<void>();
  let entries = initial;
  const port: SessionLedger = {
    read: async () => entries,
    write: async (more) => {
      entries = { ...entries, ...more };
    },
    onChange: changes.on,
    dispose: () => undefined,
  };
  return {
    port,
    entries: () => entries,
    /** Another process wrote. */
    writtenElsewhere(more: Readonly<Record<string, SessionMemory>>) {
      entries = { ...entries, ...more };
      changes.ring();
    },
  };
}

export function fakeSettings(change: Partial<Settings> = {}) {
  const changes = bell<Settings>();
  let current: Settings = { ...defaultSettings, ...change };
  const port: SettingsStore = {
    get: () => current,
    update: async (next) => {
      current = next(current);
      changes.ring(current);
      return ok(current);
    },
    onChange: changes.on,
    setAside: null,
    file: '/config/settings.json',
    dispose: () => undefined,
  };
  return port;
}

/** A log that fails the test when a bug is reported, and keeps the rest. */
export function strictLog(): Log & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return {
    warnings,
    info: () => undefined,
    warn: (event) => void warnings.push(event),
    bug(event, error) {
      throw new Error(`reported as a bug: ${event}`, { cause: error });
    },
  };
}
