/** The real Electron's program, if this machine has one. */
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { platformOf } from '../../../src-main/faces/electron/platform-policy';
import { electronPath } from '../../../src-main/faces/electron/start-checks';

export const ELECTRON_MISSING =
  'the real Electron is not here: node tests/support/electron-33/fetch-electron.mjs, or npx install-electron';

/** Where the program is, in the checkout at `root`; null when nowhere: where the person says, where npm puts it, or where fetch-electron.mjs does. */
export async function findElectron(root: string): Promise<string | null> {
  const platform = platformOf(process.platform);
  const installed = dirname(createRequire(join(root, 'package.json')).resolve('electron/package.json'));
  const fetched = { ELECTRON_OVERRIDE_DIST_PATH: join(root, '.cache/electron-33') };
  for (const path of [
    electronPath(platform, process.env, installed),
    ...(platform === 'linux' ? [electronPath(platform, fetched, installed)] : []),
  ])
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return null;
}

export const electronVersion = async (program: string): Promise<string> =>
  (await readFile(join(dirname(program), 'version'), 'utf8').catch(() => '')).trim() || 'unknown';
