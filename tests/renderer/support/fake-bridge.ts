import type { Bridge, Pushes, RequestName } from '@contract/requests';
import type { Result } from '@contract/result';

/** What a request answers: always the same, or one after the other with the last one staying. */
export type Canned = Result<unknown, unknown>;
export type Answers = { readonly [N in RequestName]?: Canned | readonly Canned[] | 'never' | 'throws' };

export interface FakeBridgeOptions {
  readonly face: Bridge['face'];
  readonly platform: Bridge['platform'];
  readonly answers: Answers;
}
export interface FakeBridgeState {
  readonly calls: { readonly name: string; readonly input: unknown }[];
  readonly subscribed: Record<string, number>;
  readonly heights: number[];
  readonly copied: string[];
  hidden: number;
  /** Answers given from now on. */
  answers: Record<string, unknown>;
  push<P extends keyof Pushes>(name: P, value: Pushes[P]): void;
}

/**
 * Runs inside the page, before its own scripts (so it closes over nothing): stands where the preload's
 * bridge stands, answers from a table, and keeps what it was asked.
 */
export function installFakeBridge({ face, platform, answers }: FakeBridgeOptions): void {
  const listeners: Record<string, Set<(value: unknown) => void>> = {
    snapshot: new Set(),
    operation: new Set(),
    view: new Set(),
  };
  const turns: Record<string, number> = {};
  const state: FakeBridgeState = {
    calls: [],
    subscribed: {},
    heights: [],
    copied: [],
    hidden: 0,
    answers: { ...answers },
    push: (name, value) => {
      for (const listener of listeners[name] ?? []) listener(value);
    },
  };
  const bridge = {
    face,
    platform,
    request: async (name: string, input: unknown) => {
      state.calls.push({ name, input });
      const answer = state.answers[name];
      if (answer === 'throws') throw new Error('the other side is gone');
      if (answer === 'never') return await new Promise(() => {});
      if (Array.isArray(answer)) {
        const turn = turns[name] ?? 0;
        turns[name] = turn + 1;
        return structuredClone(answer[Math.min(turn, answer.length - 1)]);
      }
      if (answer === undefined) return { ok: false, error: { kind: 'not-available', what: name } };
      return structuredClone(answer);
    },
    on: (name: string, listener: (value: unknown) => void) => {
      state.subscribed[name] = (state.subscribed[name] ?? 0) + 1;
      listeners[name]?.add(listener);
      return () => listeners[name]?.delete(listener);
    },
    hide: () => {
      state.hidden++;
    },
    ...(face === 'electron'
      ? {
          resize: (height: number) => {
            state.heights.push(height);
          },
          copy: async (text: string) => {
            state.copied.push(text);
            return true;
          },
        }
      : {}),
  };
  Object.defineProperty(window, 'orchard', { value: bridge });
  Object.defineProperty(window, 'fake', { value: state });
}
