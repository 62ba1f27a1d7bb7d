/**
 * The popover's life: made when first asked for, shown beside the tray icon, hidden when it loses the
 * focus, destroyed some minutes later (a page costs about 140 MB while it exists).
 */
import type { BrowserWindow, BrowserWindowConstructorOptions, Screen, WebContents } from 'electron';
import { pushChannel } from '../../contract/channels';
import type { PopoverView, Pushes } from '../../contract/requests';
import { type Point, placePopover, type Rectangle } from '../../domain/popover-placement';
import type { Cancel, Clock, Log } from '../../engine/ports';
import type { Platform } from './platform-policy';
import { platformPolicies } from './platform-policy';

export const POPOVER_WIDTH = 380;
export const POPOVER_HEIGHT = { least: 120, first: 420, most: 560 } as const;
/** A click on the tray icon blurs the popover first; it means "close" when it comes this soon after. */
const SAME_CLICK_MS = 350;
/** Room for the focus to come back: a menu or the window itself may take it for a moment. */
const HIDE_AFTER_BLUR_MS = 100;
const DESTROY_AFTER_HIDDEN_MS = 5 * 60_000;

/** Where the popover was asked for; both are null for a second launch or a shortcut. */
export interface Anchor {
  readonly tray: Rectangle | null;
  readonly pointer: Point | null;
}

export interface Popover {
  show(anchor: Anchor, view?: PopoverView): void;
  /** What a click on the tray icon does: closes it when it is open (or that click just closed it). */
  toggle(anchor: Anchor): void;
  hide(): void;
  isVisible(): boolean;
  /** Fits the content's height, in CSS pixels; anything that is no sensible number is ignored. */
  resize(height: unknown): void;
  push<P extends keyof Pushes>(push: P, value: Pushes[P]): void;
  owns(contents: WebContents): boolean;
  /** The window while it exists, as a parent for dialogs. */
  window(): BrowserWindow | null;
  /** Keeps the popover open while a native dialog has the focus. */
  hold<T>(during: () => Promise<T>): Promise<T>;
  dispose(): void;
}

export interface PopoverDeps {
  readonly createWindow: (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly screen: Pick<Screen, 'getDisplayNearestPoint' | 'getDisplayMatching' | 'getCursorScreenPoint'>;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  /** The address of the page, and the absolute path of the preload script. */
  readonly page: string;
  readonly preload: string;
  readonly devTools: boolean;
  readonly onShown: () => void;
}

function windowOptions({ platform, preload, devTools }: PopoverDeps): BrowserWindowConstructorOptions {
  return {
    width: POPOVER_WIDTH,
    height: POPOVER_HEIGHT.first,
    show: false,
    frame: false,
    resizable: false,
    maximizable: false,
    minimizable: false,
    fullscreenable: false,
    skipTaskbar: true,
    alwaysOnTop: true,
    title: 'Orchard',
    // Vibrancy needs a window that is not `transparent`, and 'active' so that it does not grey out.
    ...(platform === 'darwin'
      ? { vibrancy: 'popover' as const, visualEffectState: 'active' as const, type: 'panel' }
      : {}),
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      spellcheck: false,
      devTools,
    },
  };
}

export function createPopover(deps: PopoverDeps): Popover {
  const { clock, platform, log } = deps;
  const policy = platformPolicies[platform];
  let window: BrowserWindow | null = null;
  /** The page is drawn: showing earlier flashes an empty window. */
  let ready = false;
  let wanted: { anchor: Anchor; view: PopoverView | null } | null = null;
  let anchor: Anchor = { tray: null, pointer: null };
  let height: number = POPOVER_HEIGHT.first;
  let shownAt = Number.NEGATIVE_INFINITY;
  let blurHidAt = Number.NEGATIVE_INFINITY;
  let holds = 0;
  let pendingHide: Cancel | null = null;
  let pendingDestroy: Cancel | null = null;

  const alive = () => (window === null || window.isDestroyed() ? null : window);
  const isVisible = () => alive()?.isVisible() === true;
  const cancelHide = () => {
    pendingHide?.();
    pendingHide = null;
  };
  const cancelDestroy = () => {
    pendingDestroy?.();
    pendingDestroy = null;
  };

  function destroy() {
    cancelHide();
    cancelDestroy();
    const old = alive();
    window = null;
    ready = false;
    wanted = null;
    old?.destroy();
  }

  function hide() {
    cancelHide();
    wanted = null;
    const shown = alive();
    if (shown === null) return;
    if (shown.isVisible()) shown.hide();
    cancelDestroy();
    pendingDestroy = clock.schedule(DESTROY_AFTER_HIDDEN_MS, destroy);
  }

  function onBlur() {
    if (holds > 0 || clock.now() - shownAt < policy.ignoreBlurMs) return;
    const blurredAt = clock.now();
    cancelHide();
    pendingHide = clock.schedule(HIDE_AFTER_BLUR_MS, () => {
      if (!isVisible() || holds > 0) return;
      blurHidAt = blurredAt;
      hide();
    });
  }

  function place(target: BrowserWindow) {
    const display =
      anchor.tray !== null && anchor.tray.width > 0
        ? deps.screen.getDisplayMatching({ ...anchor.tray })
        : deps.screen.getDisplayNearestPoint(anchor.pointer ?? deps.screen.getCursorScreenPoint());
    target.setBounds(
      placePopover({
        platform,
        ...anchor,
        screen: display.bounds,
        workArea: display.workArea,
        size: { width: POPOVER_WIDTH, height },
      }),
    );
  }

  function reveal() {
    const target = alive();
    if (target === null || !ready || wanted === null) return;
    anchor = wanted.anchor;
    const { view } = wanted;
    wanted = null;
    cancelHide();
    cancelDestroy();
    place(target);
    shownAt = clock.now();
    target.show();
    target.focus();
    if (view !== null) target.webContents.send(pushChannel('view'), view);
    deps.onShown();
  }

  function create(): BrowserWindow {
    const made = deps.createWindow(windowOptions(deps));
    if (platform !== 'darwin') made.setMenu(null);
    else made.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true, skipTransformProcessType: true });
    made.on('blur', onBlur);
    made.on('focus', cancelHide);
    made.once('ready-to-show', () => {
      ready = true;
      reveal();
    });
    made.on('closed', () => {
      if (window !== made) return;
      window = null;
      ready = false;
    });
    made.webContents.on('render-process-gone', (_event, details) => {
      log.warn('popover.gone', { reason: details.reason, exitCode: details.exitCode });
      if (window === made) destroy();
    });
    made.webContents.on('before-input-event', (event, input) => {
      // Esc closes even when the page is stuck or still loading; the page handles it first otherwise.
      if (input.type !== 'keyDown' || input.key !== 'Escape' || ready) return;
      event.preventDefault();
      hide();
    });
    made.loadURL(deps.page).catch((error: unknown) => {
      log.bug('popover.load', error);
      if (window === made) destroy();
    });
    return made;
  }

  function show(at: Anchor, view?: PopoverView) {
    wanted = { anchor: at, view: view ?? null };
    if (alive() === null) window = create();
    else reveal();
  }

  return {
    show,
    hide,
    isVisible,
    toggle(at) {
      const closedByThisClick = clock.now() - blurHidAt < SAME_CLICK_MS;
      blurHidAt = Number.NEGATIVE_INFINITY;
      if (isVisible()) hide();
      else if (!closedByThisClick) show(at);
    },
    resize(wish) {
      if (typeof wish !== 'number' || !Number.isFinite(wish)) return;
      const fitted = Math.max(POPOVER_HEIGHT.least, Math.min(Math.ceil(wish), POPOVER_HEIGHT.most));
      if (fitted === height) return;
      height = fitted;
      const target = alive();
      if (target?.isVisible() === true) place(target);
    },
    push(push, value) {
      alive()?.webContents.send(pushChannel(push), value);
    },
    owns: (contents) => alive()?.webContents === contents,
    window: () => (isVisible() ? alive() : null),
    async hold(during) {
      holds++;
      cancelHide();
      try {
        return await during();
      } finally {
        holds--;
        alive()?.focus();
      }
    },
    dispose: destroy,
  };
}
