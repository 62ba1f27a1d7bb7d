/**
 * The real Electron: its pages through Playwright over Chromium's own protocol, its main process through a
 * socket to the spy in it. Playwright's `_electron.launch` is not used: it needs the inspector, and now and
 * then waits for ever for an app that is long up.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { listenForSpy } from '../support/desktop/spy-wire';
import { TRAITS_VARIABLE } from '../support/electron-stand-in/traits';
import { LIMITS, poll } from '../support/poll';
import { type DesktopApp, type DesktopLaunch, driveBy, shown } from './driver';
import { processTree, running } from './process-tree';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const spy = join(here, '../support/desktop/spy.cjs');
/** An orderly end takes the app 5 s at most (quit.ts); what is still there then is ended. */
const END_WITHIN_MS = 10_000;

export interface ElectronLaunch extends DesktopLaunch {
  readonly program: string;
  /** The desktop's part of the environment: display, bus. */
  readonly desktop: Readonly<Record<string, string>>;
  /** The folder of the app: with the engine that the test plays, or the built one. */
  readonly folder?: string;
}

export async function startOnElectron(launch: ElectronLaunch): Promise<DesktopApp> {
  const { program, folder = root } = launch;
  const directory = await mkdtemp(join(tmpdir(), 'orchard-spy-'));
  const { address, conversation, navigations, close } = await listenForSpy(directory);
  const { ask } = conversation;
  const env = Object.fromEntries(
    Object.entries({ ...launch.env, ...launch.desktop }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const debugging = '--remote-debugging-port=0';
  const child = spawn(program, ['-r', spy, debugging, ...flags, folder, ...(launch.args ?? [])], {
    cwd: root,
    env: { ...env, ORCHARD_SPY: address, [TRAITS_VARIABLE]: JSON.stringify(launch.traits ?? {}) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((resolve) => {
    const ended = (code: number | null) => {
      conversation.end(`The app ended (${code ?? child.signalCode}): ${errors}`);
      resolve(code);
    };
    child.once('error', (error) => {
      errors += String(error);
      ended(null);
    });
    child.once('exit', ended);
  });
  const hasEnded = (limitMs: number) =>
    Promise.race([
      exited.then(() => true),
      new Promise<boolean>((resolve) => void setTimeout(() => resolve(false), limitMs).unref()),
    ]);

  let browser: Promise<Browser> | null = null;
  const connect = async () => {
    const told = await poll(
      () => /DevTools listening on (ws:\S+)/.exec(errors)?.[1],
      (found) => found !== undefined,
      { what: 'the address of the pages', limitMs: LIMITS.start },
    );
    return chromium.connectOverCDP(told ?? '', { timeout: LIMITS.start });
  };
  const isOurs = (page: Page) => page.url().startsWith('app://orchard/');
  const state = () => ask('state', null);
  const driver: DesktopApp = {
    driver: 'electron',
    ...driveBy(state, ask),
    state,
    ask,
    calls: conversation.calls,
    navigations: () => navigations,
    async popover() {
      await shown(driver);
      browser ??= connect();
      const connected = await browser;
      const page = await poll(
        () =>
          connected
            .contexts()
            .flatMap((context) => context.pages())
            .find(isOurs),
        (found) => found !== undefined,
        { what: 'the page' },
      );
      if (page === undefined) throw new Error('The popover has no page');
      page.setDefaultTimeout(LIMITS.soon);
      return page;
    },
    async blur() {
      // The window manager gives the focus some time after the window came; none can be lost before.
      await poll(
        async () => (await state()).windows[0]?.focused,
        (focused) => focused === true,
        { what: 'the focus' },
      );
      await ask('blur', { window: 0 });
    },
    askFromForeignWindow: (name, input) =>
      ask('fromForeignWindow', {
        preload: join(root, 'out/preload/preload.cjs'),
        call: `window.orchard.request(${JSON.stringify(name)}, ${JSON.stringify(input)})`,
      }),
    askFromFrame: (name, input) => ask('fromFrame', { channel: 'orchard:request', args: [name, input] }),
    async launchAgain(...args) {
      // Without Playwright, which would wait for an inspector in a process that is gone by then.
      const second = spawn(program, [...flags, folder, ...args], { cwd: root, env, stdio: 'ignore' });
      return new Promise((resolve, reject) => {
        second.once('error', reject);
        second.once('exit', resolve);
      });
    },
    processes: () => processTree(child.pid ?? -1),
    kill: (signal) => void child.kill(signal),
    exited,
    async quit() {
      await ask('quit', null).catch(() => {});
      return exited;
    },
    errors: () => errors,
    async dispose() {
      const all = await processTree(child.pid ?? -1);
      await Promise.race([ask('quit', null).catch(() => {}), hasEnded(END_WITHIN_MS)]);
      await hasEnded(END_WITHIN_MS);
      for (const pid of await running(all)) process.kill(pid, 'SIGKILL');
      await exited;
      // What the app started outside of its tree may hold its output open for ever.
      child.stderr.destroy();
      await (await browser?.catch(() => null))?.close();
      close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await poll(driver.tray, (tray) => tray !== null, { what: 'the tray icon', limitMs: LIMITS.start }).catch(
    async (error: unknown) => {
      await driver.dispose();
      throw new Error(`${String(error)}\n${errors}`);
    },
  );
  return driver;
}
