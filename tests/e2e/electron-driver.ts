/** The real Electron, through Playwright. Unproved where its program can't be had. */
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from 'playwright';
import { platformOf } from '../../src-main/faces/electron/platform-policy';
import { electronPath } from '../../src-main/faces/electron/start-checks';
import { poll } from '../support/poll';
import { type DesktopApp, type DesktopLaunch, shown } from './driver';
import { processTree } from './process-tree';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** The program's path when it is there and this machine has a desktop for it; null otherwise. */
export async function electronProgram(): Promise<string | null> {
  const packageDirectory = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const path = electronPath(platformOf(process.platform), process.env, packageDirectory);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const hasDesktop =
    process.platform !== 'linux' || Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY);
  return hasDesktop ? path : null;
}

/** What electron-spy.cjs keeps, as the main process sees it. */
interface Spy {
  readonly tray: { emit(event: string, ...args: unknown[]): void } | null;
  readonly tooltip: string;
  readonly menu: {
    readonly items: readonly { readonly label: string; readonly type: string; click(): void }[];
  } | null;
  readonly notifications: readonly {
    readonly title: string;
    readonly body: string;
    emit(event: string, ...args: unknown[]): void;
  }[];
  readonly opened: readonly string[];
}
type Main = { readonly __orchardSpy: Spy };

export async function startOnElectron(program: string, launch: DesktopLaunch): Promise<DesktopApp> {
  const desktop = Object.fromEntries(
    ['DISPLAY', 'WAYLAND_DISPLAY', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'XAUTHORITY'].flatMap(
      (name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      },
    ),
  );
  const env = Object.fromEntries(
    Object.entries({ ...launch.env, ...desktop }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const options = (args: readonly string[]) => ({
    executablePath: program,
    args: ['-r', join(here, 'electron-spy.cjs'), ...sandbox, root, ...args],
    env,
  });
  const app: ElectronApplication = await _electron.launch(options(launch.args ?? []));
  let errors = '';
  app.process().stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((resolve) => app.process().once('exit', resolve));

  const isOurs = (page: Page) => page.url().startsWith('app://orchard/');
  const window = () =>
    app.evaluate(({ BrowserWindow }) => {
      const ours = BrowserWindow.getAllWindows().find((one) =>
        one.webContents.getURL().startsWith('app://orchard/'),
      );
      return ours === undefined ? null : { visible: ours.isVisible(), bounds: ours.getBounds() };
    });
  const driver: DesktopApp = {
    driver: 'electron',
    async popover() {
      await shown(driver);
      const page = app.windows().find(isOurs);
      if (page === undefined) throw new Error('The popover has no page');
      return page;
    },
    isPopoverVisible: async () => (await window())?.visible === true,
    popoverBounds: async () => (await window())?.bounds ?? null,
    tray: () =>
      app.evaluate(() => {
        const { tray, tooltip, menu } = (globalThis as unknown as Main).__orchardSpy;
        if (tray === null) return null;
        return {
          tooltip,
          image: '',
          menu: (menu?.items ?? []).map(({ type, label }) => (type === 'separator' ? '-' : label)),
        };
      }),
    clickTray: () =>
      app.evaluate(() => {
        (globalThis as unknown as Main).__orchardSpy.tray?.emit(
          'click',
          {},
          { x: 0, y: 0, width: 0, height: 0 },
        );
      }),
    chooseMenu: (label) =>
      app.evaluate((_electron, wanted) => {
        const items = (globalThis as unknown as Main).__orchardSpy.menu?.items ?? [];
        const item = items.find((one) => one.label.startsWith(wanted));
        if (item === undefined) throw new Error(`The menu has no “${wanted}”`);
        item.click();
      }, label),
    notifications: () =>
      app.evaluate(() =>
        (globalThis as unknown as Main).__orchardSpy.notifications.map(({ title, body }) => ({
          title,
          body,
        })),
      ),
    clickNotification: (index) =>
      app.evaluate((_electron, at) => {
        (globalThis as unknown as Main).__orchardSpy.notifications[at]?.emit('click', {});
      }, index),
    blur: () =>
      app.evaluate(({ BrowserWindow }) => {
        for (const one of BrowserWindow.getAllWindows()) one.blur();
      }),
    openedExternally: () => app.evaluate(() => [...(globalThis as unknown as Main).__orchardSpy.opened]),
    clipboard: () => app.evaluate(async ({ clipboard }) => clipboard.readText()),
    askFromForeignWindow: (name, input) =>
      app.evaluate(
        async ({ BrowserWindow }, { preload, call }) => {
          const foreign = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
          await foreign.loadURL('data:text/html,<title>elsewhere</title>');
          const answer: unknown = await foreign.webContents.executeJavaScript(call);
          foreign.destroy();
          return answer;
        },
        {
          preload: join(root, 'out/preload/preload.cjs'),
          call: `window.orchard.request(${JSON.stringify(name)}, ${JSON.stringify(input)})`,
        },
      ),
    async launchAgain(...args) {
      const second = await _electron.launch(options(args)).catch(() => null);
      // The second one may be gone before Playwright got hold of it.
      if (second === null) return 0;
      return new Promise((resolve) => second.process().once('exit', resolve));
    },
    processes: () => processTree(app.process().pid ?? -1),
    async quit() {
      await app.evaluate(({ app: electron }) => electron.quit()).catch(() => {});
      return exited;
    },
    errors: () => errors,
    async dispose() {
      await app.close().catch(() => {});
    },
  };
  await poll(driver.tray, (tray) => tray !== null, { what: 'the tray icon', limitMs: 30_000 });
  return driver;
}
