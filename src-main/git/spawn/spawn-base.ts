import type { SpawnFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../engine/ports';
import { commitOf, readBase } from '../facts/base';
import { type GitCommand, gitFailure } from '../run/git-command';

export interface BaseTip {
  readonly base: string;
  readonly commit: string;
  readonly subject: string;
  readonly freshness: string;
}

/**
 * The commit that new work starts from: the tip of the base as the list and the plans know it, after one
 * attempt to fetch. That it could not be fetched is said, and never stops anything: the person decides
 * with the age of the base in view.
 */
export async function resolveSpawnBase(
  git: GitCommand,
  location: RepositoryLocation,
  asked: string | null,
  fetchLimitMs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result<BaseTip, SpawnFailure>> {
  const fetch = { limitMs: fetchLimitMs, signal };
  let read = await readBase(git, location, asked, fetch);
  if (!read.ok && read.error.kind === 'base-not-found' && (await hasNoCommits(git, location)))
    return fail({ kind: 'no-commits', repository: location.name });
  if (!read.ok && read.error.kind === 'base-not-found' && asked === null) {
    // Detached, and no branch of a usual name: the commit itself.
    const head = await commitOf(git, location, 'HEAD');
    if (head !== null) read = await readBase(git, location, head, fetch);
  }
  if (!read.ok) return read;
  const { name, tip, freshness } = read.value;
  const args = ['log', '-1', '--format=%s', '--no-show-signature', '--end-of-options', tip, '--'];
  const subject = await git(location.root, args, { mode: 'read' });
  if (subject.code !== 0) return fail(gitFailure(args, subject));
  return ok({ base: name, commit: tip, subject: subject.stdout.trim(), freshness });
}

async function hasNoCommits(git: GitCommand, location: RepositoryLocation): Promise<boolean> {
  const asked = await git(location.root, ['for-each-ref', '--count=1', '--format=x'], { mode: 'read' });
  return asked.code === 0 && asked.stdout.trim() === '' && (await commitOf(git, location, 'HEAD')) === null;
}
