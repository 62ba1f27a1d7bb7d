import { expect, test } from 'vitest';
import { personEnvironment } from '../../src-main/system/person-environment';

const person = {
  HOME: '/home/ada',
  USER: 'ada',
  LANG: 'de_DE.UTF-8',
  NPM_TOKEN: 'secret',
  NPM_CONFIG_REGISTRY: 'https://registry.example/',
  PATH: '/home/ada/.nvm/versions/node/v20/bin:/home/ada/tools/node_modules/.bin:/usr/bin:/bin',
};
const bins = (...directories: string[]) => directories.map((directory) => `${directory}/node_modules/.bin`);
const joined = (...entries: string[]) => [...entries, person.PATH].join(':');

// As captured from `npm start` of npm 11.19.1 and 10.9.9, the machine's own names replaced.
const npm = {
  ...person,
  COLOR: '0',
  EDITOR: 'vi',
  INIT_CWD: '/home/ada/src/orchard',
  NODE: '/home/ada/.nvm/versions/node/v20/bin/node',
  PATH: joined(
    ...bins('/home/ada/src/orchard', '/home/ada/src', '/home/ada', '/home', ''),
    '/home/ada/.nvm/versions/node/v20/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
  ),
  npm_command: 'start',
  npm_config_cache: '/home/ada/.npm',
  npm_config_cafile: '/etc/ssl/certs/ca-certificates.crt',
  npm_config_fund: '',
  npm_config_global_prefix: '/home/ada/.nvm/versions/node/v20',
  npm_config_globalconfig: '/home/ada/.nvm/versions/node/v20/etc/npmrc',
  npm_config_init_module: '/home/ada/.npm-init.js',
  npm_config_local_prefix: '/home/ada/src/orchard',
  npm_config_node_gyp: '/x/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js',
  npm_config_noproxy: '',
  npm_config_npm_version: '11.19.1',
  npm_config_prefix: '/home/ada/.nvm/versions/node/v20',
  npm_config_user_agent: 'npm/11.19.1 node/v20.20.2 linux x64 workspaces/false',
  npm_config_userconfig: '/home/ada/.npmrc',
  npm_execpath: '/x/node_modules/npm/bin/npm-cli.js',
  npm_lifecycle_event: 'start',
  npm_lifecycle_script: 'node out/main/start.js',
  npm_node_execpath: '/home/ada/.nvm/versions/node/v20/bin/node',
  npm_package_bin_orch: './out/main/cli.js',
  npm_package_json: '/home/ada/src/orchard/package.json',
  npm_package_name: 'orchard',
  npm_package_version: '0.1.0',
};
// pnpm 12.21.0
const pnpm = {
  ...person,
  INIT_CWD: '/home/ada/src/orchard',
  NODE: '/usr/bin/node',
  PATH: joined('/home/ada/src/orchard/node_modules/.bin'),
  PNPM_SCRIPT_SRC_DIR: '/home/ada/src/orchard',
  npm_command: 'run-script',
  npm_config_user_agent: 'pnpm/12.21.0 npm/? node/? linux x64',
  npm_execpath: '/x/pnpm',
  npm_lifecycle_event: 'start',
  npm_node_execpath: '/usr/bin/node',
  npm_package_json: '/home/ada/src/orchard/package.json',
  pnpm_config_verify_deps_before_run: 'false',
};
// yarn 1.22.22
const yarn = {
  ...person,
  INIT_CWD: '/home/ada/src/orchard',
  NODE: '/usr/bin/node',
  PATH: joined(
    '/tmp/yarn--1795599686689-0.7960084878930158',
    ...bins('/home/ada/src/orchard', '/home/ada/.config/yarn/link'),
    '/usr/local/bin',
    '/usr/libexec/lib/node_modules/npm/bin/node-gyp-bin',
    '/usr/lib/node_modules/npm/bin/node-gyp-bin',
    '/usr/bin/node_modules/npm/bin/node-gyp-bin',
  ),
  YARN_WRAP_OUTPUT: 'false',
  npm_config_registry: 'https://registry.yarnpkg.com',
  npm_execpath: '/x/yarn.js',
  npm_lifecycle_event: 'start',
  npm_node_execpath: '/usr/bin/node',
};
// yarn 4.18.1
const berry = {
  ...person,
  BERRY_BIN_FOLDER: '/tmp/xfs-89a97389',
  INIT_CWD: '/home/ada/src/orchard',
  NODE_OPTIONS: '--require /home/ada/src/orchard/.pnp.cjs',
  PATH: joined('/tmp/xfs-89a97389'),
  PROJECT_CWD: '/home/ada/src/orchard',
  npm_execpath: '/tmp/xfs-89a97389/yarn',
  npm_lifecycle_event: 'start',
  npm_node_execpath: '/tmp/xfs-89a97389/node',
  npm_package_json: '/home/ada/src/orchard/package.json',
};
// npm exec (npx) of npm 11.19.1 puts the running node's directory, and its own cache, in front.
const npx = {
  ...npm,
  PATH: joined(
    '/home/ada/.nvm/versions/node/v20/bin',
    ...bins('/home/ada/.npm/_npx/3f2a', '/home/ada/src/orchard', '/home/ada/src', '/home/ada', '/home', ''),
    '/x/node_modules/@npmcli/run-script/lib/node-gyp-bin',
  ),
  npm_command: 'exec',
  npm_lifecycle_event: 'npx',
};
const nested = {
  ...npm,
  PATH: joined(
    ...bins('/home/ada/src/orchard', '/home/ada/src', '/home/ada', '/home', ''),
    '/x/run-script/lib/node-gyp-bin',
    ...bins('/home/ada/outer', '/home/ada', '/home', ''),
    '/x/run-script/lib/node-gyp-bin',
  ),
};

test.for(Object.entries({ npm, pnpm, yarn, berry, npx, nested }))(
  'what %s run adds is gone, and what the person had is whole and in its order',
  ([, env]) => {
    expect(personEnvironment(env, 'linux')).toEqual(person);
    expect(personEnvironment(env, 'darwin')).toEqual(person);
  },
);

test('without a run nothing of npm’s is touched: it is the person’s own', () => {
  const env = {
    ...person,
    npm_config_prefix: '/home/ada/.global',
    NODE: '/opt/node',
    EDITOR: 'vi',
    COLOR: '1',
    INIT_CWD: '/x',
    PATH: `/home/ada/node_modules/.bin:${person.PATH}`,
  };
  // INIT_CWD is nobody's but a run's, yet without one it harms nobody either.
  expect(personEnvironment(env, 'linux')).toEqual(env);
});

test('an editor, a node and options that the person chose stay through a run', () => {
  const chosen = {
    EDITOR: 'hx',
    NODE: '/opt/node/bin/node',
    COLOR: 'always',
    NODE_OPTIONS: '--max-old-space-size=4096',
  };
  expect(personEnvironment({ ...npm, ...chosen }, 'linux')).toEqual({ ...person, ...chosen });
  expect(
    personEnvironment(
      {
        ...berry,
        NODE_OPTIONS: '--max-old-space-size=4096 --require /a/.pnp.cjs --loader /a/.pnp.loader.mjs',
      },
      'linux',
    ).NODE_OPTIONS,
  ).toBe('--max-old-space-size=4096');
});

test('a person’s own node_modules/.bin behind the run’s part stays, also one above the package', () => {
  const own = '/home/ada/node_modules/.bin:/usr/bin';
  expect(personEnvironment({ ...npm, PATH: npm.PATH.replace(person.PATH, own) }, 'linux').PATH).toBe(own);
  expect(
    personEnvironment({ ...pnpm, PATH: `/home/ada/src/orchard/node_modules/.bin:${own}` }, 'linux').PATH,
  ).toBe('/usr/bin');
  // Empty and relative entries are the person's business.
  expect(personEnvironment({ ...npm, PATH: `${npm.PATH}::.` }, 'linux').PATH).toBe(`${person.PATH}::.`);
});

test('Windows: names in any case, semicolons, backslashes and quotes', () => {
  const windows = {
    USERPROFILE: 'C:\\Users\\Ada Ångström',
    NPM_CONFIG_REGISTRY: 'https://registry.example/',
    Path: '"C:\\Program Files\\Git\\cmd";C:\\Windows\\system32;C:\\Users\\Ada Ångström\\AppData\\Roaming\\npm',
  };
  const run = {
    ...windows,
    Init_Cwd: 'D:\\src\\orchard',
    Node: 'C:\\Program Files\\nodejs\\node.exe',
    Color: '1',
    Editor: 'C:\\WINDOWS\\notepad.exe',
    Path: [
      'D:\\src\\orchard\\node_modules\\.bin',
      'D:\\src\\Node_Modules\\.bin',
      'D:\\node_modules\\.bin',
      'C:\\Program Files\\nodejs\\node_modules\\npm\\node_modules\\@npmcli\\run-script\\lib\\node-gyp-bin',
      windows.Path,
    ].join(';'),
    npm_config_npm_version: '11.19.1',
    npm_config_prefix: 'C:\\Users\\Ada\\AppData\\Roaming\\npm',
    NPM_LIFECYCLE_EVENT: 'start',
    npm_node_execpath: 'C:\\Program Files\\nodejs\\node.exe',
    electron_run_as_node: '1',
  };
  expect(personEnvironment(run, 'win32')).toEqual(windows);
});

test('what Electron and the launch of one app add is gone, and the desktop has its own name again', () => {
  const added = {
    CHROME_DESKTOP: 'orchard.desktop',
    ORIGINAL_XDG_CURRENT_DESKTOP: 'ubuntu:GNOME',
    XDG_CURRENT_DESKTOP: 'Unity',
    ELECTRON_RUN_AS_NODE: '1',
    ELECTRON_RENDERER_URL: 'http://localhost:5173',
    DESKTOP_STARTUP_ID: 'gnome-shell-1',
    XDG_ACTIVATION_TOKEN: 'token',
    __CFBundleIdentifier: 'com.github.Electron',
    ORCHARD_RESOLVING_ENVIRONMENT: '1',
  };
  // An instance of one's own, and which Electron a person uses, are theirs.
  const kept = {
    ORCHARD_HOME: '/home/ada/other',
    ELECTRON_OZONE_PLATFORM_HINT: 'auto',
    GDK_BACKEND: 'wayland',
  };
  expect(personEnvironment({ ...person, ...added, ...kept }, 'linux')).toEqual({
    ...person,
    ...kept,
    XDG_CURRENT_DESKTOP: 'ubuntu:GNOME',
  });
});
