/**
 * An engine in another process, as the desktop holds it. When that process ends by itself it is started
 * again after a growing wait, and what was asked of it is answered with a refusal that says so; its
 * journal takes care of what it was doing on the disk.
 */
import type { Failure, FailureOf } from '../contract/failures';
import type { OperationEvent } from '../contract/operations';
import type { Handlers, RequestName } from '../contract/requests';
import { requests } from '../contract/requests';
import { fail, ok, type Result } from '../contract/result';
import type { Snapshot } from '../contract/snapshot';
import { afterDeath, noDeaths, STEADY_MS } from '../domain/growing-wait';
import type { DesktopFace, DesktopOrchard, ProcessChannel } from '../engine/orchard';
import type { Cancel, Clock, Log } from '../engine/ports';
import { type FaceState, type FromEngine, fromEngine, type ToEngine } from './messages';
import { createRunningList } from './running-list';

export interface EngineClientDeps {
  /** Starts the process. */
  readonly start: () => ProcessChannel;
  readonly face: DesktopFace;
  readonly clock: Clock;
  /** Milliseconds from some moment on, never going back. */
  readonly elapsedMs: () => number;
  readonly log: Log;
}

export interface EngineClient extends Omit<DesktopOrchard, 'settings' | 'log'> {
  /**
   * Resolves when an engine answers, or when the first one has ended and the next is waited for. Rejects
   * when the first one says that it can't be composed.
   */
  readonly reached: Promise<void>;
}

const ENDED: FailureOf<'engine-ended'> = { kind: 'engine-ended' };

const PROBLEM =
  'The process that does Orchard’s work ended unexpectedly and is started again by itself. What it was doing is finished or taken back first; the log says more.';

export function createEngineClient({ start, face, clock, elapsedMs, log }: EngineClientDeps): EngineClient {
  const waiting = new Map<number, (answer: Result<unknown, Failure>) => void>();
  const snapshots = new Set<(snapshot: Snapshot) => void>();
  const operations = new Set<(event: OperationEvent) => void>();
  const running = createRunningList();
  const firstStart = pending<Snapshot>();
  const reached = pending<void>();
  const ended = pending<void>();
  let channel: ProcessChannel | null = null;
  let last: Snapshot | null = null;
  let nextId = 1;
  let deaths = noDeaths;
  let startedAt = elapsedMs();
  let startWanted = false;
  let composedOnce = false;
  let disposed = false;
  let away = false;
  let restart: Cancel | null = null;
  let calm: Cancel | null = null;

  const say = (message: ToEngine) => channel?.send(message);
  const state = (): FaceState => ({
    problems: face.faceProblems.list().map((problem) => ({ ...problem })),
    notifications:
      face.notifier.problem === null
        ? null
        : { problem: face.notifier.problem, remedy: face.notifier.remedy ?? null },
  });
  const stopFollowing = face.faceProblems.onChange(() => say({ kind: 'face', face: state() }));

  function connect(): void {
    restart = null;
    const started = start();
    channel = started;
    startedAt = elapsedMs();
    started.onMessage((data) => {
      if (channel !== started) return;
      const message = fromEngine.safeParse(data);
      if (message.success) hear(message.data, started);
      else log.bug('engine.message', message.error);
    });
    started.onExit((code) => {
      if (channel === started) end(code);
    });
    say({
      kind: 'compose',
      env: { ...face.env },
      platform: face.platform,
      revision: last?.revision ?? 0,
      face: state(),
    });
    if (startWanted) say({ kind: 'start' });
    if (away) say({ kind: 'leave' });
  }

  function hear(message: FromEngine, from: ProcessChannel): void {
    switch (message.kind) {
      case 'composed':
        composedOnce = true;
        reached.resolve();
        return;
      case 'failed':
        // The first time nobody has seen anything yet: the app says why it can't start.
        if (!composedOnce) {
          disposed = true;
          reached.reject(new Error(message.message));
        }
        from.kill();
        return;
      case 'started':
        firstStart.resolve(message.snapshot);
        return;
      case 'answer': {
        const answer = waiting.get(message.id);
        waiting.delete(message.id);
        answer?.(message.result);
        return;
      }
      case 'snapshot':
        // An engine that has just been started has not looked everywhere yet; what was seen before it is
        // the better word until then.
        if (last?.complete === true && !message.snapshot.complete) return;
        last = message.snapshot;
        for (const listener of snapshots) listener(message.snapshot);
        return;
      case 'operation':
        tell(message.event);
        return;
      case 'notify':
        face.notifier.notify(message.request, () =>
          say({ kind: 'clicked', notification: message.request.id, session: message.request.sessionKey }),
        );
        return;
      case 'ask':
        void ask(message, from);
        return;
      case 'refused':
        face.person.refused?.(message.failure);
        return;
      case 'show-list':
        face.person.showList?.();
        return;
      case 'disposed':
        ended.resolve();
    }
  }

  async function ask({ id, question }: Extract<FromEngine, { kind: 'ask' }>, from: ProcessChannel) {
    try {
      const answer =
        question.of === 'directory'
          ? { of: question.of, path: await face.person.chooseDirectory(question.title) }
          : { of: question.of, yes: await face.person.confirm(question.title, question.text) };
      // An engine that was started meanwhile has asked nothing.
      if (channel === from) say({ kind: 'answered', id, answer });
    } catch (error) {
      log.bug('engine.ask', error);
      const answer =
        question.of === 'directory' ? { of: question.of, path: null } : { of: question.of, yes: false };
      if (channel === from) say({ kind: 'answered', id, answer });
    }
  }

  function tell(event: OperationEvent): void {
    running.note(event);
    for (const listener of operations) listener(event);
  }

  function end(code: number | null): void {
    channel = null;
    for (const answer of waiting.values()) answer(fail(ENDED));
    waiting.clear();
    if (disposed) {
      ended.resolve();
      return;
    }
    const next = afterDeath(deaths, elapsedMs() - startedAt);
    deaths = next.deaths;
    log.warn('engine.ended', { code, inARow: deaths.inARow, waitMs: next.waitMs });
    restart = clock.schedule(next.waitMs, connect);
    calm?.();
    calm = clock.schedule(next.waitMs + STEADY_MS, () => face.engineProblem(null, false));
    face.engineProblem(PROBLEM, next.tell);
    for (const event of running.end(ENDED, clock.now())) tell(event);
    if (last !== null) {
      // The same rows with the word that nobody looks after them just now.
      last = { ...last, revision: last.revision + 1, problems: withFaceProblems(last) };
      for (const listener of snapshots) listener(last);
    }
    reached.resolve();
  }

  const withFaceProblems = ({ problems }: Snapshot) => {
    const own = face.faceProblems.list();
    return [...problems.filter(({ where }) => !own.some((one) => one.where === where)), ...own];
  };

  const request = (name: RequestName) => (input: unknown) =>
    new Promise<Result<unknown, Failure>>((resolve) => {
      if (channel === null) return resolve(name === 'snapshot.get' && last !== null ? ok(last) : fail(ENDED));
      const id = nextId++;
      waiting.set(id, resolve);
      say({ kind: 'request', id, name, input });
    });

  connect();
  return {
    reached: reached.promise,
    // TypeScript can't follow a mapped record through its names; they come from the contract itself.
    handlers: Object.fromEntries(
      (Object.keys(requests) as RequestName[]).map((name) => [name, request(name)]),
    ) as unknown as Handlers,
    onSnapshot(listener) {
      snapshots.add(listener);
      return () => {
        snapshots.delete(listener);
      };
    },
    onOperation(listener) {
      operations.add(listener);
      return () => {
        operations.delete(listener);
      };
    },
    start() {
      if (!startWanted) say({ kind: 'start' });
      startWanted = true;
      return firstStart.promise;
    },
    leave() {
      away = true;
      say({ kind: 'leave' });
    },
    comeBack() {
      away = false;
      say({ kind: 'come-back' });
    },
    async dispose() {
      disposed = true;
      restart?.();
      calm?.();
      stopFollowing();
      if (channel === null) return;
      say({ kind: 'dispose' });
      await ended.promise;
    },
  };
}

function pending<T>() {
  let settle: { resolve(value: T): void; reject(reason: Error): void } = { resolve() {}, reject() {} };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => {});
  return {
    promise,
    resolve: (value: T) => settle.resolve(value),
    reject: (reason: Error) => settle.reject(reason),
  };
}
