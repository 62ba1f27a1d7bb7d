import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findGit, type RunProgram } from '../../../src-main/git/run/find-git';
import { findGitAgain } from '../../../src-main/git/run/remembered-git';
import { createSandbox } from '../../support/repositories';
import { createSilentLog } from '../../support/silent-log';

async function fakeGit(prints: string) {
  const sandbox = await createSandbox();
  const bin = join(sandbox.root, 'bin');
  await mkdir(bin);
  await sandbox.write(join(bin, 'git'), `#!/bin/sh\necho '${prints}'\n`);
  await chmod(join(bin, 'git'), 0o755);
  return { sandbox, bin };
}

test('the git of this machine', async () => {
  const sandbox = await createSandbox();
  const found = await findGit(sandbox.env, 'linux');
  expect(found).toMatchObject({ state: 'ok' });
  expect(`git version ${found.state === 'ok' ? found.version : ''}`).toBe(
    await sandbox.git(sandbox.root, '--version'),
  );
});

test('an old one is named with what is needed, none is missing', async () => {
  const { bin } = await fakeGit('git version 2.30.1 (Apple Git-130)');
  expect(await findGit({ PATH: bin }, 'linux')).toEqual({
    state: 'too-old',
    version: '2.30.1',
    needed: '2.39',
  });
  expect(await findGit({ PATH: '/nowhere:relative' }, 'linux')).toEqual({ state: 'missing' });
  expect(await findGit({}, 'linux')).toEqual({ state: 'missing' });
});

const answering =
  (answers: Readonly<Record<string, string | null>>, asked: string[]): RunProgram =>
  (program, args) => {
    const line = [program, ...args].join(' ');
    asked.push(line);
    const stdout = answers[line];
    return Promise.resolve(stdout == null ? { exitCode: 1, stdout: '' } : { exitCode: 0, stdout });
  };

test("macOS' shim is resolved once, and never touched without the command line tools", async ({ skip }) => {
  if (!existsSync('/usr/bin/git')) skip('there is no /usr/bin/git');
  const asked: string[] = [];
  const real = '/Library/Developer/CommandLineTools/usr/bin/git';
  const found = await findGit(
    { PATH: '/usr/bin' },
    'darwin',
    answering(
      {
        '/usr/bin/xcode-select -p': '/Library/Developer/CommandLineTools\n',
        '/usr/bin/xcrun --find git': `${real}\n`,
        [`${real} --version`]: 'git version 2.50.1 (Apple Git-155)\n',
      },
      asked,
    ),
  );
  expect(found).toEqual({ state: 'ok', version: '2.50.1', path: real });
  const without: string[] = [];
  expect(await findGit({ PATH: '/usr/bin' }, 'darwin', answering({}, without))).toEqual({ state: 'missing' });
  expect(without).toEqual(['/usr/bin/xcode-select -p']);
});

test('the same git is not asked for its version again, a replaced one is', async () => {
  const { sandbox, bin } = await fakeGit('git version 2.45.1');
  const log = createSilentLog();
  const file = join(sandbox.root, 'cache/git-program.json');
  const asked: string[] = [];
  const find = (version: string, path = bin) =>
    findGitAgain({
      env: { PATH: path },
      platform: 'linux',
      file,
      log,
      run: answering({ [`${join(bin, 'git')} --version`]: `git version ${version}` }, asked),
    });
  const path = join(bin, 'git');
  expect(await find('2.45.1')).toEqual({ state: 'ok', version: '2.45.1', path });
  expect(await find('never asked')).toEqual({ state: 'ok', version: '2.45.1', path });
  expect(asked).toHaveLength(1);
  await sandbox.write(path, '#!/bin/sh\necho something longer than before\n');
  expect(await find('2.46.0')).toEqual({ state: 'ok', version: '2.46.0', path });
  // Another PATH may lead to another one.
  expect(await find('2.47.0', `${bin}:/usr/bin`)).toMatchObject({ version: '2.47.0' });
  await sandbox.write(file, 'not json');
  expect(await find('2.48.0')).toMatchObject({ version: '2.48.0' });
  expect(asked).toHaveLength(4);
  expect(log.lines.map(({ event }) => event)).toEqual(['git.remembered']);
});
