/**
 * The person's environment out of ours. What Orchard starts (terminals, setup, validation, git, claude)
 * should see what the person's shell would see, not what the way Orchard was started added: a package
 * manager's run (`npm start`, `npx orch`, pnpm, yarn), Electron, or the desktop's launching of one app.
 */
import type { Environment } from './login-environment';

type Platform = 'darwin' | 'linux' | 'win32';

/** One environment as its system compares names: Windows does not mind the case. */
interface Names {
  /** The value of the first variable of this name. */
  get(name: string): string | undefined;
}

/** Set for one app at its launch; in a process that it starts they name the wrong app, or a spent token. */
const OF_ONE_LAUNCH = new Set([
  // https://specifications.freedesktop.org/startup-notification-spec and xdg-activation
  'DESKTOP_STARTUP_ID',
  'XDG_ACTIVATION_TOKEN',
  'GIO_LAUNCHED_DESKTOP_FILE',
  'GIO_LAUNCHED_DESKTOP_FILE_PID',
  'BAMF_DESKTOP_FILE_HINT',
  // macOS names the app by these; the processes of a terminal are not Orchard.
  '__CFBUNDLEIDENTIFIER',
  'XPC_SERVICE_NAME',
  'XPC_FLAGS',
]);

/** Electron's and Chromium's own, seen on 33 by comparing; a child's GTK must choose its backend itself. */
const OF_ELECTRON = new Set([
  'CHROME_DESKTOP',
  'CHROME_CRASHPAD_PIPE_NAME',
  'ELECTRON_RUN_AS_NODE',
  'ELECTRON_NO_ATTACH_CONSOLE',
  'ORIGINAL_XDG_CURRENT_DESKTOP',
  // electron-vite tells the app it runs by these: https://electron-vite.org/guide/dev
  'ELECTRON_RENDERER_URL',
  'ELECTRON_EXEC_PATH',
  'ELECTRON_ENTRY',
  'ELECTRON_CLI_ARGS',
  'ELECTRON_MAJOR_VER',
  'NODE_ENV_ELECTRON_VITE',
]);

/** Our own, for one process; ORCHARD_HOME is not among them: an `orch` in a new terminal means this instance. */
const OF_ORCHARD = new Set(['ORCHARD_RESOLVING_ENVIRONMENT']);

/** What every package manager sets beside `npm_…`, in capitals because nobody else uses the names. */
const OF_A_RUN = new Set([
  'INIT_CWD',
  'PNPM_SCRIPT_SRC_DIR',
  'YARN_WRAP_OUTPUT',
  'BERRY_BIN_FOLDER',
  'PROJECT_CWD',
]);

/**
 * Pure. `env` is what this process was given, best taken before Electron is ready (it sets `GDK_BACKEND`
 * and `NO_AT_BRIDGE` then, and what a person had there is lost). A run of a package manager is known by
 * `npm_lifecycle_event` and its like; without one, nothing of npm's is touched.
 */
export function personEnvironment(env: Environment, platform: Platform): Record<string, string> {
  const windows = platform === 'win32';
  const names = namesOf(env, windows);
  const run = names.get('npm_lifecycle_event') ?? names.get('npm_command') ?? names.get('npm_execpath');
  const person: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    const known = windows || name.startsWith('__CF') ? name.toUpperCase() : name;
    if (OF_ONE_LAUNCH.has(known) || OF_ELECTRON.has(known) || OF_ORCHARD.has(known)) continue;
    if (run !== undefined) {
      if (isOfRun(name, known, value, names, windows)) continue;
      if (known === 'PATH') {
        person[name] = withoutRunPaths(value, names, windows);
        continue;
      }
      if (known === 'NODE_OPTIONS') {
        const options = withoutPlugAndPlay(value);
        if (options !== '') person[name] = options;
        continue;
      }
    }
    person[name] = value;
  }
  // Electron renames the desktop where that makes its tray icon appear, and keeps the true name here:
  // https://github.com/electron/electron/blob/v33.2.1/lib/browser/init.ts
  const desktop = env.ORIGINAL_XDG_CURRENT_DESKTOP;
  if (desktop !== undefined && platform === 'linux') person.XDG_CURRENT_DESKTOP = desktop;
  return person;
}

function namesOf(env: Environment, windows: boolean): Names {
  if (!windows) return { get: (name) => env[name] };
  const upper = new Map<string, string>();
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !upper.has(name.toUpperCase())) upper.set(name.toUpperCase(), value);
  return { get: (name) => upper.get(name.toUpperCase()) };
}

/**
 * Managers write `npm_…` in small letters; `NPM_TOKEN` and `NPM_CONFIG_REGISTRY` are how a person writes
 * theirs. https://github.com/npm/cli/blob/v11.0.0/workspaces/config/lib/set-envs.js
 */
function isOfRun(name: string, known: string, value: string, names: Names, windows: boolean): boolean {
  if (/^p?npm_/.test(name) || OF_A_RUN.has(known)) return true;
  if (windows && /^NPM_(LIFECYCLE_|PACKAGE_|EXECPATH$|NODE_EXECPATH$|COMMAND$)/.test(known)) return true;
  switch (known) {
    case 'NODE':
      return value === names.get('npm_node_execpath');
    case 'COLOR':
      // npm's answer to whether its own output was a terminal.
      return /^[01]$/.test(value) && names.get('npm_config_npm_version') !== undefined;
    case 'EDITOR':
      // npm's own fallback, else what `VISUAL` says anyway: dropping it changes nobody's editor.
      return (
        names.get('npm_config_npm_version') !== undefined &&
        (value === 'vi' || value === names.get('VISUAL') || (windows && /[\\/]notepad\.exe$/i.test(value)))
      );
    default:
      return false;
  }
}

/**
 * The PATH less what runs put in front: `node_modules/.bin` of the package and of every directory above
 * it, `node-gyp-bin`, yarn's directories, and the running node's when `npx` repeats it. npm and yarn
 * end their part with `node-gyp-bin`; behind the last one (runs nest) everything is the person's own.
 */
function withoutRunPaths(path: string, names: Names, windows: boolean): string {
  const delimiter = windows ? ';' : ':';
  const plain = (entry: string) => {
    const unquoted = entry.replace(/^"|"$/g, '');
    const slashed = windows ? unquoted.replaceAll('\\', '/').toLowerCase() : unquoted;
    return slashed.length > 1 ? slashed.replace(/\/+$/, '') : slashed;
  };
  const given = path.split(delimiter);
  const entries = given.map(plain);
  const isGyp = (entry: string | undefined) => entry?.endsWith('/node-gyp-bin') === true;
  const behind = entries.findLastIndex(isGyp) + 1;
  // pnpm and newer yarns have no such end: theirs are the bins of the package's own folders.
  const packageDirectories = [
    names.get('npm_package_json')?.replace(/[\\/][^\\/]*$/, ''),
    names.get('npm_config_local_prefix'),
    names.get('PROJECT_CWD'),
    names.get('PNPM_SCRIPT_SRC_DIR'),
  ].flatMap((directory) => (directory === undefined ? [] : [plain(directory)]));
  const berry = names.get('BERRY_BIN_FOLDER');
  const nodeDirectory = plain((names.get('npm_node_execpath') ?? '').replace(/[\\/][^\\/]*$/, ''));
  const seen = new Set<string>();
  return given
    .filter((_entry, index) => {
      const entry = entries[index] ?? '';
      const first = !seen.has(entry);
      seen.add(entry);
      if (berry !== undefined && entry === plain(berry)) return false;
      if (/\/(xfs-[0-9a-f]{8}|yarn--\d+-[\d.]+)$/.test(entry)) return false;
      if (index >= behind) {
        if (behind > 0 || !first || !entry.endsWith('/node_modules/.bin')) return true;
        const above = entry.slice(0, -'/node_modules/.bin'.length);
        return !packageDirectories.some(
          (directory) => directory === above || directory.startsWith(`${above}/`),
        );
      }
      if (isGyp(entry) || entry.endsWith('/node_modules/.bin')) return false;
      // yarn 1: the folder of its global programs follows the one of its links.
      if (entries[index - 1]?.endsWith('/yarn/link/node_modules/.bin') === true) return false;
      return !(entry === nodeDirectory && entries.includes(entry, behind));
    })
    .join(delimiter);
}

/** yarn's plug-and-play is for the package that was run: https://yarnpkg.com/features/pnp */
const withoutPlugAndPlay = (options: string): string =>
  options
    .replace(/(?:^|\s)(?:--require|-r)[\s=]+("[^"]*\.pnp\.c?js"|\S*\.pnp\.c?js)(?=\s|$)/g, '')
    .replace(
      /(?:^|\s)--(?:experimental-)?loader[\s=]+("[^"]*\.pnp\.loader\.mjs"|\S*\.pnp\.loader\.mjs)(?=\s|$)/g,
      '',
    )
    .trim();
