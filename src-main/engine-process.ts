/**
 * The process that the desktop's engine lives in: an Electron utility process. Electron's main process
 * is no place for it: what is long there freezes the tray, what is started there inherits Chromium's
 * descriptors, and its `fs` treats every `*.asar` as a directory
 * (https://www.electronjs.org/docs/latest/tutorial/asar-archives), so that a worktree which holds one
 * can't be copied, measured or removed.
 */
import { composeOrchard } from './compose';
import { createEngineServer } from './link/engine-server';
import type { FromEngine } from './link/messages';

/** Electron's `process.parentPort`: https://www.electronjs.org/docs/latest/api/utility-process */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown): void;
}
const { parentPort } = process as unknown as { readonly parentPort?: ParentPort };
if (parentPort === undefined) throw new Error('the engine process is started by the desktop app');

// In a packed app this very bundle lies in an archive, and is found there by the patched `fs`. All of it is
// loaded when this line runs, because compose.ts and what it imports import nothing later
// (tests/unit/late-imports.test.ts); from here on an archive is a file like any other.
process.noAsar = true;

/** An end that was not asked for by the app is given this long: what runs is taken back first. */
const END_LIMIT_MS = 30_000;

const server = createEngineServer({
  send: (message: FromEngine) => parentPort.postMessage(message),
  // The exit itself tells the app, should the last message not get through.
  onDisposed: () => process.exit(0),
  onBug: (event, error) =>
    process.stderr.write(
      `orchard: ${event}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    ),
  compose: ({ env, platform, revision, ...face }) =>
    composeOrchard({
      ...face,
      repositories: 'all',
      watch: true,
      env,
      platform,
      startedFrom: 'desktop',
      gitProcesses: 'here',
      firstRevision: revision,
    }),
});

process.on('uncaughtException', (error) => server.bug('engine.uncaught', error));
process.on('unhandledRejection', (error) => server.bug('engine.unhandled', error));
// A terminal's Ctrl-C and hang-up go to the whole process group; the app decides when we end.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => void end());
// Where Node forked us instead of Electron (tests): the app has died.
process.on('disconnect', () => void end());

async function end(): Promise<void> {
  setTimeout(() => process.exit(0), END_LIMIT_MS).unref();
  await server.dispose();
  process.exit(0);
}

parentPort.on('message', ({ data }) => {
  void server.hear(data);
});
