/**
 * The desktop face: puts tray, popover, notifications and IPC around one engine, and takes them down
 * again. Everything of Electron comes in through `electron`, so that what is decided here can be seen
 * in a test.
 */
import { join } from 'node:path';
import type * as Electron from 'electron';
import { describeFailure } from '../../contract/failure-texts';
import type { Failure } from '../../contract/failures';
import type { PopoverView } from '../../contract/requests';
import type { Result } from '../../contract/result';
import type { DesktopFace, DesktopOrchard } from '../../engine/orchard';
import type { Cancel } from '../../engine/ports';
import { createMonotonicClock } from '../../system/clock';
import { APP_PAGE } from './addresses';
import { serveApp } from './app-protocol';
import { deferred } from './deferred';
import { createEarlyLog } from './early-log';
import { createFaceProblems } from './face-problems';
import { followDesktop } from './follow-desktop';
import { hardenApp, hardenSession } from './hardening';
import { openIpc } from './ipc';
import { createLaunchRequests } from './launch-requests';
import { applyLoginItem } from './login-item';
import { ownNotice } from './notification-text';
import { createElectronNotifier } from './notifier';
import { createDialogPerson } from './person';
import { APP_USER_MODEL_ID, platformOf } from './platform-policy';
import { createPopover } from './popover-window';
import { disposeOnQuit } from './quit';
import { createShortcut } from './shortcut';
import { createOrchardTray } from './tray';
import { earlierAction, type MenuAction } from './tray-menu';

export interface DesktopOptions {
  readonly electron: Pick<
    typeof Electron,
    | 'app'
    | 'BrowserWindow'
    | 'clipboard'
    | 'dialog'
    | 'globalShortcut'
    | 'ipcMain'
    | 'Menu'
    | 'nativeTheme'
    | 'nativeImage'
    | 'Notification'
    | 'powerMonitor'
    | 'protocol'
    | 'screen'
    | 'session'
    | 'shell'
    | 'Tray'
  >;
  /** Resolves with the engine, wherever it runs. */
  readonly compose: (face: DesktopFace) => Promise<DesktopOrchard>;
  /** The directory that holds `out/` and `resources/`, absolute. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  readonly home: string;
}

/** Runs the app from `ready` to the end. Call it in the instance that holds the single-instance lock. */
export async function runDesktop(options: DesktopOptions): Promise<void> {
  const { electron, root, env } = options;
  const { app, dialog } = electron;
  const platform = platformOf(process.platform);
  const log = createEarlyLog((line) => process.stderr.write(line));
  const undo: Cancel[] = [];

  // A development server serves the page with its own protocol; never in an installed app.
  const devPage = app.isPackaged ? undefined : env.ELECTRON_RENDERER_URL;
  const page = devPage ?? APP_PAGE;

  // Electron would show a dialog with a stack for these.
  process.on('uncaughtException', (error) => log.bug('desktop.uncaught', error));
  process.on('unhandledRejection', (error) => log.bug('desktop.unhandled', error));

  const launches = createLaunchRequests(app, { argv: options.argv, isHidden: () => startedHidden(options) });
  // Closing the last window of a menu-bar app ends nothing; without a listener Electron would quit.
  app.on('window-all-closed', () => {});
  hardenApp(app, { page, shell: electron.shell, log });

  await app.whenReady();
  if (platform === 'win32') app.setAppUserModelId(APP_USER_MODEL_ID);
  if (platform === 'darwin') app.setActivationPolicy('accessory');
  // Without an Edit menu macOS knows no copy and paste in the popover's fields; elsewhere they need none.
  electron.Menu.setApplicationMenu(
    platform === 'darwin'
      ? electron.Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }])
      : null,
  );
  hardenSession(electron.session.defaultSession, log);
  serveApp({ protocol: electron.protocol, root: join(root, 'out', 'renderer'), log });

  const composed = deferred<DesktopOrchard>();
  const problems = createFaceProblems();
  const clock = createMonotonicClock();
  const { Notification } = electron;
  const sayNotifications = () => {
    const parts = [notifier.problem, notifier.remedy].filter((part) => part != null);
    problems.set('notifications', parts.length === 0 ? null : parts.join(' '));
  };
  const notifier = createElectronNotifier({
    create: (given) => new Notification(given),
    isSupported: () => Notification.isSupported(),
    platform,
    packaged: app.isPackaged,
    clock,
    log,
    onProblem: sayNotifications,
    // Since Electron 42.
    history:
      platform === 'darwin' && typeof Notification.getHistory === 'function'
        ? () => Notification.getHistory()
        : null,
    onEarlierClick: (about) => void act(earlierAction(about)),
    run: Date.now().toString(36),
  });
  sayNotifications();

  const popover = createPopover({
    createWindow: (given) => new electron.BrowserWindow(given),
    screen: electron.screen,
    platform,
    clock,
    log,
    page,
    preload: join(root, 'out', 'preload', 'preload.cjs'),
    devTools: !app.isPackaged,
    isDark: () => electron.nativeTheme.shouldUseDarkColors,
    // A menu-bar app that stays active without a window would keep the keyboard from the app before.
    onDismissed: () => {
      if (platform === 'darwin') app.hide();
    },
    onProblem: (message, tell) => sayProblem('popover', message, tell),
    onShown: () => {
      composed.promise
        .then(({ handlers }) => handlers['popover.opened']({}))
        .catch((error: unknown) => log.bug('popover.opened', error));
    },
  });
  const tray = createOrchardTray({
    createTray: (image) => new electron.Tray(image),
    imageFromPath: (path) => electron.nativeImage.createFromPath(path),
    buildMenu: (template) => electron.Menu.buildFromTemplate(template),
    cursor: () => electron.screen.getCursorScreenPoint(),
    platform,
    icons: join(root, 'resources', 'icons'),
    onClick: (anchor) => popover.toggle(anchor),
    onAction: (action) => void act(action),
  });
  const open = (view: PopoverView) => popover.show(tray.anchor(), view);
  undo.push(
    followDesktop({
      app,
      screen: electron.screen,
      nativeTheme: electron.nativeTheme,
      platform,
      popover,
      anchor: tray.anchor,
    }),
  );

  /** A part of the app that ends again and again: a row, and once a notification. */
  function sayProblem(where: 'popover' | 'engine', message: string | null, tell: boolean) {
    problems.set(where, message);
    if (tell && message !== null) notifier.notify(ownNotice(where, message), () => open('worktrees'));
  }

  /** Says a refusal of something that was asked for outside the popover. */
  function say(result: Result<unknown, Failure>) {
    if (result.ok) return;
    const text = describeFailure(result.error);
    void dialog.showMessageBox({
      type: 'warning',
      title: 'Orchard',
      message: text.title,
      detail: [text.message, text.next, text.details ?? ''].filter((part) => part !== '').join('\n\n'),
      buttons: ['OK'],
    });
  }

  async function act(action: MenuAction): Promise<void> {
    if (action.type === 'open-popover') return open('worktrees');
    if (action.type === 'spawn') return open('spawn');
    if (action.type === 'settings') return open('settings');
    if (action.type === 'quit') return app.quit();
    try {
      const { handlers } = await composed.promise;
      if (action.type === 'open-session')
        say(await handlers['session.open']({ sessionId: action.sessionId }));
      else {
        const { worktreeId, sessionId } = action;
        say(await handlers['worktree.open']({ worktreeId, sessionId }));
      }
    } catch (error) {
      say({ ok: false, error: { kind: 'internal', reference: log.bug('tray.action', error) } });
    }
  }

  undo.push(
    openIpc({
      ipcMain: electron.ipcMain,
      clipboard: electron.clipboard,
      popover,
      handlers: composed.promise.then(({ handlers }) => handlers),
      page,
      log,
    }),
  );
  const shortcut = createShortcut({
    globalShortcut: electron.globalShortcut,
    onPress: () => popover.toggle(tray.anchor()),
  });
  undo.push(shortcut.dispose, notifier.dispose, popover.dispose, tray.dispose);
  if (platform === 'win32')
    Notification.handleActivation((details) => {
      if (!notifier.activated(details.arguments)) open('worktrees');
    });

  const quit = disposeOnQuit(
    app,
    async () => {
      for (const step of undo.splice(0).reverse()) step();
      await (await composed.promise).dispose();
    },
    log,
  );
  electron.powerMonitor.on('shutdown', () => app.quit());
  launches.serve((view) => open(view));

  try {
    const orchard = await options.compose({
      env,
      platform,
      notifier,
      person: createDialogPerson({ dialog, popover }),
      faceProblems: problems,
      engineProblem: (message, tell) => sayProblem('engine', message, tell),
    });
    log.attach(orchard.log);
    undo.push(
      orchard.onSnapshot((snapshot) => {
        tray.show(snapshot);
        popover.push('snapshot', snapshot);
      }),
      orchard.onOperation((event) => popover.push('operation', event)),
      followSettings(orchard),
    );
    composed.resolve(orchard);
    if (!quit.isLeaving()) tray.show(await orchard.start());
  } catch (error) {
    // What breaks because everything is being put away is no news.
    if (quit.isLeaving()) return;
    const reference = log.bug('desktop.start', error);
    composed.reject(error);
    dialog.showErrorBox(
      'Orchard could not start',
      `${error instanceof Error ? error.message : String(error)}\n\nThe log has it under ${reference}.`,
    );
    app.exit(1);
  }

  /** Shortcut and login item follow the settings, at the start and whenever they change. */
  function followSettings({ settings }: DesktopOrchard): Cancel {
    const follow = ({ shortcut: accelerator, openAtLogin }: ReturnType<typeof settings.get>) => {
      problems.set('shortcut', shortcut.apply(accelerator));
      void applyLoginItem(openAtLogin, {
        app,
        platform,
        env,
        home: options.home,
        executable: process.execPath,
      }).then((problem) => problems.set('login item', problem));
    };
    follow(settings.get());
    return settings.onChange(follow);
  }
}

const startedHidden = ({ electron, argv }: DesktopOptions): boolean =>
  argv.includes('--hidden') ||
  (process.platform === 'darwin' && electron.app.getLoginItemSettings().wasOpenedAtLogin);
