/** Git through the helper process: the app itself never starts a git process on the hot path. */
import { fork } from 'node:child_process';
import type { ProcessChannel } from '../../engine/orchard';
import type { Log } from '../../engine/ports';
import { createGitHost } from './git-host';
import type { GitAnswer, GitCall, GitRunner, GitRunnerOptions } from './git-runner';
import { type FromHelper, fromHelper, type ToHelper } from './helper-messages';

/** A helper that dies this often in a minute will not get better: go on without one. */
const DEATHS_A_MINUTE = 5;
/** One question that kills the helper twice is not asked a third time. */
const MOST_ATTEMPTS = 2;

/** Starts a process that runs `git-helper.js`. */
export type GitHelperStarter = (modulePath: string) => ProcessChannel;

type Question = Extract<ToHelper, { readonly id: number }>;
type Asked = Exclude<Question, { readonly kind: 'cancel' }>;
interface Waiting {
  readonly question: Asked;
  attempts: number;
  resolve(answer: FromHelper | null): void;
}

/** Starts the helper as a forked Node process. */
export function createNodeHelperStarter(): GitHelperStarter {
  return (modulePath) => {
    const child = fork(modulePath, [], {
      // 'advanced' carries bytes as they are.
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A debugger's or a test runner's flags are not for the helper.
      execArgv: [],
    });
    // A send to a process that just died fails here; 'exit' follows and restarts it.
    child.on('error', () => {});
    return {
      send: (message) => {
        if (child.connected) child.send(message as NonNullable<unknown>);
      },
      onMessage: (listener) => child.on('message', listener),
      onExit: (listener) => child.once('exit', listener),
      kill: () => {
        if (child.connected) child.disconnect();
        else child.kill();
      },
    };
  };
}

export interface HelperRunnerDeps extends GitRunnerOptions {
  readonly startHelper: GitHelperStarter;
  /** The built `git-helper.js`. */
  readonly modulePath: string;
  readonly log: Log;
}

export function createHelperRunner(deps: HelperRunnerDeps): GitRunner {
  const waiting = new Map<number, Waiting>();
  const startTimes: number[] = [];
  const deaths: number[] = [];
  let channel: ProcessChannel | null = null;
  /** Set when helpers keep dying: the same work, in this process. */
  let host: GitRunner | null = null;
  const inProcess = () => host;
  let nextId = 1;
  let startedBefore = 0;
  let latest = { started: 0, running: 0, queued: 0 };
  let restarts = 0;
  let disposed = false;
  let ended: Promise<void> = Promise.resolve();

  const noteCounts = (counts: typeof latest) => {
    for (let n = latest.started; n < counts.started; n++) startTimes.push(performance.now());
    if (startTimes.length > 5_000) startTimes.splice(0, startTimes.length - 4_000);
    latest = counts;
  };

  function connected(): ProcessChannel {
    if (channel !== null) return channel;
    const started = deps.startHelper(deps.modulePath);
    channel = started;
    const { git, env, emptyDirectory, concurrency } = deps;
    started.send({ kind: 'configure', options: { git, env: { ...env }, emptyDirectory, concurrency } });
    started.onMessage((data) => {
      const message = fromHelper.safeParse(data);
      if (!message.success) {
        deps.log.bug('git-helper.message', message.error);
        return;
      }
      noteCounts(message.data.counts);
      const question = waiting.get(message.data.id);
      waiting.delete(message.data.id);
      question?.resolve(message.data);
    });
    ended = new Promise((resolve) => {
      started.onExit((code) => {
        resolve();
        if (channel === started) replace(code);
      });
    });
    return started;
  }

  function replace(code: number | null): void {
    channel = null;
    startedBefore += latest.started;
    latest = { started: 0, running: 0, queued: 0 };
    if (disposed) return;
    restarts++;
    const now = performance.now();
    deaths.push(now);
    while (deaths[0] !== undefined && deaths[0] < now - 60_000) deaths.shift();
    deps.log.warn('git-helper.died', { code, restarts, waiting: waiting.size });
    if (deaths.length >= DEATHS_A_MINUTE && host === null) {
      deps.log.warn('git-helper.given-up', { deaths: deaths.length });
      host = createGitHost(deps);
    }
    // Reads may be asked again; whoever asked does not notice.
    for (const [id, question] of [...waiting]) {
      if (question.attempts >= MOST_ATTEMPTS || host !== null) {
        waiting.delete(id);
        question.resolve(null);
      } else {
        question.attempts++;
        connected().send(question.question);
      }
    }
  }

  const ask = (question: Asked): Promise<FromHelper | null> =>
    new Promise((resolve) => {
      waiting.set(question.id, { question, attempts: 1, resolve });
      connected().send(question);
    });

  const gone = <T>(stdout: T): GitAnswer<T> => ({
    reason: disposed ? 'cancelled' : 'failed-to-start',
    exitCode: null,
    stdout,
    stderr: disposed ? '' : 'the git helper process ended',
    tookMs: 0,
  });

  async function askCall(call: GitCall, binary: boolean): Promise<FromHelper | null> {
    if (disposed || call.signal?.aborted) return null;
    const { signal, inCrowd, ...plain } = call;
    const id = nextId++;
    const cancel = () => channel?.send({ kind: 'cancel', id });
    signal?.addEventListener('abort', cancel, { once: true });
    const answer = await ask({
      kind: 'run',
      id,
      call: { ...plain, args: [...plain.args], ...(inCrowd !== undefined && { inCrowd: [...inCrowd] }) },
      binary,
    });
    signal?.removeEventListener('abort', cancel);
    return answer;
  }

  // At once: it is up before the first question, which else would wait for a process to start.
  connected();

  return {
    async run(call) {
      const message = inProcess() === null ? await askCall(call, false) : null;
      if (message?.kind === 'text') return message.answer;
      if (call.signal?.aborted) return { ...gone(''), reason: 'cancelled' };
      return disposed ? gone('') : ((await inProcess()?.run(call)) ?? gone(''));
    },
    async runBinary(call) {
      const message = inProcess() === null ? await askCall(call, true) : null;
      if (message?.kind === 'binary') return message.answer;
      const nothing = gone<Uint8Array>(new Uint8Array());
      if (call.signal?.aborted) return { ...nothing, reason: 'cancelled' };
      return disposed ? nothing : ((await inProcess()?.runBinary(call)) ?? nothing);
    },
    async objects(commonDir, names) {
      if (host !== null) return host.objects(commonDir, names);
      if (disposed || names.length === 0) return names.map(() => null);
      const message = await ask({ kind: 'objects', id: nextId++, commonDir, names: [...names] });
      return message?.kind === 'objects' ? message.objects : names.map(() => null);
    },
    async directories(query) {
      if (host !== null) return host.directories(query);
      if (disposed) return { problem: 'unreadable' };
      const plain = {
        ...query,
        nested: [...query.nested],
        from: query.from === null ? null : [...query.from],
      };
      const message = await ask({ kind: 'directories', id: nextId++, query: plain });
      return message?.kind === 'directories' ? message.found : { problem: 'unreadable' };
    },
    counts() {
      const here = host?.counts();
      const minuteAgo = performance.now() - 60_000;
      return {
        started: startedBefore + latest.started + (here?.started ?? 0),
        startedInLastMinute:
          startTimes.filter((at) => at > minuteAgo).length + (here?.startedInLastMinute ?? 0),
        running: latest.running + (here?.running ?? 0),
        queued: latest.queued + (here?.queued ?? 0),
        restarts,
      };
    },
    async dispose() {
      disposed = true;
      for (const question of waiting.values()) question.resolve(null);
      waiting.clear();
      channel?.kill();
      await Promise.all([ended, host?.dispose()]);
    },
  };
}
