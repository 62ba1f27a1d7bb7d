/** `npm run e2e:electron`: the specs on the real Electron, or one sentence on why not. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };
const dist =
  process.env.ELECTRON_OVERRIDE_DIST_PATH ||
  join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist');
const program = join(dist, programs[process.platform] ?? 'electron');

function give(up) {
  console.error(up);
  process.exit(1);
}
if (!existsSync(program))
  give(
    `There is no Electron program at ${program}: fetch it with npx install-electron (Node 22.12 or newer), then run this again.`,
  );
if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
  give('Electron needs a display: run this in a desktop session, or under xvfb-run.');

const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const child = spawn(
  process.execPath,
  [vitest, 'run', '--project', 'e2e', '--project', 'native', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ORCHARD_ELECTRON: '1' } },
);
child.on('exit', (code) => process.exit(code ?? 1));
