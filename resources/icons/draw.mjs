/**
 * Draws every icon from the sources beside it: `node resources/icons/draw.mjs`. Needs a Chromium
 * ($ORCHARD_CHROMIUM, Playwright's own, or the system's); what it draws is committed.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright';

const here = new URL('./', import.meta.url);
const VARIANTS = ['calm', 'working', 'needs-you'];
// Both at least 3:1 against white and against a near-black panel (#1e1e1e).
const COLOUR = { color: '#2f9e58', badge: '#e5484d' };
const BLACK = { color: '#000', badge: '#000' };

const executable = [
  process.env.ORCHARD_CHROMIUM,
  chromium.executablePath(),
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
const browser = await chromium.launch({
  executablePath: executable,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();

async function draw(source, pixels, { color, badge } = COLOUR) {
  const svg = await readFile(new URL(`source/${source}.svg`, here), 'utf8');
  await page.setViewportSize({ width: pixels, height: pixels });
  await page.setContent(
    `<style>*{margin:0}svg{display:block;width:${pixels}px;height:${pixels}px;color:${color};--badge:${badge}}</style>${svg}`,
  );
  return page.screenshot({ omitBackground: true, clip: { x: 0, y: 0, width: pixels, height: pixels } });
}
const write = (name, bytes) => writeFile(new URL(name, here), bytes);

/** An .ico whose entries are PNGs, as Windows reads them since Vista. */
function ico(images) {
  const header = Buffer.alloc(6 + 16 * images.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  let offset = header.length;
  images.forEach(({ pixels, png }, index) => {
    const at = 6 + 16 * index;
    header.writeUInt8(pixels % 256, at);
    header.writeUInt8(pixels % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([header, ...images.map(({ png }) => png)]);
}

/** An .icns of PNG entries: the type names the size, twice where the size is also a half size's double. */
function icns(entries) {
  const parts = entries.map(({ type, png }) => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32BE(png.length + 8, 4);
    return Buffer.concat([head, png]);
  });
  const head = Buffer.alloc(8);
  head.write('icns', 'latin1');
  head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([head, ...parts]);
}
const sized = (source, sizes) =>
  sizes.reduce(
    async (done, pixels) => [...(await done), { pixels, png: await draw(source, pixels) }],
    Promise.resolve([]),
  );

for (const variant of VARIANTS) {
  const source = `tray-${variant}`;
  await write(`${source}Template.png`, await draw(source, 16, BLACK));
  await write(`${source}Template@2x.png`, await draw(source, 32, BLACK));
  await write(`${source}.png`, await draw(source, 24));
  await write(`${source}@2x.png`, await draw(source, 48));
  await write(`${source}.ico`, ico(await sized(source, [16, 20, 24, 32, 40, 48])));
}
await write('icon.png', await draw('app', 512));
await write('icon@2x.png', await draw('app', 1024));
await write('icon.ico', ico(await sized('app', [16, 24, 32, 48, 64, 128, 256])));
const app = Object.fromEntries(
  (await sized('app', [32, 64, 128, 256, 512, 1024])).map(({ pixels, png }) => [pixels, png]),
);
await write(
  'icon.icns',
  icns([
    { type: 'ic11', png: app[32] },
    { type: 'ic12', png: app[64] },
    { type: 'ic07', png: app[128] },
    { type: 'ic13', png: app[256] },
    { type: 'ic08', png: app[256] },
    { type: 'ic14', png: app[512] },
    { type: 'ic09', png: app[512] },
    { type: 'ic10', png: app[1024] },
  ]),
);
await browser.close();
