import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callEnvironment, leadingArguments, quietEnvironment } from '../../../src-main/git/run/environment';
import { createGitCommand } from '../../../src-main/git/run/git-command';
import { createGitHost } from '../../../src-main/git/run/git-host';
import { createPlainGit } from '../../../src-main/git/run/simple-git-instance';
import { createSandbox } from '../../support/repositories';

/** The ways in which Orchard runs git, each answering the trimmed output, or null for a refusal. */
async function ways(env: NodeJS.ProcessEnv, emptyDirectory: string) {
  await mkdir(emptyDirectory, { recursive: true });
  const command = createGitCommand({ program: 'git', env, emptyDirectory });
  const host = createGitHost({ git: 'git', env, emptyDirectory, concurrency: 1 });
  const plain = createPlainGit({ program: 'git', env, emptyDirectory });
  const inMode = (mode: 'read' | 'quiet' | 'write') => async (directory: string, args: string[]) => {
    const { code, stdout } = await command(directory, args, { mode });
    return code === 0 ? stdout.trim() : null;
  };
  return {
    read: inMode('read'),
    quiet: inMode('quiet'),
    write: inMode('write'),
    helper: async (directory: string, args: string[]) => {
      const answer = await host.run({ cwd: directory, args });
      return answer.exitCode === 0 ? answer.stdout.trim() : null;
    },
    'simple-git': async (directory: string, args: string[]) => {
      const answer = await plain.read(directory, args);
      return answer.ok && answer.value.trim() !== '' ? answer.value.trim() : null;
    },
  };
}

test('each way of running git sees the configuration that a person gave it by environment', async () => {
  const sandbox = await createSandbox();
  const repository = await sandbox.repository();
  const env = {
    ...sandbox.env,
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'orchard.told',
    GIT_CONFIG_VALUE_1: 'by the environment',
    GIT_SSH_COMMAND: 'ssh -i key',
    EDITOR: 'vim',
    PAGER: 'less',
  };
  for (const [name, ask] of Object.entries(await ways(env, join(sandbox.root, 'none')))) {
    expect(await ask(repository, ['config', '--get', 'orchard.told']), name).toBe('by the environment');
    expect(await ask(repository, ['var', 'GIT_EDITOR']), name).toBe('true');
  }
});

test('each way of running git stays in its directory, whatever lies around it or leaked in', async () => {
  const sandbox = await createSandbox();
  const around = await sandbox.repository('around');
  const other = await sandbox.repository('other');
  const inside = join(around, 'worktrees', 'lost');
  await mkdir(inside, { recursive: true });
  const env = {
    ...sandbox.env,
    GIT_DIR: join(other, '.git'),
    Git_Work_Tree: other,
    GIT_CONFIG_PARAMETERS: `'core.worktree'='${other}'`,
    GIT_CEILING_DIRECTORIES: '/',
  };
  for (const [name, ask] of Object.entries(await ways(env, join(sandbox.root, 'none')))) {
    expect(await ask(inside, ['rev-parse', '--show-toplevel']), name).toBe(null);
    expect(await ask(around, ['rev-parse', '--show-toplevel']), name).toBe(around);
    expect(await ask(join(around, '.git'), ['rev-parse', '--git-dir']), name).toBe('.');
  }
});

test('nothing inherited aims git at another repository, in whatever case Windows spells it', () => {
  const kept = { PATH: '/usr/bin', GIT_CONFIG_GLOBAL: '/home/ada/.gitconfig', GIT_SSH_COMMAND: 'ssh -i key' };
  expect(
    quietEnvironment({
      ...kept,
      GIT_DIR: '/elsewhere/.git',
      Git_Work_Tree: '/elsewhere',
      GIT_CONFIG_PARAMETERS: "'core.worktree'='/elsewhere'",
      GIT_TRACE2_EVENT: '1',
      LANGUAGE: 'de',
    }),
  ).toEqual(kept);
});

test('configuration of one call comes behind the configuration that a person gave', () => {
  const person = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b', GIT_CONFIG_VALUE_0: 'theirs' };
  const ours = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'c.d', GIT_CONFIG_VALUE_0: 'ours' };
  expect(callEnvironment(person, '/r', 'read', ours)).toMatchObject({
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'a.b',
    GIT_CONFIG_VALUE_0: 'theirs',
    GIT_CONFIG_KEY_1: 'c.d',
    GIT_CONFIG_VALUE_1: 'ours',
  });
  expect(callEnvironment({}, '/r', 'read', ours)).toMatchObject(ours);
  expect(callEnvironment(person, '/r', 'read')).toMatchObject(person);
});

test('reads and backups run no hook; reads take no optional lock', () => {
  expect(leadingArguments('read', '/e')).toEqual([
    '--no-optional-locks',
    '-c',
    'core.hooksPath=/e',
    '-c',
    'core.fsmonitor=false',
  ]);
  expect(leadingArguments('quiet', '/e')).toEqual(['-c', 'core.hooksPath=/e', '-c', 'core.fsmonitor=false']);
  expect(leadingArguments('write', '/e')).toEqual([]);
});
