import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** Binds `from` to the directory `to` until the test ends; false where the machine doesn't allow it. */
export async function mounted(from: string, to: string): Promise<boolean> {
  const done = await run('mount', ['--bind', from, to]).then(
    () => true,
    () => false,
  );
  // Before the temporary directory is removed: callbacks run last in, first out.
  if (done) onTestFinished(() => run('umount', [to]).then(() => undefined));
  return done;
}
