/** The app's end of the wire to the test. */
import type { AppState, FromApp, QuestionName, Questions, ToApp } from '../messages';

type Answerer<Q extends QuestionName> = (
  ask: Questions[Q]['ask'],
) => Questions[Q]['answer'] | Promise<Questions[Q]['answer']>;

const answerers = new Map<QuestionName, (ask: unknown) => unknown>();
const loads = new Map<number, (problem: string | null) => void>();
const parts: (() => Partial<AppState>)[] = [];
let nextLoad = 1;
let publishing = false;

export function tell(message: FromApp): void {
  if (process.connected) process.send?.(message);
}

export function answer<Q extends QuestionName>(name: Q, answerer: Answerer<Q>): void {
  answerers.set(name, (ask) => answerer(ask as Questions[Q]['ask']));
}

/** A part of the state that the test sees; `publish` sends all parts after the current step. */
export function describeState(part: () => Partial<AppState>): void {
  parts.push(part);
}
/** Each part describes its own fields and together they are the state. */
const wholeState = () => Object.assign({}, ...parts.map((part) => part())) as AppState;
answer('state', wholeState);

export function publish(): void {
  if (publishing) return;
  publishing = true;
  queueMicrotask(() => {
    publishing = false;
    tell({ type: 'state', state: wholeState() });
  });
}

export function load(window: number, url: string): Promise<void> {
  const reply = nextLoad++;
  return new Promise((resolve, reject) => {
    loads.set(reply, (problem) => (problem === null ? resolve() : reject(new Error(problem))));
    tell({ type: 'window.load', window, url, reply });
  });
}

process.on('message', (message: ToApp) => {
  if (message.type === 'loaded') {
    loads.get(message.reply)?.(message.problem);
    loads.delete(message.reply);
    return;
  }
  const { id, name, ask } = message;
  const answerer = answerers.get(name);
  // The app under test may answer through its own copy of this file.
  if (answerer === undefined && name.startsWith('engine')) return;
  Promise.resolve()
    .then(() => {
      if (answerer === undefined) throw new Error(`Nothing in the app answers ${name}`);
      return answerer(ask);
    })
    .then(
      (value) => tell({ type: 'answer', id, value }),
      (error: unknown) =>
        tell({ type: 'failure', id, message: error instanceof Error ? error.message : String(error) }),
    );
});
