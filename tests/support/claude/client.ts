/** Finds what the tests of this layer need and never fetches it: missing tools make a test skip by name. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The real Claude Code client: $ORCHARD_CLAUDE_CLIENT, else the one that `fetch-client.mjs` put into
 * `.cache/claude` (git ignores it); null when there is none.
 */
export async function installedClient(): Promise<string | null> {
  const cached = join(repositoryRoot, '.cache/claude/node_modules/@anthropic-ai/claude-code/bin/claude.exe');
  for (const candidate of [process.env.ORCHARD_CLAUDE_CLIENT, cached]) {
    if (candidate === undefined || candidate === '') continue;
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return null;
}

/** Why real sessions can't be started on this machine; null when they can. */
export async function missingForSessions(): Promise<string | null> {
  const tmux = await run('tmux', ['-V']).then(
    () => true,
    () => false,
  );
  if (!tmux) return 'tmux is not installed';
  if ((await installedClient()) === null)
    return 'the Claude Code client is not installed (node tests/support/claude/fetch-client.mjs)';
  return null;
}
