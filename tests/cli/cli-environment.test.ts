/** What a terminal sees of an `orch` that a package manager ran. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { defaultSettings } from '../../src-main/contract/settings';
import { poll } from '../support/poll';
import { createSandbox } from '../support/repositories';
import { needsBuild, orchFile } from '../support/run-orch';

const run = promisify(execFile);
beforeEach(needsBuild);

test.for([
  ['npm run', ['run', '--silent', 'orch', '--']],
  ['npx', ['exec', '--', 'orch']],
] as const)(
  'a terminal opened through %s gets the person’s environment, PATH and all',
  async ([, words], ctx) => {
    if (process.platform === 'win32') ctx.skip('npm is a batch file there: unit-tested');
    const { root, home, env, repository, write } = await createSandbox();
    const project = await repository('project');
    const seen = join(root, 'seen');
    await write(
      join(home, '.config/orchard/settings.json'),
      JSON.stringify({
        ...defaultSettings,
        terminal: { preferred: 'custom', custom: [join(root, 'terminal'), '{script}'] },
      }),
    );
    // A terminal that writes down what it was given, and runs the launcher as every terminal does.
    await writeFile(
      join(root, 'terminal'),
      `#!/bin/sh\nenv -0 > '${seen}.new'\nmv '${seen}.new' '${seen}'\nexec /bin/sh "$1" </dev/null >/dev/null 2>&1\n`,
      { mode: 0o755 },
    );
    // Opening a worktree without a session starts Claude.
    await write(join(root, 'bin/claude'), '#!/bin/sh\necho 2.1.0\n');
    const bin = join(project, 'node_modules/.bin/orch');
    await write(bin, `#!/bin/sh\nexec '${process.execPath}' '${orchFile}' "$@"\n`);
    await run('chmod', ['755', bin, join(root, 'bin/claude')]);
    await write(
      join(project, 'package.json'),
      JSON.stringify({ name: 'project', version: '1.0.0', scripts: { orch: `'${bin}' "$@"` } }),
    );
    const person: NodeJS.ProcessEnv = {
      ...env,
      PATH: `${join(root, 'bin')}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      NPM_TOKEN: 'the person’s own',
      EDITOR: 'hx',
      // Nothing of the registry is needed here.
      NPM_CONFIG_OFFLINE: 'true',
      NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    };
    await run('npm', [...words, 'open'], { cwd: project, env: person });
    const text = await poll(
      () => readFile(seen, 'utf8').catch(() => ''),
      (value) => value !== '',
      { what: 'the terminal' },
    );
    const given = Object.fromEntries(
      text
        .split('\0')
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    // A shell between npm and here writes these itself; TERM is of the terminal that Orchard was started in.
    const { PWD: _pwd, OLDPWD: _old, SHLVL: _level, _: _last, ...rest } = given;
    const { TERM: _term, ...expected } = person;
    expect(rest).toEqual(expected);
  },
);
