import type { Machine, Run } from './machine';

/**
 * The first Apple event to an application makes macOS ask the person whether Orchard may control it, and
 * the call waits for the answer.
 */
const LIMIT_MS = 60_000;

/**
 * Runs AppleScript with arguments for its `on run argv`: nothing is ever put into the script's text, so
 * there is nothing to quote (man 1 osascript).
 */
export async function runAppleScript(
  script: string,
  args: readonly string[],
  machine: Machine,
): Promise<
  { readonly ok: true; readonly answer: string } | { readonly ok: false; readonly details: string }
> {
  const run = await machine.run('/usr/bin/osascript', ['-e', script, ...args], { limitMs: LIMIT_MS });
  return run.exitCode === 0 ? { ok: true, answer: run.stdout.trim() } : { ok: false, details: explain(run) };
}

/** errAEEventNotPermitted: https://developer.apple.com/documentation/coreservices/1527221-anonymous/erraeeventnotpermitted */
function explain(run: Run): string {
  return run.stderr.includes('-1743')
    ? `macOS does not let Orchard control it yet: allow it in System Settings, Privacy & Security, Automation.\n${run.stderr}`
    : run.stderr;
}
