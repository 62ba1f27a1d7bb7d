import { EventEmitter } from 'node:events';
import type { BrowserWindowConstructorOptions } from 'electron';
import type { Bounds } from '../messages';
import { theApp as app } from './app';
import { strict } from './strict';
import { traits } from './traits';
import { answer, describeState, load, publish, tell } from './wire';

export interface Frame {
  readonly parent: Frame | null;
  readonly origin: string;
  readonly url: string;
}

/** `URL.origin` is 'null' for app:, where Chromium, told that it is a standard scheme, has one. */
export function originOf(url: string): string {
  const { protocol, host, origin } = new URL(url);
  return origin === 'null' && host !== '' ? `${protocol}//${host}` : origin;
}

export class WebContents extends EventEmitter {
  #frame: Frame = { parent: null, origin: 'null', url: '' };
  #openHandler: ((details: { url: string }) => { action: string }) | null = null;
  constructor(readonly id: number) {
    super();
  }
  get mainFrame(): Frame {
    return this.#frame;
  }
  send(channel: string, ...args: unknown[]): void {
    tell({ type: 'window.send', window: this.id, channel, args: structuredClone(args) });
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#openHandler = handler;
  }
  /** For the stand-in itself. */
  committed(url: string): void {
    this.#frame = { parent: null, origin: originOf(url), url };
  }
  asked(url: string): { action: string } {
    return this.#openHandler?.({ url }) ?? { action: 'allow' };
  }
}
/** Longer than the popover waits for a page that has loaded. */
const LATE_MS = 3_000;

const windows = new Map<number, BrowserWindow>();
const contentsById = new Map<number, WebContents>();
let nextId = 1;

export class BrowserWindow extends EventEmitter {
  readonly id = nextId++;
  #contents: WebContents;
  #visible = false;
  #focused = false;
  #destroyed = false;
  #bounds: Bounds;
  readonly #preferences: Readonly<Record<string, unknown>>;

  constructor(options: BrowserWindowConstructorOptions = {}) {
    super();
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    const { preload = '', ...preferences } = options.webPreferences ?? {};
    this.#preferences = { ...preferences };
    this.#bounds = { x: 0, y: 0, width: options.width ?? 800, height: options.height ?? 600 };
    this.#visible = options.show !== false;
    this.#contents = strict('webContents', new WebContents(this.id));
    windows.set(this.id, this);
    contentsById.set(this.id, this.#contents);
    tell({ type: 'window.create', window: this.id, preload, bounds: this.#bounds });
    app.emit('web-contents-created', {}, this.#contents);
    publish();
  }
  get webContents(): WebContents {
    this.#mustLive();
    return this.#contents;
  }
  #mustLive() {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
  }
  async loadURL(url: string): Promise<void> {
    this.#mustLive();
    // Committed before its scripts run, as a real navigation is.
    this.#contents.committed(url);
    await load(this.id, url);
    if (this.#destroyed) return;
    const { paint } = traits();
    if (paint === 'at-once') this.emit('ready-to-show');
    this.#contents.emit('did-finish-load');
    if (paint === 'late') setTimeout(() => !this.#destroyed && this.emit('ready-to-show'), LATE_MS);
  }
  show(): void {
    this.#mustLive();
    this.#visible = true;
    this.emit('show', {});
    this.focus();
  }
  hide(): void {
    this.#mustLive();
    this.#visible = false;
    if (this.#focused) this.lose();
    this.emit('hide', {});
    publish();
  }
  focus(): void {
    this.#mustLive();
    if (!this.#focused && traits().focus === 'given') {
      this.#focused = true;
      this.emit('focus', {});
    }
    publish();
  }
  isVisible(): boolean {
    this.#mustLive();
    return this.#visible;
  }
  isFocused(): boolean {
    this.#mustLive();
    return this.#focused;
  }
  setBackgroundColor(_color: string): void {
    this.#mustLive();
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }
  getBounds(): Bounds {
    this.#mustLive();
    return { ...this.#bounds };
  }
  setBounds(bounds: Partial<Bounds>): void {
    this.#mustLive();
    for (const [side, value] of Object.entries(bounds))
      if (!Number.isInteger(value)) throw new TypeError(`Error processing argument: ${side} is ${value}`);
    this.#bounds = { ...this.#bounds, ...bounds };
    tell({ type: 'window.bounds', window: this.id, bounds: this.#bounds });
    publish();
  }
  setMenu(menu: null): void {
    this.#mustLive();
    if (menu !== null) throw new Error('The Electron stand-in gives windows no menu');
  }
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    windows.delete(this.id);
    contentsById.delete(this.id);
    tell({ type: 'window.destroy', window: this.id });
    this.emit('closed');
    publish();
    if (windows.size > 0) return;
    if (app.listenerCount('window-all-closed') === 0) app.quit();
    else app.emit('window-all-closed');
  }
  /** For the stand-in itself: the focus went elsewhere. */
  lose(): void {
    this.#focused = false;
    this.emit('blur', {});
    publish();
  }
  describe() {
    return {
      id: this.id,
      visible: this.#visible,
      focused: this.#focused,
      bounds: this.#bounds,
      webPreferences: this.#preferences,
    };
  }
}

app.closeWindows = () => {
  for (const window of [...windows.values()]) {
    window.hide();
    window.destroy();
  }
};
export const contentsOf = (id: number): WebContents => {
  const contents = contentsById.get(id);
  if (contents === undefined) throw new Error(`There is no window ${id}`);
  return contents;
};
describeState(() => ({ windows: [...windows.values()].map((window) => window.describe()) }));
answer('blur', ({ window }) => {
  windows.get(window)?.lose();
  return null;
});
answer('navigate', ({ window, url, mainFrame }) => {
  let prevented = false;
  const details = {
    url,
    isMainFrame: mainFrame,
    isSameDocument: false,
    preventDefault: () => (prevented = true),
  };
  const contents = contentsOf(window);
  contents.emit('will-frame-navigate', details);
  if (mainFrame) contents.emit('will-navigate', details);
  if (!prevented && mainFrame) contents.committed(url);
  return { prevented };
});
answer('developerTools', () => {
  const [window] = windows.values();
  return { open: window?.describe().webPreferences.devTools !== false };
});
answer('crashPage', () => {
  const [window] = windows.values();
  if (window === undefined) throw new Error('There is no window');
  window.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
  return null;
});
answer('open', ({ window, url }) => contentsOf(window).asked(url));
answer('foreignWindow', async ({ url, preload }) => {
  const window = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
  await window.loadURL(url);
  return { window: window.id };
});
