import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { launchStandIn, type StandInApp, type StandInBuild } from '../support/electron-stand-in/launch';
import { poll } from '../support/poll';
import type { DesktopApp, DesktopLaunch } from './driver';
import { shown } from './driver';
import { processTree } from './process-tree';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface StandInDesktop extends DesktopApp {
  readonly app: StandInApp;
}

export async function startOnStandIn(
  given: DesktopLaunch & {
    readonly browser: Browser;
    readonly build: StandInBuild;
    readonly engine?: 'real' | 'fake';
    readonly colorScheme?: 'light' | 'dark';
  },
): Promise<StandInDesktop> {
  const options = { ...given, engine: given.engine ?? 'real' };
  const app = await launchStandIn(options);
  const window = () => app.state()?.windows[0] ?? null;
  const id = () => {
    const current = window();
    if (current === null) throw new Error('There is no popover');
    return current.id;
  };
  const desktop: StandInDesktop = {
    driver: 'stand-in',
    app,
    async popover() {
      await shown(desktop);
      return poll(
        () => app.page(id()),
        (page) => page !== undefined,
        { what: 'the page' },
      ).then((page) => {
        if (page === undefined) throw new Error('The page is gone');
        return page;
      });
    },
    isPopoverVisible: async () => window()?.visible === true,
    popoverBounds: async () => window()?.bounds ?? null,
    async tray() {
      const tray = app.state()?.tray ?? null;
      if (tray === null) return null;
      if (tray.imageIsEmpty) throw new Error(`The tray icon is empty: ${tray.image}`);
      return {
        tooltip: tray.tooltip,
        image: basename(tray.image),
        menu: tray.menu.map(({ type, label }) => (type === 'separator' ? '-' : label)),
      };
    },
    async clickTray() {
      await app.ask('clickTray', null);
    },
    async chooseMenu(label) {
      await app.ask('chooseMenu', { label });
    },
    notifications: async () => app.state()?.notifications ?? [],
    async clickNotification(index) {
      await app.ask('clickNotification', { index });
    },
    async blur() {
      await app.ask('blur', { window: id() });
    },
    openedExternally: async () => app.state()?.openedExternally ?? [],
    clipboard: async () => app.state()?.clipboard ?? '',
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
        ([request, given]) =>
          (
            window as unknown as { orchard: { request(name: string, input: unknown): unknown } }
          ).orchard.request(request, given),
        [name, input] as const,
      );
    },
    async launchAgain(...args) {
      const second = await launchStandIn({ ...options, args });
      const code = await second.exited;
      await second.close();
      return code;
    },
    processes: () => processTree(app.process.pid ?? -1),
    async quit() {
      // The app may be gone before it could answer.
      await app.ask('quit', null).catch(() => {});
      return app.exited;
    },
    errors: app.errors,
    dispose: app.close,
  };
  return desktop;
}
