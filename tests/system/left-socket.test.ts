import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { instanceSocket, removeLeftSocket } from '../../src-main/faces/electron/left-socket';
import { temporaryDirectory } from '../support/temporary';

async function lock(root: string, name: string): Promise<void> {
  await mkdir(join(root, 'tmp', name), { recursive: true });
  await mkdir(join(root, 'data'), { recursive: true });
  await writeFile(join(root, 'tmp', name, 'SingletonSocket'), '');
  await symlink('1234', join(root, 'tmp', name, 'SingletonCookie'));
  await rm(join(root, 'data/SingletonSocket'), { force: true });
  await symlink(join(root, 'tmp', name, 'SingletonSocket'), join(root, 'data/SingletonSocket'));
}
const left = (root: string) => readdir(join(root, 'tmp'));

test('the directory of a killed app’s lock goes at the next start', async () => {
  const root = await temporaryDirectory();
  await lock(root, 'scoped_dirAb12');
  const before = instanceSocket(join(root, 'data'));
  await lock(root, 'scoped_dirCd34');
  await removeLeftSocket(before, join(root, 'data'));
  expect(await left(root)).toEqual(['scoped_dirCd34']);
});

test('what is still the lock, is not Chromium’s or holds more stays', async () => {
  const root = await temporaryDirectory();
  expect(instanceSocket(join(root, 'data'))).toBeNull();
  await lock(root, 'scoped_dirAb12');
  const before = instanceSocket(join(root, 'data'));
  await removeLeftSocket(before, join(root, 'data'));
  expect(await left(root)).toEqual(['scoped_dirAb12']);
  await lock(root, 'precious');
  await removeLeftSocket(join(root, 'tmp/precious/SingletonSocket'), join(root, 'data'));
  await writeFile(join(root, 'tmp/scoped_dirAb12/mine'), 'x');
  await removeLeftSocket(before, join(root, 'data'));
  expect((await left(root)).sort()).toEqual(['precious', 'scoped_dirAb12']);
  expect(await readdir(join(root, 'tmp/scoped_dirAb12'))).toEqual(['mine']);
});
