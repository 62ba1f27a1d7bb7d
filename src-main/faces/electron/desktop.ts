/**
 * The desktop face: puts tray, popover, notifications and IPC around one engine, and takes them down
 * again. Everything of Electron comes in through `electron`, so that what is decided here can be seen
 * in a test.
 */
import { join } from 'node:path';
import type * as Electron from 'electron';
import type { PopoverView } from '../../contract/requests';
import type { DesktopFace, DesktopOrchard } from '../../engine/orchard';
import type { Cancel } from '../../engine/ports';
import { createMonotonicClock } from '../../system/clock';
import { followAbsence } from './absence';
import { APP_PAGE } from './addresses';
import { serveApp } from './app-protocol';
import { applicationMenu } from './application-menu';
import { deferred } from './deferred';
import { createEarlyLog } from './early-log';
import { createFaceProblems } from './face-problems';
import { followDesktop } from './follow-desktop';
import { hardenApp, hardenSession } from './hardening';
import { openIpc } from './ipc';
import { createLaunchRequests } from './launch-requests';
import { leaveWithSystem } from './leave-with-system';
import { applyLoginItem } from './login-item';
import { ownNotice } from './notification-text';
import { createElectronNotifier } from './notifier';
import { askToQuit, createDialogPerson } from './person';
import { platformOf } from './platform-policy';
import { createPopover } from './popover-window';
import { createQuit } from './quit';
import { createShortcut, shortcutsByPortal } from './shortcut';
import { createStayAwake } from './stay-awake';
import { createOrchardTray } from './tray';
import { createTrayActions } from './tray-actions';
import { earlierAction } from './tray-menu';
import { identifyOnWindows } from './windows-identity';

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
    | 'powerSaveBlocker'
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
  if (platform === 'win32')
    identifyOnWindows({ app, shell: electron.shell, executable: process.execPath, root, log });
  if (platform === 'darwin') app.setActivationPolicy('accessory');
  const menu = applicationMenu(platform, () => popover.hide());
  electron.Menu.setApplicationMenu(menu === null ? null : electron.Menu.buildFromTemplate(menu));
  hardenSession(electron.session.defaultSession, log);
  serveApp({ protocol: electron.protocol, root: join(root, 'out', 'renderer'), log });

  const composed = deferred<DesktopOrchard>();
  const started = deferred<unknown>();
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
    onEarlierClick: (about) => void actions.act(earlierAction(about)),
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
    onProblem(message, tell) {
      sayProblem('popover', message, tell);
      // It was shown: what was refused is no news any more.
      if (message === null) problems.set('refused', null);
    },
    onShown: () => {
      absence.seen();
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
    clock,
    icons: join(root, 'resources', 'icons'),
    onClick: (anchor) => popover.toggle(anchor),
    onAction: (action) => void actions.act(action),
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
      repaintTray: tray.repaint,
    }),
  );

  /** A part of the app that ends again and again: a row, and once a notification. */
  function sayProblem(where: 'popover' | 'engine', message: string | null, tell: boolean) {
    problems.set(where, message);
    if (tell && message !== null) notifier.notify(ownNotice(where, message), () => open('worktrees'));
  }

  const actions = createTrayActions({
    composed: composed.promise,
    started: started.promise,
    open,
    quit: () => app.quit(),
    setProblem: (message, where) => problems.set('refused', message, where),
    log,
  });
  const absence = followAbsence({
    powerMonitor: electron.powerMonitor,
    onAway: () => void composed.promise.then((orchard) => orchard.leave()).catch(() => {}),
    onBack() {
      tray.repaint();
      void composed.promise.then((orchard) => orchard.comeBack()).catch(() => {});
    },
  });
  const awake = createStayAwake(electron.powerSaveBlocker, platform);
  undo.push(absence.stop, awake.dispose);

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
    byPortal: shortcutsByPortal(platform, env, options.argv),
    onPress: () => popover.toggle(tray.anchor()),
    onProved: () => problems.set('shortcut', null),
  });
  undo.push(shortcut.dispose, notifier.dispose, popover.dispose, tray.dispose);
  if (platform === 'win32')
    Notification.handleActivation((details) => {
      if (!notifier.activated(details.arguments)) open('worktrees');
    });

  const quit = createQuit({
    app,
    async dispose() {
      for (const step of undo.splice(0).reverse()) step();
      await (await composed.promise).dispose();
    },
    ask: (doing) => askToQuit(dialog, doing),
    log,
  });
  leaveWithSystem({ app, powerMonitor: electron.powerMonitor, platform, quit });
  launches.serve((view) => open(view));

  try {
    const orchard = await options.compose({
      env,
      platform,
      notifier,
      person: createDialogPerson({
        dialog,
        popover,
        open: () => open('worktrees'),
        refused: actions.refused,
      }),
      faceProblems: problems,
      engineProblem: (message, tell) => sayProblem('engine', message, tell),
    });
    log.attach(orchard.log);
    undo.push(
      orchard.onSnapshot((snapshot) => {
        tray.show(snapshot);
        awake.follow(snapshot);
        absence.look();
        popover.push('snapshot', snapshot);
      }),
      orchard.onOperation((event) => {
        quit.note(event);
        popover.push('operation', event);
      }),
      followSettings(orchard),
    );
    composed.resolve(orchard);
    if (quit.isLeaving()) return;
    tray.show(await orchard.start());
    started.resolve(null);
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
