/**
 * The small process that starts every git process of the hot path. Starting a process costs more the
 * bigger the starter is (1.8 ms at 60 MB, 36 ms at 600 MB, measured on Linux), and it blocks; so the
 * app asks this one. A utility process under Electron, a forked one under Node.
 */
import { createGitHost } from './git/run/git-host';
import type { GitRunner } from './git/run/git-runner';
import { type FromHelper, toHelper } from './git/run/helper-messages';
import { ownSignals } from './system/own-signals';

/** Electron's `process.parentPort`: https://www.electronjs.org/docs/latest/api/utility-process */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown): void;
}
const { parentPort } = process as unknown as { readonly parentPort?: ParentPort };

const ORPHAN_CHECK_MS = 10_000;

function send(message: FromHelper): void {
  if (parentPort !== undefined) parentPort.postMessage(message);
  // An app that has just gone wants no answer any more: 'disconnect' follows.
  else if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

let host: GitRunner | null = null;
const running = new Map<number, AbortController>();

async function hear(data: unknown): Promise<void> {
  const message = toHelper.parse(data);
  if (message.kind === 'configure') {
    host ??= createGitHost(message.options);
    return;
  }
  if (message.kind === 'cancel') {
    running.get(message.id)?.abort();
    return;
  }
  if (host === null) return;
  const { id } = message;
  const counts = () => {
    const { started, running: runningNow, queued } = host?.counts() ?? { started: 0, running: 0, queued: 0 };
    return { started, running: runningNow, queued };
  };
  switch (message.kind) {
    case 'run': {
      const controller = new AbortController();
      running.set(id, controller);
      const { args, cwd, input, limitMs, first, inCrowd, env } = message.call;
      const call = {
        args,
        cwd,
        signal: controller.signal,
        ...(input !== undefined && { input }),
        ...(limitMs !== undefined && { limitMs }),
        ...(first !== undefined && { first }),
        ...(inCrowd !== undefined && { inCrowd }),
        ...(env !== undefined && { env }),
      };
      if (message.binary) {
        const answer = await host.runBinary(call);
        send({ kind: 'binary', id, counts: counts(), answer: { ...answer, stdout: copied(answer.stdout) } });
      } else {
        const answer = await host.run(call);
        send({ kind: 'text', id, counts: counts(), answer });
      }
      running.delete(id);
      return;
    }
    case 'objects': {
      const objects = await host.objects(message.commonDir, message.names);
      send({ kind: 'objects', id, counts: counts(), objects: [...objects] });
      return;
    }
    case 'directories': {
      const found = await host.directories(message.query);
      const plain =
        'problem' in found ? found : { directories: [...found.directories], tracked: [...found.tracked] };
      send({ kind: 'directories', id, counts: counts(), found: plain });
      return;
    }
  }
}

/** Bytes of their own: a pooled Buffer would carry its whole pool through the channel. */
function copied(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

async function end(): Promise<void> {
  await host?.dispose();
  process.exit(0);
}

if (parentPort !== undefined) parentPort.on('message', (event) => void hear(event.data));
else {
  process.on('message', (data: unknown) => void hear(data));
  process.on('disconnect', () => void end());
}
// A terminal's Ctrl+C or hang-up, and a session's end, reach every process of the app at once; the app still
// needs us to put its things away, and decides when we end.
ownSignals(process, () => {});

// A parent that was killed can't say goodbye, and not every platform ends its children then.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) void end();
}, ORPHAN_CHECK_MS).unref();
