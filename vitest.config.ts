import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { '@contract': fileURLToPath(new URL('src-main/contract', import.meta.url)) };

const long = process.argv.includes('long') || process.env.ORCHARD_LONG === '1';
const LONG_LIMIT_MS = 60 * 60_000;

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

export default defineConfig({
  test: {
    // Two cores are the smallest machine that has to pass; more workers make timing tests lie.
    maxWorkers: 2,
    sequence: { shuffle: { files: true, tests: true } },
    reporters: ['default', './tests/support/summary-reporter.ts'],
    projects: [
      layer('unit', 5_000),
      layer('system', 60_000),
      layer('git', 60_000),
      layer('terminal', 60_000),
      layer('cli', 60_000),
      layer('claude', 90_000),
      layer('renderer', 60_000),
      layer('e2e', 120_000),
      layer('native', 60_000),
    ],
  },
});
