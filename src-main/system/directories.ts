import { posix, win32 } from 'node:path';

/** Where Orchard keeps things on this machine: the same for the app and the command line. */
export interface Directories {
  /** Settings. */
  readonly config: string;
  /** What can be computed again. */
  readonly cache: string;
  /** What should outlive a restart and is no setting: the session ledger. */
  readonly state: string;
  readonly log: string;
}

/**
 * One explicit place per system, because Electron, electron-store and conf each have a default of their
 * own. `ORCHARD_HOME` puts everything below one directory. Relative XDG values are ignored, as the
 * specification asks: https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function findDirectories(machine: {
  readonly platform: 'darwin' | 'linux' | 'win32';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}): Directories {
  const { platform, env, homeDirectory } = machine;
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix;
  const absolute = (value: string | undefined) =>
    value !== undefined && isAbsolute(value) ? value : undefined;

  const own = absolute(env.ORCHARD_HOME);
  if (own !== undefined)
    return {
      config: join(own, 'config'),
      cache: join(own, 'cache'),
      state: join(own, 'state'),
      log: join(own, 'log'),
    };

  if (platform === 'darwin') {
    const library = join(homeDirectory, 'Library');
    const support = join(library, 'Application Support', 'Orchard');
    return {
      config: support,
      cache: join(library, 'Caches', 'Orchard'),
      state: join(support, 'state'),
      log: join(library, 'Logs', 'Orchard'),
    };
  }
  if (platform === 'win32') {
    const roaming = absolute(env.APPDATA) ?? join(homeDirectory, 'AppData', 'Roaming');
    const local = join(absolute(env.LOCALAPPDATA) ?? join(homeDirectory, 'AppData', 'Local'), 'Orchard');
    return {
      config: join(roaming, 'Orchard'),
      cache: join(local, 'Cache'),
      state: join(local, 'State'),
      log: join(local, 'Log'),
    };
  }
  const state = join(absolute(env.XDG_STATE_HOME) ?? join(homeDirectory, '.local', 'state'), 'orchard');
  return {
    config: join(absolute(env.XDG_CONFIG_HOME) ?? join(homeDirectory, '.config'), 'orchard'),
    cache: join(absolute(env.XDG_CACHE_HOME) ?? join(homeDirectory, '.cache'), 'orchard'),
    state,
    log: join(state, 'log'),
  };
}
