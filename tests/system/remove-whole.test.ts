import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeWhole } from '../../src-main/system/remove-whole';
import { exists } from '../../src-main/system/small-reads';
import { temporaryDirectory } from '../support/temporary';

/** A removal that the system refuses so often with this. */
function refusing(code: string, times: number) {
  const waits: number[] = [];
  let tries = 0;
  return {
    waits,
    tries: () => tries,
    removing: {
      rm: async () => {
        if (tries++ < times) throw Object.assign(new Error(code), { code });
      },
      sleep: async (ms: number) => void waits.push(ms),
    },
  };
}

test('removes a tree with what it holds, not what its links lead to, and is content with nothing', async () => {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'tree', 'inner'), { recursive: true });
  await writeFile(join(root, 'kept.txt'), 'kept');
  await writeFile(join(root, 'tree', 'inner', 'a.txt'), 'a');
  await symlink(join(root, 'kept.txt'), join(root, 'tree', 'link'));
  await removeWhole(join(root, 'tree'));
  await removeWhole(join(root, 'tree'));
  expect(await exists(join(root, 'tree'))).toBe(false);
  expect(await exists(join(root, 'kept.txt'))).toBe(true);
});

test('what is refused for a moment is tried again', async () => {
  const { removing, waits } = refusing('EBUSY', 3);
  await removeWhole('/x', removing);
  expect(waits).toEqual([50, 100, 200]);
});

test('what stays refused is given up after three seconds in all', async () => {
  const { removing, waits } = refusing('EPERM', Number.POSITIVE_INFINITY);
  await expect(removeWhole('/x', removing)).rejects.toThrow('EPERM');
  expect(waits.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(3_000);
});

test('what no waiting mends fails at once', async () => {
  const { removing, tries } = refusing('EROFS', 1);
  await expect(removeWhole('/x', removing)).rejects.toThrow('EROFS');
  expect(tries()).toBe(1);
});
