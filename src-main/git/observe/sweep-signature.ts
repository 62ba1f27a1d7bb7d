/** What the sweep compares: file times and sizes that change when git writes, read without any process. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepositoryLocation } from '../../domain/facts';
import { statOrNull, textOrNull } from '../../system/small-reads';

async function mark(path: string): Promise<string> {
  const stats = await statOrNull(path);
  return stats === null ? '-' : `${stats.mtimeMs}:${stats.size}:${stats.ino}`;
}

export async function worktreeSignature(gitDir: string): Promise<string> {
  const files = ['HEAD', 'index', 'reftable/tables.list'];
  return (await Promise.all(files.map((name) => mark(join(gitDir, name))))).join(' ');
}

/** `refs`: full names. */
export async function refsSignature(commonDir: string, refs: readonly string[]): Promise<string> {
  const files = ['packed-refs', 'config', ...refs, 'reftable/tables.list'];
  return (await Promise.all(files.map((name) => mark(join(commonDir, name))))).join(' ');
}

/**
 * The same for a look that takes a moment, in fewer questions: whoever writes a ref renames a file into
 * its directory, which tells of any of them. `refs`: full names.
 */
export async function refPlacesSignature(commonDir: string, refs: readonly string[]): Promise<string> {
  const places = new Set(refs.map((ref) => dirname(ref)));
  const files = ['packed-refs', ...places, 'reftable/tables.list'];
  return (await Promise.all(files.map((name) => mark(join(commonDir, name))))).join(' ');
}

/** The worktrees' entries, locks and records, the settings, and whether each directory is there. */
export async function listSignature(
  { commonDir, root }: Pick<RepositoryLocation, 'commonDir' | 'root'>,
  paths: readonly string[],
): Promise<string> {
  const worktrees = join(commonDir, 'worktrees');
  const entries = await readdir(worktrees).catch(() => []);
  const [tasks, settings, locks, there] = await Promise.all([
    mark(join(commonDir, 'orchard', 'tasks')),
    mark(join(root, '.orchard.json')),
    Promise.all(
      entries.sort().map(async (entry) => `${entry}${await mark(join(worktrees, entry, 'locked'))}`),
    ),
    Promise.all(paths.map(async (path) => ((await statOrNull(path)) === null ? '-' : '+'))),
  ]);
  return `${tasks} ${settings} ${locks.join('/')} ${there.join('')}`;
}

/** The repository's configuration less what can not change a file's status: branches and remotes. */
export async function statusSettings(commonDir: string): Promise<string> {
  const text = (await textOrNull(join(commonDir, 'config'))) ?? '';
  return text
    .split(/^(?=\s*\[)/m)
    .filter((section) => !/^\s*\[\s*(branch|remote)\b/i.test(section))
    .join('');
}
