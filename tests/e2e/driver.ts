/**
 * One way to drive the desktop app for every spec, with two behind it: the stand-in for Electron, and
 * the real one through Playwright. The project that a spec runs in says which (vitest.config.ts).
 */
import type { Page } from 'playwright';
import type { Ask, EngineCall, Navigation } from '../support/desktop/conversation';
import type { AppState, Bounds } from '../support/electron-stand-in/messages';
import type { DesktopTraits } from '../support/electron-stand-in/traits';
import { poll } from '../support/poll';

export interface TrayView {
  readonly tooltip: string;
  /** The file name of the icon. */
  readonly image: string;
  /** Labels of the context menu; separators are '-'. */
  readonly menu: readonly string[];
}

export interface DesktopApp {
  readonly driver: 'stand-in' | 'electron';
  /** The popover's page once it is visible. */
  popover(): Promise<Page>;
  isPopoverVisible(): Promise<boolean>;
  popoverBounds(): Promise<Bounds | null>;
  tray(): Promise<TrayView | null>;
  clickTray(): Promise<void>;
  /** Chooses the entry whose label begins like this. */
  chooseMenu(label: string): Promise<void>;
  notifications(): Promise<AppState['notifications']>;
  clickNotification(index: number): Promise<void>;
  /** The person clicks somewhere else. */
  blur(): Promise<void>;
  openedExternally(): Promise<readonly string[]>;
  clipboard(): Promise<string>;
  /** Everything that the app made of its desktop so far; the popover's window comes first. */
  state(): Promise<AppState>;
  /** Whatever else a test asks of an app that it drives; `engine…` only where the test plays the engine. */
  readonly ask: Ask;
  /** What the face asked of an engine that the test plays, oldest first. */
  calls(): readonly EngineCall[];
  /** Every navigation that a page tried after its first, and whether the app let it. */
  navigations(): readonly Navigation[];
  /** Asks through our own preload from a window that is not the popover, at a foreign address. */
  askFromForeignWindow(name: string, input: unknown): Promise<unknown>;
  /** Asks as a frame inside the popover's page. */
  askFromFrame(name: string, input: unknown): Promise<unknown>;
  /** Starts the app a second time with these arguments; answers its exit code. */
  launchAgain(...args: string[]): Promise<number | null>;
  /** Process ids of the app and everything below it. */
  processes(): Promise<readonly number[]>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, once it has ended; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  quit(): Promise<number | null>;
  errors(): string;
  /** Ends the app in whatever state it is, and all that it started below itself. */
  dispose(): Promise<void>;
}

export interface DesktopLaunch {
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  /** `played`: around an engine that the test plays (fake-main.ts). */
  readonly engine?: 'real' | 'played';
  /** What its desktop is like, as far as it is no usual one. */
  readonly traits?: Partial<DesktopTraits>;
}

/** What both drivers see and do alike. */
export function driveBy(
  state: () => Promise<AppState>,
  ask: Ask,
): Pick<
  DesktopApp,
  | 'isPopoverVisible'
  | 'popoverBounds'
  | 'tray'
  | 'clickTray'
  | 'chooseMenu'
  | 'notifications'
  | 'clickNotification'
  | 'openedExternally'
  | 'clipboard'
> {
  return {
    isPopoverVisible: async () => (await state()).windows[0]?.visible === true,
    popoverBounds: async () => (await state()).windows[0]?.bounds ?? null,
    async tray() {
      const { tray } = await state();
      if (tray === null) return null;
      if (tray.imageIsEmpty) throw new Error(`The tray icon is empty: ${tray.image}`);
      return {
        tooltip: tray.tooltip,
        image: tray.image.replace(/^.*[/\\]/, ''),
        menu: tray.menu.map(({ type, label }) => (type === 'separator' ? '-' : label)),
      };
    },
    async clickTray() {
      await ask('clickTray', null);
    },
    async chooseMenu(label) {
      await ask('chooseMenu', { label });
    },
    notifications: async () => (await state()).notifications,
    async clickNotification(index) {
      await ask('clickNotification', { index });
    },
    openedExternally: async () => (await state()).openedExternally,
    clipboard: async () => (await state()).clipboard,
  };
}

/** Waits until the popover is (not) there. */
export const shown = (app: DesktopApp, visible = true) =>
  poll(
    () => app.isPopoverVisible(),
    (value) => value === visible,
    { what: visible ? 'the popover' : 'the popover to go', limitMs: 20_000 },
  );
