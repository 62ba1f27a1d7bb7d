/**
 * One way to drive the desktop app for every spec, with two behind it: the stand-in for Electron, and
 * the real one through Playwright wherever its binary is (ORCHARD_ELECTRON=1 insists on it).
 */
import type { Page } from 'playwright';
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
  popoverBounds(): Promise<{ x: number; y: number; width: number; height: number } | null>;
  tray(): Promise<TrayView | null>;
  clickTray(): Promise<void>;
  /** Chooses the entry whose label begins like this. */
  chooseMenu(label: string): Promise<void>;
  notifications(): Promise<readonly { readonly title: string; readonly body: string }[]>;
  clickNotification(index: number): Promise<void>;
  /** The person clicks somewhere else. */
  blur(): Promise<void>;
  openedExternally(): Promise<readonly string[]>;
  clipboard(): Promise<string>;
  /** Asks through our own preload from a window that is not the popover, at a foreign address. */
  askFromForeignWindow(name: string, input: unknown): Promise<unknown>;
  /** Starts the app a second time with these arguments; answers its exit code. */
  launchAgain(...args: string[]): Promise<number | null>;
  /** Process ids of the app and everything below it. */
  processes(): Promise<readonly number[]>;
  quit(): Promise<number | null>;
  errors(): string;
  dispose(): Promise<void>;
}

export interface DesktopLaunch {
  readonly env: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
}

/** Waits until the popover is (not) there. */
export const shown = (app: DesktopApp, visible = true) =>
  poll(
    () => app.isPopoverVisible(),
    (value) => value === visible,
    { what: visible ? 'the popover' : 'the popover to go', limitMs: 20_000 },
  );
