import type { SessionState } from './snapshot';

/** What each state is called, on every face; a face may begin it with a capital. */
export const sessionWords: { readonly [S in SessionState]: string } = {
  starting: 'starting',
  working: 'working',
  'needs-permission': 'needs permission',
  'needs-answer': 'needs an answer',
  limited: 'limit reached',
  failed: 'failed',
  background: 'in background',
  done: 'done',
  idle: 'idle',
  crashed: 'crashed',
  ended: 'ended',
  unknown: 'unknown',
};

/** The same for a state that came as text. */
export const sessionWord = (state: string): string =>
  Object.hasOwn(sessionWords, state) ? sessionWords[state as SessionState] : state;
