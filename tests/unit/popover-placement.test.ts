import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlacementInput, placePopover } from '../../src-main/domain/popover-placement';

const size = { width: 380, height: 420 };
const mac = { x: 0, y: 0, width: 1440, height: 900 };

const place = (input: Partial<PlacementInput>) =>
  placePopover({
    platform: 'darwin',
    tray: null,
    pointer: null,
    screen: mac,
    workArea: { x: 0, y: 25, width: 1440, height: 800 },
    size,
    ...input,
  });

test('hangs centred below the icon of the macOS menu bar', () => {
  expect(place({ tray: { x: 900, y: 0, width: 30, height: 24 } })).toEqual({ x: 725, y: 29, ...size });
});

test('stays on the screen beside an icon at its very edge', () => {
  expect(place({ tray: { x: 1420, y: 0, width: 20, height: 24 } }).x).toBe(1440 - 380);
});

test.each([
  [
    'bottom',
    { x: 0, y: 0, width: 1920, height: 1032 },
    { x: 1600, y: 1040, width: 24, height: 40 },
    { x: 1422, y: 600 },
  ],
  [
    'top',
    { x: 0, y: 48, width: 1920, height: 1032 },
    { x: 1600, y: 4, width: 24, height: 40 },
    { x: 1422, y: 60 },
  ],
  [
    'left',
    { x: 60, y: 0, width: 1860, height: 1080 },
    { x: 18, y: 900, width: 24, height: 24 },
    { x: 72, y: 660 },
  ],
  [
    'right',
    { x: 0, y: 0, width: 1860, height: 1080 },
    { x: 1878, y: 900, width: 24, height: 24 },
    { x: 1468, y: 660 },
  ],
] as const)('floats beside a Windows taskbar at the %s', (_edge, workArea, tray, at) => {
  const screen = { x: 0, y: 0, width: 1920, height: 1080 };
  expect(place({ platform: 'win32', screen, workArea, tray })).toEqual({ ...at, ...size });
});

test('sits above an icon in the overflow flyout of Windows, which is inside the work area', () => {
  const at = place({
    platform: 'win32',
    screen: { x: 0, y: 0, width: 1920, height: 1080 },
    workArea: { x: 0, y: 0, width: 1920, height: 1032 },
    tray: { x: 1700, y: 950, width: 24, height: 24 },
  });
  expect(at.y + at.height).toBe(950 - 12);
});

test('on Linux follows the pointer of the click, and without one goes to the corner of the panel', () => {
  const screen = { x: 0, y: 0, width: 1920, height: 1080 };
  const topPanel = { x: 0, y: 32, width: 1920, height: 1048 };
  const bottomPanel = { x: 0, y: 0, width: 1920, height: 1040 };
  const linux = { platform: 'linux', screen } as const;
  expect(place({ ...linux, workArea: topPanel, pointer: { x: 1000, y: 10 } })).toMatchObject({
    x: 810,
    y: 40,
  });
  expect(place({ ...linux, workArea: topPanel })).toMatchObject({ x: 1532, y: 40 });
  expect(place({ ...linux, workArea: bottomPanel })).toMatchObject({ x: 1532, y: 1040 - 420 - 8 });
  expect(place({ ...linux, workArea: topPanel, tray: { x: 0, y: 0, width: 0, height: 0 } })).toMatchObject({
    x: 1532,
    y: 40,
  });
});

test('goes to a second screen left of the first, where coordinates are negative', () => {
  const at = place({
    screen: { x: -1280, y: -200, width: 1280, height: 1024 },
    workArea: { x: -1280, y: -175, width: 1280, height: 999 },
    tray: { x: -100, y: -200, width: 24, height: 24 },
  });
  expect(at).toMatchObject({ x: -380, y: -171 });
});

test('is always whole numbers and always inside the work area, whatever the scale and the screen', () => {
  const coordinate = fc.double({ min: -5_000, max: 5_000, noNaN: true });
  const extent = fc.double({ min: 1, max: 6_000, noNaN: true });
  const rectangle = fc.record({ x: coordinate, y: coordinate, width: extent, height: extent });
  fc.assert(
    fc.property(
      fc.constantFrom('darwin' as const, 'linux' as const, 'win32' as const),
      fc.option(rectangle),
      fc.option(fc.record({ x: coordinate, y: coordinate })),
      fc.record({
        x: coordinate,
        y: coordinate,
        width: fc.double({ min: 200, max: 6_000, noNaN: true }),
        height: fc.double({ min: 200, max: 6_000, noNaN: true }),
      }),
      (platform, tray, pointer, workArea) => {
        const at = placePopover({
          platform,
          tray,
          pointer,
          screen: workArea,
          workArea,
          size: { width: 380, height: 560 },
        });
        for (const value of [at.x, at.y, at.width, at.height]) expect(Number.isInteger(value)).toBe(true);
        // A pixel of slack: a work area may itself end between two.
        expect(at.x).toBeGreaterThanOrEqual(Math.floor(workArea.x));
        expect(at.y).toBeGreaterThanOrEqual(Math.floor(workArea.y));
        expect(at.x + at.width).toBeLessThanOrEqual(Math.ceil(workArea.x + workArea.width) + 1);
        expect(at.y + at.height).toBeLessThanOrEqual(Math.ceil(workArea.y + workArea.height) + 1);
      },
    ),
  );
});
