/** What git would have written for blobs, and whether a file is a piece of that. */
import { randomBytes } from 'node:crypto';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { GitCommand } from '../run/git-command';
import { gitFailure } from '../run/git-command';

export interface Version {
  readonly path: string;
  readonly id: string;
  readonly isLink: boolean;
}
export interface WrittenVersion {
  readonly isLink: boolean;
  readonly content: Buffer;
}

const limitMs = 600_000;
/** Blobs asked for in one call: their bytes are in memory together. */
const AT_A_TIME = 50;

/**
 * The bytes of each version as stored, and as filters (line ends, LFS) write it; by `<id> <path>`.
 * Filters that can't run leave the stored bytes only.
 */
export async function versionsOf(
  git: GitCommand,
  directory: string,
  versions: readonly Version[],
): Promise<Result<ReadonlyMap<string, readonly WrittenVersion[]>, CommonFailure>> {
  const found = new Map<string, WrittenVersion[]>();
  for (let at = 0; at < versions.length; at += AT_A_TIME) {
    const some = versions.slice(at, at + AT_A_TIME);
    const stored = await contentsOf(git, directory, some, false);
    if (!stored.ok) return stored;
    const files = some.filter(({ isLink }) => !isLink);
    const filtered = await contentsOf(git, directory, files, true);
    const add = (version: Version, content: Buffer | undefined) => {
      if (content === undefined) return;
      const key = `${version.id} ${version.path}`;
      found.set(key, [...(found.get(key) ?? []), { isLink: version.isLink, content }]);
    };
    some.forEach((version, one) => {
      add(version, stored.value[one]);
    });
    if (filtered.ok)
      files.forEach((version, one) => {
        add(version, filtered.value[one]);
      });
  }
  return ok(found);
}

async function contentsOf(
  git: GitCommand,
  directory: string,
  versions: readonly Version[],
  filtered: boolean,
): Promise<Result<readonly Buffer[], CommonFailure>> {
  if (versions.length === 0) return ok([]);
  // The size that git tells is the stored one, also of what it filters: a mark stands between them.
  const mark = randomBytes(16).toString('hex');
  const args = ['cat-file', `--batch=${mark}`, '-z', ...(filtered ? ['--filters'] : [])];
  const stdin = versions.map(({ id, path }) => `${id}${filtered ? ` ${path}` : ''}\0`).join('');
  const asked = await git(directory, args, { mode: 'read', limitMs, stdin, encoding: 'latin1' });
  if (asked.code !== 0) return fail(gitFailure(args, asked));
  const [before = '', ...found] = `\n${asked.stdout}`.split(`\n${mark}\n`);
  if (before !== '' || found.length !== versions.length) return fail(gitFailure(args, asked));
  return ok(
    found.map((content, at) =>
      // The last one keeps the line end that stands behind each.
      Buffer.from(at === found.length - 1 ? content.slice(0, -1) : content, 'latin1'),
    ),
  );
}

/**
 * Whether a file is what git had written of a version when it was killed: a beginning of it, maybe with
 * zeros where a power cut lost the end; line ends as the machine's settings have them.
 */
export function piecesOf(version: Buffer, file: Buffer): boolean {
  const written = withoutEndingZeros(file);
  if (file.length <= version.length && isBeginning(version, written)) return true;
  return isBeginning(plainLines(version), plainLines(written));
}

const isBeginning = (whole: Buffer, part: Buffer): boolean =>
  part.length <= whole.length && whole.subarray(0, part.length).equals(part);

function withoutEndingZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

const plainLines = (bytes: Buffer): Buffer =>
  bytes.includes(0x0d) ? Buffer.from(bytes.toString('latin1').replace(/\r(\n|$)/g, '$1'), 'latin1') : bytes;
