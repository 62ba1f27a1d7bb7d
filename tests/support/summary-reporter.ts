import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes the run with what a person (and a machine) wants to know last: which tests were skipped and
 * why, what this machine can not prove, and one plain line of counts.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    const skipped = new Map<string, number>();
    for (const module of modules) {
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else {
          const note =
            test.result().state === 'skipped' ? (test.result() as { note?: string }).note : undefined;
          const why = note ?? module.relativeModuleId;
          skipped.set(why, (skipped.get(why) ?? 0) + 1);
        }
      }
    }
    const skippedCount = [...skipped.values()].reduce((sum, count) => sum + count, 0);
    const lines = ['', ...[...skipped].map(([why, count]) => `skipped: ${why} (${count})`)];
    lines.push(`${passed} passed, ${failed} failed${skippedCount > 0 ? `, ${skippedCount} skipped` : ''}`);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}
