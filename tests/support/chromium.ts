import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright';

const names =
  process.platform === 'win32'
    ? ['chrome.exe', 'msedge.exe']
    : ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const usualPlaces: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

export const NO_CHROMIUM =
  'Chromium is not installed (set ORCHARD_CHROMIUM, or run npx playwright install chromium)';

/** $ORCHARD_CHROMIUM, Playwright's own download, or one on the PATH or in the usual places; null when there is none. */
export function findChromium(): string | null {
  const wanted = process.env.ORCHARD_CHROMIUM;
  if (wanted !== undefined && wanted !== '') return existsSync(wanted) ? wanted : null;
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .flatMap((directory) => names.map((name) => join(directory, name)));
  return [chromium.executablePath(), ...onPath, ...usualPlaces].find((path) => existsSync(path)) ?? null;
}

/**
 * A headless browser for tests, or null when the machine has none (skip with NO_CHROMIUM). It never
 * looks for updates or other networks. Chromium's sandbox can't start as root, so only there it is off.
 */
export async function launchChromium(): Promise<Browser | null> {
  const executablePath = findChromium();
  if (executablePath === null) return null;
  return await chromium.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--font-render-hinting=none',
    ],
  });
}
