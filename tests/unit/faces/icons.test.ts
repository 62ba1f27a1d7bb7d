/** The drawn icons are what each system wants of them. */
import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { platformPolicies } from '../../../src-main/faces/electron/platform-policy';

const icon = (name: string) => readFile(new URL(`../../../resources/icons/${name}`, import.meta.url));
const variants = ['calm', 'working', 'needs-you'] as const;
const size = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

/** Red, green, blue and alpha of every pixel of an 8-bit RGBA PNG. */
function pixels(png: Buffer): readonly (readonly number[])[] {
  expect([png[24], png[25]]).toEqual([8, 6]);
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const raw = inflateSync(Buffer.concat(parts));
  const [width = 0, height = 0] = size(png);
  const row = width * 4;
  const out = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x++) {
      const left = x < 4 ? 0 : (out[y * row + x - 4] ?? 0);
      const up = y === 0 ? 0 : (out[(y - 1) * row + x] ?? 0);
      const corner = x < 4 || y === 0 ? 0 : (out[(y - 1) * row + x - 4] ?? 0);
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const base = [0, left, up, (left + up) >> 1, paeth][filter ?? 0] ?? 0;
      out[y * row + x] = ((raw[y * (row + 1) + 1 + x] ?? 0) + base) & 255;
    }
  }
  return Array.from({ length: width * height }, (_, index) => [...out.subarray(index * 4, index * 4 + 4)]);
}

test.each(variants)(
  '%s: macOS tints a 16 pixel template of black and transparency, and its double',
  async (variant) => {
    const name = platformPolicies.darwin.trayIcon(variant);
    expect(name).toMatch(/Template\.png$/);
    for (const [file, edge] of [
      [name, 16],
      [name.replace('.png', '@2x.png'), 32],
    ] as const) {
      const png = await icon(file);
      expect(size(png)).toEqual([edge, edge]);
      const seen = pixels(png).filter(([, , , alpha]) => alpha !== 0);
      expect(seen.length).toBeGreaterThan(edge);
      expect(seen.every(([red, green, blue]) => red === 0 && green === 0 && blue === 0)).toBe(true);
    }
  },
);

test.each(variants)('%s: Windows finds each of its tray sizes in the .ico', async (variant) => {
  const ico = await icon(platformPolicies.win32.trayIcon(variant));
  expect([ico.readUInt16LE(0), ico.readUInt16LE(2)]).toEqual([0, 1]);
  const sizes = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => {
    const at = 6 + 16 * index;
    const png = ico.subarray(ico.readUInt32LE(at + 12), ico.readUInt32LE(at + 12) + ico.readUInt32LE(at + 8));
    expect(size(png)).toEqual([ico[at], ico[at]]);
    return ico[at];
  });
  expect(sizes).toEqual(expect.arrayContaining([16, 20, 24, 32]));
});

test('Linux: every visible pixel stands out from a white and from a black panel', async () => {
  const luminance = (colour: readonly number[]) => {
    const [red = 0, green = 0, blue = 0] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  for (const variant of variants) {
    const solid = pixels(await icon(platformPolicies.linux.trayIcon(variant))).filter(
      (pixel) => pixel[3] === 255,
    );
    expect(solid.length).toBeGreaterThan(20);
    for (const pixel of solid) {
      const light = luminance(pixel.slice(0, 3));
      expect(1.05 / (light + 0.05)).toBeGreaterThanOrEqual(3);
      expect((light + 0.05) / (luminance([30, 30, 30]) + 0.05)).toBeGreaterThanOrEqual(3);
    }
  }
});
