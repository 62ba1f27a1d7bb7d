/** What happens to the desktop around an open, hidden or cached popover. */
import type { App, NativeTheme, Screen } from 'electron';
import type { Cancel } from '../../engine/ports';
import type { Platform } from './platform-policy';
import type { Anchor } from './popover-place';
import type { Popover } from './popover-window';

export interface FollowDesktopDeps {
  readonly app: Pick<App, 'on' | 'off'>;
  readonly screen: Pick<Screen, 'on' | 'off'>;
  readonly nativeTheme: Pick<NativeTheme, 'on' | 'off'>;
  readonly platform: Platform;
  readonly popover: Pick<Popover, 'displaysChanged' | 'themeChanged' | 'appLeft'>;
  /** Where the tray icon is now. */
  readonly anchor: () => Anchor;
  /** Panels come and go with displays, and other scales want other icons. */
  readonly repaintTray: () => void;
}

export function followDesktop({
  app,
  screen,
  nativeTheme,
  platform,
  popover,
  anchor,
  repaintTray,
}: FollowDesktopDeps): Cancel {
  const displays = () => {
    popover.displaysChanged(anchor());
    repaintTray();
  };
  screen.on('display-added', displays);
  screen.on('display-removed', displays);
  screen.on('display-metrics-changed', displays);
  nativeTheme.on('updated', popover.themeChanged);
  // macOS tells of the app as a whole too, in case the window is told nothing.
  if (platform === 'darwin') app.on('did-resign-active', popover.appLeft);
  return () => {
    screen.off('display-added', displays);
    screen.off('display-removed', displays);
    screen.off('display-metrics-changed', displays);
    nativeTheme.off('updated', popover.themeChanged);
    if (platform === 'darwin') app.off('did-resign-active', popover.appLeft);
  };
}
