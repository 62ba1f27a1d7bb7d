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

/**
 * States in which files may change at any moment, or in which a person is being asked something: what
 * would move files under such a session waits.
 */
export const isAtWork: { readonly [S in SessionState]: boolean } = {
  starting: true,
  working: true,
  'needs-permission': true,
  'needs-answer': true,
  background: true,
  unknown: true,
  limited: false,
  failed: false,
  done: false,
  idle: false,
  crashed: false,
  ended: false,
};
