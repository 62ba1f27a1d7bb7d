import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RepositoryLocation } from '../../src-main/domain/facts';
import type { GitCommand } from '../../src-main/git/run/git-command';
import { createGitCommand } from '../../src-main/git/run/git-command';
import type { Sandbox } from './repositories';

/** The adapter's way to git, inside a sandbox. */
export function gitOf(sandbox: Sandbox): GitCommand {
  const emptyDirectory = join(sandbox.home, 'no-hooks');
  mkdirSync(emptyDirectory, { recursive: true });
  return createGitCommand({ program: 'git', env: sandbox.env, emptyDirectory });
}

export function locationOf(repository: string, isBare = false): RepositoryLocation {
  return {
    id: 'r-0123456789ab',
    name: basename(repository),
    root: repository,
    commonDir: isBare ? repository : join(repository, '.git'),
    isBare,
  };
}
