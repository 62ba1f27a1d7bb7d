/** The face as the engine's ports, when it lives in another process. */
import type { FaceProblems, Person } from '../engine/orchard';
import type { Notifier } from '../engine/ports';
import type { FaceState, FromEngine, ToEngine } from './messages';

/** More than any notification centre keeps; a click on an older one still opens its session. */
const MOST_CLICKS = 100;

type Answer = Extract<ToEngine, { kind: 'answered' }>['answer'];
type Question = Extract<FromEngine, { kind: 'ask' }>['question'];

export interface RemoteFace {
  readonly notifier: Notifier;
  readonly person: Person;
  readonly faceProblems: FaceProblems;
  /** What the face said of itself. */
  adopt(state: FaceState): void;
  answered(id: number, answer: Answer): void;
  /** False for a notification that this engine did not send: an earlier one did. */
  clicked(notification: string): boolean;
}

export function createRemoteFace(first: FaceState, send: (message: FromEngine) => void): RemoteFace {
  const listeners = new Set<() => void>();
  const clicks = new Map<string, () => void>();
  const asked = new Map<number, (answer: Answer) => void>();
  let state = first;
  let nextId = 1;

  const ask = (question: Question): Promise<Answer> =>
    new Promise((resolve) => {
      const id = nextId++;
      asked.set(id, resolve);
      send({ kind: 'ask', id, question });
    });

  return {
    notifier: {
      get problem() {
        return state.notifications?.problem ?? null;
      },
      get remedy() {
        return state.notifications?.remedy ?? null;
      },
      notify(request, onClick) {
        clicks.delete(request.id);
        clicks.set(request.id, onClick);
        const oldest = clicks.keys().next().value;
        if (clicks.size > MOST_CLICKS && oldest !== undefined) clicks.delete(oldest);
        send({ kind: 'notify', request });
      },
    },
    person: {
      async chooseDirectory(title) {
        const answer = await ask({ of: 'directory', title });
        return answer.of === 'directory' ? answer.path : null;
      },
      async confirm(title, text) {
        const answer = await ask({ of: 'confirm', title, text });
        return answer.of === 'confirm' && answer.yes;
      },
      refused: (failure) => send({ kind: 'refused', failure }),
      showList: () => send({ kind: 'show-list' }),
    },
    faceProblems: {
      list: () => state.problems,
      onChange(listener) {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    },
    adopt(next) {
      state = next;
      for (const listener of listeners) listener();
    },
    answered(id, answer) {
      asked.get(id)?.(answer);
      asked.delete(id);
    },
    clicked(notification) {
      const onClick = clicks.get(notification);
      onClick?.();
      return onClick !== undefined;
    },
  };
}
