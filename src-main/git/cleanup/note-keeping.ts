/** Brain notes outlive their worktree: they are copied to where the base is, never over anything. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  rmdir,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, extname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { FileFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import { errorCode, fileFailure } from '../../system/file-failure';
import { ownName, removeLeftFiles } from '../../system/left-files';
import { writeWhole } from '../../system/whole-file';
import { hashOf } from '../facts/changes';

const brain = join('.planning', 'brain');

/** Plain files below `.planning/brain/`, relative to the worktree, '/'-separated. Links are not notes. */
export async function listNotes(worktree: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const item of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, item.name);
      if (item.isDirectory() && depth < 8) await walk(path, depth + 1);
      else if (item.isFile()) found.push(relative(worktree, path).split(sep).join('/'));
    }
  };
  const top = await lstat(join(worktree, brain)).catch(() => null);
  if (top?.isDirectory() === true) await walk(join(worktree, brain), 0);
  return found.sort();
}

/** Whether `target` really lies in `home`: a link on the way would lead notes anywhere. */
export async function leadsOutside(home: string, target: string): Promise<boolean> {
  const real = await realpath(home).catch(() => home);
  let at = target;
  for (;;) {
    const found = await realpath(at).catch(() => null);
    if (found !== null) return found !== real && !found.startsWith(real + sep);
    if (await lstat(at).catch(() => null)) return true; // a link to nowhere
    const up = dirname(at);
    if (up === at) return false;
    at = up;
  }
}

const savedNotes = z.array(
  z.object({
    path: z.string(),
    hash: z.string(),
    /** Directories that were made for it, the topmost first. */
    made: z.array(z.string()).default([]),
  }),
);
type SavedNote = z.infer<typeof savedNotes>[number];

/** `manifest` names every file before it is made, so that a crash can't leave one that nobody knows. */
export async function saveNotes(request: {
  readonly worktree: string;
  readonly notes: readonly string[];
  readonly extra: { readonly name: string; readonly text: string } | null;
  readonly target: string;
  readonly manifest: string;
}): Promise<Result<void, FileFailure>> {
  const saved: SavedNote[] = [];
  const place = async (wanted: string, hash: string, make: (path: string) => Promise<void>) => {
    for (let attempt = 1; ; attempt++) {
      const end = extname(wanted);
      const path = attempt === 1 ? wanted : `${wanted.slice(0, wanted.length - end.length)}-${attempt}${end}`;
      if (await lstat(path).catch(() => null)) {
        if ((await hashOf(path)) === hash) return; // the same words are there already
        continue;
      }
      saved.push({ path, hash, made: await missingAbove(path) });
      await writeWhole(request.manifest, JSON.stringify(saved), { keep: 'lasting' });
      await mkdir(dirname(path), { recursive: true });
      try {
        await makeWhole(path, make);
        return;
      } catch (error) {
        saved.pop();
        if (errorCode(error) !== 'EEXIST') throw error;
      }
    }
  };
  let at = request.target;
  try {
    for (const note of request.notes) {
      const from = join(request.worktree, note);
      at = from;
      const hash = await hashOf(from);
      if (hash === null) continue;
      const times = await lstat(from);
      await place(join(request.target, relative(brain, note)), hash, async (path) => {
        await copyFile(from, path, constants.COPYFILE_EXCL);
        await utimes(path, times.atime, times.mtime);
      });
    }
    const { extra } = request;
    if (extra !== null) {
      at = join(request.target, extra.name);
      const hash = createHash('sha256').update(extra.text).digest('hex');
      await place(at, hash, (path) => writeFile(path, extra.text, { flag: 'wx' }));
    }
    return ok(undefined);
  } catch (error) {
    return fail(fileFailure(error, at));
  }
}

/** Made under another name first: what a crash leaves is no note. Refuses with EEXIST when it is there. */
async function makeWhole(path: string, make: (path: string) => Promise<void>): Promise<void> {
  const aside = join(dirname(path), `.${await ownName()}.new`);
  try {
    await make(aside);
    await link(aside, path);
  } catch (error) {
    const code = errorCode(error);
    // exFAT, FAT and some network disks have no hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    await copyFile(aside, path, constants.COPYFILE_EXCL);
  } finally {
    await rm(aside, { force: true });
  }
}

async function missingAbove(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let up = dirname(path); (await lstat(up).catch(() => null)) === null; up = dirname(up))
    missing.unshift(up);
  return missing;
}

/**
 * Removes the notes of a manifest that are still as they were saved, and directories left empty. A manifest
 * that can't be read (a power cut) leaves the notes where they are: nothing is lost by that.
 */
export async function takeNotesBack(manifest: string, home: string): Promise<void> {
  for (const note of await readManifest(manifest)) {
    await removeLeftFiles(dirname(note.path), '.');
    if ((await hashOf(note.path)) === note.hash) {
      await rm(note.path, { force: true });
      for (let up = dirname(note.path); up.startsWith(home) && up !== home; up = dirname(up))
        if (!(await removedEmpty(up))) break;
    }
    for (const directory of note.made.toReversed()) await removedEmpty(directory);
  }
}

async function readManifest(manifest: string): Promise<readonly SavedNote[]> {
  const text = await readFile(manifest, 'utf8').catch(() => null);
  if (text === null) return [];
  try {
    return savedNotes.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

const removedEmpty = (directory: string): Promise<boolean> =>
  rmdir(directory).then(
    () => true,
    () => false,
  );
