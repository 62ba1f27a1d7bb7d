import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Everything about a directory that must come back: every path with its kind, permissions, time and
 * bytes; empty directories and links included.
 */
export async function photograph(
  directory: string,
  skip: (path: string) => boolean = () => false,
): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {};
  const walk = async (path: string, name: string): Promise<void> => {
    if (skip(name)) return;
    const found = await lstat(path);
    const mode = (found.mode & 0o777).toString(8);
    if (found.isSymbolicLink()) seen[name] = `link ${await readlink(path)}`;
    else if (found.isDirectory()) {
      seen[`${name}/`] = `directory ${mode}`;
      for (const item of (await readdir(path)).sort())
        await walk(join(path, item), name === '' ? item : `${name}/${item}`);
    } else if (found.isFile()) {
      const hash = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      seen[name] = `file ${mode} ${found.mtimeMs} ${hash}`;
    } else seen[name] = 'special';
  };
  await walk(directory, '');
  return seen;
}
