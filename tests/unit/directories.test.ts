import { expect, test } from 'vitest';
import { findDirectories } from '../../src-main/system/directories';

test('Linux follows XDG, and ignores relative values as the specification asks', () => {
  expect(findDirectories({ platform: 'linux', env: {}, homeDirectory: '/home/ada' })).toEqual({
    config: '/home/ada/.config/orchard',
    cache: '/home/ada/.cache/orchard',
    state: '/home/ada/.local/state/orchard',
    log: '/home/ada/.local/state/orchard/log',
  });
  expect(
    findDirectories({
      platform: 'linux',
      env: { XDG_CONFIG_HOME: '/elsewhere', XDG_CACHE_HOME: 'relative/cache' },
      homeDirectory: '/home/ada',
    }),
  ).toMatchObject({ config: '/elsewhere/orchard', cache: '/home/ada/.cache/orchard' });
});

test('macOS uses the Library', () => {
  expect(
    findDirectories({ platform: 'darwin', env: { XDG_CONFIG_HOME: '/x' }, homeDirectory: '/Users/ada' }),
  ).toEqual({
    config: '/Users/ada/Library/Application Support/Orchard',
    cache: '/Users/ada/Library/Caches/Orchard',
    state: '/Users/ada/Library/Application Support/Orchard/state',
    log: '/Users/ada/Library/Logs/Orchard',
  });
});

test('Windows keeps settings in the roaming profile and the rest on the machine', () => {
  const env = { APPDATA: 'D:\\Roaming', LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' };
  expect(findDirectories({ platform: 'win32', env, homeDirectory: 'C:\\Users\\ada' })).toEqual({
    config: 'D:\\Roaming\\Orchard',
    cache: 'C:\\Users\\ada\\AppData\\Local\\Orchard\\Cache',
    state: 'C:\\Users\\ada\\AppData\\Local\\Orchard\\State',
    log: 'C:\\Users\\ada\\AppData\\Local\\Orchard\\Log',
  });
  expect(findDirectories({ platform: 'win32', env: {}, homeDirectory: 'C:\\Users\\ada' }).config).toBe(
    'C:\\Users\\ada\\AppData\\Roaming\\Orchard',
  );
});

test('ORCHARD_HOME holds everything, on every system', () => {
  for (const platform of ['linux', 'darwin'] as const)
    expect(
      Object.values(
        findDirectories({ platform, env: { ORCHARD_HOME: '/opt/o' }, homeDirectory: '/home/ada' }),
      ),
    ).toEqual(['/opt/o/config', '/opt/o/cache', '/opt/o/state', '/opt/o/log']);
});
