/** Tray, menus, notifications, dialogs: what the person sees beside the popover. */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import type { MenuItemConstructorOptions } from 'electron';
import type { AppState } from '../messages';
import { traits } from './traits';
import { answer, describeState, publish } from './wire';

class NativeImage {
  constructor(readonly path: string) {}
  isEmpty(): boolean {
    return !existsSync(this.path);
  }
}
export const nativeImage = { createFromPath: (path: string) => new NativeImage(path) };

export class Menu {
  readonly items: readonly MenuItemConstructorOptions[];
  private constructor(items: readonly MenuItemConstructorOptions[]) {
    this.items = items;
  }
  static buildFromTemplate(template: MenuItemConstructorOptions[]): Menu {
    for (const { label, type } of template)
      if (type !== 'separator' && (typeof label !== 'string' || label === ''))
        throw new Error('Invalid template for MenuItem: must have either label, role or submenu');
    return new Menu(template);
  }
  static setApplicationMenu(_menu: null): void {}
}

const state = {
  tray: null as AppState['tray'],
  openedExternally: [] as string[],
  clipboard: '',
  dialogs: [] as { kind: string; options: Record<string, unknown> }[],
};
const notifications: Notification[] = [];
const shortcuts = new Map<string, () => void>();
let tray: Tray | null = null;
let menu: Menu | null = null;
let dialogAnswers: unknown[] = [];

describeState(() => ({
  ...state,
  notifications: notifications.map((notification) => notification.describe()),
  shortcuts: [...shortcuts.keys()],
}));

/** As on Linux: no bounds, no title, no popped-up menu. */
export class Tray extends EventEmitter {
  #image: NativeImage;
  #tooltip = '';
  #menusSet = 0;
  #destroyed = false;
  constructor(image: NativeImage) {
    super();
    if (tray !== null) throw new Error('A second tray icon: Orchard has one');
    this.#image = image;
    tray = this;
    this.#show();
  }
  #show() {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
    state.tray = {
      image: this.#image.path,
      imageIsEmpty: this.#image.isEmpty(),
      tooltip: this.#tooltip,
      menu: (menu?.items ?? []).map(({ label = '', type = 'normal', enabled = true }) => ({
        label,
        type,
        enabled,
      })),
      menusSet: this.#menusSet,
    };
    publish();
  }
  setImage(image: NativeImage): void {
    this.#image = image;
    this.#show();
  }
  setToolTip(tooltip: string): void {
    this.#tooltip = tooltip;
    this.#show();
  }
  setContextMenu(next: Menu): void {
    menu = next;
    this.#menusSet++;
    this.#show();
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }
  destroy(): void {
    this.#destroyed = true;
    tray = null;
    state.tray = null;
    publish();
  }
}

export class Notification extends EventEmitter {
  #options: { id?: string; title?: string; body?: string; silent?: boolean };
  #open = false;
  constructor(options: { id?: string; title?: string; body?: string; silent?: boolean } = {}) {
    super();
    this.#options = structuredClone(options);
  }
  static isSupported(): boolean {
    return traits().notifications !== 'unsupported';
  }
  get id(): string {
    return this.#options.id ?? '';
  }
  show(): void {
    const fate = traits().notifications;
    if (fate !== 'shown') {
      const words = fate === 'unsupported' ? '' : fate.refusedWith;
      queueMicrotask(() => this.emit('failed', {}, words));
      return;
    }
    // As on macOS: one identifier is one notification, and the newer takes the older's place without a word.
    for (const other of this.#namesakes()) other.#open = false;
    this.#open = true;
    notifications.push(this);
    publish();
    queueMicrotask(() => this.emit('show', {}));
  }
  /** As on macOS: takes away what is there under its identifier, whichever object showed that. */
  close(): void {
    for (const other of this.#namesakes()) other.#open = false;
    publish();
    if (!this.#open) return;
    this.#open = false;
    this.emit('close', { reason: 'applicationHidden' });
    publish();
  }
  click(): void {
    if (!this.#open) throw new Error('That notification is closed');
    this.#open = false;
    this.emit('click', {});
    this.emit('close', { reason: 'userCanceled' });
    publish();
  }
  #namesakes(): readonly Notification[] {
    return this.id === '' ? [] : notifications.filter((one) => one !== this && one.id === this.id);
  }
  describe() {
    const { title = '', body = '', silent = false } = this.#options;
    return { title, body, silent, open: this.#open };
  }
}

const pointer = { x: 1500, y: 12 };
const display = {
  bounds: { x: 0, y: 0, width: 1920, height: 1080 },
  workArea: { x: 0, y: 32, width: 1920, height: 1048 },
  scaleFactor: 1,
};
export const screen = Object.assign(new EventEmitter(), {
  getCursorScreenPoint: () => ({ ...pointer }),
  getDisplayNearestPoint: () => display,
  getDisplayMatching: () => display,
});
export const nativeTheme = Object.assign(new EventEmitter(), { shouldUseDarkColors: false });

export const globalShortcut = {
  register(accelerator: string, callback: () => void): boolean {
    if (accelerator === '' || accelerator.includes('++')) throw new TypeError('Error processing argument');
    if (shortcuts.has(accelerator)) return false;
    shortcuts.set(accelerator, callback);
    publish();
    return true;
  },
  unregister(accelerator: string): void {
    shortcuts.delete(accelerator);
    publish();
  },
  isRegistered: (accelerator: string): boolean => shortcuts.has(accelerator),
};

/** Answers what the test laid out, else what closing the dialog means. */
function ask<T extends object>(kind: string, args: unknown[], closed: T): Promise<T> {
  const options = args.at(-1) as Record<string, unknown>;
  state.dialogs.push({ kind, options: structuredClone(options) });
  publish();
  const next = dialogAnswers.shift();
  return Promise.resolve(next === undefined ? closed : { ...closed, ...(next as T) });
}
export const dialog = {
  showOpenDialog: (...args: unknown[]) => ask('open', args, { canceled: true, filePaths: [] as string[] }),
  showMessageBox: (...args: unknown[]) => ask('message', args, { response: 0, checkboxChecked: false }),
  showErrorBox(title: string, content: string): void {
    state.dialogs.push({ kind: 'error', options: { title, content } });
    publish();
    process.stderr.write(`${title}: ${content}\n`);
  },
};

export const shell = {
  openExternal(url: string): Promise<void> {
    state.openedExternally.push(url);
    publish();
    return Promise.resolve();
  },
};
export const clipboard = {
  writeText(text: string): Promise<void> {
    state.clipboard = text;
    publish();
    return Promise.resolve();
  },
};
export const powerMonitor = Object.assign(new EventEmitter(), {
  getSystemIdleState: (_seconds: number) => 'active' as const,
});
export const powerSaveBlocker = { start: (_type: string) => 1, stop: (_id: number) => true };

answer('power', ({ event }) => {
  powerMonitor.emit(event, { preventDefault() {} });
  return null;
});
answer('screen', () => ({ ...display, pointer }));
answer('clickTray', () => {
  if (tray === null) throw new Error('There is no tray icon');
  tray.emit('click', {}, { x: 0, y: 0, width: 0, height: 0 }, { ...pointer });
  return null;
});
answer('chooseMenu', ({ label }) => {
  const item = menu?.items.find((entry) => entry.label?.startsWith(label));
  if (item?.click === undefined || item.enabled === false)
    throw new Error(`The menu has no “${label}” to choose`);
  (item.click as () => void)();
  return null;
});
answer('clickNotification', ({ index }) => {
  const notification = notifications[index];
  if (notification === undefined) throw new Error(`There is no notification ${index}`);
  notification.click();
  return null;
});
answer('pressShortcut', ({ accelerator }) => {
  const press = shortcuts.get(accelerator);
  if (press === undefined) throw new Error(`${accelerator} is not registered`);
  press();
  return null;
});
answer('answerDialogs', ({ answers }) => {
  dialogAnswers = [...answers];
  return null;
});
