/** Puts the popover's window beside where it was asked for, again whenever that changes. */
import type { BrowserWindow, Screen } from 'electron';
import { type Point, placePopover, type Rectangle } from '../../domain/popover-placement';
import type { Platform } from './platform-policy';

/** Where the popover was asked for; both are null for a second launch or a shortcut. */
export interface Anchor {
  readonly tray: Rectangle | null;
  readonly pointer: Point | null;
}

export interface Placing {
  place(
    target: BrowserWindow,
    anchor: Anchor,
    size: { readonly width: number; readonly height: number },
  ): void;
  /** Where the pointer is; null where the system does not tell. */
  pointer(): Point | null;
  /** Whether the pointer is over the window as it was placed last. */
  isPointerInside(): boolean;
  /** The window is gone. */
  forget(): void;
}

/** Native Wayland does not tell where the pointer is and answers the origin. */
export const knownPointer = ({ x, y }: Point): Point | null => (x === 0 && y === 0 ? null : { x, y });

export function createPlacing(
  platform: Platform,
  screen: Pick<Screen, 'getDisplayNearestPoint' | 'getDisplayMatching' | 'getCursorScreenPoint'>,
): Placing {
  let placed: { readonly bounds: Rectangle; readonly scale: number } | null = null;
  const pointer = () => knownPointer(screen.getCursorScreenPoint());
  return {
    pointer,
    /**
     * Always the size that is wanted and never one that was read: read and set again it would grow at a
     * scale of 125 or 150 % (https://github.com/electron/electron/issues/27651).
     */
    place(target, anchor, size) {
      const { tray } = anchor;
      const display =
        tray !== null && tray.width > 0
          ? screen.getDisplayMatching({ ...tray })
          : screen.getDisplayNearestPoint(anchor.pointer ?? screen.getCursorScreenPoint());
      const { bounds: whole, workArea, scaleFactor: scale } = display;
      const bounds = placePopover({ platform, ...anchor, screen: whole, workArea, size });
      target.setBounds(bounds);
      // Coming from a display of another scale, the first call is measured by the old one
      // (https://github.com/electron/electron/issues/32516).
      if (placed !== null && placed.scale !== scale) target.setBounds(bounds);
      placed = { bounds, scale };
    },
    isPointerInside() {
      const at = pointer();
      if (at === null || placed === null) return false;
      const { x, y, width, height } = placed.bounds;
      return at.x >= x && at.x < x + width && at.y >= y && at.y < y + height;
    },
    forget() {
      placed = null;
    },
  };
}
