/** A worktree's brain notes: the text files under `.planning/brain/`. Reads only. */
import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { FileFailure } from '../contract/failures';
import type { NoteView } from '../contract/requests';
import { fail, ok, type Result } from '../contract/result';
import type { BrainNotes } from '../engine/ports';

const MOST_BYTES = 64 * 1024;
/** A title is near the top; the hot path reads no more than this. */
const TITLE_BYTES = 4 * 1024;
const TEXT = /\.(md|markdown|mdx|txt|org|rst|adoc)$/i;

const brainDirectory = (worktreePath: string): string => join(worktreePath, '.planning', 'brain');

export function createBrainNotes(): BrainNotes {
  return {
    async list(worktreePath) {
      const directory = brainDirectory(worktreePath);
      const found = await noteFiles(directory, worktreePath);
      if (!found.ok) return found;
      const notes: NoteView[] = [];
      for (const file of found.value) {
        const text = await readStart(file.path, MOST_BYTES);
        if (text !== null)
          notes.push({
            title: noteTitle(text, file.name),
            path: file.path,
            at: new Date(file.at).toISOString(),
            text,
          });
      }
      return ok(notes);
    },
  };
}

/**
 * The note that was written last; null when there is none or it can't be read. Listings, one stat per note
 * and one small read: cheap enough for every refresh of a worktree.
 */
export async function newestNote(
  worktreePath: string,
): Promise<{ readonly title: string; readonly path: string; readonly at: number } | null> {
  const found = await noteFiles(brainDirectory(worktreePath), worktreePath);
  if (!found.ok) return null;
  for (const file of found.value) {
    const text = await readStart(file.path, TITLE_BYTES);
    if (text !== null) return { title: noteTitle(text, file.name), path: file.path, at: file.at };
  }
  return null;
}

interface NoteFile {
  readonly name: string;
  readonly path: string;
  readonly at: number;
}

/** Deeper, or with more entries, it is no folder of notes; what was found so far is shown. */
const MOST_LEVELS = 4;
const MOST_ENTRIES = 2_000;

/** Newest first; equal times by path, so that the order is always the same. */
async function noteFiles(
  directory: string,
  worktreePath: string,
): Promise<Result<readonly NoteFile[], FileFailure>> {
  const files: NoteFile[] = [];
  let looked = 0;
  const walk = async (folder: string, level: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (++looked > MOST_ENTRIES) return;
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        // Saved notes of merged branches lie below a folder with the branch's name.
        if (level < MOST_LEVELS) await walk(path, level + 1);
      } else if (TEXT.test(entry.name)) {
        const file = await noteFile(path, entry.name, entry.isSymbolicLink(), worktreePath);
        if (file !== null) files.push(file);
      }
    }
  };
  try {
    // A `.planning` or `brain` that is a link may lead anywhere: only inside the worktree is read.
    if (await isInside(directory, worktreePath)) await walk(directory, 1);
  } catch (error) {
    if (!isMissing(error)) return fail({ kind: 'file-failed', path: directory, details: String(error) });
  }
  return ok(files.sort((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1)));
}

async function noteFile(
  path: string,
  name: string,
  isLink: boolean,
  worktreePath: string,
): Promise<NoteFile | null> {
  try {
    if (isLink && !(await isInside(path, worktreePath))) return null;
    const facts = await stat(path);
    return facts.isFile() ? { name, path, at: Math.round(facts.mtimeMs) } : null;
  } catch {
    return null; // Removed between listing and looking, or a link to nowhere.
  }
}

async function isInside(path: string, worktreePath: string): Promise<boolean> {
  const [real, root] = await Promise.all([realpath(path), realpath(worktreePath)]);
  return real.startsWith(root.endsWith(sep) ? root : root + sep);
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** Null for what is no text, or can't be read. */
async function readStart(path: string, most: number): Promise<string | null> {
  try {
    // A pipe with a note's name would block for ever; it is no file, but it can come between.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(most), 0, most, 0);
      const bytes = buffer.subarray(0, bytesRead);
      if (bytes.includes(0)) return null;
      // Streaming leaves out a character that the limit cut in two.
      return new TextDecoder('utf-8').decode(bytes, { stream: true });
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** `title:` of the front matter, else the first heading, else the file's name without its ending. */
export function noteTitle(text: string, fileName: string): string {
  const lines = text.split(/\r?\n/);
  let body = 0;
  if (lines[0]?.trim() === '---') {
    const end = lines.findIndex((line, at) => at > 0 && /^(---|\.\.\.)\s*$/.test(line));
    if (end > 0) {
      for (const line of lines.slice(1, end)) {
        const title = /^title:\s*(.+?)\s*$/i.exec(line)?.[1];
        const plain = title?.replace(/^(["'])(.*)\1$/, '$2').trim();
        if (plain !== undefined && plain !== '') return shorten(plain);
      }
      body = end + 1;
    }
  }
  let fenced = false;
  for (const line of lines.slice(body)) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? undefined : /^\s{0,3}#{1,6}\s+(.+?)\s*#*\s*$/.exec(line)?.[1];
    if (heading !== undefined) return shorten(heading);
  }
  return shorten(fileName.replace(TEXT, ''));
}

const shorten = (title: string) => {
  const characters = [...title];
  return characters.length <= 120 ? title : `${characters.slice(0, 119).join('')}…`;
};
