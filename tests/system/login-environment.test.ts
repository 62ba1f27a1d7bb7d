import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  parseEnvironment,
  readLoginEnvironment,
  shellArguments,
} from '../../src-main/system/login-environment';
import { temporaryDirectory } from '../support/temporary';

async function shellScript(body: string) {
  const file = join(await temporaryDirectory(), 'fakeshell');
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}
/** Runs what it is given like a login shell would, after a noisy rc file. */
const obedient = (rc: string) => `${rc}\nfor last; do :; done\neval "$last"`;

test('a command line uses its own environment, and so does Windows: no shell is started', async () => {
  const env = { SHELL: '/does/not/exist', PATH: '/bin' };
  expect(await readLoginEnvironment({ env, platform: 'linux', fromTerminal: true })).toEqual({
    env,
    from: 'own',
    problem: null,
  });
  expect(await readLoginEnvironment({ env, platform: 'win32', fromTerminal: false })).toMatchObject({
    from: 'own',
    problem: null,
  });
});

test.skipIf(process.platform === 'win32')(
  'the login shell adds what its rc files set, with noise around it and newlines in values',
  async () => {
    const shell = await shellScript(
      obedient('echo "Welcome! X=1"\nexport PATH="/opt/tools:$PATH"\nexport POEM="two\nlines"'),
    );
    const env = { SHELL: shell, PATH: '/usr/bin:/bin', SHLVL: '1', KEPT: 'yes' };
    const found = await readLoginEnvironment({ env, platform: 'linux', fromTerminal: false });
    expect(found).toMatchObject({
      from: 'login-shell',
      problem: null,
      env: { PATH: '/opt/tools:/usr/bin:/bin', POEM: 'two\nlines', SHLVL: '1', KEPT: 'yes' },
    });
    expect(Object.keys(found.env)).not.toContain('ORCHARD_RESOLVING_ENVIRONMENT');
    expect(Object.keys(found.env)).not.toContain('DISABLE_AUTO_UPDATE');
  },
);

test.skipIf(process.platform === 'win32')('a shell that hangs is ended, and the own one used', async () => {
  const shell = await shellScript('sleep 60');
  const env = { SHELL: shell, PATH: '/usr/bin:/bin' };
  const found = await readLoginEnvironment({ env, platform: 'darwin', fromTerminal: false, limitMs: 150 });
  expect(found).toMatchObject({ env, from: 'own' });
  expect(found.problem).toMatch(/did not answer within 0.15 seconds/);
});

test.skipIf(process.platform === 'win32')(
  'something that an rc file leaves in the background does not hold up the answer',
  async () => {
    const shell = await shellScript(obedient('sleep 60 &\nexport FOUND=1'));
    const env = { SHELL: shell, PATH: '/usr/bin:/bin' };
    expect(await readLoginEnvironment({ env, platform: 'linux', fromTerminal: false })).toMatchObject({
      from: 'login-shell',
      env: { FOUND: '1' },
    });
  },
);

test('a shell that is missing or prints nothing leaves the own environment, with a reason', async () => {
  const gone = { SHELL: '/does/not/exist', PATH: '/bin' };
  expect(await readLoginEnvironment({ env: gone, platform: 'linux', fromTerminal: false })).toMatchObject({
    env: gone,
    from: 'own',
    problem: expect.stringContaining('/does/not/exist could not be started'),
  });
  if (process.platform === 'win32') return;
  const mute = { SHELL: await shellScript('exit 3'), PATH: '/usr/bin:/bin' };
  expect(await readLoginEnvironment({ env: mute, platform: 'linux', fromTerminal: false })).toMatchObject({
    from: 'own',
    problem: expect.stringContaining('did not print its environment'),
  });
});

test('each shell is asked in its own way', () => {
  expect(shellArguments('/bin/zsh', 'x')).toEqual(['-i', '-l', '-c', 'x']);
  expect(shellArguments('/usr/bin/fish', 'x')).toEqual(['-i', '-l', '-c', 'x']);
  expect(shellArguments('/bin/tcsh', 'x')).toEqual(['-ic', 'x']);
  expect(shellArguments('/bin/sh', 'x')).toEqual(['-lc', 'x']);
});

test('an env without -0 is read line by line', () => {
  expect(parseEnvironment('hi\nM\nM\nA=1\nB=two\nlines\nC==\nM\n', 'M')).toEqual({
    A: '1',
    B: 'two\nlines',
    C: '=',
  });
  expect(parseEnvironment('nothing', 'M')).toBeNull();
});
