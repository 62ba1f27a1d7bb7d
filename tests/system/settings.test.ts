import { chmod, lstat, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultSettings, type Settings } from '../../src-main/contract/settings';
import { createConfSettings } from '../../src-main/settings/conf-settings';
import { parseSettings } from '../../src-main/settings/settings-text';
import { createFileLock } from '../../src-main/system/file-lock';
import { linuxProcesses } from '../support/linux-processes';
import { poll } from '../support/poll';
import { realClock } from '../support/real-clock';
import { createSilentLog } from '../support/silent-log';
import { temporaryDirectory } from '../support/temporary';

async function setUp(content?: unknown) {
  const directory = join(await temporaryDirectory(), 'config');
  const file = join(directory, 'settings.json');
  await mkdir(directory, { recursive: true });
  if (content !== undefined)
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  const log = createSilentLog();
  const lock = createFileLock({ processes: linuxProcesses, clock: realClock, log });
  const open = (watch = false) => createConfSettings({ directory, lock, clock: realClock, log, watch });
  const onDisk = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  return { directory, file, log, open, onDisk };
}
const hide =
  (path: string) =>
  (settings: Settings): Settings => ({
    ...settings,
    repositories: { ...settings.repositories, hidden: [...settings.repositories.hidden, path] },
  });

test('without a file the defaults hold, and looking alone writes nothing', async () => {
  const { open, directory } = await setUp();
  const store = await open();
  expect(store.get()).toEqual(defaultSettings);
  expect(store).toMatchObject({ setAside: null, problem: null });
  expect(await readdir(directory)).toEqual([]);
});

test('an update is on disk, whole and for the owner only, and leaves nothing beside it', async () => {
  const { open, directory, file, onDisk } = await setUp();
  const store = await open();
  expect(await store.update(hide('/a'))).toMatchObject({ ok: true });
  expect(store.get().repositories.hidden).toEqual(['/a']);
  expect(await onDisk()).toEqual({ ...defaultSettings, repositories: { added: [], hidden: ['/a'] } });
  expect(await readdir(directory)).toEqual(['settings.json']);
  if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('keys that this Orchard does not know stay, at every depth, while records lose what was removed', async () => {
  const { open, onDisk } = await setUp({
    version: 1,
    fromTheFuture: { a: 1 },
    thresholds: { idleHours: 3, newThreshold: 9 },
    approvals: { '/a': ['x'], '/b': ['y'] },
  });
  const store = await open();
  expect(store.get().thresholds).toEqual({ ...defaultSettings.thresholds, idleHours: 3 });
  await store.update((settings) => ({ ...settings, approvals: { '/b': ['y'] }, openAtLogin: true }));
  expect(await onDisk()).toMatchObject({
    fromTheFuture: { a: 1 },
    thresholds: { idleHours: 3, staleHours: 24, newThreshold: 9 },
    openAtLogin: true,
  });
  expect((await onDisk()).approvals).toEqual({ '/b': ['y'] });
});

test.each([
  ['half a file', '{"version": 1, "repo', 'is not valid JSON'],
  ['an empty file', '', 'is empty'],
  ['a list', '[]', 'is not a JSON object'],
  ['a newer version', '{"version": 2, "repositories": {}}', 'was written by a newer Orchard (version 2)'],
])('%s is set aside as it was, with the reason, and the defaults hold', async (_, content, problem) => {
  const { open, directory } = await setUp(content);
  const store = await open();
  expect(store.get()).toEqual(defaultSettings);
  expect(store.setAside).toMatchObject({ kind: 'settings-set-aside', problem });
  const kept = store.setAside?.path ?? '';
  expect(await readFile(kept, 'utf8')).toBe(content);
  await store.update(hide('/a'));
  expect((await readdir(directory)).sort()).toEqual(
    [kept.slice(directory.length + 1), 'settings.json'].sort(),
  );
  const again = await open();
  expect(again.setAside).toBeNull();
  expect(again.get().repositories.hidden).toEqual(['/a']);
});

test('one bad value sets the file aside but does not cost the good ones', async () => {
  const { open } = await setUp({
    version: 1,
    unknown: true,
    thresholds: { idleHours: 'soon', staleHours: 48 },
    repositories: { added: ['/a'], hidden: [] },
  });
  const store = await open();
  expect(store.get()).toMatchObject({
    thresholds: { idleHours: 2, staleHours: 48 },
    repositories: { added: ['/a'] },
  });
  expect(store.setAside?.problem).toContain('thresholds.idleHours');
});

test('a byte order mark is no reason to throw settings away', async () => {
  const { open } = await setUp(`\uFEFF${JSON.stringify({ version: 1, openAtLogin: true })}`);
  expect((await open()).get().openAtLogin).toBe(true);
});

test('a file that breaks while running keeps the settings in use, and is set aside by the next change', async () => {
  const { open, file } = await setUp({ version: 1, openAtLogin: true });
  const store = await open(true);
  await writeFile(file, '{ "version": 1, oops');
  await poll(
    () => store.problem,
    (problem) => problem !== null,
    { what: 'the problem' },
  );
  expect(store.get().openAtLogin).toBe(true);
  expect(store.setAside).toBeNull();
  await store.update(hide('/a'));
  expect(store.setAside?.problem).toBe('is not valid JSON');
  expect(store.problem).toBeNull();
  store.dispose();
});

test("another process's change arrives, and is built upon", async () => {
  const { open } = await setUp();
  const [mine, theirs] = [await open(true), await open()];
  const heard: Settings[] = [];
  mine.onChange((settings) => heard.push(settings));
  await theirs.update(hide('/theirs'));
  await poll(
    () => heard.length,
    (count) => count === 1,
    { what: 'word of the change' },
  );
  expect(mine.get().repositories.hidden).toEqual(['/theirs']);
  await theirs.update(hide('/again'));
  await mine.update(hide('/mine'));
  expect(mine.get().repositories.hidden).toEqual(['/theirs', '/again', '/mine']);
  mine.dispose();
});

test('an own change is told once', async () => {
  const { open } = await setUp();
  const store = await open(true);
  const heard: number[] = [];
  store.onChange((settings) => heard.push(settings.repositories.hidden.length));
  await store.update(hide('/a'));
  await store.update(hide('/b'));
  const other = await open();
  await other.update(hide('/c'));
  await poll(
    () => heard,
    (all) => all.includes(3),
  );
  expect(heard).toEqual([1, 2, 3]);
  store.dispose();
});

test.skipIf(process.platform === 'win32')('a linked file (dotfiles) stays a link', async () => {
  const { open, file, directory } = await setUp({ version: 1 });
  await rename(file, join(directory, '..', 'real.json'));
  await symlink('../real.json', file);
  await (await open()).update(hide('/a'));
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect((await open()).get().repositories.hidden).toEqual(['/a']);
});

test('a directory that can not be written to refuses the change and says so', async (ctx) => {
  if (process.platform === 'win32') ctx.skip('modes of directories do nothing on Windows');
  if (process.getuid?.() === 0) ctx.skip('root may write everywhere');
  const { open, directory } = await setUp({ version: 1 });
  const store = await open();
  await chmod(directory, 0o500);
  expect(await store.update(hide('/a'))).toMatchObject({ ok: false, error: { kind: 'read-only' } });
  expect(store.get().repositories.hidden).toEqual([]);
  await chmod(directory, 0o700);
});

test('a settings directory that is a file leaves the defaults, a problem, and refused changes', async () => {
  const { directory } = await setUp();
  const log = createSilentLog();
  const lock = createFileLock({ processes: linuxProcesses, clock: realClock, log });
  await writeFile(join(directory, 'file'), '');
  const store = await createConfSettings({
    directory: join(directory, 'file'),
    lock,
    clock: realClock,
    log,
    watch: false,
  });
  expect(store.get()).toEqual(defaultSettings);
  expect(store.problem).toContain('can’t be read');
  expect(await store.update(hide('/a'))).toMatchObject({ ok: false });
});

test('a change that makes no settings is a bug: it throws and nothing is written', async () => {
  const { open, directory } = await setUp();
  const store = await open();
  await expect(
    store.update((settings) => ({ ...settings, thresholds: { ...settings.thresholds, idleHours: -1 } })),
  ).rejects.toThrow('idleHours');
  expect(await readdir(directory)).toEqual([]);
  expect(store.get()).toEqual(defaultSettings);
  expect(await store.update(hide('/after'))).toMatchObject({ ok: true });
});

test('an older version is migrated step by step', () => {
  const steps = {
    1: (file: Readonly<Record<string, unknown>>) => ({ ...file, two: true }),
    2: (file: Readonly<Record<string, unknown>>) => ({ ...file, three: true }),
  };
  let problem: unknown;
  try {
    parseSettings('{"version":1,"openAtLogin":true}', steps, 3);
  } catch (error) {
    problem = error;
  }
  // The schema of today only takes version 1; what the steps made is all there.
  expect(problem).toMatchObject({ problem: expect.stringContaining('version') });
  expect(() => parseSettings('{"version":1}', {}, 2)).toThrow('can’t be read any more');
});
