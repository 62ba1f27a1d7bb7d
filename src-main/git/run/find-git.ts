/** Finds git once, and says whether it is new enough. */
import { spawn } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ToolState } from '../../contract/snapshot';

/** `merge-tree --stdin` and `cat-file --batch-command` in the form that is used here. */
export const NEEDED_GIT = '2.39';

export type RunProgram = (
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) => Promise<{ readonly exitCode: number | null; readonly stdout: string }>;

/** `run` is for tests; without it, real processes with a limit of 10 seconds each. */
export async function findGit(
  env: Readonly<Record<string, string | undefined>>,
  platform: 'darwin' | 'linux' | 'win32',
  run: RunProgram = runProgram,
): Promise<ToolState> {
  for (const candidate of await gitCandidates(env, platform)) {
    const path = platform === 'darwin' ? await withoutShim(candidate, env, run) : candidate;
    if (path === null) continue;
    const { exitCode, stdout } = await run(path, ['--version'], env);
    const version = exitCode === 0 ? /git version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1] : undefined;
    if (version === undefined) continue;
    return isNewEnough(version)
      ? { state: 'ok', version, path }
      : { state: 'too-old', version, needed: NEEDED_GIT };
  }
  return { state: 'missing' };
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = NEEDED_GIT.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/** Every git on the PATH, in its order. */
export async function gitCandidates(
  env: Readonly<Record<string, string | undefined>>,
  platform: 'darwin' | 'linux' | 'win32',
): Promise<readonly string[]> {
  const path = env.PATH ?? env.Path ?? '';
  const name = platform === 'win32' ? 'git.exe' : 'git';
  const places = path.split(delimiter).filter((directory) => isAbsolute(directory));
  const found: string[] = [];
  for (const place of new Set(places)) {
    const file = join(place, name);
    try {
      await access(file, platform === 'win32' ? constants.F_OK : constants.X_OK);
      found.push(file);
    } catch {
      // Not in this place.
    }
  }
  return found;
}

/**
 * macOS has a `/usr/bin/git` that only looks for the real one, at every call, and that opens a dialog
 * offering to install the command line tools when they are missing. `xcode-select -p` fails quietly then.
 */
async function withoutShim(
  candidate: string,
  env: Readonly<Record<string, string | undefined>>,
  run: RunProgram,
): Promise<string | null> {
  const isShim = candidate === '/usr/bin/git' || (await realOr(candidate)) === '/usr/bin/git';
  if (!isShim) return candidate;
  if ((await run('/usr/bin/xcode-select', ['-p'], env)).exitCode !== 0) return null;
  const { exitCode, stdout } = await run('/usr/bin/xcrun', ['--find', 'git'], env);
  const path = stdout.trim();
  return exitCode === 0 && isAbsolute(path) ? path : candidate;
}

async function realOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

const runProgram: RunProgram = (program, args, env) =>
  new Promise((resolve) => {
    const child = spawn(program, [...args], {
      env: { ...env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
      windowsHide: true,
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.once('error', () => resolve({ exitCode: null, stdout: '' }));
    child.once('close', (exitCode) => resolve({ exitCode, stdout }));
  });
