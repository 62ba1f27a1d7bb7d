/**
 * Hooks, told apart by where they lie: in the git directory they are the person's own; in the working
 * tree (`core.hooksPath=.husky`) they are repository code, which a pull can change.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { RepositoryHooks } from '../../engine/ports';
import type { GitCommand } from '../run/git-command';

/** https://git-scm.com/docs/githooks, those that a worktree's life can meet. */
const known = new Set([
  'applypatch-msg',
  'pre-applypatch',
  'post-applypatch',
  'pre-commit',
  'pre-merge-commit',
  'prepare-commit-msg',
  'commit-msg',
  'post-commit',
  'pre-rebase',
  'post-checkout',
  'post-merge',
  'pre-push',
  'reference-transaction',
  'post-rewrite',
  'post-index-change',
]);

/** Husky 9 points git at `.husky/_`, whose files only run their namesakes one directory up. */
function withWhatHuskyRuns(file: string): readonly string[] {
  const home = dirname(file);
  return basename(home) === '_' ? [file, join(dirname(home), basename(file))] : [file];
}

export function createRepositoryHooks(git: GitCommand): RepositoryHooks {
  const found = async (directory: string): Promise<readonly { name: string; path: string }[]> => {
    const asked = await git(directory, ['rev-parse', '--git-path', 'hooks'], { mode: 'write' });
    if (asked.code !== 0) return [];
    // A relative core.hooksPath is taken from where the hook runs: the top of the worktree.
    const home = resolve(directory, asked.stdout.replace(/\n$/, ''));
    const hooks: { name: string; path: string }[] = [];
    for (const name of await readdir(home).catch(() => [])) {
      if (!known.has(name)) continue;
      const path = join(home, name);
      const file = await stat(path).catch(() => null);
      // Windows has no executable bit; there git runs whatever is called like a hook.
      if (file?.isFile() === true && (process.platform === 'win32' || (file.mode & 0o111) !== 0))
        hooks.push({ name, path });
    }
    return hooks;
  };
  return {
    async inTree(location, directory) {
      const top = await realpath(directory).catch(() => directory);
      const own = await realpath(location.commonDir).catch(() => location.commonDir);
      const commands = [];
      for (const hook of await found(directory)) {
        for (const file of withWhatHuskyRuns(hook.path)) {
          const path = await realpath(file).catch(() => null);
          if (path === null || !path.startsWith(top + sep) || path.startsWith(own + sep)) continue;
          const content = await readFile(path);
          const words = content.toString('utf8');
          // A program can't be read; its fingerprint stands for it, so that a change asks again.
          const exact = Buffer.from(words).equals(content)
            ? words
            : `(a program, sha256 ${createHash('sha256').update(content).digest('hex')})`;
          commands.push({
            purpose: 'hook' as const,
            text: `# ${relative(top, path).split(sep).join('/')}\n${exact}`,
          });
        }
      }
      return commands;
    },
    async installed(_location, directory) {
      return (await found(directory)).map((hook) => hook.name).sort();
    },
  };
}
