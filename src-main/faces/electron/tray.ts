import { join } from 'node:path';
import type { Menu, MenuItemConstructorOptions, NativeImage, Tray } from 'electron';
import type { Snapshot, TrayIcon } from '../../contract/snapshot';
import type { Rectangle } from '../../domain/popover-placement';
import type { Cancel, Clock } from '../../engine/ports';
import { type Platform, platformPolicies } from './platform-policy';
import { type Anchor, knownPointer } from './popover-place';
import { type MenuAction, type MenuEntry, trayMenu } from './tray-menu';

export interface OrchardTray {
  /** Shows what the snapshot says; touches only what changed (each touch is a D-Bus call on Linux). */
  show(snapshot: Snapshot): void;
  /** Where the icon is, for a popover that was not opened by a click on it. */
  anchor(): Anchor;
  /** Sets the icon again: a panel may have missed it, or shows it at another scale now. */
  repaint(): void;
  dispose(): void;
}

/**
 * GNOME's panel often keeps the old icon while no window of the app has the focus, although it was told
 * (https://github.com/electron/electron/issues/54152): it is told once more, a little later.
 */
const SET_AGAIN_MS = 1_500;

export interface TrayDeps {
  readonly createTray: (image: NativeImage) => Tray;
  readonly imageFromPath: (path: string) => NativeImage;
  readonly buildMenu: (template: MenuItemConstructorOptions[]) => Menu;
  readonly cursor: () => { readonly x: number; readonly y: number };
  readonly platform: Platform;
  readonly clock: Clock;
  /** The directory of the drawn icons, absolute. */
  readonly icons: string;
  readonly onClick: (anchor: Anchor) => void;
  readonly onAction: (action: MenuAction) => void;
}

/** Cuts by UTF-16 units, as Windows does, but never inside a character. */
function fitTooltip(text: string, limit: number | null): string {
  if (limit === null || text.length <= limit) return text;
  let cut = '';
  for (const character of text) {
    if (cut.length + character.length > limit - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

export function createOrchardTray(deps: TrayDeps): OrchardTray {
  const policy = platformPolicies[deps.platform];
  const image = (variant: TrayIcon) => deps.imageFromPath(join(deps.icons, policy.trayIcon(variant)));
  const tray = deps.createTray(image('calm'));
  let menu: Menu | null = null;
  let setAgain: Cancel | null = null;
  let shown: { icon: TrayIcon; title: string; tooltip: string; menu: string } = {
    icon: 'calm',
    title: '',
    tooltip: 'Orchard',
    menu: '',
  };

  function setMenu(entries: readonly MenuEntry[]) {
    menu = deps.buildMenu(
      entries.map((entry): MenuItemConstructorOptions => {
        if (entry.type === 'separator') return { type: 'separator' };
        const { label, action } = entry;
        return action === null ? { label, enabled: false } : { label, click: () => deps.onAction(action) };
      }),
    );
    if (policy.trayMenu === 'attached') tray.setContextMenu(menu);
  }

  function repaint() {
    if (!tray.isDestroyed()) tray.setImage(image(shown.icon));
  }
  const bounds = (): Rectangle | null => (policy.trayBounds ? tray.getBounds() : null);

  tray.setToolTip(shown.tooltip);
  setMenu(trayMenu(null));
  if (deps.platform === 'darwin') tray.setIgnoreDoubleClickEvents(true);
  tray.on('click', () => {
    deps.onClick({ tray: bounds(), pointer: knownPointer(deps.cursor()) });
  });
  if (policy.trayMenu === 'popped-up')
    tray.on('right-click', () => {
      if (menu !== null) tray.popUpContextMenu(menu);
    });

  return {
    show(snapshot) {
      const entries = trayMenu(snapshot);
      const next = {
        icon: snapshot.tray.icon,
        title: snapshot.tray.title,
        tooltip: fitTooltip(snapshot.line, policy.tooltipLimit),
        menu: JSON.stringify(entries),
      };
      if (next.icon !== shown.icon) {
        tray.setImage(image(next.icon));
        setAgain?.();
        setAgain = deps.platform === 'linux' ? deps.clock.schedule(SET_AGAIN_MS, repaint) : null;
      }
      if (policy.trayTitle && next.title !== shown.title)
        tray.setTitle(next.title, { fontType: 'monospacedDigit' });
      if (next.tooltip !== shown.tooltip) tray.setToolTip(next.tooltip);
      if (next.menu !== shown.menu) setMenu(entries);
      shown = next;
    },
    anchor: () => ({ tray: bounds(), pointer: null }),
    repaint,
    dispose() {
      setAgain?.();
      if (!tray.isDestroyed()) tray.destroy();
    },
  };
}
