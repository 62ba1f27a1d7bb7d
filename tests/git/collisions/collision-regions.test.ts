import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Collision, RegionSide } from '../../../src-main/contract/snapshot';
import { linesOf, locateHunks, readMergedFile } from '../../../src-main/git/collisions/conflict-hunks';
import { between, createScene, type Scene } from '../../support/collision-scene';
import { temporaryDirectory } from '../../support/temporary';

const run = promisify(execFile);
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `line ${at + 1}`);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
const changed = (lines: readonly string[], changes: Readonly<Record<number, readonly string[]>>) =>
  lines.flatMap((line, at) => changes[at + 1] ?? [line]);

const places = (scene: Scene) => [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')] as const;

/** Commits these files on main, and brings them into `a` and `b`. */
async function withFiles(files: Readonly<Record<string, string>>): Promise<Scene> {
  const scene = await createScene();
  await scene.sandbox.commit(scene.main, files);
  for (const place of places(scene)) await scene.sandbox.git(place, 'merge', '-q', 'main');
  return scene;
}

const linesThere = async (place: string, { file, lines }: RegionSide): Promise<readonly string[] | null> =>
  lines === null ? null : linesOf(await readFile(join(place, file), 'utf8')).slice(lines.from - 1, lines.to);

const lineNumbers = (found: Collision | null) =>
  found?.regions.map(({ ours, theirs }) => [ours.lines, theirs.lines]);

test('each side’s lines are told in its own numbering, with whose work they are', async () => {
  const base = numbered(40);
  const scene = await withFiles({ 'one.txt': text(base) });
  const [a, b] = places(scene);
  // Lines that only one side added move its numbers, not the other's.
  await scene.sandbox.commit(
    a,
    {
      'one.txt': text(changed(base, { 3: ['line 3', 'added', 'added too'], 20: ['A 20', 'A 20b'] })),
    },
    'Say it twice',
  );
  await scene.sandbox.commit(
    b,
    { 'one.txt': text(changed(base, { 8: [], 20: ['B 20'], 35: [] })) },
    'Say it once',
  );
  await writeFile(
    join(a, 'one.txt'),
    text(changed(base, { 3: ['line 3', 'added', 'added too'], 20: ['A 20', 'A 20b'], 35: ['A 35'] })),
  );
  const found = await scene.look();
  const here = between(found, a, b);
  expect(here?.regions).toEqual([
    {
      file: 'one.txt',
      kind: 'content',
      ours: { file: 'one.txt', lines: { from: 22, to: 23 }, uncommitted: false, subject: 'Say it twice' },
      theirs: { file: 'one.txt', lines: { from: 19, to: 19 }, uncommitted: false, subject: 'Say it once' },
    },
    {
      file: 'one.txt',
      kind: 'content',
      ours: { file: 'one.txt', lines: { from: 38, to: 38 }, uncommitted: true, subject: null },
      // It took the line out: between its lines 33 and 34 there is nothing.
      theirs: { file: 'one.txt', lines: { from: 34, to: 33 }, uncommitted: false, subject: 'Say it once' },
    },
  ]);
  expect(here?.regionsLeftOut).toBe(0);
  expect(between(found, b, a)?.regions.map(({ ours }) => ours)).toEqual(
    here?.regions.map(({ theirs }) => theirs),
  );
  for (const region of here?.regions ?? []) {
    expect(await linesThere(a, region.ours)).toEqual(region.ours.uncommitted ? ['A 35'] : ['A 20', 'A 20b']);
    expect(await linesThere(b, region.theirs)).toEqual(region.ours.uncommitted ? [] : ['B 20']);
  }
});

test('of several commits to a file, the one that wrote the lines is named', async () => {
  const base = numbered(40);
  const scene = await withFiles({ 'one.txt': text(base) });
  const [a, b] = places(scene);
  const commit = (place: string, changes: Readonly<Record<number, readonly string[]>>, subject: string) =>
    scene.sandbox.commit(place, { 'one.txt': text(changed(base, changes)) }, subject);
  await commit(a, { 10: ['A 10'] }, 'Ten');
  await commit(a, { 10: ['A 10'], 30: [] }, 'Without thirty');
  await commit(a, { 2: ['line 2', 'between'], 10: ['A 10'], 30: [] }, 'Make room');
  await commit(b, { 10: ['B 10'], 30: ['B 30'] }, 'Both');
  const here = between(await scene.look(), a, b);
  expect(here?.regions.map(({ ours, theirs }) => [ours.lines?.from, ours.subject, theirs.subject])).toEqual([
    [11, 'Ten', 'Both'],
    [31, 'Without thirty', 'Both'],
  ]);
});

test('a base that moved on is a side like another, with the subject of its own last commit', async () => {
  const scene = await withFiles({ 'one.txt': text(numbered(9)), 'other.txt': 'x\n' });
  const [a] = places(scene);
  await scene.sandbox.commit(
    scene.main,
    { 'one.txt': text(changed(numbered(9), { 5: ['main'] })) },
    'Main’s word',
  );
  await scene.sandbox.commit(scene.main, { 'other.txt': 'y\n' }, 'Something else');
  await scene.sandbox.commit(a, { 'one.txt': text(changed(numbered(9), { 5: ['a'] })) }, 'My word');
  const [region] = between(await scene.look(), a, 'base')?.regions ?? [];
  expect(region?.ours).toMatchObject({ lines: { from: 5, to: 5 }, subject: 'My word' });
  expect(region?.theirs).toMatchObject({ lines: { from: 5, to: 5 }, subject: 'Main’s word' });
});

test('kinds without lines say what happened, and by whose commit', async () => {
  const scene = await withFiles({
    'gone.txt': text(numbered(5)),
    'moved.txt': text(numbered(30)),
    'picture.bin': 'a\0b',
  });
  const [a, b] = places(scene);
  await scene.sandbox.git(a, 'rm', '-q', 'gone.txt');
  await scene.sandbox.git(a, 'mv', 'moved.txt', 'here.txt');
  await writeFile(join(a, 'picture.bin'), 'a\0A');
  await scene.sandbox.git(a, 'commit', '-qam', 'Tidy up');
  await appendFile(join(b, 'gone.txt'), 'more\n');
  await scene.sandbox.git(b, 'mv', 'moved.txt', 'there.txt');
  await writeFile(join(b, 'picture.bin'), 'a\0B');
  await symlink('x', join(b, 'mode.txt'));
  await writeFile(join(a, 'mode.txt'), 'x\n');
  const here = between(await scene.look(), a, b);
  const byKind = new Map(here?.regions.map((region) => [region.kind, region]));
  expect([...byKind.keys()].sort()).toEqual(['binary', 'delete-modify', 'mode', 'rename']);
  expect([...byKind.values()].every(({ ours, theirs }) => ours.lines === null && theirs.lines === null)).toBe(
    true,
  );
  expect(byKind.get('delete-modify')).toMatchObject({
    file: 'gone.txt',
    ours: { uncommitted: false, subject: 'Tidy up' },
    theirs: { uncommitted: true, subject: null },
  });
  expect(byKind.get('rename')).toMatchObject({
    ours: { file: 'here.txt', uncommitted: false, subject: 'Tidy up' },
    theirs: { file: 'there.txt', uncommitted: true },
  });
  expect(byKind.get('binary')).toMatchObject({ file: 'picture.bin', theirs: { uncommitted: true } });
  // Not by the name that git makes up for one of them, which has a commit in it.
  expect(byKind.get('mode')?.file).toBe('mode.txt');
  expect(here?.files).toEqual(expect.arrayContaining(['gone.txt', 'mode.txt', 'picture.bin']));
  expect(here?.files.join()).not.toMatch(/~/);
});

test('a file made executable on one side only, and made anew on both, differs in its mode', async () => {
  const scene = await createScene();
  const [a, b] = places(scene);
  for (const place of [a, b]) await writeFile(join(place, 'run.sh'), '#!/bin/sh\n');
  await chmod(join(a, 'run.sh'), 0o755);
  expect(between(await scene.look(), a, b)).toMatchObject({ files: ['run.sh'], kinds: ['mode'] });
});

test('new files of one name collide line by line', async () => {
  const scene = await createScene();
  const [a, b] = places(scene);
  await writeFile(join(a, 'new.txt'), 'same\nof a\n');
  await writeFile(join(b, 'new.txt'), 'same\nof b\nand more\n');
  const here = between(await scene.look(), a, b);
  expect(here?.kinds).toEqual(['add-add']);
  expect(lineNumbers(here)).toEqual([
    [
      { from: 2, to: 2 },
      { from: 2, to: 3 },
    ],
  ]);
});

test('a submodule that both moved on is named as one', async () => {
  const scene = await createScene();
  const { sandbox, main } = scene;
  const [a, b] = places(scene);
  const commits: string[] = [];
  await sandbox.git(sandbox.root, 'init', '-q', '-b', 'main', 'library');
  const library = join(sandbox.root, 'library');
  for (const word of ['one', 'two', 'three']) {
    await writeFile(join(library, 'file'), word);
    await sandbox.git(library, 'add', '.');
    await sandbox.git(library, 'commit', '-qm', word);
    commits.push(await sandbox.git(library, 'rev-parse', 'HEAD'));
    if (word === 'two') await sandbox.git(library, 'reset', '-q', '--hard', 'HEAD~1');
  }
  const point = async (place: string, commit = '') => {
    await sandbox.git(place, 'update-index', '--add', '--cacheinfo', `160000,${commit},library`);
    await sandbox.git(place, 'commit', '-qm', 'Move the library on');
    await mkdir(join(place, 'library'), { recursive: true });
  };
  await point(main, commits[0]);
  for (const place of [a, b]) await sandbox.git(place, 'merge', '-q', 'main');
  await point(a, commits[1]);
  await point(b, commits[2]);
  const here = between(await scene.look(), a, b);
  expect(here).toMatchObject({ files: ['library'], kinds: ['submodule'] });
  expect(here?.regions).toMatchObject([
    { ours: { lines: null, uncommitted: false, subject: 'Move the library on' } },
  ]);
});

test('content full of markers, rules and carriage returns is not taken for a conflict', async () => {
  const lines = [
    'title',
    '=======',
    '<<<<<<< HEAD',
    'mine',
    '=======',
    'yours',
    '>>>>>>> main',
    'end',
    ...numbered(5),
  ];
  const crlf = (all: readonly string[]) => all.map((line) => `${line}\r\n`).join('');
  const scene = await withFiles({
    'guide ü.md': text(lines),
    'dos.txt': crlf(lines),
    'wide.txt': text(numbered(12)),
    '.gitattributes': 'wide.txt conflict-marker-size=13\n*.txt -text\n',
  });
  const [a, b] = places(scene);
  const edit = (word: string) => ({
    'guide ü.md': text(changed(lines, { 2: [word, '=======', `under ${word}`], 8: [`end ${word}`] })),
    'dos.txt': crlf(
      changed(lines, { 5: [word, '=======', `under ${word}`, ...(word === 'B' ? ['more'] : [])] }),
    ),
    'wide.txt': text(changed(numbered(12), { 6: [word, '=======', '============='] })),
  });
  for (const [place, word] of [
    [a, 'A'],
    [b, 'B'],
  ] as const)
    for (const [name, content] of Object.entries(edit(word))) await writeFile(join(place, name), content);
  const here = between(await scene.look(), a, b);
  const shown = async (place: string, side: RegionSide) => (await linesThere(place, side))?.join('|');
  const said: string[] = [];
  for (const { file, ours, theirs } of here?.regions ?? [])
    said.push(`${file}: ${await shown(a, ours)} / ${await shown(b, theirs)}`);
  expect(said).toEqual([
    'dos.txt: A\r|=======\r|under A\r / B\r|=======\r|under B\r|more\r',
    // Changes this near to each other are one conflict, with a rule of its own on either side.
    'guide ü.md: A|=======|under A / B|=======|under B',
    'guide ü.md: end A / end B',
    'wide.txt: A / B',
  ]);
});

test('a file that one side renamed is named as each side knows it, and its lines are read there', async () => {
  const base = numbered(30);
  const scene = await withFiles({ 'old.txt': text(base) });
  const [a, b] = places(scene);
  await scene.sandbox.git(a, 'mv', 'old.txt', 'new.txt');
  await writeFile(join(a, 'new.txt'), text(changed(base, { 10: ['A'] })));
  await scene.sandbox.git(a, 'commit', '-qam', 'Rename it');
  await scene.sandbox.commit(b, { 'old.txt': text(changed(base, { 10: ['B'] })) }, 'Change it');
  // Something uncommitted elsewhere does not make this uncommitted.
  await writeFile(join(b, 'old.txt'), text(changed(base, { 10: ['B'], 25: [] })));
  const [region, ...more] = between(await scene.look(), a, b)?.regions ?? [];
  expect(more).toEqual([]);
  expect(region?.ours).toEqual({
    file: 'new.txt',
    lines: { from: 10, to: 10 },
    uncommitted: false,
    subject: 'Rename it',
  });
  expect(region?.theirs).toEqual({
    file: 'old.txt',
    lines: { from: 10, to: 10 },
    uncommitted: false,
    subject: 'Change it',
  });
});

test('staged, intended and untracked work is uncommitted; a side that only stands still is not', async () => {
  const scene = await withFiles({ 'staged.txt': 'x\n' });
  const [a, b] = places(scene);
  await scene.sandbox.commit(
    b,
    { 'staged.txt': 'b\n', 'meant.txt': 'b\n', 'loose.txt': 'b\n' },
    'All of them',
  );
  await writeFile(join(a, 'staged.txt'), 'a\n');
  await scene.sandbox.git(a, 'add', 'staged.txt');
  await writeFile(join(a, 'meant.txt'), 'a\n');
  await scene.sandbox.git(a, 'add', '-N', 'meant.txt');
  await writeFile(join(a, 'loose.txt'), 'a\n');
  const regions = between(await scene.look(), a, b)?.regions ?? [];
  expect(regions.map(({ file }) => file).sort()).toEqual(['loose.txt', 'meant.txt', 'staged.txt']);
  for (const { ours, theirs } of regions) {
    expect(ours).toMatchObject({ uncommitted: true, subject: null, lines: { from: 1, to: 1 } });
    expect(theirs).toMatchObject({ uncommitted: false, subject: 'All of them' });
  }
});

test('many conflicts are told by the first of them and a count; a huge file by its name', async () => {
  const base = numbered(200);
  const scene = await withFiles({ 'many.txt': text(base), 'huge.txt': text(numbered(120_000)) });
  const [a, b] = places(scene);
  const every = (word: string) => text(base.map((line, at) => (at % 10 === 5 ? word : line)));
  await writeFile(join(a, 'many.txt'), every('A'));
  await writeFile(join(b, 'many.txt'), every('B'));
  for (const place of [a, b]) await appendFile(join(place, 'huge.txt'), `${place}\n`);
  const here = between(await scene.look(), a, b);
  expect(here?.files).toEqual(['huge.txt', 'many.txt']);
  expect(here?.regions.length).toBe(4);
  expect(here?.regionsLeftOut).toBe(17);
  expect(here?.regions[0]).toMatchObject({ file: 'huge.txt', ours: { lines: null } });
  expect(here?.regions[1]?.ours.lines).toEqual({ from: 6, to: 6 });
});

test('regions cost nothing while nothing new collides, and editing reads no history again', async () => {
  const scene = await withFiles({ 'one.txt': text(numbered(9)), 'free.txt': 'x\n' });
  const [a, b] = places(scene);
  await scene.sandbox.commit(a, { 'one.txt': text(changed(numbered(9), { 5: ['a'] })) });
  await scene.sandbox.commit(b, { 'one.txt': text(changed(numbered(9), { 5: ['b'] })) });
  await scene.look();
  const facts = await scene.facts();
  await scene.look(facts);
  const before = scene.started();
  await scene.look(facts);
  expect(scene.started()).toBe(before);
  const calls = scene.calls().length;
  await writeFile(join(b, 'one.txt'), text(changed(numbered(9), { 5: ['b again'] })));
  const here = between(await scene.look(), a, b);
  expect(here?.regions).toMatchObject([{ ours: { uncommitted: false }, theirs: { uncommitted: true } }]);
  const since = scene
    .calls()
    .slice(calls)
    .map(([verb = '']) => verb);
  expect(since.filter((verb) => verb === 'cat-file').length).toBe(2);
  expect(since).not.toContain('log');
});

test('verdicts are told first, and the regions of a moment ago stay until the new ones are there', async () => {
  const scene = await withFiles({ 'one.txt': text(numbered(9)) });
  const [a, b] = places(scene);
  await writeFile(join(a, 'one.txt'), text(changed(numbered(9), { 5: ['a'] })));
  await writeFile(join(b, 'one.txt'), text(changed(numbered(9), { 5: ['b'] })));
  await scene.look();
  await writeFile(join(b, 'one.txt'), text(changed(numbered(9), { 1: ['top', 'line 1'], 5: ['b'] })));
  await scene.look();
  const told = scene
    .told()
    .map(({ found }) => between(found, a, b)?.regions.map(({ theirs }) => theirs.lines?.from));
  expect(told).toEqual([[], [5], [6]]);
});

test('a file that git merged with several conflicts is read back, whatever its lines', async () => {
  const directory = await temporaryDirectory();
  const [ours, theirs] = ['a'.repeat(40), 'b'.repeat(40)];
  const word = fc.constantFrom('x', 'y', '}', '', '=======', '<<<<<<< HEAD', `>>>>>>> ${ours}`, 'z\r');
  const edits = fc.array(
    fc.record({ at: fc.nat(30), out: fc.nat(3), put: fc.array(word, { maxLength: 3 }) }),
    { maxLength: 4 },
  );
  const apply = (
    lines: readonly string[],
    all: readonly { at: number; out: number; put: readonly string[] }[],
  ) =>
    all.reduce<string[]>(
      (now, { at, out, put }) => now.toSpliced(at % (now.length + 1), out, ...put),
      [...lines],
    );
  let conflicts = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 30 }),
      edits,
      edits,
      fc.boolean(),
      fc.boolean(),
      async (base, forOurs, forTheirs, distinct, ended) => {
        // Half of the time every line is like no other, so that there is only one right place.
        const named = distinct ? base.map((line, at) => `${at} ${line}`) : base;
        const sides = [named, apply(named, forOurs), apply(named, forTheirs)].map((lines, side) =>
          distinct ? lines.map((line, at) => (/^\d+ /.test(line) ? line : `${side}.${at} ${line}`)) : lines,
        );
        const files = ['base', 'ours', 'theirs'].map((name) => join(directory, name));
        for (const [at, file] of files.entries())
          await writeFile(file, (sides[at] ?? []).join('\n') + (ended && sides[at]?.length ? '\n' : ''));
        const [baseFile = '', ourFile = '', theirFile = ''] = files;
        const merged = await run('git', [
          ...['merge-file', '-p', '-L', ours, '-L', 'base', '-L', theirs],
          ...[ourFile, baseFile, theirFile],
        ]).then(
          () => null,
          (error: { readonly code: number; readonly stdout: string }) =>
            error.code < 128 ? error.stdout : null,
        );
        if (merged === null) return;
        conflicts++;
        const own = {
          ours: linesOf(await readFile(ourFile, 'utf8')),
          theirs: linesOf(await readFile(theirFile, 'utf8')),
        };
        const read = readMergedFile(linesOf(merged), { ours, theirs }, own);
        expect(read).not.toBeNull();
        if (read === null) return;
        for (const side of ['ours', 'theirs'] as const) {
          let end = 0;
          for (const [at, range] of locateHunks(own[side], read, side).entries()) {
            expect(range).not.toBeNull();
            if (range === null) return;
            const shown = read.hunks[at]?.[side] ?? [];
            const there = own[side].slice(range.from, range.to);
            const bare = (lines: readonly string[]) => lines.map((line) => line.replace(/\r+$/, ''));
            expect(bare(there)).toEqual(bare(shown));
            expect(range.from).toBeGreaterThanOrEqual(end);
            end = range.to;
          }
        }
      },
    ),
    { numRuns: process.env.ORCHARD_LONG === '1' ? 2_000 : 120 },
  );
  expect(conflicts).toBeGreaterThan(0);
});

test('the lines that are told for live work are those that git shows when it is really merged', async () => {
  const line = fc.constantFrom('x', 'y', '}', '', '=======', '>>>>>>> HEAD');
  const edits = fc.array(
    fc.record({ at: fc.nat(40), out: fc.nat(2), put: fc.array(line, { maxLength: 3 }) }),
    { minLength: 1, maxLength: 4 },
  );
  const edited = (
    lines: readonly string[],
    all: readonly { at: number; out: number; put: readonly string[] }[],
  ) =>
    all.reduce<string[]>(
      (now, { at, out, put }) => now.toSpliced(at % (now.length + 1), out, ...put),
      [...lines],
    );
  await fc.assert(
    fc.asyncProperty(
      edits,
      edits,
      fc.constantFrom('loose', 'staged', 'committed'),
      async (forA, forB, how) => {
        const scene = await withFiles({ 'one.txt': text(numbered(30)) });
        const { sandbox } = scene;
        const [a, b] = places(scene);
        await writeFile(join(a, 'one.txt'), text(edited(numbered(30), forA)));
        await writeFile(join(b, 'one.txt'), text(edited(numbered(30), forB)));
        if (how !== 'loose') await sandbox.git(a, 'add', '-A');
        if (how === 'committed') await sandbox.git(a, 'commit', '-q', '--allow-empty', '-m', 'work');
        const here = between(await scene.look(), a, b);
        const told: (readonly string[])[] = [];
        for (const { ours, theirs } of here?.regions ?? [])
          told.push((await linesThere(a, ours)) ?? ['?'], (await linesThere(b, theirs)) ?? ['?']);
        const own = {
          ours: linesOf(await readFile(join(a, 'one.txt'), 'utf8')),
          theirs: linesOf(await readFile(join(b, 'one.txt'), 'utf8')),
        };
        for (const place of [a, b]) {
          await sandbox.git(place, 'add', '-A');
          await sandbox.git(place, 'commit', '-q', '--allow-empty', '-m', 'work');
        }
        const other = await sandbox.git(b, 'rev-parse', 'HEAD');
        const conflict = await sandbox.git(a, 'merge', '-q', '--no-edit', other).then(
          () => false,
          () => true,
        );
        const merged = linesOf(await readFile(join(a, 'one.txt'), 'utf8'));
        const read = conflict ? readMergedFile(merged, { ours: 'HEAD', theirs: other }, own) : null;
        const shown = (read?.hunks ?? []).slice(0, 4).flatMap(({ ours, theirs }) => [ours, theirs]);
        expect(told).toEqual(shown);
      },
    ),
    {
      numRuns: process.env.ORCHARD_LONG === '1' ? 60 : 5,
      ...(process.env.ORCHARD_SEED === undefined ? {} : { seed: Number(process.env.ORCHARD_SEED) }),
    },
  );
});
