/** `npm run e2e:electron`: the specs on the real Electron only, and a failure where it is missing. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const projects = ['--project', 'e2e-electron', '--project', 'native'];
const child = spawn(process.execPath, [vitest, 'run', ...projects, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ORCHARD_ELECTRON: '1' },
});
child.on('exit', (code) => process.exit(code ?? 1));
