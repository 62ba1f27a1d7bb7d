import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { launchStandIn, type StandInBuild } from '../support/electron-stand-in/launch';
import type { AppState } from '../support/electron-stand-in/messages';
import { poll } from '../support/poll';
import type { DesktopApp, DesktopLaunch } from './driver';
import { driveBy, shown } from './driver';
import { processTree } from './process-tree';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const nothingYet: AppState = {
  ready: false,
  windows: [],
  tray: null,
  notifications: [],
  openedExternally: [],
  clipboard: '',
  dialogs: [],
  shortcuts: [],
  packaged: false,
};

export async function startOnStandIn(
  given: DesktopLaunch & {
    readonly browser: Browser;
    readonly build: StandInBuild;
    readonly colorScheme?: 'light' | 'dark';
  },
): Promise<DesktopApp> {
  const options = { ...given, engine: given.engine ?? 'real' };
  const app = await launchStandIn(options);
  const state = async () => app.state() ?? nothingYet;
  const id = async () => {
    const [current] = (await state()).windows;
    if (current === undefined) throw new Error('There is no popover');
    return current.id;
  };
  const desktop: DesktopApp = {
    driver: 'stand-in',
    ...driveBy(state, app.ask),
    state,
    ask: app.ask,
    calls: app.calls,
    navigations: app.navigations,
    async popover() {
      await shown(desktop);
      const window = await id();
      const page = await poll(
        () => app.page(window),
        (made) => made !== undefined,
        { what: 'the page' },
      );
      if (page === undefined) throw new Error('The page is gone');
      return page;
    },
    async blur() {
      await app.ask('blur', { window: await id() });
    },
    async askFromForeignWindow(name, input) {
      const { window: foreign } = await app.ask('foreignWindow', {
        url: 'https://evil.example/',
        preload: join(root, 'out/preload/preload.cjs'),
      });
      const page = await poll(
        () => app.page(foreign),
        (value) => value !== undefined,
        { what: 'the foreign page' },
      );
      return page?.evaluate(
        ([request, asked]) =>
          (
            window as unknown as { orchard: { request(name: string, input: unknown): unknown } }
          ).orchard.request(request, asked),
        [name, input] as const,
      );
    },
    askFromFrame: async (name, input) =>
      app.ask('invoke', {
        window: await id(),
        mainFrame: false,
        origin: 'app://orchard',
        url: 'app://orchard/index.html',
        channel: 'orchard:request',
        args: [name, input],
      }),
    async launchAgain(...args) {
      const second = await launchStandIn({ ...options, args });
      const code = await second.exited;
      await second.close();
      return code;
    },
    processes: () => processTree(app.process.pid ?? -1),
    kill: (signal) => void app.process.kill(signal),
    exited: app.exited,
    async quit() {
      // The app may be gone before it could answer.
      await app.ask('quit', null).catch(() => {});
      return app.exited;
    },
    errors: app.errors,
    dispose: app.close,
  };
  await app.started().catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  return desktop;
}
