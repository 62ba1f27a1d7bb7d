/**
 * The desktop app as main.ts starts it, around an engine that the test plays: what the face does with
 * what the engine says, without repositories and sessions. Runs in the app's process, on either driver.
 */
import { homedir } from 'node:os';
import * as electron from 'electron';
import { registerAppScheme } from '../../../src-main/faces/electron/app-protocol';
import { runDesktop } from '../../../src-main/faces/electron/desktop';
import { launchRequest } from '../../../src-main/faces/electron/launch-requests';
import { startUtility } from '../../../src-main/faces/electron/utility-channel';
import { createFakeOrchard } from '../fake-orchard';
import type { Questions, ToApp } from './messages';

type EngineQuestion = Extract<keyof Questions, `engine${string}`>;

const { app } = electron;
/** What the spy of the real Electron puts there; the stand-in's app speaks over its process channel. */
interface Wire {
  send(message: object): void;
  onMessage(listener: (message: ToApp) => void): void;
}
const spied = (globalThis as { __orchardWire?: Wire }).__orchardWire;
const wire: Wire = spied ?? {
  send: (message) => void process.send?.(message),
  onMessage: (listener) => void process.on('message', listener),
};
const { send } = wire;

if (app.requestSingleInstanceLock({ ...launchRequest(process.argv) })) {
  registerAppScheme(electron.protocol);
  runDesktop({
    electron,
    root: process.cwd(),
    env: process.env,
    argv: process.argv,
    home: homedir(),
    async compose({ notifier, person, faceProblems }) {
      const reached = { reached: 'pane', terminal: 'tmux', command: 'tmux attach' } as const;
      const told =
        (name: string) =>
        async (input: unknown): Promise<{ ok: true; value: never }> => {
          send({ type: 'engine.call', name, input });
          return { ok: true, value: (name.endsWith('open') ? reached : null) as never };
        };
      const { orchard, push } = createFakeOrchard(undefined, {
        'popover.opened': told('popover.opened'),
        'worktree.open': told('worktree.open'),
        'session.open': async ({ sessionId }) =>
          sessionId === 's-00000000dead'
            ? { ok: false, error: { kind: 'not-found', what: 'session', name: sessionId } }
            : told('session.open')({ sessionId }),
        'worktree.openCommand': async () => ({
          ok: false,
          error: { kind: 'no-terminal', tried: ['tmux', 'xterm'] },
        }),
        // An answer that can't cross to the page is a bug of the engine.
        'operation.list': async () => ({ ok: true, value: { operations: (() => {}) as never, stuck: [] } }),
      });
      const helper = startUtility(electron.utilityProcess.fork, {
        modulePath: `${process.cwd()}/tests/support/electron-stand-in/echo-helper.mjs`,
        serviceName: 'echo',
        log: orchard.log,
      });
      helper.onMessage((message) => send({ type: 'engine.call', name: 'helper', input: message }));
      helper.send({ text: 'hello' });
      const answers: { [Q in EngineQuestion]: (ask: Questions[Q]['ask']) => unknown } = {
        engineShows: ({ snapshot }) => {
          push(snapshot);
          return null;
        },
        engineNotifies: ({ request }) => {
          notifier.notify(request, () =>
            send({ type: 'engine.call', name: 'notification.click', input: request.id }),
          );
          return null;
        },
        engineProblems: () => faceProblems.list(),
        engineAsks: ({ title, exactText }) => person.confirm(title, exactText),
      };
      wire.onMessage((message) => {
        if (message.type !== 'question' || !(message.name in answers)) return;
        const answer = answers[message.name as EngineQuestion] as (ask: unknown) => unknown;
        Promise.resolve(answer(message.ask)).then(
          (value) => send({ type: 'answer', id: message.id, value }),
          (error: unknown) => send({ type: 'failure', id: message.id, message: String(error) }),
        );
      });
      const tells = (name: string) => () => send({ type: 'engine.call', name, input: null });
      return {
        ...orchard,
        leave: tells('leave'),
        comeBack: tells('come-back'),
        dispose: async () => helper.kill(),
      };
    },
  }).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    app.exit(1);
  });
} else app.quit();
