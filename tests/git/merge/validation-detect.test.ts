import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detectValidation } from '../../../src-main/git/merge/validation-detect';
import { temporaryDirectory } from '../../support/temporary';

async function detected(files: Readonly<Record<string, string>>, platform: 'linux' | 'win32' = 'linux') {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return (await detectValidation(directory, platform)).map((command) => command.run);
}
const scripts = (all: Readonly<Record<string, string>>, more: object = {}) =>
  JSON.stringify({ scripts: all, ...more });

test('package.json: build, test and lint in that order, with the project’s own package manager', async () => {
  const all = { lint: 'biome', test: 'vitest', build: 'vite', start: 'x' };
  expect(await detected({ 'package.json': scripts(all) })).toEqual([
    'npm run build',
    'npm run test',
    'npm run lint',
  ]);
  expect(await detected({ 'package.json': scripts({ test: 'x' }), 'pnpm-lock.yaml': '' })).toEqual([
    'pnpm run test',
  ]);
  expect(await detected({ 'package.json': scripts({ test: 'x' }), 'yarn.lock': '' })).toEqual([
    'yarn run test',
  ]);
  expect(await detected({ 'package.json': scripts({ test: 'x' }), 'bun.lock': '' })).toEqual([
    'bun run test',
  ]);
  expect(
    await detected({
      'package.json': scripts({ test: 'x' }, { packageManager: 'pnpm@9.0.0' }),
      'yarn.lock': '',
    }),
  ).toEqual(['pnpm run test']);
  expect(
    await detected({ 'package.json': scripts({ test: 'echo "Error: no test specified" && exit 1' }) }),
  ).toEqual([]);
});

test('the text to approve holds what a script and the ones around it say, on one line', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'package.json'), scripts({ pretest: 'tsc', test: 'a\nb', build: 'x' }));
  expect((await detectValidation(directory, 'linux')).map((command) => command.text)).toEqual([
    'npm run build  # x',
    'npm run test  # a\\nb; pretest: tsc',
  ]);
});

test('other kinds of project', async () => {
  expect(await detected({ 'Cargo.toml': '' })).toEqual(['cargo build', 'cargo test']);
  expect(await detected({ 'go.mod': '' })).toEqual(['go build ./...', 'go test ./...', 'go vet ./...']);
  expect(await detected({ 'build.gradle.kts': '', gradlew: '' })).toEqual(['./gradlew build']);
  expect(await detected({ 'build.gradle': '', 'gradlew.bat': '' }, 'win32')).toEqual([
    '.\\gradlew.bat build',
  ]);
  expect(await detected({ 'pom.xml': '' })).toEqual(['mvn -B verify']);
  expect(await detected({ 'App.csproj': '' })).toEqual(['dotnet build', 'dotnet test']);
  expect(await detected({ 'pyproject.toml': '[tool.pytest.ini_options]\n' })).toEqual(['pytest']);
  expect(await detected({ 'pyproject.toml': '[tool.pytest.ini_options]\n', 'uv.lock': '' })).toEqual([
    'uv run pytest',
  ]);
  expect(await detected({ 'pyproject.toml': '[project]\n' })).toEqual([]);
  expect(await detected({ 'composer.json': scripts({ test: 'phpunit' }) })).toEqual([
    'composer run-script test',
  ]);
  expect(await detected({ Makefile: 'build: x\n\ttrue\ntest:\n\ttrue\nlint := no\n' })).toEqual([
    'make build',
    'make test',
  ]);
  expect(await detected({ Makefile: 'test:\n', 'go.mod': '' })).not.toContain('make test');
  expect(await detected({ 'package.json': 'not json', Makefile: 'test:\n' })).toEqual(['make test']);
  expect(await detected({})).toEqual([]);
});
