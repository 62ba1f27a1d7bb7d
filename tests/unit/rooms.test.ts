import { readdir, readFile } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Who may import whom; the more specific room wins. `out` are packages that only this room may name. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'src-main/contract': [],
  'src-main/domain': ['src-main/contract'],
  'src-main/engine': ['src-main/domain', 'src-main/contract'],
  'src-main/system': ['src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/git': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/claude': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/terminal': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/brain': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/settings': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/link': ['src-main/system', 'src-main/engine', 'src-main/domain', 'src-main/contract'],
  'src-main/faces': ['src-main/engine', 'src-main/domain', 'src-main/contract', 'src-main/system'],
  'src-main/preload': ['src-main/contract'],
  'src-renderer': ['src-main/contract'],
};
const owners: Readonly<Record<string, readonly string[]>> = {
  electron: ['src-main/main.ts', 'src-main/preload/', 'src-main/faces/electron/'],
  'simple-git': ['src-main/git/'],
  'electron-store': ['src-main/settings/'],
  conf: ['src-main/settings/'],
  react: ['src-renderer/'],
};
const processStarters = ['git', 'claude', 'terminal', 'system'].map((room) => `src-main/${room}/`);

async function sources(directory: string): Promise<string[]> {
  const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

async function imports(file: string): Promise<string[]> {
  const text = await readFile(join(root, file), 'utf8');
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g,
    ),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((name) => name !== '');
}

const roomOf = (file: string) =>
  Object.keys(rooms)
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];

test('every import stays within what its room may see', async () => {
  const wrong: string[] = [];
  for (const file of [...(await sources('src-main')), ...(await sources('src-renderer'))]) {
    const room = roomOf(file);
    for (const name of await imports(file)) {
      const owner = Object.entries(owners).find(([pkg]) => name === pkg || name.startsWith(`${pkg}/`));
      if (owner !== undefined && !owner[1].some((place) => file.startsWith(place)))
        wrong.push(`${file} imports ${name}; only ${owner[1].join(', ')} may`);
      if (
        /^(node:)?child_process$/.test(name) &&
        !processStarters.some((place) => file.startsWith(place)) &&
        !/^src-main\/(start|git-helper|main)\.ts$/.test(file)
      )
        wrong.push(`${file} starts processes; only adapters may`);
      const target = name.startsWith('@contract/')
        ? name.replace('@contract', 'src-main/contract')
        : name.startsWith('.')
          ? posix.join(posix.dirname(file), name)
          : null;
      if (room === undefined || target === null) continue;
      const allowed = [room, ...(rooms[room] ?? [])];
      if (
        !allowed.some((place) => target.startsWith(`${place}/`)) &&
        !/\.(css|svg|png|ico)(\?.*)?$/.test(name)
      )
        wrong.push(`${file} imports ${name}; ${room} may see ${allowed.join(', ')}`);
    }
  }
  expect(wrong).toEqual([]);
});

/** The rooms of git, from the ground up: each may see those before it, and itself. */
const floors: readonly (readonly string[])[] = [
  ['run'],
  ['facts'],
  ['kept'],
  ['collisions', 'spawn'],
  ['observe', 'cleanup'],
  ['merge'],
];

test('the rooms of git see only what lies below them, and no import goes in a circle', async () => {
  const wrong: string[] = [];
  const graph = new Map<string, readonly string[]>();
  const floorOf = (file: string) => floors.findIndex((rooms) => rooms.includes(file.split('/')[2] ?? ''));
  for (const file of await sources('src-main/git')) {
    const targets = (await imports(file))
      .filter((name) => name.startsWith('.'))
      .map((name) => `${posix.join(posix.dirname(file), name)}.ts`)
      .filter((target) => target.startsWith('src-main/git/'));
    graph.set(file, targets);
    for (const target of targets)
      if (target.split('/')[2] !== file.split('/')[2] && floorOf(target) >= floorOf(file))
        wrong.push(`${file} imports ${target}`);
  }
  const done = new Set<string>();
  const walk = (file: string, above: readonly string[]): void => {
    if (above.includes(file)) wrong.push([...above.slice(above.indexOf(file)), file].join(' → '));
    if (done.has(file) || above.includes(file)) return;
    for (const target of graph.get(file) ?? []) walk(target, [...above, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  expect(wrong).toEqual([]);
});

test('ipcMain is named in one file', async () => {
  const named: string[] = [];
  for (const file of await sources('src-main'))
    if (
      /import[^;]*\bipcMain\b[^;]*from 'electron'|\bipcMain\.(on|handle)/.test(
        await readFile(join(root, file), 'utf8'),
      )
    )
      named.push(file);
  expect(named).toHaveLength(1);
});

test('no process is started through a shell, or synchronously', async () => {
  const wrong: string[] = [];
  for (const file of await sources('src-main')) {
    const text = await readFile(join(root, file), 'utf8');
    if (/\bshell:\s*true\b|\b(execSync|spawnSync|execFileSync)\b|\bexec\(\s*[`'"]/.test(text))
      wrong.push(file);
  }
  expect(wrong).toEqual([]);
});
