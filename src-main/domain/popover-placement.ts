/**
 * Where the popover goes: pure arithmetic in device-independent pixels. Answers whole numbers only,
 * because Electron's `setBounds` and `setPosition` refuse fractions.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Rectangle extends Point, Size {}

export interface PlacementInput {
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** The tray icon's bounds; null (or empty) where the system does not tell, as on Linux. */
  readonly tray: Rectangle | null;
  /** Where the pointer was when the icon was clicked; null when it was opened in another way. */
  readonly pointer: Point | null;
  /** The whole screen that the popover goes to, and the part of it that panels leave free. */
  readonly screen: Rectangle;
  readonly workArea: Rectangle;
  readonly size: Size;
}

type Edge = 'top' | 'bottom' | 'left' | 'right';

/** Space between panel and popover: macOS' own popovers nearly touch, Windows' flyouts float. */
const GAPS = { darwin: 4, linux: 8, win32: 12 } as const;

const isEmpty = (rectangle: Rectangle) => rectangle.width <= 0 || rectangle.height <= 0;

/** The edge of the work area that an anchor lies beyond; inside it (Windows' overflow), the nearest one. */
function edgeOf(anchor: Rectangle, area: Rectangle): Edge {
  const x = anchor.x + anchor.width / 2;
  const y = anchor.y + anchor.height / 2;
  const beyond: readonly (readonly [Edge, number])[] = [
    ['top', y - area.y],
    ['bottom', area.y + area.height - y],
    ['left', x - area.x],
    ['right', area.x + area.width - x],
  ];
  return beyond.reduce((nearest, next) => (next[1] < nearest[1] ? next : nearest))[0];
}

/** A panel on the left or at the bottom leaves its trace in the work area; without one, the top right. */
function cornerOf(screen: Rectangle, area: Rectangle, size: Size, gap: number): Point {
  const panelAtBottom = area.y <= screen.y && area.y + area.height < screen.y + screen.height - 1;
  return {
    x: area.x + area.width - size.width - gap,
    y: panelAtBottom ? area.y + area.height - size.height - gap : area.y + gap,
  };
}

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(value, most));

/** The popover's bounds: beside its anchor, wholly inside the work area, shrunk if it has to be. */
export function placePopover(input: PlacementInput): Rectangle {
  const { screen, workArea: area } = input;
  const gap = GAPS[input.platform];
  const size = {
    width: Math.floor(Math.min(input.size.width, area.width)),
    height: Math.floor(Math.min(input.size.height, area.height)),
  };
  const tray = input.tray === null || isEmpty(input.tray) ? null : input.tray;
  const anchor = tray ?? (input.pointer === null ? null : { ...input.pointer, width: 0, height: 0 });
  const at = anchor === null ? cornerOf(screen, area, size, gap) : beside(anchor, area, size, gap);
  return {
    x: clamp(Math.round(at.x), Math.ceil(area.x), Math.floor(area.x + area.width) - size.width),
    y: clamp(Math.round(at.y), Math.ceil(area.y), Math.floor(area.y + area.height) - size.height),
    ...size,
  };
}

function beside(anchor: Rectangle, area: Rectangle, size: Size, gap: number): Point {
  const centred = {
    x: anchor.x + anchor.width / 2 - size.width / 2,
    y: anchor.y + anchor.height / 2 - size.height / 2,
  };
  switch (edgeOf(anchor, area)) {
    case 'top':
      return { x: centred.x, y: Math.max(anchor.y + anchor.height, area.y) + gap };
    case 'bottom':
      return { x: centred.x, y: Math.min(anchor.y, area.y + area.height) - size.height - gap };
    case 'left':
      return { x: Math.max(anchor.x + anchor.width, area.x) + gap, y: centred.y };
    case 'right':
      return { x: Math.min(anchor.x, area.x + area.width) - size.width - gap, y: centred.y };
  }
}
