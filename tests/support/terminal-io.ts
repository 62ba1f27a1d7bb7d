import { plain, styleFor } from '../../src-main/faces/terminal/style';
import type { Stream, TerminalIo } from '../../src-main/faces/terminal/terminal-io';

/** A terminal that keeps what was printed. `answers` make it one with a person at it. */
export function createFakeIo({
  columns = null,
  rows = 24,
  colour = false,
  answers = null,
}: {
  readonly columns?: number | null;
  readonly rows?: number;
  readonly colour?: boolean;
  readonly answers?: readonly boolean[] | null;
} = {}) {
  const text = { out: '', err: '' };
  const questions: string[] = [];
  const left = [...(answers ?? [])];
  const goneListeners = new Set<() => void>();
  const resizeListeners = new Set<() => void>();
  const keyListeners = new Set<(key: string) => void>();
  const state = { columns, rows, gone: false };
  const stream = (name: 'out' | 'err'): Stream => ({
    write(more) {
      if (!state.gone) text[name] += more;
    },
    isTerminal: columns !== null,
    style: colour ? styleFor(true, {}) : plain,
    size: () => (state.columns === null ? null : { columns: state.columns, rows: state.rows }),
    onResize(listener) {
      resizeListeners.add(listener);
      return () => resizeListeners.delete(listener);
    },
    get gone() {
      return state.gone;
    },
    onGone(listener) {
      goneListeners.add(listener);
      return () => goneListeners.delete(listener);
    },
  });
  const io: TerminalIo = {
    out: stream('out'),
    err: stream('err'),
    ask:
      answers === null
        ? null
        : async (question) => {
            questions.push(question);
            return left.shift() ?? false;
          },
    keys:
      columns === null
        ? null
        : (listener) => {
            keyListeners.add(listener);
            return () => keyListeners.delete(listener);
          },
    flush: async () => {},
  };
  return {
    io,
    text,
    questions,
    press(key: string) {
      for (const listener of keyListeners) listener(key);
    },
    resize(to: { readonly columns: number; readonly rows: number }) {
      Object.assign(state, to);
      for (const listener of resizeListeners) listener();
    },
    hangUp() {
      state.gone = true;
      for (const listener of goneListeners) listener();
    },
    listening: () => goneListeners.size + resizeListeners.size + keyListeners.size,
  };
}
