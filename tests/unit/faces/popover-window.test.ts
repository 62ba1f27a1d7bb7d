/** The popover's life over time, with a clock whose hands the test turns and a window that only records. */
import { EventEmitter } from 'node:events';
import type { BrowserWindow, BrowserWindowConstructorOptions } from 'electron';
import { expect, test } from 'vitest';
import type { Platform } from '../../../src-main/faces/electron/platform-policy';
import { createPopover } from '../../../src-main/faces/electron/popover-window';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';

const display = {
  bounds: { x: 0, y: 0, width: 1440, height: 900 },
  workArea: { x: 0, y: 25, width: 1440, height: 875 },
};
const anchor = { tray: { x: 900, y: 0, width: 24, height: 24 }, pointer: null };

class RecordedWindow extends EventEmitter {
  visible = false;
  destroyed = false;
  bounds: unknown = null;
  readonly sent: unknown[] = [];
  readonly webContents = Object.assign(new EventEmitter(), {
    send: (channel: string, value: unknown) => this.sent.push([channel, value]),
  });
  constructor(readonly options: BrowserWindowConstructorOptions) {
    super();
  }
  loadURL = () => Promise.resolve();
  show() {
    this.visible = true;
  }
  focus() {}
  hide() {
    this.visible = false;
  }
  destroy() {
    this.destroyed = true;
    this.emit('closed');
  }
  setBounds(bounds: unknown) {
    this.bounds = bounds;
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
  let shownTimes = 0;
  const popover = createPopover({
    createWindow: (options) => {
      const window = new RecordedWindow(options);
      windows.push(window);
      return window as unknown as BrowserWindow;
    },
    screen: {
      getDisplayMatching: () => display as Electron.Display,
      getDisplayNearestPoint: () => display as Electron.Display,
      getCursorScreenPoint: () => ({ x: 0, y: 0 }),
    },
    platform,
    clock,
    log,
    page: 'app://orchard/index.html',
    preload: '/preload.cjs',
    devTools: false,
    onShown: () => shownTimes++,
  });
  const window = () => {
    const last = windows.at(-1);
    if (last === undefined) throw new Error('no window was made');
    return last;
  };
  return { popover, clock, log, windows, window, shownTimes: () => shownTimes };
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
  window().emit('blur');
  clock.advance(99);
  window().emit('focus');
  clock.advance(1_000);
  expect(window().visible).toBe(true);
  window().emit('blur');
  clock.advance(99);
  expect(window().visible).toBe(true);
  clock.advance(1);
  expect(window().visible).toBe(false);
});

test('on Windows a blur in the first 400 ms means nothing, later it hides', () => {
  const { popover, clock, window } = popoverOn('win32');
  popover.show(anchor);
  window().emit('ready-to-show');
  clock.advance(399);
  window().emit('blur');
  clock.advance(1_000);
  expect(window().visible).toBe(true);
  window().emit('blur');
  clock.advance(100);
  expect(window().visible).toBe(false);
});

test('the click on the icon that took the focus closes it, and the next one opens it', () => {
  const { popover, clock, window } = popoverOn('darwin');
  popover.toggle(anchor);
  window().emit('ready-to-show');
  clock.advance(5_000);
  window().emit('blur');
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
  window().emit('blur');
  clock.advance(2_000);
  popover.toggle(anchor);
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
    window().emit('blur');
    clock.advance(10_000);
    expect(window().visible).toBe(true);
    return 'yes';
  });
  expect(answer).toBe('yes');
  window().emit('blur');
  clock.advance(100);
  expect(window().visible).toBe(false);
});

test('a page that crashed is thrown away and the next click makes a new one', () => {
  const { popover, log, windows, window } = popoverOn('linux');
  popover.show(anchor);
  window().emit('ready-to-show');
  window().webContents.emit('render-process-gone', {}, { reason: 'oom', exitCode: 9 });
  expect(window().destroyed).toBe(true);
  expect(log.lines).toContainEqual({
    level: 'warn',
    event: 'popover.gone',
    data: { reason: 'oom', exitCode: 9 },
  });
  popover.toggle(anchor);
  expect(windows).toHaveLength(2);
});

test('on macOS the window is a panel with vibrancy over every space, and never transparent', () => {
  const { popover, window } = popoverOn('darwin');
  popover.show(anchor);
  expect(window().options).toMatchObject({
    show: false,
    frame: false,
    skipTaskbar: true,
    vibrancy: 'popover',
    visualEffectState: 'active',
  });
  expect(window().options.transparent).toBeUndefined();
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
