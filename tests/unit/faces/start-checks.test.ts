import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  desktopObstacle,
  electronPath,
  installerObstacle,
  installFailed,
} from '../../../src-main/faces/electron/start-checks';

const linux = { platform: 'linux', env: { DISPLAY: ':0' }, userId: 1000, argv: [] } as const;

test('a Linux machine without a display has no desktop, one with X or Wayland has', () => {
  expect(desktopObstacle({ ...linux, env: {} })?.problem).toContain('DISPLAY');
  expect(desktopObstacle({ ...linux, env: { DISPLAY: '' } })?.problem).toContain('no desktop');
  expect(desktopObstacle(linux)).toBeNull();
  expect(desktopObstacle({ ...linux, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeNull();
  expect(desktopObstacle({ ...linux, platform: 'darwin', env: {} })).toBeNull();
});

test('the sandbox is never switched off silently for root', () => {
  expect(desktopObstacle({ ...linux, userId: 0 })?.next).toContain('--no-sandbox');
  expect(desktopObstacle({ ...linux, userId: 0, argv: ['--no-sandbox'] })).toBeNull();
});

test('Electron is looked for where its package or the environment says', () => {
  expect(electronPath('linux', {}, '/p/electron')).toBe(join('/p/electron/dist', 'electron'));
  expect(electronPath('win32', {}, '/p/electron')).toBe(join('/p/electron/dist', 'electron.exe'));
  expect(electronPath('darwin', { ELECTRON_OVERRIDE_DIST_PATH: '/own' }, '/p/electron')).toBe(
    join('/own', 'Electron.app/Contents/MacOS/Electron'),
  );
});

test('the installer is tried only with a Node that it runs on', () => {
  expect(installerObstacle({}, 'v20.20.2', '/e')?.problem).toContain('Node 22.12 or newer (this is 20.20.2)');
  expect(installerObstacle({}, 'v22.11.0', '/e')).not.toBeNull();
  expect(installerObstacle({}, 'v22.12.0', '/e')).toBeNull();
  expect(installerObstacle({}, 'v24.1.0', '/e')).toBeNull();
  expect(
    installerObstacle({ ELECTRON_OVERRIDE_DIST_PATH: '/own' }, 'v24.1.0', '/own/electron')?.problem,
  ).toContain('/own/electron');
});

test('a failed fetch says how it failed and what to do', () => {
  expect(installFailed(1).problem).toContain('ended with 1');
  expect(installFailed(null).problem).toContain('in time');
  expect(installFailed(1).next).toContain('ELECTRON_OVERRIDE_DIST_PATH');
});
