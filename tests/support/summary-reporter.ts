import type { Reporter, TestModule } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** What this test leaves open because of what it runs on; said once at the end of the run. */
    notProved?: readonly string[];
    /** What this test showed that others leave open. */
    proved?: readonly string[];
  }
}

/**
 * Reasons that a machine with everything installed may still give: another system's ways, a container that
 * lets nobody make a user namespace. An Electron and a newer git that continuous integration can fetch are
 * there only for Linux on x64 (support/electron-33, support/git), and there they may not be missing.
 */
const expected = /macOS|Windows|mount|root may|ORCHARD_LONG|limits of inotify/i;
const canFetch = process.platform === 'linux' && process.arch === 'x64';
const isExpected = (why: string) => expected.test(why) || (!canFetch && /real Electron|newer git/.test(why));

/**
 * Closes the run with what a person (and a machine) wants to know last: which tests were skipped and why,
 * what nobody here could show, how many passed in each layer, and one plain line of counts. With
 * ORCHARD_NO_UNEXPECTED_SKIPS a skip for any other reason than the expected ones fails the run.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped = new Map<string, number>();
    const notProved = new Set<string>();
    const proved = new Set<string>();
    const byLayer = new Map<string, number>();
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        for (const what of test.meta().notProved ?? []) notProved.add(what);
        if (result.state === 'passed') {
          passed++;
          for (const what of test.meta().proved ?? []) proved.add(what);
          const { name } = module.project;
          byLayer.set(name, (byLayer.get(name) ?? 0) + 1);
        } else if (result.state === 'failed') failed++;
        else {
          const why =
            (result.state === 'skipped' ? result.note : undefined) ??
            `${module.relativeModuleId}, no reason given`;
          skipped.set(why, (skipped.get(why) ?? 0) + 1);
        }
      }
    }
    const unexpected = [...skipped.keys()].filter((why) => !isExpected(why));
    const strict = process.env.ORCHARD_NO_UNEXPECTED_SKIPS === '1';
    if (strict && unexpected.length > 0) {
      failed += unexpected.length;
      process.exitCode = 1;
    }
    const skips = [...skipped.values()].reduce((sum, count) => sum + count, 0);
    const lines = [
      '',
      ...[...skipped].map(([why, count]) => `skipped: ${why} (${count})`),
      ...(strict
        ? unexpected.map((why) => `failed: skipped here, where nothing should be missing: ${why}`)
        : []),
      ...[...notProved].filter((what) => !proved.has(what)).map((what) => `not proved here: ${what}`),
      [...byLayer].map(([name, count]) => `${name} ${count}`).join(', '),
      `${passed} passed, ${failed} failed${skips > 0 ? `, ${skips} skipped` : ''}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}
