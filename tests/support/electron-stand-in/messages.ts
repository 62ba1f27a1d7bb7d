/** What test and app say to each other; every message passes a structured clone. */

import type { Problem, Snapshot } from '../../../src-main/contract/snapshot';
import type { NotificationRequest } from '../../../src-main/domain/facts';
import type { DesktopTraits } from './traits';

export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  readonly id: number;
  readonly visible: boolean;
  readonly focused: boolean;
  readonly bounds: Bounds;
  readonly webPreferences: Readonly<Record<string, unknown>>;
}

export interface MenuEntryState {
  readonly label: string;
  readonly type: string;
  readonly enabled: boolean;
}

export interface NotificationState {
  readonly title: string;
  readonly body: string;
  readonly silent: boolean;
  readonly open: boolean;
}

/** Everything that the app made of its desktop so far. */
export interface AppState {
  readonly ready: boolean;
  readonly windows: readonly WindowState[];
  readonly tray: {
    readonly image: string;
    readonly imageIsEmpty: boolean;
    readonly tooltip: string;
    readonly menu: readonly MenuEntryState[];
    readonly menusSet: number;
  } | null;
  readonly notifications: readonly NotificationState[];
  readonly openedExternally: readonly string[];
  readonly clipboard: string;
  readonly dialogs: readonly { readonly kind: string; readonly options: Readonly<Record<string, unknown>> }[];
  readonly shortcuts: readonly string[];
  /** What the app says that it is, once it is ready. */
  readonly packaged: boolean;
}

export type FromApp =
  | {
      readonly type: 'window.create';
      readonly window: number;
      readonly preload: string;
      readonly bounds: Bounds;
    }
  | { readonly type: 'window.load'; readonly window: number; readonly url: string; readonly reply: number }
  | { readonly type: 'window.bounds'; readonly window: number; readonly bounds: Bounds }
  | {
      readonly type: 'window.send';
      readonly window: number;
      readonly channel: string;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'window.destroy'; readonly window: number }
  | { readonly type: 'state'; readonly state: AppState }
  | { readonly type: 'navigation'; readonly url: string; readonly prevented: boolean }
  | { readonly type: 'engine.call'; readonly name: string; readonly input: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly message: string };

/** Asked of the app by the test; each is answered. */
export interface Questions {
  readonly fetch: {
    ask: { url: string; method: string };
    answer: { status: number; headers: Record<string, string>; body: Uint8Array };
  };
  readonly invoke: {
    ask: {
      window: number;
      mainFrame: boolean;
      origin: string;
      url: string;
      channel: string;
      args: readonly unknown[];
    };
    answer: unknown;
  };
  readonly navigate: {
    ask: { window: number; url: string; mainFrame: boolean };
    answer: { prevented: boolean };
  };
  readonly open: { ask: { window: number; url: string }; answer: { action: string } };
  readonly permission: { ask: { permission: string }; answer: { requested: boolean; checked: boolean } };
  /** What a request through the preload answers in a window that is not the popover, at a foreign address. */
  readonly fromForeignWindow: { ask: { preload: string; call: string }; answer: unknown };
  /** What a request answers that comes from a frame inside the popover's page. */
  readonly fromFrame: { ask: { channel: string; args: readonly unknown[] }; answer: unknown };
  readonly state: { ask: null; answer: AppState };
  readonly screen: {
    ask: null;
    answer: { bounds: Bounds; workArea: Bounds; pointer: { x: number; y: number } };
  };
  readonly foreignWindow: { ask: { url: string; preload: string }; answer: { window: number } };
  readonly blur: { ask: { window: number }; answer: null };
  readonly clickTray: { ask: null; answer: null };
  readonly chooseMenu: { ask: { label: string }; answer: null };
  readonly clickNotification: { ask: { index: number }; answer: null };
  readonly pressShortcut: { ask: { accelerator: string }; answer: null };
  readonly answerDialogs: { ask: { answers: readonly unknown[] }; answer: null };
  readonly quit: { ask: null; answer: null };
  /** Only of the real Electron (spy.cjs): a click on the tray icon until a frame with this text is drawn, in ms. */
  readonly paintedAfterClick: { ask: { text: string }; answer: number };
  /** Only of the real Electron: ends the wait of each of the main process' timers of a minute up to `ms`. */
  readonly passTime: { ask: { ms: number }; answer: null };
  readonly desktopBecomes: { ask: Partial<DesktopTraits>; answer: null };
  readonly power: {
    ask: { event: 'suspend' | 'resume' | 'lock-screen' | 'unlock-screen' | 'shutdown' };
    answer: null;
  };
  /** Whether the popover's developer tools open when they are asked to. */
  readonly developerTools: { ask: null; answer: { open: boolean } };
  /** The process of the popover's page dies. */
  readonly crashPage: { ask: null; answer: null };
  /** Only where the engine is a fake (fake-main.ts). */
  readonly engineShows: { ask: { snapshot: Snapshot }; answer: null };
  readonly engineNotifies: { ask: { request: NotificationRequest }; answer: null };
  readonly engineProblems: { ask: null; answer: readonly Problem[] };
  readonly engineAsks: { ask: { title: string; exactText: string }; answer: boolean };
}
export type QuestionName = keyof Questions;
export type ToApp =
  | { readonly type: 'loaded'; readonly reply: number; readonly problem: string | null }
  | { readonly type: 'question'; readonly id: number; readonly name: QuestionName; readonly ask: unknown };
