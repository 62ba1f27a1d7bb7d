/** The popover's life over time, with a clock whose hands the test turns and a window that only records. */
import { EventEmitter } from 'node:events';
import type { BrowserWindow, BrowserWindowConstructorOptions } from 'electron';
import { expect, test } from 'vitest';
import type { Platform } from '../../../src-main/faces/electron/platform-policy';
import { createPopover } from '../../../src-main/faces/electron/popover-window';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';

const screenOf = (width: number, height: number, scaleFactor = 1) => ({
  bounds: { x: 0, y: 0, width, height },
  workArea: { x: 0, y: 25, width, height: height - 25 },
  scaleFactor,
});
const anchor = { tray: { x: 900, y: 0, width: 24, height: 24 }, pointer: null };

class RecordedWindow extends EventEmitter {
  visible = false;
  destroyed = false;
  focused = false;
  /** The system gives the focus to somebody else. */
  refusesFocus = false;
  bounds: unknown = null;
  timesPlaced = 0;
  ground: string | undefined = undefined;
  readonly sent: unknown[] = [];
  readonly webContents = Object.assign(new EventEmitter(), {
    send: (channel: string, value: unknown) => this.sent.push([channel, value]),
  });
  constructor(
    readonly options: BrowserWindowConstructorOptions,
    readonly loadURL: () => Promise<void>,
  ) {
    super();
    this.ground = options.backgroundColor;
  }
  show() {
    this.visible = true;
  }
  focus() {
    if (this.refusesFocus || this.focused) return;
    this.focused = true;
    this.emit('focus');
  }
  blur() {
    this.focused = false;
    this.emit('blur');
  }
  hide() {
    this.visible = false;
    this.focused = false;
  }
  isFocused = () => this.focused;
  setBackgroundColor(color: string) {
    this.ground = color;
  }
  destroy() {
    this.destroyed = true;
    this.emit('closed');
  }
  setBounds(bounds: unknown) {
    this.bounds = bounds;
    this.timesPlaced++;
  }
  setMenu() {}
  setVisibleOnAllWorkspaces() {}
  isVisible = () => this.visible;
  isDestroyed = () => this.destroyed;
}

function popoverOn(platform: Platform) {
  const clock = createManualClock();
  const log = createSilentLog();
  const windows: RecordedWindow[] = [];
  const world = {
    display: screenOf(1440, 900),
    pointer: { x: 0, y: 0 },
    dark: false,
    load: () => Promise.resolve(),
  };
  const problems: (readonly [string | null, boolean])[] = [];
  let shownTimes = 0;
  const popover = createPopover({
    createWindow: (options) => {
      const window = new RecordedWindow(options, () => world.load());
      windows.push(window);
      return window as unknown as BrowserWindow;
    },
    screen: {
      getDisplayMatching: () => world.display as Electron.Display,
      getDisplayNearestPoint: () => world.display as Electron.Display,
      getCursorScreenPoint: () => world.pointer,
    },
    platform,
    clock,
    log,
    page: 'app://orchard/index.html',
    preload: '/preload.cjs',
    devTools: false,
    isDark: () => world.dark,
    onShown: () => shownTimes++,
    onProblem: (message, tell) => problems.push([message, tell]),
  });
  const window = () => {
    const last = windows.at(-1);
    if (last === undefined) throw new Error('no window was made');
    return last;
  };
  const open = () => {
    popover.show(anchor);
    window().emit('ready-to-show');
  };
  return { popover, clock, log, windows, window, world, problems, open, shownTimes: () => shownTimes };
}

test('shows no window before its page is drawn', () => {
  const { popover, window, shownTimes } = popoverOn('darwin');
  popover.show(anchor, 'settings');
  expect(window().visible).toBe(false);
  window().emit('ready-to-show');
  expect(window().visible).toBe(true);
  expect(window().bounds).toEqual({ x: 722, y: 29, width: 380, height: 420 });
  expect(window().sent).toEqual([['orchard:push:view', 'settings']]);
  expect(shownTimes()).toBe(1);
});

test('a popover that is closed while its page loads stays closed', () => {
  const { popover, window } = popoverOn('darwin');
  popover.show(anchor);
  popover.hide();
  window().emit('ready-to-show');
  expect(window().visible).toBe(false);
});

test('hides 100 ms after it lost the focus, unless the focus comes back', () => {
  const { popover, clock, window } = popoverOn('linux');
  popover.show(anchor);
  window().emit('ready-to-show');
  window().blur();
  clock.advance(99);
  window().focus();
  clock.advance(1_000);
  expect(window().visible).toBe(true);
  window().blur();
  clock.advance(99);
  expect(window().visible).toBe(true);
  clock.advance(1);
  expect(window().visible).toBe(false);
});

test('on Windows a blur in the first 400 ms means nothing when the focus comes back, and hides when it does not', () => {
  const { clock, window, open } = popoverOn('win32');
  open();
  clock.advance(100);
  window().blur();
  window().focus();
  clock.advance(20_000);
  expect(window().visible).toBe(true);
  window().blur();
  clock.advance(100);
  expect(window().visible).toBe(false);
  open();
  clock.advance(399);
  window().blur();
  clock.advance(0);
  expect(window().visible).toBe(true);
  clock.advance(1);
  expect(window().visible).toBe(false);
});

test('one that never got the focus asks once more, may be read, and goes when nobody points at it', () => {
  for (const platform of ['win32', 'darwin', 'linux'] as const) {
    const { popover, clock, window, world } = popoverOn(platform);
    popover.show(anchor);
    window().refusesFocus = true;
    window().emit('ready-to-show');
    world.pointer = { x: 800, y: 100 };
    clock.advance(30_000);
    expect(window().visible).toBe(true);
    world.pointer = { x: 10, y: 800 };
    clock.advance(10_000);
    expect(window().visible).toBe(false);

    window().refusesFocus = true;
    popover.show(anchor);
    window().refusesFocus = false;
    clock.advance(400);
    expect(window().focused).toBe(true);
    clock.advance(60_000);
    expect(window().visible).toBe(true);
  }
});

test('on macOS the app that loses the screen closes it, whatever the window itself was told', () => {
  const { popover, clock, window, open } = popoverOn('darwin');
  open();
  popover.appLeft();
  clock.advance(100);
  expect(window().visible).toBe(false);
});

test('the click on the icon that took the focus closes it, and the next one opens it', () => {
  const { popover, clock, window } = popoverOn('darwin');
  popover.toggle(anchor);
  window().emit('ready-to-show');
  clock.advance(5_000);
  window().blur();
  clock.advance(150);
  popover.toggle(anchor);
  expect(window().visible).toBe(false);
  popover.toggle(anchor);
  expect(window().visible).toBe(true);
  popover.toggle(anchor);
  expect(window().visible).toBe(false);
  popover.toggle(anchor);
  expect(window().visible).toBe(true);
});

test('a click long after it hid by itself opens it', () => {
  const { popover, clock, window } = popoverOn('darwin');
  popover.toggle(anchor);
  window().emit('ready-to-show');
  window().blur();
  clock.advance(2_000);
  popover.toggle(anchor);
  expect(window().visible).toBe(true);
});

test('a tray button that is held closes it and does not open it again', () => {
  const { popover, clock, window, world, open } = popoverOn('darwin');
  for (const [heldMs, moved] of [
    [400, 0],
    [1_500, 5],
  ] as const) {
    open();
    clock.advance(5_000);
    world.pointer = { x: 910, y: 10 };
    window().blur();
    clock.advance(heldMs);
    popover.toggle({ ...anchor, pointer: { x: 910 + moved, y: 10 } });
    expect(window().visible).toBe(false);
    popover.toggle({ ...anchor, pointer: { x: 910, y: 10 } });
    expect(window().visible).toBe(true);
    popover.hide();
  }
  // Where the pointer is not known, time alone says it.
  world.pointer = { x: 0, y: 0 };
  open();
  clock.advance(5_000);
  window().blur();
  clock.advance(400);
  popover.toggle(anchor);
  expect(window().visible).toBe(false);
});

test('a click on the icon right after one elsewhere opens it again', () => {
  const { popover, clock, window, world, open } = popoverOn('darwin');
  open();
  clock.advance(5_000);
  world.pointer = { x: 300, y: 600 };
  window().blur();
  clock.advance(300);
  popover.toggle({ ...anchor, pointer: { x: 910, y: 10 } });
  expect(window().visible).toBe(true);
});

test('is destroyed five minutes after it was hidden, and made anew when asked for', () => {
  const { popover, clock, windows, window } = popoverOn('linux');
  popover.show(anchor);
  window().emit('ready-to-show');
  popover.hide();
  clock.advance(5 * 60_000 - 1);
  expect(window().destroyed).toBe(false);
  popover.show(anchor);
  clock.advance(10 * 60_000);
  expect(window().destroyed).toBe(false);
  popover.hide();
  clock.advance(5 * 60_000);
  expect(window().destroyed).toBe(true);
  popover.push('view', 'spawn');
  popover.show(anchor);
  expect(windows).toHaveLength(2);
  window().emit('ready-to-show');
  expect(window().visible).toBe(true);
});

test('stays open while a native dialog has the focus', async () => {
  const { popover, clock, window } = popoverOn('linux');
  popover.show(anchor);
  window().emit('ready-to-show');
  const answer = await popover.hold(async () => {
    window().blur();
    clock.advance(10_000);
    expect(window().visible).toBe(true);
    return 'yes';
  });
  expect(answer).toBe('yes');
  window().blur();
  clock.advance(100);
  expect(window().visible).toBe(false);
});

test('a system that never says it may be shown does not keep it hidden: it is, soon after the page loaded', () => {
  const { popover, clock, window } = popoverOn('linux');
  popover.show(anchor, 'settings');
  clock.advance(1_000);
  expect(window().visible).toBe(false);
  window().webContents.emit('did-finish-load');
  clock.advance(200);
  expect(window().visible).toBe(true);
  expect(window().sent).toEqual([['orchard:push:view', 'settings']]);
  window().emit('ready-to-show');
  expect(window().sent).toHaveLength(1);
});

test('nor does a page that loads for ever; what it should show is said once it listens', () => {
  const { popover, clock, window, shownTimes } = popoverOn('linux');
  popover.show(anchor, 'spawn');
  clock.advance(2_500);
  expect(window().visible).toBe(true);
  expect(window().sent).toEqual([]);
  window().webContents.emit('did-finish-load');
  window().emit('ready-to-show');
  clock.advance(1_000);
  expect(window().sent).toEqual([['orchard:push:view', 'spawn']]);
  expect(shownTimes()).toBe(1);
});

const gone = { reason: 'oom', exitCode: 9 };

test('a page that crashed while it was looked at is opened again and says so', () => {
  const { clock, log, windows, window, problems, open } = popoverOn('linux');
  open();
  window().webContents.emit('render-process-gone', {}, gone);
  expect(window().destroyed).toBe(true);
  expect(log.lines).toContainEqual({ level: 'warn', event: 'popover.gone', data: gone });
  clock.advance(0);
  expect(windows).toHaveLength(2);
  window().emit('ready-to-show');
  expect(window().visible).toBe(true);
  expect(problems).toEqual([['The popover’s page ended unexpectedly (oom) and was opened again.', false]]);
});

test('a page that keeps dying is waited for longer each time, then given up with a word, until the next click', () => {
  const { popover, clock, windows, window, problems, open } = popoverOn('linux');
  open();
  for (const [waitMs, pages] of [
    [0, 2],
    [1_000, 3],
  ] as const) {
    window().webContents.emit('render-process-gone', {}, gone);
    clock.advance(waitMs - 1);
    expect(windows).toHaveLength(pages - 1);
    clock.advance(1);
    expect(windows).toHaveLength(pages);
    window().emit('ready-to-show');
  }
  window().webContents.emit('render-process-gone', {}, gone);
  clock.advance(60 * 60_000);
  expect(windows).toHaveLength(3);
  expect(problems.map(([, tell]) => tell)).toEqual([false, false, true]);
  expect(problems.at(-1)?.[0]).toContain('Open Orchard');
  popover.toggle(anchor);
  expect(windows).toHaveLength(4);
  window().emit('ready-to-show');
  // One that lived is a new story.
  clock.advance(60_000);
  window().webContents.emit('render-process-gone', {}, gone);
  clock.advance(0);
  expect(windows).toHaveLength(5);
});

test('a page that crashed while nobody looked is thrown away in silence', () => {
  const { popover, clock, windows, window, problems, open } = popoverOn('linux');
  open();
  popover.hide();
  problems.length = 0;
  window().webContents.emit('render-process-gone', {}, gone);
  clock.advance(60_000);
  expect(window().destroyed).toBe(true);
  expect(windows).toHaveLength(1);
  expect(problems).toEqual([]);
});

test('a page that can not be loaded is tried again, and said when it can not be shown', async () => {
  const { popover, clock, windows, problems, world } = popoverOn('linux');
  world.load = () => Promise.reject(new Error('ERR_FAILED'));
  popover.show(anchor);
  for (const waitMs of [0, 1_000, 0]) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(waitMs);
  }
  expect(windows).toHaveLength(3);
  expect(problems.at(-1)).toEqual([
    'The popover’s page ended unexpectedly (it could not be loaded) and was closed; choose Open Orchard to try again.',
    true,
  ]);
});

test('displays that change place an open popover anew and a hidden one at its next show', () => {
  const { popover, clock, window, world, open } = popoverOn('darwin');
  open();
  world.display = screenOf(1280, 720);
  const moved = { tray: { x: 700, y: 0, width: 24, height: 24 }, pointer: null };
  for (let told = 0; told < 3; told++) popover.displaysChanged(moved);
  clock.advance(150);
  expect(window().bounds).toEqual({ x: 522, y: 29, width: 380, height: 420 });
  expect(window().timesPlaced).toBe(2);
  popover.hide();
  world.display = screenOf(1024, 400);
  popover.displaysChanged(moved);
  clock.advance(150);
  expect(window().timesPlaced).toBe(2);
  popover.show(moved);
  expect(window().bounds).toEqual({ x: 522, y: 25, width: 380, height: 375 });
});

test('its size is what is wanted however often it is set, and set again where the scale changed', () => {
  const { popover, clock, window, world, open } = popoverOn('win32');
  world.display = screenOf(1152, 720, 1.25);
  for (let times = 0; times < 20; times++) {
    open();
    popover.hide();
  }
  expect(window().bounds).toMatchObject({ width: 380, height: 420 });
  expect(window().timesPlaced).toBe(20);
  open();
  world.display = screenOf(960, 600, 1.5);
  popover.displaysChanged(anchor);
  clock.advance(150);
  expect(window().timesPlaced).toBe(23);
  expect(window().bounds).toMatchObject({ width: 380, height: 420 });
});

test('its ground is the theme’s before the page is painted, also when the theme changes while it is hidden', () => {
  for (const platform of ['win32', 'linux'] as const) {
    const { popover, window, world, open } = popoverOn(platform);
    world.dark = true;
    open();
    expect(window().ground).toBe('#1f1f21');
    popover.hide();
    world.dark = false;
    popover.themeChanged();
    expect(window().ground).toBe('#fbfbfa');
  }
});

test('on macOS the window is made of vibrancy over every space: never transparent, never a panel', () => {
  const { popover, window, world } = popoverOn('darwin');
  popover.show(anchor);
  expect(window().options).toMatchObject({
    show: false,
    frame: false,
    skipTaskbar: true,
    vibrancy: 'popover',
    visualEffectState: 'active',
  });
  world.dark = true;
  popover.themeChanged();
  for (const option of ['transparent', 'type', 'backgroundColor'] as const)
    expect(window().options[option]).toBeUndefined();
  expect(window().ground).toBeUndefined();
});

test('fits its content between 120 and 560 pixels in whole ones, beside the same icon, and ignores nonsense', () => {
  const { popover, window } = popoverOn('darwin');
  popover.show(anchor);
  window().emit('ready-to-show');
  for (const [wish, height] of [
    [300.4, 301],
    [9_000, 560],
    [-4, 120],
    [200, 200],
    ['tall', 200],
    [Number.NaN, 200],
    [Number.POSITIVE_INFINITY, 200],
    [null, 200],
  ] as const) {
    popover.resize(wish);
    expect(window().bounds).toEqual({ x: 722, y: 29, width: 380, height });
  }
});
