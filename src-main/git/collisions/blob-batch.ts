/** Many blobs through one `git cat-file --batch`, after one look at their sizes. */
import type { GitRunner } from '../run/git-runner';
import { answerProblem } from '../run/git-runner';

export interface BlobQuestion {
  readonly commonDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface BlobHeader {
  readonly oid: string;
  readonly type: string;
  readonly bytes: number;
}

const LIMIT_MS = 30_000;

/**
 * By name (`<oid>`, `<tree>:<path>`): what it is and how large; null where there is nothing. The whole
 * answer is null when git can't tell.
 */
export async function blobHeaders(
  git: Pick<GitRunner, 'run'>,
  names: readonly string[],
  { commonDir, env, signal }: BlobQuestion,
): Promise<ReadonlyMap<string, BlobHeader | null> | null> {
  const found = new Map<string, BlobHeader | null>();
  if (names.length === 0) return found;
  const answer = await git.run({
    cwd: commonDir,
    args: ['cat-file', '-z', '--batch-check'],
    // A path may hold a line feed, never a NUL.
    input: names.map((name) => `${name}\0`).join(''),
    env,
    limitMs: LIMIT_MS,
    signal,
  });
  if (answerProblem(answer) !== null) return null;
  let at = 0;
  for (const name of names) {
    const missing = `${name} missing\n`;
    if (answer.stdout.startsWith(missing, at)) {
      found.set(name, null);
      at += missing.length;
      continue;
    }
    const end = answer.stdout.indexOf('\n', at);
    const [oid = '', type = '', bytes = ''] = answer.stdout.slice(at, end).split(' ');
    if (end < 0 || oid === '' || type === '') return null;
    // A submodule's commit is not here: "<oid> submodule" since git 2.51.
    found.set(name, { oid, type, bytes: Number(bytes === '' ? 0 : bytes) });
    at = end + 1;
  }
  return found;
}

/** The bytes of these objects, each as one character of a string; null when git can't tell. */
export async function blobContents(
  git: Pick<GitRunner, 'runBinary'>,
  oids: readonly string[],
  { commonDir, env, signal }: BlobQuestion,
): Promise<ReadonlyMap<string, string> | null> {
  const found = new Map<string, string>();
  if (oids.length === 0) return found;
  const answer = await git.runBinary({
    cwd: commonDir,
    args: ['cat-file', '--batch'],
    input: oids.map((oid) => `${oid}\n`).join(''),
    env,
    limitMs: LIMIT_MS,
    signal,
  });
  if (answerProblem(answer) !== null) return null;
  const bytes = Buffer.from(answer.stdout.buffer, answer.stdout.byteOffset, answer.stdout.byteLength);
  let at = 0;
  for (const oid of oids) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return null;
    const [, , size = ''] = bytes.toString('latin1', at, end).split(' ');
    // "<oid> missing": it was there a moment ago.
    if (!/^\d+$/.test(size)) {
      at = end + 1;
      continue;
    }
    found.set(oid, bytes.toString('latin1', end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return found;
}
