import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeFailure } from '../../../src-main/contract/failure-texts';
import { missingSetup } from '../../../src-main/git/merge/missing-setup';
import { mergeScene } from '../../support/landing/merge-scene';
import { temporaryDirectory } from '../../support/temporary';

async function missing(files: readonly string[], content = '', platform: 'linux' | 'win32' = 'linux') {
  const directory = await temporaryDirectory();
  for (const name of files) {
    const file = join(directory, name);
    await mkdir(name.endsWith('/') ? file : dirname(file), { recursive: true });
    if (!name.endsWith('/')) await writeFile(file, content);
  }
  return missingSetup(directory, platform);
}

test.each([
  [['package-lock.json'], 'npm ci'],
  [['pnpm-lock.yaml'], 'pnpm install --frozen-lockfile'],
  [['yarn.lock'], 'yarn install --frozen-lockfile'],
  [['yarn.lock', '.yarnrc.yml'], 'yarn install --immutable'],
  [['bun.lock'], 'bun install --frozen-lockfile'],
  [['uv.lock'], 'uv sync'],
  [['poetry.lock'], 'poetry install'],
  [['Gemfile.lock'], 'bundle install'],
  [['composer.lock'], 'composer install'],
  [['requirements.txt'], 'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt'],
  [['package-lock.json', 'node_modules/'], null],
  [['yarn.lock', '.pnp.cjs'], null],
  [['uv.lock', '.venv/'], null],
  [['composer.lock', 'vendor/'], null],
  [['Cargo.lock', 'Cargo.toml'], null],
  [['go.mod', 'go.sum'], null],
  [[], null],
])('%j: %s', async (files, command) => {
  expect(await missing(files)).toBe(command);
});

test('a package.json with dependencies and no lock file, and one without any', async () => {
  expect(await missing(['package.json'], '{"devDependencies": {"vitest": "1"}}')).toBe('npm install');
  expect(await missing(['package.json'], '{"devDependencies": {}}')).toBe(null);
  expect(await missing(['package.json'], 'broken')).toBe(null);
});

test('a failed validation in a worktree that was never set up says so, with the exact command', async () => {
  for (const setup of [null, 'make deps']) {
    const s = await mergeScene({ config: { validate: ['exit 127'], setup } });
    await s.sandbox.commit(s.worktree, { 'package.json': '{}', 'package-lock.json': '{}' });
    const done = await s.attempt();
    const command = setup ?? 'npm ci';
    expect(done).toEqual({
      ok: false,
      error: {
        kind: 'validation-failed',
        command: 'exit 127',
        exitCode: 127,
        setup: { command, path: s.worktree },
      },
    });
    if (done.ok) continue;
    expect(describeFailure(done.error).next).toContain(`\`${command}\` in ${s.worktree}`);
    await mkdir(join(s.worktree, 'node_modules'));
    await s.sandbox.write(join(s.repository, '.git/info/exclude'), 'node_modules\n');
    expect(await s.attempt()).toMatchObject({ ok: false, error: { kind: 'validation-failed' } });
    expect(await s.attempt()).not.toMatchObject({ error: { setup: expect.anything() } });
  }
});
