/**
 * What Electron's main process does to `fs`: a file whose name ends in `.asar` is a directory, its content
 * what the archive lists, and one that is no archive fails in ways of its own. Reading is patched, removing
 * is not (https://github.com/electron/electron/blob/v33.2.1/lib/asar/fs-wrapper.ts). A utility process of
 * the stand-in is a process of its own, and plain.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const plain = { lstatSync: fs.lstatSync, readFileSync: fs.readFileSync };

const textOf = (path) => {
  if (path instanceof URL) return path.protocol === 'file:' ? fileURLToPath(path) : null;
  return Buffer.isBuffer(path) ? path.toString() : typeof path === 'string' ? path : null;
};

/** The archive that a path leads to or into; null for a path that is plain, a directory `x.asar` included. */
function archiveIn(given) {
  const path = textOf(given);
  if (path === null || !/\.asar(?=$|[\\/])/i.test(path)) return null;
  const parts = resolve(path).split(sep);
  for (const [index, part] of parts.entries()) {
    if (!part.toLowerCase().endsWith('.asar')) continue;
    const archive = parts.slice(0, index + 1).join(sep);
    const stats = plain.lstatSync(archive, { throwIfNoEntry: false });
    if (stats?.isDirectory()) continue;
    return { archive, inside: parts.slice(index + 1) };
  }
  return null;
}

function headerOf(archive) {
  try {
    const bytes = plain.readFileSync(archive);
    return JSON.parse(bytes.subarray(16, 16 + bytes.readUInt32LE(12)).toString());
  } catch {
    throw new Error(`Invalid package ${archive}`);
  }
}
function nodeOf({ archive, inside }) {
  let node = headerOf(archive);
  for (const name of inside) node = node?.files?.[name];
  if (node === undefined)
    throw Object.assign(new Error(`ENOENT, ${inside.join('/')} not found in ${archive}`), { code: 'ENOENT' });
  return node;
}
const statsOf = (found) => {
  const isDirectory = nodeOf(found).files !== undefined;
  const stats = plain.lstatSync(isDirectory ? dirname(found.archive) : found.archive);
  return Object.assign(Object.create(stats), { size: 0 });
};
const listOf = (found, options) => {
  const node = nodeOf(found);
  if (node.files === undefined) throw Object.assign(new Error('ENOTDIR'), { code: 'ENOTDIR' });
  const at = join(found.archive, ...found.inside);
  return Object.entries(node.files).map(([name, { files }]) =>
    options?.withFileTypes === true
      ? {
          name,
          parentPath: at,
          path: at,
          isDirectory: () => files !== undefined,
          isFile: () => files === undefined,
          isSymbolicLink: () => false,
        }
      : name,
  );
};
const absent = (found) => {
  nodeOf(found);
  throw Object.assign(new Error(`ENOENT, ${basename(found.archive)} is no file`), { code: 'ENOENT' });
};

const patched = {
  lstat: statsOf,
  stat: statsOf,
  readdir: listOf,
  readFile: absent,
  open: absent,
  copyFile: absent,
  access: (found) => void nodeOf(found),
};
for (const [name, act] of Object.entries(patched)) {
  const original = { promise: fs.promises[name], callback: fs[name], sync: fs[`${name}Sync`] };
  fs.promises[name] = async (path, ...rest) => {
    const found = archiveIn(path);
    return found === null ? original.promise.call(fs.promises, path, ...rest) : act(found, rest[0]);
  };
  fs[`${name}Sync`] = (path, ...rest) => {
    const found = archiveIn(path);
    return found === null ? original.sync.call(fs, path, ...rest) : act(found, rest[0]);
  };
  fs[name] = (path, ...rest) => {
    const found = archiveIn(path);
    if (found === null) return original.callback.call(fs, path, ...rest);
    const done = rest.pop();
    let value;
    try {
      value = act(found, rest[0]);
    } catch (error) {
      return process.nextTick(done, error);
    }
    process.nextTick(done, null, value);
  };
}
// `import { lstat } from 'node:fs/promises'` sees them too.
syncBuiltinESMExports();
