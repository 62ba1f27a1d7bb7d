/**
 * A rebase that touches no working tree: each commit is carried over with `merge-tree`, so a conflict
 * leaves everything exactly as it was, and a cancel or crash leaves nothing to abort. git 2.39 has no
 * `merge-tree --merge-base`; a stand-in for "ours" whose parent is the commit's own parent has the
 * same effect.
 */
import type { MergeFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import { orchardIdentity } from '../facts/merged';
import { mergeTrees } from '../facts/prediction';
import type { GitCommand, GitOutcome } from '../run/git-command';
import { gitFailure, lines } from '../run/git-command';

type Env = Readonly<Record<string, string>>;

export async function buildRebase(
  git: GitCommand,
  location: RepositoryLocation,
  directory: string,
  onto: string,
  tip: string,
  options: { readonly env?: Env; readonly sign: boolean; readonly signal?: AbortSignal },
): Promise<Result<string, MergeFailure>> {
  const env = options.env ?? {};
  const call = (args: readonly string[], more: { env?: Env; stdin?: string } = {}): Promise<GitOutcome> =>
    git(directory, args, {
      mode: 'quiet',
      limitMs: 60_000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(more.stdin === undefined ? {} : { stdin: more.stdin }),
      env: { ...env, ...more.env },
    });
  const listArgs = [
    'rev-list',
    '--reverse',
    '--topo-order',
    '--no-merges',
    '--end-of-options',
    tip,
    `^${onto}`,
  ];
  const listed = await call(listArgs);
  if (listed.code !== 0) return fail(gitFailure(listArgs, listed));
  let at = onto;
  for (const commit of lines(listed.stdout)) {
    const picked = await pick(git, directory, call, at, commit, options);
    if (!picked.ok) return picked;
    at = picked.value;
  }
  const flat = await lostInFlattening(git, location, directory, onto, tip, at, env);
  return flat.ok ? ok(at) : flat;
}

type Call = (args: readonly string[], more?: { env?: Env; stdin?: string }) => Promise<GitOutcome>;

async function pick(
  git: GitCommand,
  directory: string,
  call: Call,
  onto: string,
  commit: string,
  options: { readonly env?: Env; readonly sign: boolean },
): Promise<Result<string, MergeFailure>> {
  const askArgs = ['rev-parse', `${onto}^{tree}`, `${commit}^{tree}`, `${commit}^1`, `${commit}^1^{tree}`];
  const asked = await call(askArgs);
  const [ontoTree = '', tree = '', parent = '', parentTree = ''] = lines(asked.stdout);
  if (asked.code !== 0) return fail(gitFailure(askArgs, asked));
  if (parent === onto) return ok(commit); // it is where it should be already
  const stood = await call(['commit-tree', '-p', parent, '-m', 'stand-in', ontoTree], {
    env: orchardIdentity,
  });
  if (stood.code !== 0) return fail(gitFailure(['commit-tree'], stood));
  const merged = await mergeTrees(git, directory, stood.stdout.trim(), commit, {
    mode: 'quiet',
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (!merged.ok) return merged;
  if (merged.value.files.length > 0) return fail({ kind: 'conflict', files: merged.value.files });
  // Its work is in the base already: it becomes empty and is left out, as git rebase does.
  if (merged.value.tree === ontoTree && tree !== parentTree) return ok(onto);
  return recommit(call, commit, merged.value.tree, onto, options.sign);
}

/** The same commit (author, date, message) with another tree and parent. */
async function recommit(
  call: Call,
  commit: string,
  tree: string,
  parent: string,
  sign: boolean,
): Promise<Result<string, MergeFailure>> {
  const shown = await call([
    'log',
    '-1',
    '--no-show-signature',
    '--encoding=UTF-8',
    '--date=raw',
    '--format=%an%x00%ae%x00%ad%x00%B',
    '--end-of-options',
    commit,
  ]);
  if (shown.code !== 0) return fail(gitFailure(['log'], shown));
  const [name = '', email = '', date = '', ...message] = shown.stdout.split('\0');
  return commitTree(call, {
    tree,
    parents: [parent],
    message: message.join('\0').replace(/\n$/, ''),
    sign,
    env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
  });
}

export async function commitTree(
  call: Call,
  commit: {
    readonly tree: string;
    readonly parents: readonly string[];
    readonly message: string;
    readonly sign: boolean;
    readonly env?: Env;
  },
): Promise<Result<string, MergeFailure>> {
  const args = [
    '-c',
    'i18n.commitEncoding=UTF-8',
    'commit-tree',
    ...(commit.sign ? ['-S'] : []),
    ...commit.parents.flatMap((parent) => ['-p', parent]),
    '-F',
    '-',
    commit.tree,
  ];
  const made = await call(args, {
    stdin: commit.message,
    ...(commit.env === undefined ? {} : { env: commit.env }),
  });
  if (made.code === 0) return ok(made.stdout.trim());
  if (
    commit.sign &&
    made.ended === 'exited' &&
    /sign|gpg|ssh-keygen|failed to write commit object/i.test(made.stderr)
  )
    return fail({ kind: 'signing-failed', details: made.stderr.trim().slice(-4_000) });
  return fail(gitFailure(['commit-tree'], made));
}

/** Flattening drops merge commits, and with them what was done by hand in one. */
async function lostInFlattening(
  git: GitCommand,
  location: RepositoryLocation,
  directory: string,
  onto: string,
  tip: string,
  rebased: string,
  env: Env,
): Promise<Result<void, MergeFailure>> {
  const merges = await git(location.root, ['rev-list', '--count', '--merges', tip, `^${onto}`], {
    mode: 'read',
  });
  if (merges.code !== 0) return fail(gitFailure(['rev-list'], merges));
  if (merges.stdout.trim() === '0') return ok(undefined);
  const merged = await mergeTrees(git, directory, onto, tip, { mode: 'quiet', env });
  if (!merged.ok) return merged;
  const args = ['diff-tree', '-r', '--name-only', '-z', merged.value.tree, `${rebased}^{tree}`];
  const compared = await git(directory, args, { mode: 'read', env });
  if (compared.code !== 0) return fail(gitFailure(args, compared));
  const files = compared.stdout.split('\0').filter((name) => name !== '');
  return files.length === 0 && merged.value.files.length === 0
    ? ok(undefined)
    : fail({ kind: 'conflict', files: [...new Set([...merged.value.files, ...files])] });
}
