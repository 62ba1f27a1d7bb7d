import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { headOrNull, readText, statOrNull, tailOrNull, textOrNull } from '../../src-main/system/small-reads';
import { temporaryDirectory } from '../support/temporary';

test('small files: their text, their end, and null for what is not there', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'näme');
  await writeFile(file, 'first line\nthe last ü\n');
  expect(await readText(file)).toBe('first line\nthe last ü\n');
  expect(await textOrNull(file)).toBe('first line\nthe last ü\n');
  expect((await tailOrNull(file, 4))?.toString('utf8')).toBe(' ü\n');
  expect((await tailOrNull(file, 8_192))?.toString('utf8')).toBe('first line\nthe last ü\n');
  expect(await headOrNull(file, 5)).toBe('first');
  expect(await headOrNull(file, 8_192)).toBe('first line\nthe last ü\n');
  expect(await headOrNull(join(directory, 'gone'), 5)).toBeNull();
  expect((await statOrNull(file))?.size).toBe(23);

  const gone = join(directory, 'gone');
  await expect(readText(gone)).rejects.toMatchObject({ code: 'ENOENT' });
  expect([await textOrNull(gone), await tailOrNull(gone, 9), await statOrNull(gone)]).toEqual([
    null,
    null,
    null,
  ]);
  await mkdir(join(directory, 'folder'));
  expect([await textOrNull(directory), await tailOrNull(directory, 9)]).toEqual([null, null]);
  await symlink(join(directory, 'folder'), join(directory, 'link'));
  expect((await statOrNull(join(directory, 'link')))?.isDirectory()).toBe(true);
});
