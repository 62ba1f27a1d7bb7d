/** An engine that is spoken to from another process: composed when it is told to, one for one face. */
import { decode, dispatch } from '../contract/boundary';
import { sessionId } from '../contract/ids';
import type { DesktopOrchard } from '../engine/orchard';
import { type Compose, type FromEngine, type ToEngine, toEngine } from './messages';
import { createRemoteFace, type RemoteFace } from './remote-face';

type ComposedEngine = Omit<DesktopOrchard, 'settings'>;

export interface EngineServerDeps {
  readonly send: (message: FromEngine) => void;
  readonly compose: (
    options: Pick<Compose, 'env' | 'platform' | 'revision'> &
      Pick<RemoteFace, 'notifier' | 'person' | 'faceProblems'>,
  ) => Promise<ComposedEngine>;
  /** The app asked for the end, and everything was put away. */
  readonly onDisposed: () => void;
  /** A throw that nothing expected, before there is an engine with a log. */
  readonly onBug: (event: string, error: unknown) => void;
}

export interface EngineServer {
  hear(data: unknown): Promise<void>;
  /** The engine's, once it is there. */
  bug(event: string, error: unknown): void;
  dispose(): Promise<void>;
}

export function createEngineServer({ send, compose, onDisposed, onBug }: EngineServerDeps): EngineServer {
  let face: RemoteFace | null = null;
  let engine: Promise<ComposedEngine> | null = null;
  let reached: ComposedEngine | null = null;
  let disposing: Promise<void> | null = null;

  const bug = (event: string, error: unknown): string => {
    if (reached !== null) return reached.log.bug(event, error);
    onBug(event, error);
    return 'start';
  };

  async function begin(options: Compose): Promise<void> {
    if (engine !== null) throw new Error('an engine is composed once');
    const remote = createRemoteFace(options.face, send);
    face = remote;
    const { env, platform, revision } = options;
    const { notifier, person, faceProblems } = remote;
    engine = compose({ env, platform, revision, notifier, person, faceProblems });
    try {
      reached = await engine;
      reached.onSnapshot((snapshot) => send({ kind: 'snapshot', snapshot }));
      reached.onOperation((event) => send({ kind: 'operation', event }));
      send({ kind: 'composed' });
    } catch (error) {
      bug('engine.compose', error);
      send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  async function answer({ id, name, input }: Extract<ToEngine, { kind: 'request' }>): Promise<void> {
    const orchard = await engine;
    if (orchard === null) return;
    const decoded = decode(name, input);
    try {
      send({
        kind: 'answer',
        id,
        result: decoded.ok ? await dispatch(orchard.handlers, decoded.value) : decoded,
      });
    } catch (error) {
      // Also an answer that can't be copied to another process.
      const reference = bug(`engine.${name}`, error);
      send({ kind: 'answer', id, result: { ok: false, error: { kind: 'internal', reference } } });
    }
  }

  async function click(notification: string, session: string | null): Promise<void> {
    if (face?.clicked(notification) !== false || session === null) return;
    // An engine that has ended since sent it; its session is still the one that was meant.
    const id = sessionId.safeParse(session);
    const opened = id.success
      ? await (await engine)?.handlers['session.open']({ sessionId: id.data })
      : undefined;
    if (opened?.ok !== false) return;
    reached?.log.warn('notification.open', { failure: opened.error });
    face?.person.refused?.(opened.error);
  }

  async function heard(message: ToEngine): Promise<void> {
    switch (message.kind) {
      case 'compose':
        return begin(message);
      case 'start': {
        const orchard = await engine;
        if (orchard !== null) send({ kind: 'started', snapshot: await orchard.start() });
        return;
      }
      case 'request':
        return answer(message);
      case 'face':
        face?.adopt(message.face);
        return;
      case 'clicked':
        return click(message.notification, message.session);
      case 'answered':
        face?.answered(message.id, message.answer);
        return;
      case 'leave':
        (await engine)?.leave();
        return;
      case 'come-back':
        (await engine)?.comeBack();
        return;
      case 'dispose':
        await dispose();
        send({ kind: 'disposed' });
        onDisposed();
    }
  }

  function dispose(): Promise<void> {
    disposing ??= (async () => {
      await (await engine?.catch(() => null))?.dispose();
    })().catch((error: unknown) => {
      bug('engine.dispose', error);
    });
    return disposing;
  }

  return {
    async hear(data) {
      try {
        await heard(toEngine.parse(data));
      } catch (error) {
        bug('engine.message', error);
      }
    },
    bug,
    dispose,
  };
}
