/** What an Electron app's `node_modules` hold: archives, whole and broken, and names that only look like one. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The smallest archive of the format: https://github.com/electron/asar#format */
export function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  let offset = 0;
  const entries: Record<string, { readonly size: number; readonly offset: string }> = {};
  for (const [name, content] of Object.entries(files)) {
    const size = Buffer.byteLength(content);
    entries[name] = { size, offset: String(offset) };
    offset += size;
  }
  const json = Buffer.from(JSON.stringify({ files: entries }));
  const padded = Math.ceil(json.length / 4) * 4;
  const head = Buffer.alloc(16 + padded);
  // Chromium's Pickle twice: the size of the header's pickle, then that with the text's own length.
  head.writeUInt32LE(4, 0);
  head.writeUInt32LE(8 + padded, 4);
  head.writeUInt32LE(4 + padded, 8);
  head.writeUInt32LE(json.length, 12);
  json.copy(head, 16);
  return Buffer.concat([head, Buffer.from(Object.values(files).join(''))]);
}

const whole = archiveOf({ 'main.js': 'console.log("hello")\n', 'package.json': '{"main":"main.js"}\n' });

/** Paths below the worktree, and their bytes. */
export const archives: Readonly<Record<string, Buffer>> = {
  'node_modules/electron/dist/resources/default_app.asar': whole,
  'node_modules/cut/app.asar': whole.subarray(0, 40),
  'node_modules/empty/x.asar': Buffer.alloc(0),
  'node_modules/odd/UPPER.ASAR': whole,
  // A directory of that name is one.
  'node_modules/y.asar/inside.txt': Buffer.from('inside\n'),
};

/** Puts them where they belong; git has to ignore `node_modules` by itself. */
export async function plantArchives(worktree: string): Promise<void> {
  for (const [path, bytes] of Object.entries(archives)) {
    await mkdir(dirname(join(worktree, path)), { recursive: true });
    await writeFile(join(worktree, path), bytes);
  }
}

/** Those that are not, byte for byte, the files they were; none when all is well. */
export async function differing(worktree: string): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(archives).map(async ([path, bytes]) => {
      const file = join(worktree, path);
      const same =
        (await stat(file).catch(() => null))?.isFile() === true && (await readFile(file)).equals(bytes);
      return same ? [] : [path];
    }),
  );
  return found.flat();
}
