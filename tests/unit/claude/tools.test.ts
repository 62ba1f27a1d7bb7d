import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claudeCandidates, findClaude, parseClaudeVersion } from '../../../src-main/claude/find-claude';
import { createKnownProjects } from '../../../src-main/claude/known-projects';
import { findClaudePlaces } from '../../../src-main/claude/places';
import { temporaryDirectory } from '../../support/temporary';

const log = { info: () => undefined, warn: () => undefined, bug: (event: string) => event };

test('everything moves with CLAUDE_CONFIG_DIR', () => {
  const machine = { platform: 'linux' as const, homeDirectory: '/home/me' };
  expect(findClaudePlaces({ ...machine, env: {} })).toEqual({
    config: '/home/me/.claude',
    sessions: '/home/me/.claude/sessions',
    projects: '/home/me/.claude/projects',
    configuration: '/home/me/.claude.json',
  });
  expect(findClaudePlaces({ ...machine, env: { CLAUDE_CONFIG_DIR: '/x' } })).toMatchObject({
    sessions: '/x/sessions',
    configuration: '/x/.claude.json',
  });
  expect(
    findClaudePlaces({ platform: 'win32', homeDirectory: 'C:\\Users\\me', env: { CLAUDE_CONFIG_DIR: '' } })
      .sessions,
  ).toBe('C:\\Users\\me\\.claude\\sessions');
});

test('known projects follow the file, through its being torn and away', async () => {
  const file = join(await temporaryDirectory(), '.claude.json');
  const projects = createKnownProjects({ file, log });
  expect(await projects.list()).toEqual([]);
  await writeFile(file, JSON.stringify({ projects: { '/a': { hasTrustDialogAccepted: true }, '/b c': {} } }));
  expect(await projects.list()).toEqual(['/a', '/b c']);
  expect(await projects.isTrusted('/a')).toBe(true);
  expect(await projects.isTrusted('/b c')).toBe(false);
  expect(await projects.isTrusted('/nowhere')).toBeNull();
  await writeFile(file, '{"projects": {"/a": ');
  expect(await projects.list()).toEqual(['/a', '/b c']);
  await writeFile(file, JSON.stringify({ projects: ['not', 'a', 'map'] }));
  expect(await projects.list()).toEqual([]);
});

test.runIf(process.platform !== 'win32')('the client is the first on the PATH that runs', async () => {
  const home = await temporaryDirectory();
  const [broken, good] = [join(home, 'broken'), join(home, 'with space')];
  for (const directory of [broken, good]) await mkdir(directory);
  await writeFile(join(broken, 'claude'), '#!/bin/sh\nexit 3\n');
  await writeFile(join(good, 'claude'), '#!/bin/sh\necho "9.8.7 (Claude Code)"\n');
  await chmod(join(broken, 'claude'), 0o755);
  await chmod(join(good, 'claude'), 0o755);
  const find = (path: string) =>
    findClaude({ platform: 'linux', env: { PATH: path }, homeDirectory: home, log });
  expect(await find(`relative:${broken}:${good}`)).toEqual({
    state: 'ok',
    version: '9.8.7',
    path: join(good, 'claude'),
  });
  expect(await find('')).toEqual({ state: 'missing' });
});

test('where the installers put it is looked at too', () => {
  const mac = claudeCandidates({ platform: 'darwin', env: { PATH: '/usr/bin' }, homeDirectory: '/Users/me' });
  expect(mac[0]).toBe('/usr/bin/claude');
  expect(mac).toContain('/Users/me/.local/bin/claude');
  expect(mac).toContain('/opt/homebrew/bin/claude');
  const windows = claudeCandidates({
    platform: 'win32',
    env: { Path: 'C:\\npm' },
    homeDirectory: 'C:\\Users\\me',
  });
  expect(windows.slice(0, 2)).toEqual(['C:\\npm\\claude.exe', 'C:\\npm\\claude.cmd']);
});

test('a version is found in what the client prints', () => {
  expect(parseClaudeVersion('2.1.330 (Claude Code)\n')).toBe('2.1.330');
  expect(parseClaudeVersion('v3.0.0-beta.1')).toBe('3.0.0-beta.1');
  expect(parseClaudeVersion('not a version')).toBeNull();
});
