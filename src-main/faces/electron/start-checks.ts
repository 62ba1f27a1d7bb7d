/**
 * Whether the desktop app can start here, and if not: what is missing and what to do. Asked by start.ts
 * under plain Node, so nothing of Electron is imported.
 */
import { join } from 'node:path';
import type { Platform } from './platform-policy';
import type { SandboxFacts } from './sandbox-facts';

export interface Obstacle {
  /** One sentence: what is missing. */
  readonly problem: string;
  /** One sentence: what to do. */
  readonly next: string;
}

/** Electron's installer (`engines` of its package) needs at least this Node. */
const INSTALLER_NODE = [22, 12] as const;

export interface Machine {
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userId: number | null;
  readonly argv: readonly string[];
}

/** What keeps any desktop app from starting here; null when nothing does. */
export function desktopObstacle({ platform, env, userId, argv }: Machine): Obstacle | null {
  if (platform !== 'linux') return null;
  const has = (name: string) => (env[name] ?? '') !== '';
  if (!has('DISPLAY') && !has('WAYLAND_DISPLAY'))
    return {
      problem: 'There is no desktop here: neither DISPLAY nor WAYLAND_DISPLAY is set.',
      next: 'For the tray icon and notifications, start Orchard in a desktop session.',
    };
  // Chromium refuses its sandbox to root. Switching it off is the person's decision, not ours:
  // https://www.electronjs.org/docs/latest/tutorial/sandbox
  if (userId === 0 && !argv.includes('--no-sandbox'))
    return {
      problem: 'Electron’s sandbox does not work for root, and Orchard does not switch it off by itself.',
      next: 'Start Orchard as an ordinary user, or say so yourself: npm start -- --no-sandbox.',
    };
  return null;
}

/** Where Electron's package keeps its program, relative to its unpacked distribution. */
export const electronProgram = (platform: Platform): string =>
  ({
    darwin: 'Electron.app/Contents/MacOS/Electron',
    linux: 'electron',
    win32: 'electron.exe',
  })[platform];

/** The program's path: in the distribution that the environment names, else in the package. */
export const electronPath = (
  platform: Platform,
  env: Readonly<Record<string, string | undefined>>,
  packageDirectory: string,
): string => {
  const given = env.ELECTRON_OVERRIDE_DIST_PATH;
  return join(
    given !== undefined && given !== '' ? given : join(packageDirectory, 'dist'),
    electronProgram(platform),
  );
};

/** What keeps Electron's own installer from fetching the program; null when it can be tried. */
export function installerObstacle(
  env: Readonly<Record<string, string | undefined>>,
  nodeVersion: string,
  path: string,
): Obstacle | null {
  if ((env.ELECTRON_OVERRIDE_DIST_PATH ?? '') !== '')
    return {
      problem: `There is no Electron at ${path}, where ELECTRON_OVERRIDE_DIST_PATH says.`,
      next: 'Point it at the folder of an unpacked Electron 45, or unset it.',
    };
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const [needMajor, needMinor] = INSTALLER_NODE;
  if (major < needMajor || (major === needMajor && minor < needMinor))
    return {
      problem: `Electron’s program is not here, and fetching it needs Node ${INSTALLER_NODE.join('.')} or newer (this is ${nodeVersion.replace(/^v/, '')}).`,
      next: 'Run npm start with a newer Node once, or point ELECTRON_OVERRIDE_DIST_PATH at an unpacked Electron 45.',
    };
  return null;
}

/** After the installer failed (`exitCode`), or took too long (null). */
export const installFailed = (exitCode: number | null): Obstacle => ({
  problem:
    exitCode === null
      ? 'Electron’s program could not be fetched in time.'
      : `Electron’s program could not be fetched (its installer ended with ${exitCode}; its words are above).`,
  next: 'Check that github.com can be reached (npm’s proxy settings apply), or point ELECTRON_OVERRIDE_DIST_PATH at an unpacked Electron 45.',
});

/** As one word of a POSIX shell. */
const shellWord = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * What to do where the system does not let Electron's sandbox start; null when that is not why. Never
 * `--no-sandbox`: https://www.electronjs.org/docs/latest/tutorial/sandbox
 */
export function sandboxObstacle({ program, helper, helperReady, namespaces }: SandboxFacts): Obstacle | null {
  if (namespaces === null || helperReady) return null;
  const owner = `sudo chown root:root ${shellWord(helper)} && sudo chmod 4755 ${shellWord(helper)}`;
  if (namespaces === 'kernel')
    return {
      problem: 'This kernel gives ordinary programs no user namespaces, which Electron’s sandbox needs.',
      next: `Make its setuid helper root’s (again after each npm ci), then run npm start:\n  ${owner}`,
    };
  const profile = `abi <abi/4.0>,\ninclude <tunables/global>\nprofile orchard-electron ${JSON.stringify(program)} flags=(unconfined) { userns, }\n`;
  return {
    problem:
      'AppArmor keeps ordinary programs from user namespaces here (Ubuntu since 23.10), which Electron’s sandbox needs.',
    next: [
      'Allow it for this Electron with a profile, which outlives npm ci:',
      `  printf '%s' ${shellWord(profile)} | sudo tee /etc/apparmor.d/orchard-electron && sudo apparmor_parser -r /etc/apparmor.d/orchard-electron`,
      'or make its setuid helper root’s, again after each npm ci:',
      `  ${owner}`,
      'then run npm start.',
    ].join('\n'),
  };
}

/** After Electron ended right after its start; `sandbox` is null where there is none to look at. */
export function electronFailed(how: string, sandbox: SandboxFacts | null): Obstacle {
  const known = sandbox === null ? null : sandboxObstacle(sandbox);
  const problem = `Electron ended at once (${how}; its words are above).`;
  return known === null
    ? {
        problem,
        next: 'On Linux this is mostly a missing library or a sandbox that the system does not allow: install what it names.',
      }
    : { problem: `${problem} ${known.problem}`, next: known.next };
}
