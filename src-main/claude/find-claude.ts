import { execFile } from 'node:child_process';
import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { promisify } from 'node:util';
import type { ToolState } from '../contract/snapshot';
import type { Log } from '../engine/ports';
import type { Platform } from '../system/processes';

const run = promisify(execFile);
const LIMIT_MS = 10_000;

export interface FindClaudeOptions {
  readonly platform: Platform;
  /** The login shell's environment: a desktop app's own PATH lacks what a person set up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly log: Log;
}

/** The `claude` command: where it is and what version it says it is. */
export async function findClaude(options: FindClaudeOptions): Promise<ToolState> {
  for (const candidate of claudeCandidates(options)) {
    if (!(await isProgram(candidate, options.platform))) continue;
    const version = await versionOf(candidate, options);
    if (version !== null) return { state: 'ok', version, path: candidate };
  }
  return { state: 'missing' };
}

/** PATH first, then where the installers put it: https://code.claude.com/docs/en/setup */
export function claudeCandidates(
  options: Pick<FindClaudeOptions, 'platform' | 'env' | 'homeDirectory'>,
): readonly string[] {
  const { platform, env, homeDirectory } = options;
  const { join, delimiter, isAbsolute } = platform === 'win32' ? win32 : posix;
  const names = platform === 'win32' ? ['claude.exe', 'claude.cmd'] : ['claude'];
  const path = env.PATH ?? env.Path ?? '';
  const directories = path.split(delimiter).filter((directory) => isAbsolute(directory));
  directories.push(join(homeDirectory, '.local', 'bin'));
  if (platform !== 'win32') directories.push(join(homeDirectory, '.claude', 'local'), '/usr/local/bin');
  if (platform === 'darwin') directories.push('/opt/homebrew/bin');
  return [...new Set(directories.flatMap((directory) => names.map((name) => join(directory, name))))];
}

async function isProgram(file: string, platform: Platform): Promise<boolean> {
  try {
    if (!(await stat(file)).isFile()) return false;
    await access(file, platform === 'win32' ? constants.F_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function versionOf(file: string, options: FindClaudeOptions): Promise<string | null> {
  // npm's shim on Windows needs a shell to run; the package beside it says the same.
  if (file.endsWith('.cmd')) return packageVersion(win32.dirname(file));
  try {
    const { stdout } = await run(file, ['--version'], {
      env: { ...options.env },
      cwd: options.homeDirectory,
      timeout: LIMIT_MS,
      windowsHide: true,
    });
    return parseClaudeVersion(stdout);
  } catch (error) {
    options.log.warn('claude.version', {
      file: await realpath(file).catch(() => file),
      error: String(error),
    });
    return null;
  }
}

async function packageVersion(directory: string): Promise<string | null> {
  try {
    const file = win32.join(directory, 'node_modules', '@anthropic-ai', 'claude-code', 'package.json');
    const content = JSON.parse(await readFile(file, 'utf8')) as { version?: unknown };
    return typeof content.version === 'string' ? content.version : null;
  } catch {
    return null;
  }
}

/** `2.1.330 (Claude Code)`. */
export function parseClaudeVersion(output: string): string | null {
  return /(?:^|\s)v?(\d+\.\d+\.\d+\S*)/.exec(output)?.[1] ?? null;
}
