/**
 * Puts a working tree right in which git was killed while it went from one commit to another: files half
 * new, half old, empty or missing, an index of either. Only paths in which the two commits differ are
 * touched. A file there that is a piece of one of the two commits is git's; any other is kept in trash.
 */
import {
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommonFailure, FileFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { errorCode, fileFailure } from '../../system/file-failure';
import { isThere } from '../../system/small-reads';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure } from '../run/git-command';
import { piecesOf, type Version, versionsOf } from './torn-versions';

export interface TornCheckout {
  /** The working tree. */
  readonly path: string;
  /** Commits, or trees, that git was going between. */
  readonly from: string;
  readonly to: string;
  /** Which of the two it becomes. */
  readonly target: string;
  /** Where what git did not write is kept. */
  readonly aside: string;
}

type TornFailure = CommonFailure | FileFailure;
type Settled = Result<readonly string[], TornFailure>;

const limitMs = 600_000;
const GITLINK = '160000';

interface Entry {
  readonly mode: string;
  readonly id: string;
}
interface Path {
  readonly path: string;
  readonly from: Entry | null;
  readonly to: Entry | null;
  readonly wanted: Entry | null;
}

/** Answers the paths that went to `aside`, in order. Doing it again is harmless. */
export async function settleCheckout(git: GitCommand, torn: TornCheckout): Promise<Settled> {
  const changed = await changedPaths(git, torn);
  if (!changed.ok) return changed;
  // Attributes decide how every other file is written, and are read from the working tree.
  const rules = changed.value.filter(({ path }) => /(^|\/)\.gitattributes$/.test(path));
  const first = await settlePaths(git, torn, rules);
  if (!first.ok) return first;
  const rest = await settlePaths(
    git,
    torn,
    changed.value.filter((one) => !rules.includes(one)),
  );
  return rest.ok ? ok([...first.value, ...rest.value]) : rest;
}

async function changedPaths(
  git: GitCommand,
  { path, from, to, target }: TornCheckout,
): Promise<Result<readonly Path[], CommonFailure>> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--end-of-options', from, to];
  const listed = await git(path, args, { mode: 'read', limitMs });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const parts = fields(listed.stdout);
  const found: Path[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (parts[at] ?? '').slice(1).split(' ');
    const entry = (mode: string, id: string) => (/^0+$/.test(mode) ? null : { mode, id });
    const one = { from: entry(oldMode, oldId), to: entry(newMode, newId) };
    found.push({ path: parts[at + 1] ?? '', ...one, wanted: target === to ? one.to : one.from });
  }
  return ok(found);
}

async function settlePaths(git: GitCommand, torn: TornCheckout, paths: readonly Path[]): Promise<Settled> {
  if (paths.length === 0) return ok([]);
  const index = await settleIndex(git, torn, paths);
  if (!index.ok) return index;
  const { hidden, strangers } = index.value;
  const differing = await differingFrom(git, torn.path);
  if (!differing.ok) return differing;
  const suspects: Path[] = [];
  for (const one of paths) {
    if (hidden.has(one.path)) continue;
    if (one.wanted !== null ? differing.value.has(one.path) : await isThere(join(torn.path, one.path)))
      suspects.push(one);
  }
  const kept = [...strangers];
  try {
    const versions = await versionsOf(git, torn.path, suspects.flatMap(blobsOf));
    if (!versions.ok) return versions;
    const unwanted: Path[] = [];
    for (const one of suspects) {
      const mine = blobsOf(one).flatMap(({ id, path }) => versions.value.get(`${id} ${path}`) ?? []);
      const there = await kindOf(torn.path, one, mine);
      if (there === 'stranger') {
        await keep(torn, one.path);
        kept.push(one.path);
      } else if (there === 'piece' && (one.wanted === null || one.wanted.mode === GITLINK))
        unwanted.push(one);
    }
    for (const { path } of unwanted) await unlink(join(torn.path, path));
    // Directories last, from the inside out: what git made for its files goes with them.
    const inside = paths.filter((one) => one.wanted === null || suspects.includes(one));
    for (const one of inside.sort((a, b) => b.path.length - a.path.length)) {
      const at = join(torn.path, one.path);
      if (hidden.has(one.path)) continue;
      if (one.wanted === null) {
        if (one.from?.mode === GITLINK || one.to?.mode === GITLINK) await removeEmpty(at);
        await removeEmptyAbove(torn.path, one.path);
      } else if (one.wanted.mode !== GITLINK) {
        if (await makeRoom(torn, one.path)) kept.push(`${one.path}/`);
      } else await mkdir(at, { recursive: true });
    }
  } catch (error) {
    return fail(fileFailure(error, torn.path));
  }
  const written = await writeFiles(
    git,
    torn,
    suspects.filter(({ wanted }) => wanted !== null && wanted.mode !== GITLINK),
  );
  return written.ok ? ok(kept) : written;
}

const blobsOf = ({ path, from, to }: Path): readonly Version[] =>
  [from, to].flatMap((entry) =>
    entry === null || entry.mode === GITLINK ? [] : [{ path, id: entry.id, isLink: entry.mode === '120000' }],
  );

/** Makes the index's entries those of the target. `hidden` are files that git is told not to write. */
async function settleIndex(
  git: GitCommand,
  torn: TornCheckout,
  paths: readonly Path[],
): Promise<
  Result<{ readonly hidden: ReadonlySet<string>; readonly strangers: readonly string[] }, TornFailure>
> {
  const args = ['ls-files', '-z', '-s', '-t'];
  const listed = await git(torn.path, args, { mode: 'read', limitMs });
  if (listed.code !== 0) return fail(gitFailure(args, listed));
  const wanted = new Map(paths.map((one) => [one.path, one]));
  const found = new Map<string, Entry & { readonly stage: string }>();
  const hidden = new Set<string>();
  for (const line of fields(listed.stdout)) {
    const [, tag = '', mode = '', id = '', stage = '', path = ''] =
      /^(\S) (\d+) ([0-9a-f]+) (\d)\t(.*)$/s.exec(line) ?? [];
    if (!wanted.has(path)) continue;
    found.set(path, { mode, id, stage });
    if (tag === 'S') hidden.add(path);
  }
  const wrong = paths.filter((one) => {
    const entry = found.get(one.path) ?? null;
    return entry?.id !== one.wanted?.id || entry?.mode !== one.wanted?.mode || (entry?.stage ?? '0') !== '0';
  });
  if (wrong.length === 0) return ok({ hidden, strangers: [] });
  const strangers: string[] = [];
  for (const { path, from, to } of wrong) {
    const entry = found.get(path);
    if (entry === undefined || entry.mode === GITLINK) continue;
    if (entry.id === from?.id || entry.id === to?.id) continue;
    // Somebody staged it since; the object alone would be collected some day.
    const content = await git(torn.path, ['cat-file', 'blob', entry.id], {
      mode: 'read',
      encoding: 'latin1',
    });
    if (content.code !== 0) continue;
    const place = join(torn.aside, 'staged', path);
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await writeFile(place, Buffer.from(content.stdout, 'latin1'), { mode: 0o600 });
    } catch (error) {
      return fail(fileFailure(error, place));
    }
    strangers.push(`${path} (staged)`);
  }
  const ids = '0'.repeat(paths.find(({ wanted: one }) => one !== null)?.wanted?.id.length ?? 40);
  // What goes, goes first: a directory may have to make room for a file of its name.
  const lines = [
    ...wrong.map(({ path }) => `0 ${ids}\t${path}\0`),
    ...wrong.flatMap(({ path, wanted: one }) => (one === null ? [] : [`${one.mode} ${one.id} 0\t${path}\0`])),
  ];
  const update = ['update-index', '-z', '--index-info'];
  const updated = await git(torn.path, update, { mode: 'quiet', limitMs, stdin: lines.join('') });
  if (updated.code !== 0) return fail(gitFailure(update, updated));
  const again = wrong.filter(({ path, wanted: one }) => one !== null && hidden.has(path));
  if (again.length > 0) {
    const skip = ['update-index', '-z', '--skip-worktree', '--stdin'];
    const stdin = again.map(({ path }) => `${path}\0`).join('');
    const hid = await git(torn.path, skip, { mode: 'quiet', limitMs, stdin });
    if (hid.code !== 0) return fail(gitFailure(skip, hid));
  }
  return ok({ hidden, strangers });
}

/** Tracked paths whose file is not what the index says, told by their content. */
async function differingFrom(
  git: GitCommand,
  path: string,
): Promise<Result<ReadonlySet<string>, CommonFailure>> {
  // Answers 1 when some need an update, which is what is asked next.
  await git(path, ['update-index', '-q', '--refresh', '--ignore-submodules'], { mode: 'quiet', limitMs });
  const args = ['diff-files', '-z', '--name-only', '--no-renames', '--ignore-submodules'];
  const listed = await git(path, args, { mode: 'read', limitMs });
  return listed.code === 0 ? ok(new Set(fields(listed.stdout))) : fail(gitFailure(args, listed));
}

/** What stands at a path: nothing of its own, a piece of what git was writing, or somebody's. */
async function kindOf(
  root: string,
  { path }: Path,
  versions: readonly { readonly isLink: boolean; readonly content: Buffer }[],
): Promise<'nothing' | 'piece' | 'stranger'> {
  const at = join(root, path);
  const there = await lstat(at).catch(() => null);
  // A directory is looked at when everything in it has been.
  if (there === null || there.isDirectory()) return 'nothing';
  if (there.isSymbolicLink()) {
    const leads = Buffer.from(await readlink(at));
    return versions.some(({ isLink, content }) => isLink && leads.equals(content)) ? 'piece' : 'stranger';
  }
  if (!there.isFile()) return 'stranger';
  if (there.size === 0) return 'piece';
  const content = await readFile(at);
  return versions.some((version) => piecesOf(version.content, content)) ? 'piece' : 'stranger';
}

/** Moves what is nobody's we know to trash, under its own name. */
async function keep(torn: TornCheckout, path: string): Promise<void> {
  const from = join(torn.path, path);
  const wanted = join(torn.aside, path);
  let place = wanted;
  for (let more = 2; await isThere(place); more++) place = `${wanted}-${more}`;
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  try {
    await rename(from, place);
  } catch (error) {
    // Another file system. It is copied whole before it goes.
    if (errorCode(error) !== 'EXDEV') throw error;
    await cp(from, place, { recursive: true, errorOnExist: true, preserveTimestamps: true });
    await rm(from, { recursive: true, force: true });
  }
}

const removeEmpty = (directory: string): Promise<void> => rmdir(directory).catch(() => undefined);

/** As git does: a directory goes with its last file. */
async function removeEmptyAbove(root: string, path: string): Promise<void> {
  for (let above = dirname(path); above !== '.'; above = dirname(above)) {
    const emptied = await rmdir(join(root, above)).then(
      () => true,
      (error: unknown) => errorCode(error) === 'ENOENT',
    );
    if (!emptied) return;
  }
}

/** Clears a directory, or a file above, out of the way of a file; true when something was kept. */
async function makeRoom(torn: TornCheckout, path: string): Promise<boolean> {
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length++) {
    const above = parts.slice(0, length).join('/');
    const there = await lstat(join(torn.path, above)).catch(() => null);
    if (there !== null && !there.isDirectory()) {
      await keep(torn, above);
      return true;
    }
  }
  const there = await lstat(join(torn.path, path)).catch(() => null);
  if (there === null || !there.isDirectory()) return false;
  await removeEmptyInside(join(torn.path, path));
  if (!(await isThere(join(torn.path, path)))) return false;
  await keep(torn, path);
  return true;
}

async function removeEmptyInside(directory: string): Promise<void> {
  for (const item of await readdir(directory, { withFileTypes: true }))
    if (item.isDirectory()) await removeEmptyInside(join(directory, item.name));
  await removeEmpty(directory);
}

async function writeFiles(
  git: GitCommand,
  torn: TornCheckout,
  paths: readonly Path[],
): Promise<Result<void, CommonFailure>> {
  if (paths.length === 0) return ok(undefined);
  const args = ['checkout-index', '-f', '-u', '-q', '-z', '--stdin'];
  const stdin = paths.map(({ path }) => `${path}\0`).join('');
  const written = await git(torn.path, args, { mode: 'quiet', limitMs, stdin });
  return written.code === 0 ? ok(undefined) : fail(gitFailure(args, written));
}
