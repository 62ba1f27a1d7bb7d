/** An engine's process as a test plays it: both ends of the link in this one, every message cloned. */

import type { Handlers } from '../../../src-main/contract/requests';
import type { NotificationRequest } from '../../../src-main/domain/facts';
import type { DesktopFace, ProcessChannel } from '../../../src-main/engine/orchard';
import { createFaceProblems } from '../../../src-main/faces/electron/face-problems';
import { createEngineClient } from '../../../src-main/link/engine-client';
import { createEngineServer } from '../../../src-main/link/engine-server';
import type { Compose } from '../../../src-main/link/messages';
import type { RemoteFace } from '../../../src-main/link/remote-face';
import { createFakeOrchard, emptySnapshot } from '../../support/fake-orchard';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';

export interface PlayedProcess {
  readonly engine: ReturnType<typeof createFakeOrchard>;
  readonly composed: Pick<Compose, 'env' | 'platform' | 'revision'> &
    Pick<RemoteFace, 'notifier' | 'person' | 'faceProblems'>;
  /** It ends by itself. */
  die(code: number): void;
  /** Says this to the face, checked or not. */
  say(message: unknown): void;
}

export function createPlayedLink(
  options: { readonly handlers?: Partial<Handlers>; readonly composeFails?: boolean } = {},
) {
  const clock = createManualClock();
  const log = createSilentLog();
  const processes: PlayedProcess[] = [];
  const shown: { readonly request: NotificationRequest; readonly click: () => void }[] = [];
  const questions: string[] = [];
  const answers = { directory: '/code/shop' as string | null, confirm: true };
  const problems = createFaceProblems();
  const bugs: unknown[] = [];
  const told: string[] = [];
  const face: DesktopFace = {
    env: { HOME: '/home/ann', UNSET: undefined },
    platform: 'linux',
    notifier: {
      problem: 'Nobody shows them.',
      remedy: 'Start a notification daemon.',
      notify: (request, click) => void shown.push({ request, click }),
    },
    person: {
      chooseDirectory: async (title) => {
        questions.push(title);
        return answers.directory;
      },
      confirm: async (title, text) => {
        questions.push(`${title}: ${text}`);
        return answers.confirm;
      },
      refused: (failure) => void told.push(failure.kind),
      showList: () => void told.push('list'),
    },
    faceProblems: problems,
    engineProblem: (message, tell) => {
      problems.set('engine', message);
      if (tell) told.push(message ?? '');
    },
  };

  function start(): ProcessChannel {
    const hears: ((message: unknown) => void)[] = [];
    const exits: ((code: number | null) => void)[] = [];
    let gone = false;
    const say = (message: unknown) => {
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => {
        for (const hear of hears) hear(copy);
      });
    };
    const die = (code: number | null) => {
      if (gone) return;
      gone = true;
      for (const exit of exits) exit(code);
    };
    const server = createEngineServer({
      send: say,
      onBug: (_event, error) => bugs.push(error),
      onDisposed: () => queueMicrotask(() => die(0)),
      async compose(composed) {
        if (options.composeFails === true) throw new Error('no home directory');
        const engine = createFakeOrchard(
          { ...emptySnapshot, revision: composed.revision + 1 },
          options.handlers ?? {},
        );
        processes.push({ engine, composed, die, say });
        return engine.orchard;
      },
    });
    return {
      send(message) {
        const copy: unknown = structuredClone(message);
        queueMicrotask(() => {
          if (!gone) void server.hear(copy);
        });
      },
      onMessage: (listener) => hears.push(listener),
      onExit: (listener) => exits.push(listener),
      kill: () => die(null),
    };
  }

  const client = createEngineClient({ start, face, clock, elapsedMs: clock.now, log });
  return { clock, log, client, processes, problems, shown, questions, answers, bugs, told };
}

/** Lets every message that is on its way arrive. */
export const arrived = () => new Promise<void>((resolve) => setImmediate(resolve));
