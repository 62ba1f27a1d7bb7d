import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { '@contract': fileURLToPath(new URL('src-main/contract', import.meta.url)) };

const long = process.argv.includes('long') || process.env.ORCHARD_LONG === '1';
const LONG_LIMIT_MS = 60 * 60_000;

/**
 * How long a test may take. Limits are for what hangs, not for what is slow: tests have to pass on a machine
 * with a load of twenty, where everything takes some ten times as long as on a calm one.
 */
const UNIT_LIMIT_MS = 60_000;
const PROGRAM_LIMIT_MS = 600_000;

/** A layer's tests, and how long one of them may take. */
const layer = (name: string, usualMs: number) => layerWithin(name, long ? LONG_LIMIT_MS : usualMs);
const layerWithin = (name: string, timeoutMs: number) => ({
  resolve: { alias },
  test: {
    name,
    include: [`tests/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    environment: 'node' as const,
    // Layers that drive other people's programs (a browser, tmux, the real client) get a second try, which
    // the report shows; rules and use cases never do.
    retry: name === 'unit' ? 0 : 1,
    // Property tests and crash matrices run a seeded sample, or whole with `npm run test:long`.
    env: long ? { ORCHARD_LONG: '1' } : {},
  },
});

/**
 * Tests on the real Electron, which has one desktop for all of them: one after another, when everything else
 * is done. `e2e-electron` runs the very files of `e2e`, which drives the stand-in.
 */
function onElectron(name: string, include: string[], exclude: string[]) {
  const { resolve, test } = layer(name, PROGRAM_LIMIT_MS);
  return {
    resolve,
    test: {
      ...test,
      include,
      exclude,
      env: { ...test.env, ORCHARD_DRIVER: 'electron' },
      globalSetup: './tests/support/desktop/setup.ts',
      fileParallelism: false,
      sequence: { groupOrder: 1 },
    },
  };
}

/**
 * The git layer once more, on a newer git and with names of sha256; the rooms that ask git most, or all of
 * them with `npm run test:long`.
 */
function onNewerGit() {
  const { resolve, test } = layer('git-newer', PROGRAM_LIMIT_MS);
  const newer = fileURLToPath(new URL('.cache/git-newer/bin', import.meta.url));
  return {
    resolve,
    test: {
      ...test,
      include: (long ? ['**'] : ['facts', 'cleanup']).map((room) => `tests/git/${room}/*.test.ts`),
      setupFiles: './tests/support/git/newer-git.ts',
      env: {
        ...test.env,
        PATH: `${newer}${delimiter}${process.env.PATH ?? ''}`,
        ORCHARD_TEST_REPOSITORIES: 'sha256',
      },
    },
  };
}

export default defineConfig({
  test: {
    // Two cores are the smallest machine that has to pass; more workers make timing tests lie.
    maxWorkers: 2,
    sequence: { shuffle: { files: true, tests: true } },
    reporters: ['default', './tests/support/summary-reporter.ts'],
    projects: [
      layer('unit', UNIT_LIMIT_MS),
      ...['system', 'git', 'terminal', 'cli', 'claude', 'renderer', 'e2e'].map((name) =>
        layer(name, PROGRAM_LIMIT_MS),
      ),
      onNewerGit(),
      onElectron('e2e-electron', ['tests/e2e/**/*.test.ts'], ['tests/e2e/start.test.ts']),
      onElectron('native', ['tests/native/**/*.test.ts'], []),
    ],
  },
});
