/**
 * The git that was found last time, as long as nothing about it changed: so that a second start shows
 * what is remembered before any process ran.
 */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { ToolState } from '../../contract/snapshot';
import type { Log } from '../../engine/ports';
import { errorCode } from '../../system/file-failure';
import { writeWhole } from '../../system/whole-file';
import { findGit, gitCandidates, NEEDED_GIT, type RunProgram } from './find-git';

const memorySchema = z.object({
  /** What it was found among; another PATH, or another need, is another question. */
  question: z.string(),
  path: z.string(),
  version: z.string(),
  stamp: z.string(),
});

export async function findGitAgain(deps: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: 'darwin' | 'linux' | 'win32';
  /** Where it is remembered. */
  readonly file: string;
  readonly log: Log;
  /** For tests. */
  readonly run?: RunProgram;
}): Promise<ToolState> {
  const { env, platform, file, log } = deps;
  const question = JSON.stringify([NEEDED_GIT, await gitCandidates(env, platform)]);
  const known = await remembered(file, log);
  if (known !== null && known.question === question && (await stampOf(known.path)) === known.stamp)
    return { state: 'ok', version: known.version, path: known.path };
  const found = await findGit(env, platform, deps.run);
  const stamp = found.state === 'ok' ? await stampOf(found.path) : null;
  if (found.state === 'ok' && stamp !== null)
    await remember(file, { question, path: found.path, version: found.version, stamp }, log);
  return found;
}

/** Changes whenever the program is replaced, also behind a link. */
async function stampOf(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return null;
  }
}

async function remembered(file: string, log: Log): Promise<z.infer<typeof memorySchema> | null> {
  try {
    return memorySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') log.warn('git.remembered', { problem: String(error).slice(0, 300) });
    return null;
  }
}

async function remember(file: string, memory: z.infer<typeof memorySchema>, log: Log): Promise<void> {
  try {
    await writeWhole(file, JSON.stringify(memory), { keep: 'cache' });
  } catch (error) {
    // It is found anew next time.
    log.warn('git.remembered', { problem: String(error).slice(0, 300) });
  }
}
