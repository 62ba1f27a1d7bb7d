/**
 * The popover's life: made when first asked for, shown beside the tray icon, hidden when it loses the
 * focus, destroyed some minutes later (a page costs about 140 MB while it exists).
 */
import type { BrowserWindow, BrowserWindowConstructorOptions, Screen, WebContents } from 'electron';
import { pushChannel } from '../../contract/channels';
import type { PopoverView, Pushes } from '../../contract/requests';
import { afterDeath, noDeaths } from '../../domain/growing-wait';
import type { Cancel, Clock, Log } from '../../engine/ports';
import { type Platform, platformPolicies } from './platform-policy';
import { createFocusWatch } from './popover-focus';
import { POPOVER_HEIGHT, POPOVER_WIDTH, popoverGround, popoverOptions } from './popover-options';
import { type Anchor, createPlacing } from './popover-place';
import { isSamePress, type Press } from './tray-press';

export type { Anchor };

const DESTROY_AFTER_HIDDEN_MS = 5 * 60_000;
/**
 * `ready-to-show` may never come: a hidden window is not drawn on native Wayland
 * (https://github.com/electron/electron/issues/48859). So a page that has loaded gets this long for its
 * first paint, and none is waited for longer than the limit.
 */
const PAINT_MS = 200;
const SHOW_LIMIT_MS = 2_500;
/** A page that dies under the person's eyes is opened again by itself so often; then by a click only. */
const MOST_REOPENED = 2;
/** Displays that come, go and change tell so several times. */
const DISPLAYS_SETTLE_MS = 150;

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
  /** The window once it is shown, as a parent for dialogs; calls `open` when it is not, null when it can't be. */
  shown(open: () => void): Promise<BrowserWindow | null>;
  /** Keeps the popover open while a native dialog has the focus. */
  hold<T>(during: () => Promise<T>): Promise<T>;
  /** The focus left the app as a whole, whatever the window itself was told. */
  appLeft(): void;
  /** Displays, their scale or work area changed: an open popover is placed anew beside `anchor`. */
  displaysChanged(anchor: Anchor): void;
  themeChanged(): void;
  dispose(): void;
}

export interface PopoverDeps {
  readonly createWindow: (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly screen: Pick<Screen, 'getDisplayNearestPoint' | 'getDisplayMatching' | 'getCursorScreenPoint'>;
  readonly platform: Platform;
  /** Monotonic: a clock that is set back would make blurs mean nothing for hours. */
  readonly clock: Clock;
  readonly log: Log;
  /** The address of the page, and the absolute path of the preload script. */
  readonly page: string;
  readonly preload: string;
  readonly devTools: boolean;
  readonly isDark: () => boolean;
  readonly onShown: () => void;
  /** Hidden, and not because the focus went elsewhere. */
  readonly onDismissed?: () => void;
  /** What the page ran into, in a sentence; null when that is over. `tell`: it can't say so itself. */
  readonly onProblem: (message: string | null, tell: boolean) => void;
}

export function createPopover(deps: PopoverDeps): Popover {
  const { clock, platform, log } = deps;
  const placing = createPlacing(platform, deps.screen);
  let window: BrowserWindow | null = null;
  /** It may be shown: the page is drawn, or was waited for long enough. */
  let ready = false;
  /** The page listens to pushes. */
  let hears = false;
  let wanted: { anchor: Anchor; view: PopoverView | null } | null = null;
  let unsaidView: PopoverView | null = null;
  let anchor: Anchor = { tray: null, pointer: null };
  let height: number = POPOVER_HEIGHT.first;
  let closedBy: Press | null = null;
  let holds = 0;
  /** Those who wait for it to be shown. */
  const waiting = new Set<() => void>();
  let madeAt = 0;
  let deaths = noDeaths;
  let pendingDestroy: Cancel | null = null;
  let pendingReopen: Cancel | null = null;
  let pendingPlace: Cancel | null = null;
  let pendingReady: Cancel[] = [];

  const alive = () => (window === null || window.isDestroyed() ? null : window);
  const isVisible = () => alive()?.isVisible() === true;
  const place = (target: BrowserWindow) => placing.place(target, anchor, { width: POPOVER_WIDTH, height });

  const focus = createFocusWatch({
    clock,
    ignoreBlurMs: platformPolicies[platform].ignoreBlurMs,
    isVisible,
    isFocused: () => alive()?.isFocused() === true,
    isHeld: () => holds > 0,
    isPointerInside: placing.isPointerInside,
    focus: () => alive()?.focus(),
    leave(at) {
      closedBy = { at, pointer: placing.pointer() };
      hide();
    },
  });

  function cancelPending() {
    for (const cancel of [pendingDestroy, pendingReopen, pendingPlace, ...pendingReady]) cancel?.();
    pendingDestroy = pendingReopen = pendingPlace = null;
    pendingReady = [];
  }

  function destroy() {
    focus.stop();
    cancelPending();
    const old = alive();
    window = null;
    ready = hears = false;
    wanted = unsaidView = null;
    placing.forget();
    old?.destroy();
  }

  function hide() {
    focus.stop();
    pendingReopen?.();
    pendingReopen = null;
    wanted = null;
    const shown = alive();
    if (shown === null) return;
    if (shown.isVisible()) shown.hide();
    deps.onProblem(null, false);
    pendingDestroy?.();
    pendingDestroy = clock.schedule(DESTROY_AFTER_HIDDEN_MS, destroy);
  }

  function dismiss() {
    if (isVisible()) deps.onDismissed?.();
    hide();
  }

  function sayView() {
    if (!hears || unsaidView === null) return;
    alive()?.webContents.send(pushChannel('view'), unsaidView);
    unsaidView = null;
  }

  function reveal() {
    const target = alive();
    if (target === null || !ready || wanted === null) return;
    anchor = wanted.anchor;
    unsaidView = wanted.view ?? unsaidView;
    wanted = null;
    pendingDestroy?.();
    pendingDestroy = null;
    place(target);
    focus.expect();
    target.show();
    target.focus();
    sayView();
    for (const go of waiting) go();
    waiting.clear();
    deps.onShown();
  }

  /** The page is gone or never came. Whoever was looking at it gets it back, or is told. */
  function died(made: BrowserWindow, why: string) {
    if (window !== made) return;
    const again = wanted ?? (isVisible() ? { anchor, view: null } : null);
    const next = afterDeath(deaths, clock.now() - madeAt);
    deaths = next.deaths;
    destroy();
    if (again === null) return;
    const closed = deaths.inARow > MOST_REOPENED;
    const then = closed ? 'closed; choose Open Orchard to try again' : 'opened again';
    deps.onProblem(`The popover’s page ended unexpectedly (${why}) and was ${then}.`, closed);
    if (closed) return;
    pendingReopen = clock.schedule(next.waitMs, () => show(again.anchor, again.view ?? undefined));
  }

  function create(): BrowserWindow {
    const made = deps.createWindow(popoverOptions({ ...deps, dark: deps.isDark() }));
    madeAt = clock.now();
    const becomeReady = () => {
      if (window !== made || ready) return;
      ready = true;
      reveal();
    };
    const beginToHear = () => {
      if (window !== made) return;
      hears = true;
      sayView();
    };
    if (platform !== 'darwin') made.setMenu(null);
    else made.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true, skipTransformProcessType: true });
    made.on('blur', focus.blurred);
    made.on('focus', focus.focused);
    made.once('ready-to-show', () => {
      beginToHear();
      becomeReady();
    });
    made.webContents.once('did-finish-load', () => {
      beginToHear();
      pendingReady.push(clock.schedule(PAINT_MS, becomeReady));
    });
    pendingReady.push(clock.schedule(SHOW_LIMIT_MS, becomeReady));
    made.on('closed', () => {
      if (window !== made) return;
      focus.stop();
      cancelPending();
      window = null;
      ready = hears = false;
    });
    made.webContents.on('render-process-gone', (_event, details) => {
      log.warn('popover.gone', { reason: details.reason, exitCode: details.exitCode });
      died(made, details.reason);
    });
    made.webContents.on('before-input-event', (event, input) => {
      // Esc closes even when the page is stuck or still loading; the page handles it first otherwise.
      if (input.type !== 'keyDown' || input.key !== 'Escape' || hears) return;
      event.preventDefault();
      dismiss();
    });
    made.loadURL(deps.page).catch((error: unknown) => {
      log.bug('popover.load', error);
      died(made, 'it could not be loaded');
    });
    return made;
  }

  function show(at: Anchor, view?: PopoverView) {
    pendingReopen?.();
    pendingReopen = null;
    wanted = { anchor: at, view: view ?? null };
    if (alive() === null) window = create();
    else reveal();
  }

  return {
    show,
    hide: dismiss,
    isVisible,
    toggle(at) {
      const before = closedBy;
      closedBy = null;
      if (isVisible()) dismiss();
      else if (
        before === null ||
        !isSamePress(before, { at: clock.now(), pointer: at.pointer ?? placing.pointer() })
      )
        show(at);
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
    async shown(open) {
      if (!isVisible()) {
        open();
        if (!isVisible())
          await new Promise<void>((resolve) => {
            waiting.add(resolve);
            clock.schedule(SHOW_LIMIT_MS * 2, resolve);
          });
      }
      return isVisible() ? alive() : null;
    },
    async hold(during) {
      holds++;
      try {
        return await during();
      } finally {
        holds--;
        const shown = isVisible() ? alive() : null;
        shown?.focus();
        if (shown !== null && holds === 0) focus.expect();
      }
    },
    appLeft() {
      if (isVisible()) focus.blurred();
    },
    displaysChanged(at) {
      pendingPlace?.();
      pendingPlace = clock.schedule(DISPLAYS_SETTLE_MS, () => {
        pendingPlace = null;
        anchor = { tray: at.tray ?? anchor.tray, pointer: anchor.pointer };
        const target = alive();
        // A hidden one is placed when it is shown.
        if (target?.isVisible() === true) place(target);
      });
    },
    themeChanged() {
      const ground = popoverGround(platform, deps.isDark());
      if (ground !== null) alive()?.setBackgroundColor(ground);
    },
    dispose: destroy,
  };
}
