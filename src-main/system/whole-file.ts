/** Writing a file so that readers see all of it or what was there before, whatever happens meanwhile. */
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './file-failure';
import { ownName } from './left-files';
import { isThere } from './small-reads';

export interface WholeWrite {
  /** `lasting`: on the disk, name and all, when this resolves. `cache`: may be lost with the power. */
  readonly keep: 'lasting' | 'cache';
  /** Permission bits of the file; 0o600 when not told. */
  readonly mode?: number;
  /** The same of directories that are made for it; 0o700 when not told. */
  readonly directoryMode?: number;
}

/**
 * Written aside, synced, then renamed. The directory is made when missing. Throws the system's error,
 * and leaves nothing aside then; what a killed process leaves bears its name (`removeLeftFiles`).
 */
export async function writeWhole(file: string, content: string | Buffer, how: WholeWrite): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: how.directoryMode ?? 0o700 });
  // Dot first and no ending of its own: whoever lists the directory takes it for nothing.
  const aside = join(directory, `.${basename(file)}.${await ownName()}.new`);
  try {
    const handle = await open(aside, 'wx', how.mode ?? 0o600);
    try {
      await handle.writeFile(content);
      if (how.keep === 'lasting') await handle.sync();
    } finally {
      await handle.close();
    }
    await renameStubbornly(aside, file);
    if (how.keep === 'lasting') await syncDirectory(directory);
  } catch (error) {
    await unlink(aside).catch(() => undefined);
    throw error;
  }
}

/** Windows refuses to rename over a file that somebody (a reader, a virus scanner) has open. */
export async function renameStubbornly(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const code = errorCode(error);
      const transient =
        process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY');
      if (!transient || attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt));
    }
  }
}

/** Renames a file that can't be read to `<name>.set-aside` beside it, never over one; answers the new path. */
export async function setAside(file: string): Promise<string> {
  for (let more = 1; ; more++) {
    const kept = `${file}.set-aside${more === 1 ? '' : `-${more}`}`;
    if (await isThere(kept)) continue;
    await renameStubbornly(file, kept);
    return kept;
  }
}

/** Makes new names in a directory survive a power cut; Windows neither needs nor allows it. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
