/** The test's end of the wire to an app: questions and their answers, and what the app tells by itself. */
import type { AppState, FromApp, QuestionName, Questions, ToApp } from '../electron-stand-in/messages';

export interface EngineCall {
  readonly name: string;
  readonly input: unknown;
}
export interface Navigation {
  readonly url: string;
  readonly prevented: boolean;
}
export type Ask = <Q extends QuestionName>(
  name: Q,
  ask: Questions[Q]['ask'],
) => Promise<Questions[Q]['answer']>;

export interface Conversation {
  readonly ask: Ask;
  /** What the face asked of an engine that the test plays, oldest first. */
  calls(): readonly EngineCall[];
  /** The last state that the app told by itself; null before the first. */
  state(): AppState | null;
  /** Takes in what the app said; true when it was for the conversation. */
  receive(message: FromApp): boolean;
  /** The app is gone: every open question fails with these words, and every later one. */
  end(why: string): void;
}

export function createConversation(send: (message: ToApp) => void): Conversation {
  const questions = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const calls: EngineCall[] = [];
  let state: AppState | null = null;
  let ended: string | null = null;
  let next = 1;
  return {
    ask: (name, what) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(new Error(ended));
        const id = next++;
        // The answer's type follows from the question's name.
        questions.set(id, { resolve: resolve as (value: unknown) => void, reject });
        send({ type: 'question', id, name, ask: what });
      }),
    calls: () => calls,
    state: () => state,
    receive(message) {
      switch (message.type) {
        case 'state':
          state = message.state;
          return true;
        case 'engine.call':
          calls.push({ name: message.name, input: message.input });
          return true;
        case 'answer':
          questions.get(message.id)?.resolve(message.value);
          questions.delete(message.id);
          return true;
        case 'failure':
          questions.get(message.id)?.reject(new Error(message.message));
          questions.delete(message.id);
          return true;
        default:
          return false;
      }
    },
    end(why) {
      ended = why;
      for (const { reject } of questions.values()) reject(new Error(why));
      questions.clear();
    },
  };
}
