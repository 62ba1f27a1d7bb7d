import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileCopier } from '../../src-main/system/file-copier';
import { createSilentLog } from '../support/silent-log';
import { temporaryDirectory } from '../support/temporary';

async function setUp() {
  const root = await temporaryDirectory();
  const from = join(root, 'from');
  const to = join(root, 'to');
  await mkdir(from);
  await mkdir(to);
  const put = async (path: string, content = path) => {
    await mkdir(join(from, path, '..'), { recursive: true });
    await writeFile(join(from, path), content);
  };
  const copier = createFileCopier({ log: createSilentLog() });
  const copy = (
    paths: readonly string[],
    leaveOut: readonly string[] = [],
    signal = new AbortController().signal,
  ) => copier.copy(from, to, paths, signal, leaveOut);
  return { root, from, to, put, copy };
}

describe('copying', () => {
  it('keeps modes, makes directories like their originals, and answers hashes', async () => {
    const { from, to, put, copy } = await setUp();
    await put('a b/„c“/.env', 'secret');
    await chmod(join(from, 'a b/„c“/.env'), 0o600);
    await chmod(join(from, 'a b'), 0o700);
    await put('run.sh', '#!/bin/sh');
    await chmod(join(from, 'run.sh'), 0o755);
    const copied = await copy(['a b/„c“/.env', 'run.sh']);
    expect(copied).toEqual({
      ok: true,
      value: {
        'a b/„c“/.env': '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
        'run.sh': createHash('sha256').update('#!/bin/sh').digest('hex'),
      },
    });
    expect((await stat(join(to, 'a b/„c“/.env'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(to, 'a b'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(to, 'run.sh'))).mode & 0o777).toBe(0o755);
  });

  it('never writes over anything, a dangling link included', async () => {
    const { root, to, put, copy } = await setUp();
    await put('there');
    await put('linked');
    await put('directory/file');
    await writeFile(join(to, 'there'), 'mine');
    await symlink(join(root, 'outside'), join(to, 'linked'));
    await writeFile(join(to, 'directory'), 'a file in the way');
    expect(await copy(['there', 'linked', 'directory/file'])).toEqual({ ok: true, value: {} });
    expect(await readFile(join(to, 'there'), 'utf8')).toBe('mine');
    expect(await readdir(root)).toEqual(['from', 'to']);
  });

  it('does not follow a link at the destination', async () => {
    const { root, to, put, copy } = await setUp();
    await mkdir(join(root, 'outside'));
    await put('.claude/deep/settings.json');
    await symlink(join(root, 'outside'), join(to, '.claude'));
    expect(await copy(['.claude/deep/settings.json'])).toEqual({ ok: true, value: {} });
    expect(await readdir(join(root, 'outside'))).toEqual([]);
  });

  it('copies links as what they point to, and leaves circles and the ground around out', async () => {
    const { root, from, to, put, copy } = await setUp();
    await mkdir(join(root, 'shared/inner'), { recursive: true });
    await writeFile(join(root, 'shared/one'), '1');
    await symlink(join(root, 'shared'), join(root, 'shared/inner/round'));
    await symlink(join(root, 'shared'), join(from, 'shared'));
    await symlink(root, join(from, 'ground'));
    await symlink(join(root, 'nowhere'), join(from, 'dangling'));
    await put('real', 'r');
    await symlink('real', join(from, 'alias'));
    const copied = await copy(['shared', 'ground', 'dangling', 'alias', 'gone']);
    expect(copied.ok && Object.keys(copied.value)).toEqual(['alias', 'shared/one']);
    expect((await lstat(join(to, 'alias'))).isSymbolicLink()).toBe(false);
    expect((await lstat(join(to, 'shared'))).isSymbolicLink()).toBe(false);
    expect(await readdir(join(to, 'shared/inner'))).toEqual([]);
    expect(await readdir(to)).toEqual(['alias', 'shared']);
  });

  it('keeps a whole directory’s own links, and copies what leads out of the worktree', async () => {
    const { root, from, to, put, copy } = await setUp();
    await put('node_modules/.store/a/index.js', 'a');
    await symlink('.store/a', join(from, 'node_modules/a'));
    await put('packages/b/index.js', 'b');
    await symlink('../packages/b', join(from, 'node_modules/b'));
    await mkdir(join(root, 'global'));
    await writeFile(join(root, 'global/c.js'), 'c');
    await symlink(join(root, 'global'), join(from, 'node_modules/c'));
    expect((await copy(['node_modules/'])).ok).toBe(true);
    expect(await readlink(join(to, 'node_modules/a'))).toBe('.store/a');
    expect(await readFile(join(to, 'node_modules/a/index.js'), 'utf8')).toBe('a');
    expect(await readlink(join(to, 'node_modules/b'))).toBe('../packages/b');
    expect((await lstat(join(to, 'node_modules/c'))).isSymbolicLink()).toBe(false);
    expect(await readFile(join(to, 'node_modules/c/c.js'), 'utf8')).toBe('c');
  });

  it('leaves other worktrees out, also when a link leads into one', async () => {
    const { from, to, put, copy } = await setUp();
    await put('cache/x');
    await put('cache/wt/inner/y');
    await symlink('cache/wt', join(from, 'sneaky'));
    await copy(['cache/', 'sneaky'], ['cache/wt']);
    expect(await readdir(join(to, 'cache'))).toEqual(['x']);
    expect(await readdir(to)).toEqual(['cache']);
  });

  it('does not copy the copy into itself', async () => {
    const { from, put } = await setUp();
    await put('trees/old/x');
    const to = join(from, 'trees', 'new');
    await mkdir(to);
    const copier = createFileCopier({ log: createSilentLog() });
    expect((await copier.copy(from, to, ['trees/'], new AbortController().signal)).ok).toBe(true);
    expect(await readdir(join(to, 'trees'))).toEqual(['old']);
  });

  it('copies long paths and odd names', async () => {
    const { to, put, copy } = await setUp();
    const long = Array.from({ length: 12 }, (_, at) => `${at}`.padEnd(40, 'x')).join('/');
    const names = [`${long}/file`, '-x', "it's", 'a\nb', '$HOME `x`', '🌳'];
    for (const name of names) await put(name);
    const copied = await copy(names);
    expect(copied.ok && Object.keys(copied.value).sort()).toEqual([...names].sort());
    expect(await readFile(join(to, long, 'file'), 'utf8')).toBe(`${long}/file`);
  });

  it('refuses paths that lead out of the worktree, as a bug', async () => {
    const { copy } = await setUp();
    for (const path of ['../x', '/etc/passwd', 'a/../../x', ''])
      await expect(copy([path])).rejects.toThrow('not a path inside a worktree');
  });

  it('stops when cancelled', async () => {
    const { to, put, copy } = await setUp();
    for (let at = 0; at < 50; at++) await put(`file-${at}`);
    const stop = new AbortController();
    stop.abort();
    const paths = Array.from({ length: 50 }, (_, at) => `file-${at}`);
    expect(await copy(paths, [], stop.signal)).toEqual({ ok: false, error: { kind: 'cancelled' } });
    expect(await readdir(to)).toEqual([]);
  });
});
