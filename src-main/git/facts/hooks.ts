/**
 * Hooks, told apart by where they lie: in the git directory they are the person's own; inside any of the
 * repository's working trees (`core.hooksPath=.husky`, or a link to there) they are repository code,
 * which a pull can change. Those are judged as they lie now, and as each commit that is about to come
 * into a working tree has them: git runs `post-merge` from the tree that the merge has just written.
 */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { RepositoryCommand } from '../../contract/failures';
import type { RepositoryLocation } from '../../domain/facts';
import type { HookGround, RepositoryHooks } from '../../engine/ports';
import type { GitCommand } from '../run/git-command';
import { fields } from '../run/git-command';
import { commandText, hookAddition } from './command-text';
import { commitFiles, diskFiles, filesAfter, readFileOf, realPlace, type TreeFiles } from './tree-files';

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

/** The tree whose files a hook belongs to, and how it will look when the hook runs. */
interface Ground {
  /** Real path of the working tree; null for one that is still to be made. */
  readonly top: string | null;
  readonly files: TreeFiles;
}

export function createRepositoryHooks(git: GitCommand): RepositoryHooks {
  /** As git will resolve it; `raw` is what `core.hooksPath` says, for a worktree that is not there yet. */
  const homeOf = async (
    directory: string,
  ): Promise<{ readonly home: string; readonly raw: string | null } | null> => {
    const asked = await git(directory, ['rev-parse', '--git-path', 'hooks'], { mode: 'write' });
    if (asked.code !== 0) return null;
    const set = await git(directory, ['config', '-z', '--type=path', '--get', 'core.hooksPath'], {
      mode: 'write',
    });
    // A relative core.hooksPath is taken from where the hook runs: the top of the worktree.
    return {
      home: resolve(directory, asked.stdout.replace(/\n$/, '')),
      raw: set.code === 0 ? (fields(set.stdout)[0] ?? null) : null,
    };
  };

  const worktreesOf = async (location: RepositoryLocation): Promise<readonly string[]> => {
    const listed = await git(location.root, ['worktree', 'list', '--porcelain', '-z'], { mode: 'read' });
    const tops = fields(listed.stdout).flatMap((line) =>
      line.startsWith('worktree ') ? [line.slice('worktree '.length)] : [],
    );
    const real = await Promise.all(tops.map(realPlace));
    // The deepest first: a worktree inside another has its own hooks.
    return [...new Set(real)].sort((a, b) => b.length - a.length);
  };

  const inTree = async (
    location: RepositoryLocation,
    ground: HookGround,
  ): Promise<readonly RepositoryCommand[]> => {
    const found = await homeOf(ground.directory);
    if (found === null) return [];
    const own = await realPlace(location.commonDir);
    const tops = await worktreesOf(location);
    /** The working tree that a path lies in, and where; null for what is the person's own. */
    const placeOf = (path: string): { readonly top: string; readonly inside: string } | null => {
      if (isInside(path, own)) return null;
      const top = tops.find((one) => isInside(path, one));
      return top === undefined ? null : { top, inside: slashes(relative(top, path)) };
    };
    const texts = new Map<string, RepositoryCommand>();
    const take = async (files: TreeFiles, inside: string, event: string) => {
      const folder = inside.includes('/') ? inside.slice(0, inside.lastIndexOf('/')) : '';
      const hook = await files.read(inside);
      if (hook === null || !hook.runs) return;
      const runs = [{ path: inside, text: hook.text }];
      // Husky 9 points git at `.husky/_`, whose files only run their namesakes one directory up.
      if (folder === '_' || folder.endsWith('/_')) {
        const path = [...folder.split('/').slice(0, -1), event].join('/');
        const behind = await files.read(path);
        if (behind !== null) runs.push({ path, text: behind.text });
      }
      for (const { path, text } of runs) {
        const exact = `${path}:\n${text}`;
        const ends = exact.endsWith('\n') ? exact : `${exact}\n`;
        const addition = (await besides(files, folder, text)) + (await hookAddition(text, files));
        const whole = addition === '' ? exact : ends + addition;
        texts.set(whole, { purpose: 'hook', text: whole });
      }
    };

    const grounds: Ground[] = tops.map((top) => ({ top, files: diskFiles(top) }));
    for (const { worktree, commit, env = {} } of ground.coming) {
      if (worktree === null)
        grounds.push({ top: null, files: commitFiles(git, location.commonDir, commit, env) });
      else
        grounds.push({
          top: await realPlace(worktree),
          files: await filesAfter(git, worktree, commit, env),
        });
    }
    for (const event of ground.events) {
      const file = await finalPlace(join(found.home, event));
      const place = placeOf(file);
      for (const { top, files } of grounds) {
        if (top !== null && place !== null && place.top === top) await take(files, place.inside, event);
        const inNew = top === null && found.raw !== null ? insideNew(found.raw, tops) : null;
        if (inNew !== null) await take(files, `${inNew}/${event}`, event);
      }
      // The folder may itself be a link that the coming tree has and the present one lacks.
      const plain = placeOf(join(await realPlace(dirname(found.home)), basename(found.home), event));
      if (plain !== null && plain.inside !== place?.inside)
        for (const { top, files } of grounds) if (plain.top === top) await take(files, plain.inside, event);
    }
    return [...texts.values()];
  };

  return {
    inTree,
    async own(location, { directory, events }) {
      const found = await homeOf(directory);
      if (found === null) return [];
      const own = await realPlace(location.commonDir);
      const tops = await worktreesOf(location);
      const files: string[] = [];
      for (const event of events) {
        const path = join(found.home, event);
        const real = await finalPlace(path);
        if (!isInside(real, own) && tops.some((top) => isInside(real, top))) continue;
        if ((await readFileOf(path))?.runs === true) files.push(path);
      }
      return files;
    },
    async installed(_location, directory) {
      const found = await homeOf(directory);
      if (found === null) return [];
      const names: string[] = [];
      for (const name of await readdir(found.home).catch(() => []))
        if (known.has(name) && (await readFileOf(join(found.home, name)))?.runs === true) names.push(name);
      return names.sort();
    },
    said: (directory, run) => commandText(run, diskFiles(directory)),
  };
}

/** Files beside a hook that it loads (`. "$(dirname "$0")/h"`), by their names in its text. */
async function besides(files: TreeFiles, folder: string, text: string): Promise<string> {
  let said = '';
  for (const name of [...(await files.list(folder))].sort()) {
    if (known.has(name) || name.startsWith('.')) continue;
    const mentioned = new RegExp(
      `[\\s"'/}]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=$|[\\s"';)])`,
      'm',
    );
    if (!mentioned.test(text)) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    const file = await files.read(path);
    if (file !== null) said += `# ${path}:\n${file.text.endsWith('\n') ? file.text : `${file.text}\n`}`;
  }
  return said;
}

/** The hooks folder in a worktree that is still to be made, when it would lie inside it. */
function insideNew(raw: string, tops: readonly string[]): string | null {
  const top = tops.find((one) => isAbsolute(raw) && isInside(raw, one));
  const inside = top === undefined ? raw : relative(top, raw);
  if (isAbsolute(inside)) return null;
  const normal = slashes(inside)
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '');
  return normal === '' || normal.startsWith('..') || /^\.git(\/|$)/.test(normal) ? null : normal;
}

/** Where a file really is once its links are followed, also when the last one leads to nothing yet. */
async function finalPlace(path: string): Promise<string> {
  let here = join(await realPlace(dirname(path)), basename(path));
  for (let hop = 0; hop < 10; hop++) {
    const link = await lstat(here).catch(() => null);
    if (link?.isSymbolicLink() !== true) return here;
    const target = resolve(dirname(here), await readlink(here));
    here = join(await realPlace(dirname(target)), basename(target));
  }
  return here;
}

const isInside = (path: string, directory: string): boolean => {
  const inside = relative(directory, path);
  return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
};

const slashes = (path: string): string => path.split(sep).join('/');
