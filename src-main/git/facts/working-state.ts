/** What is in a working tree that is in no commit: for plans, looked at anew before each step. */
import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { GitCommand } from '../run/git-command';
import { fields, gitFailure } from '../run/git-command';

export interface WorkingState {
  readonly staged: readonly string[];
  readonly changed: readonly string[];
  readonly unmerged: readonly string[];
  /** Each file by itself, '/'-separated; a nested repository ends with '/'. */
  readonly untracked: readonly string[];
  /** Differs when anything of the above does. */
  readonly fingerprint: string;
}

const limitMs = 60_000;

/** `inside` are the paths of worktrees nested in this one: they are no part of it. */
export async function readWorkingState(
  git: GitCommand,
  path: string,
  inside: readonly string[],
): Promise<Result<WorkingState, CommonFailure>> {
  const excluded = inside.map(
    (nested) => `:(top,exclude,literal)${relative(path, nested).split(sep).join('/')}`,
  );
  const args = [
    'status',
    '--porcelain=v2',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    ...(excluded.length > 0 ? ['--', ':(top)', ...excluded] : []),
  ];
  const status = await git(path, args, { mode: 'read', limitMs });
  if (status.code !== 0) return fail(gitFailure(args, status));
  const staged: string[] = [];
  const changed: string[] = [];
  const unmerged: string[] = [];
  const untracked: string[] = [];
  for (const field of fields(status.stdout)) {
    if (field.startsWith('? ')) untracked.push(field.slice(2));
    else if (field.startsWith('u ')) unmerged.push(after(field, 10));
    else if (field.startsWith('1 ')) {
      const name = after(field, 8);
      if (field[2] !== '.') staged.push(name);
      if (field[3] !== '.') changed.push(name);
    }
  }
  return ok({
    staged,
    changed,
    unmerged,
    untracked,
    fingerprint: createHash('sha256').update(status.stdout).digest('hex'),
  });
}

/** The rest of a line behind its first `count` words: the path, which may hold spaces. */
function after(line: string, count: number): string {
  let at = 0;
  for (let word = 0; word < count; word++) at = line.indexOf(' ', at) + 1;
  return line.slice(at);
}
