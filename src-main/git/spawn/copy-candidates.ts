import { join } from 'node:path';
import type { CommonFailure } from '../../contract/failures';
import type { Result } from '../../contract/result';
import { ok } from '../../contract/result';
import { pathStyleOf } from '../../domain/containment';
import { copyPlan, inBoth } from '../../domain/copy-plan';
import type { CopyCandidates, RepositoryLocation, RepositorySurvey } from '../../engine/ports';
import { exists } from '../../system/small-reads';
import { proveAt } from '../facts/checkouts';
import { nestedPaths, sourceWorktree } from '../facts/repository-survey';
import { fields, type GitCommand } from '../run/git-command';
import type { PlainGit } from '../run/simple-git-instance';

/** Untracked configuration that is not ignored either; looked for by name, at any depth. */
const BY_NAME = [':(glob)**/.env*', ':(glob)**/.dev.vars*', 'CLAUDE.md', 'CLAUDE.local.md'];

const pathStyle = pathStyleOf(
  process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux',
);

/**
 * What a new worktree is to get. Which patterns match, and what is ignored, is asked of git itself:
 * `.worktreeinclude` and the `copy` patterns of `.orchard.json` follow gitignore's rules, and count
 * only for ignored files (https://code.claude.com/docs/en/worktrees).
 */
export async function findCopyCandidates(
  { git, command }: { readonly git: PlainGit; readonly command: GitCommand },
  location: RepositoryLocation,
  survey: RepositorySurvey,
  patterns: readonly string[],
): Promise<Result<CopyCandidates, CommonFailure>> {
  const from = await sourceWorktree(command, location, survey);
  if (from === null) return ok({ from: null, paths: [], leaveOut: [] });
  const proven = await proveAt(command, location, from);
  if (!proven.ok) return proven;
  const nested = nestedPaths(from, survey, pathStyle);
  const others = (...args: readonly string[]) => git.read(from, ['ls-files', '-z', '--others', ...args]);
  const wholeIgnored = ['--ignored', '--directory'];
  const matching = [
    ...((await exists(join(from, '.worktreeinclude'))) ? ['--exclude-from=.worktreeinclude'] : []),
    ...patterns.map((pattern) => `--exclude=${pattern}`),
  ];
  const [ignored, untracked, claude, included] = await Promise.all([
    others(...wholeIgnored, '--exclude-standard'),
    others('--exclude-standard', '--', ...BY_NAME),
    others('--', '.claude'),
    matching.length === 0 ? ok('') : others(...wholeIgnored, ...matching),
  ]);
  if (!ignored.ok) return ignored;
  if (!untracked.ok) return untracked;
  if (!claude.ok) return claude;
  if (!included.ok) return included;
  const ignoredPaths = fields(ignored.value);
  const paths = copyPlan({
    untracked: [...ignoredPaths, ...fields(untracked.value)],
    claude: fields(claude.value),
    included: inBoth(fields(included.value), ignoredPaths),
    nested,
  });
  return ok({ from, paths, leaveOut: ['.claude/worktrees', ...nested] });
}
