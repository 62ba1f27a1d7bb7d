/**
 * Dependencies that a fresh worktree lacks because nobody installed them there: the lock file came with
 * the checkout, what it locks did not. Only asked once a validation failed; cargo and go fetch by
 * themselves.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../system/small-reads';

interface Kind {
  /** Any of these says that dependencies are to be installed. */
  readonly locks: readonly string[];
  /** Any of these says that they are. */
  readonly installed: readonly string[];
  readonly command: string;
}

const NODE = ['node_modules', '.pnp.cjs', '.pnp.js', '.pnp.loader.mjs'];
const VENV = ['.venv', 'venv', 'env', '__pypackages__'];

/** In this order: the first that misses something is named. */
const kinds: readonly Kind[] = [
  { locks: ['pnpm-lock.yaml'], installed: NODE, command: 'pnpm install --frozen-lockfile' },
  { locks: ['bun.lock', 'bun.lockb'], installed: NODE, command: 'bun install --frozen-lockfile' },
  { locks: ['package-lock.json', 'npm-shrinkwrap.json'], installed: NODE, command: 'npm ci' },
  { locks: ['uv.lock'], installed: VENV, command: 'uv sync' },
  { locks: ['poetry.lock'], installed: VENV, command: 'poetry install' },
  { locks: ['pdm.lock'], installed: VENV, command: 'pdm install' },
  { locks: ['Pipfile.lock'], installed: VENV, command: 'pipenv sync --dev' },
  {
    locks: ['Gemfile.lock', 'gems.locked'],
    installed: ['vendor/bundle', '.bundle'],
    command: 'bundle install',
  },
  { locks: ['composer.lock'], installed: ['vendor'], command: 'composer install' },
  { locks: ['mix.lock'], installed: ['deps'], command: 'mix deps.get' },
  { locks: ['pubspec.lock'], installed: ['.dart_tool'], command: 'dart pub get' },
];

/** @returns the command that installs them; null when nothing is known to be missing */
export async function missingSetup(
  directory: string,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<string | null> {
  const any = async (names: readonly string[]) =>
    (await Promise.all(names.map((name) => exists(join(directory, name))))).includes(true);
  // https://yarnpkg.com/cli/install: the older yarn knows no --immutable.
  if ((await any(['yarn.lock'])) && !(await any(NODE)))
    return (await any(['.yarnrc.yml'])) ? 'yarn install --immutable' : 'yarn install --frozen-lockfile';
  for (const { locks, installed, command } of kinds)
    if ((await any(locks)) && !(await any(installed))) return command;
  if (!(await any(NODE)) && (await wantsPackages(directory))) return 'npm install';
  if ((await any(['requirements.txt'])) && !(await any(VENV))) {
    const pip = platform === 'win32' ? '.venv\\Scripts\\pip' : '.venv/bin/pip';
    return `python${platform === 'win32' ? '' : '3'} -m venv .venv && ${pip} install -r requirements.txt`;
  }
  return null;
}

/** A package.json without a lock file, that names dependencies all the same. */
async function wantsPackages(directory: string): Promise<boolean> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => null);
  if (text === null) return false;
  try {
    const data: unknown = JSON.parse(text);
    return ['dependencies', 'devDependencies'].some((key) => {
      const wanted: unknown = Object.entries(data ?? {}).find(([name]) => name === key)?.[1];
      return typeof wanted === 'object' && wanted !== null && Object.keys(wanted).length > 0;
    });
  } catch {
    return false; // the project's own tools will say what is wrong with it
  }
}
