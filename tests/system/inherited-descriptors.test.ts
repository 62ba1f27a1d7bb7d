import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeEach, expect, type TestContext, test } from 'vitest';
import { withoutInherited } from '../../src-main/system/inherited-descriptors';
import { bundle } from '../support/bundle';
import { createSandbox } from '../support/repositories';

const run = promisify(execFile);

beforeEach((ctx: TestContext) => {
  if (process.platform !== 'linux') ctx.skip('macOS and Windows inherit nothing by themselves');
});

/** Runs code in a Node of which these descriptors are open without the flag, as in Electron's processes. */
async function inProcessWith(open: readonly number[], code: string): Promise<unknown> {
  const { root, env } = await createSandbox();
  const file = await bundle('src-main/system/inherited-descriptors.ts', root);
  const script = `
    import { spawnSync } from 'node:child_process';
    import { withoutInherited, inheritable } from ${JSON.stringify(file)};
    ${code}`;
  // Node marks what it is born with, but only up to the first gap behind 15.
  const begin = [
    'import os, sys',
    'os.closerange(3, 1000)',
    ...open.map((fd) => `os.dup2(os.open("/dev/null", os.O_RDONLY), ${fd})`),
    'os.execvp(sys.argv[1], sys.argv[1:])',
  ].join('\n');
  const { stdout } = await run(
    'python3',
    ['-c', begin, process.execPath, '--input-type=module', '-e', script],
    {
      env: { ...env, 'BASH_FUNC_mine%%': '() {  echo mine\n}', 'with.dot': '1', BASH_ENV: '/nowhere' },
    },
  );
  return JSON.parse(stdout);
}

test('where everything is closed on exec the program is started as it is', async () => {
  const started = await inProcessWith(
    [],
    "console.log(JSON.stringify(await withoutInherited('/bin/ls', ['a'])))",
  );
  expect(started).toEqual(['/bin/ls', ['a']]);
  expect(await withoutInherited('/bin/ls', ['a'], 'darwin')).toEqual(['/bin/ls', ['a']]);
});

test('a program that is missing is still told as one', async () => {
  const code = "console.log(JSON.stringify(await withoutInherited('/no/such', ['a'])))";
  expect(await inProcessWith([40], code)).toEqual(['/no/such', ['a']]);
});

test('what Electron would hand on is closed, whatever its number, and words and environment are whole', async () => {
  const seen = await inProcessWith(
    [40, 120],
    `
    const leaked = await inheritable();
    const show = 'ls /proc/self/fd; printf "%s\\\\n" "$@"; tr "\\\\0" "\\\\n" < /proc/$$/environ';
    const [program, args] = await withoutInherited('/bin/sh', ['-c', show, 'sh', '--', '-n a b', '$(id)', '']);
    const child = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(JSON.stringify({ leaked, program, lines: child.stdout.split('\\n'), err: child.stderr }));`,
  );
  expect(seen).toMatchObject({ leaked: [40, 120], program: expect.stringMatching(/bash$/), err: '' });
  const { lines } = seen as { lines: string[] };
  // 3 is the listing itself.
  expect(lines.slice(0, 8)).toEqual(['0', '1', '2', '3', '--', '-n a b', '$(id)', '']);
  expect(lines).toEqual(
    expect.arrayContaining(['BASH_FUNC_mine%%=() {  echo mine', 'with.dot=1', 'BASH_ENV=/nowhere']),
  );
});
