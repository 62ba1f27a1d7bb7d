/** What an Orchard that ended must not leave: locks, journal entries, scratch. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from './repositories';

const LEFT =
  /(^|\/)(lock|[^/]+\.lock|index\.lock|[^/]+\.new|Singleton\w+)$|^cache\/collisions\/\d+\/|^repository\/orchard\/journal\/.+|^tmp\/.+/;

/**
 * Paths (relative, sorted) of what is left of a process that ended: in Orchard's own directories, in the
 * repository's, and in `tmp`, which the process had as TMPDIR.
 */
export async function leftBehind(
  { home }: Pick<Sandbox, 'home'>,
  repository: string,
  tmp: string,
): Promise<readonly string[]> {
  const places = {
    config: join(home, '.config'),
    cache: join(home, '.cache/orchard'),
    state: join(home, '.local/state/orchard'),
    repository: join(repository, '.git'),
    tmp,
  };
  const found: string[] = [];
  for (const [name, directory] of Object.entries(places)) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
      const text = path.startsWith('orchard/journal/')
        ? await readFile(join(directory, path), 'utf8').catch(() => '')
        : '';
      // A finished entry stays for a week, for undo.
      if (!text.includes('{"finish":')) found.push(`${name}/${path}`);
    }
  }
  return found.filter((path) => LEFT.test(path)).sort();
}
