/**
 * Once the engine's process runs, its `fs` no longer reads Electron's archives, and in a packed app our own
 * bundle lies in one: everything that process needs must have been loaded by then.
 */
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../src-main', import.meta.url));

test('nothing that the engine’s process is made of imports anything late', async () => {
  const late: string[] = [];
  const seen = new Set<string>();
  const open = [resolve(root, 'engine-process.ts')];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    if (/\bimport\s*\(|\brequire\s*\(|\bcreateRequire\b/.test(text)) late.push(relative(root, file));
    for (const [, from = ''] of text.matchAll(/^\s*(?:import|export)\b[^'"]*?\bfrom\s*'(\.[^']+)'/gm))
      open.push(`${resolve(dirname(file), from)}.ts`);
  }
  expect(late).toEqual([]);
  // The walk did walk.
  expect(seen).toContain(resolve(root, 'git/cleanup/trash.ts'));
  expect(seen.size).toBeGreaterThan(100);
});
