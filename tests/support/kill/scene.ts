/** A repository with everything that an operation rewrites, beside things that none may touch. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RepositoryLocation } from '../../../src-main/domain/facts';
import { locationOf } from '../git-command';
import { photograph } from '../landing/photograph';
import { createSandbox, type Sandbox } from '../repositories';
import { temporaryDirectory } from '../temporary';

const run = promisify(execFile);

export interface KillScene {
  /** Everything of the scene is below here, the operation's scratch directories too. */
  readonly place: string;
  readonly sandbox: Sandbox;
  readonly location: RepositoryLocation;
  readonly repository: string;
  readonly remote: string;
  readonly worktree: string;
  readonly env: NodeJS.ProcessEnv;
  /** Keeps everything as it is now as the state to begin at. */
  save(): Promise<void>;
  /** Puts everything back to what was saved. */
  restore(): Promise<void>;
  /** All of value, with commits told by what they hold: two runs of one operation look alike. */
  state(): Promise<Readonly<Record<string, unknown>>>;
  /** Every byte but objects and what a look at it changes. */
  bytes(): Promise<Readonly<Record<string, string>>>;
}

export async function createKillScene(): Promise<KillScene> {
  const outer = await temporaryDirectory('orchard-kill-');
  const place = join(outer, 'place');
  await mkdir(place);
  const sandbox = await createSandbox(place);
  const tmp = join(place, 'tmp');
  await mkdir(tmp);
  const repository = await sandbox.repository();
  const remote = join(place, 'remote.git');
  const worktree = join(place, 'project-wt-login');
  const sibling = join(place, 'sibling');
  const git = (...args: string[]) => sandbox.git(repository, ...args);
  const trees = [repository, worktree, sibling];

  await sandbox.commit(repository, {
    '.gitattributes': '*.dos text eol=crlf\n',
    '.gitignore': '.env.local\nbuilt/\n',
    'lines.dos': 'one\ntwo\n',
    'both.txt': Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n'),
    'gone.txt': 'here for now\n',
    'turns/into-a-file.txt': 'x\n',
    'turned.txt': 'a file\n',
    'script.sh': '#!/bin/sh\n',
    'kept/deep/down.txt': 'down\n',
  });
  await symlink('both.txt', join(repository, 'link'));
  await sandbox.git(repository, 'add', '-A');
  await sandbox.git(repository, 'commit', '-qm', 'A link');
  // As git writes it, with the line ends that its attributes want.
  const written = async (tree: string) => {
    await rm(join(tree, 'lines.dos'));
    await sandbox.git(tree, 'checkout', '-q', '--', 'lines.dos');
  };
  await written(repository);
  await sandbox.git(place, 'clone', '-q', '--bare', repository, remote);
  await git('remote', 'add', 'origin', remote);
  // The other side is another machine: it is not killed with this one.
  await git('config', 'remote.origin.receivepack', 'env -u LD_PRELOAD git-receive-pack');
  await git('config', 'remote.origin.uploadpack', 'env -u LD_PRELOAD git-upload-pack');
  await git('config', 'gc.auto', '0');
  await git('fetch', '-q', 'origin');
  await git('branch', '-q', '--set-upstream-to=origin/main', 'main');
  await sandbox.worktree(repository, worktree, 'feature/login');
  const inside = (...args: string[]) => sandbox.git(worktree, ...args);
  await sandbox.commit(
    worktree,
    { 'login.txt': 'login\n', 'new/place/file.txt': 'new\n', 'lines.dos': 'one\ntwo\nthree\n' },
    'Add login',
  );
  await written(worktree);
  await sandbox.write(join(worktree, 'both.txt'), `${lines(40)}\nat the end\n`);
  await inside('rm', '-q', 'gone.txt', 'turned.txt', 'turns/into-a-file.txt');
  await sandbox.write(join(worktree, 'turned.txt/now-a-directory.txt'), 'x\n');
  await sandbox.write(join(worktree, 'turns'), 'a file now\n');
  await chmod(join(worktree, 'script.sh'), 0o755);
  await rm(join(worktree, 'link'));
  await symlink('login.txt', join(worktree, 'link'));
  await inside('add', '-A');
  await inside('commit', '-qm', 'Change much');
  await sandbox.commit(
    repository,
    { 'moved.txt': 'on\n', 'both.txt': `before it\n${lines(40)}`, 'kept/deep/down.txt': 'deeper\n' },
    'Main moves',
  );
  await git('push', '-q', 'origin', 'main', 'feature/login');
  await git('config', 'branch.feature/login.description', 'logging in');
  await sandbox.write(join(worktree, '.env.local'), 'KEY=1\n');
  await sandbox.write(join(worktree, 'built/out.bin'), 'built\n');
  await sandbox.write(join(worktree, '.planning/brain/learned.md'), 'a note\n');
  await sandbox.write(join(repository, 'untracked.txt'), 'mine\n');
  await sandbox.write(join(repository, '.env.local'), 'KEY=0\n');
  await sandbox.worktree(repository, sibling, 'sibling', 'main');
  await sandbox.write(join(sibling, 'both.txt'), 'changed here\n');
  await sandbox.write(join(sibling, 'staged.txt'), 'staged\n');
  await sandbox.git(sibling, 'add', 'staged.txt');
  await sandbox.git(sibling, 'stash', 'push', '-q', '--', 'both.txt');
  await git('pack-refs', '--all');
  await mkdir(join(sandbox.home, 'no-hooks'), { recursive: true });

  const env = { ...sandbox.env, TMPDIR: tmp };
  const saved = join(outer, 'saved');
  const here = async (path: string) => (await readdir(path).catch(() => null)) !== null;
  const refreshed = async () => {
    for (const tree of trees)
      if (await here(tree)) await sandbox.git(tree, 'update-index', '-q', '--refresh').catch(() => '');
  };

  const historyOf = async (directory: string, ref: string) =>
    sandbox.git(directory, 'log', '--topo-order', '--format=%T %p%n%B', ref, '--').then((text) =>
      // Commits are told by their trees and words; their names hold the time.
      text.replace(
        /^([0-9a-f]{40}) ?(.*)$/gm,
        (_all, tree, parents) => `${tree} ${String(parents).split(' ').filter(Boolean).length}`,
      ),
    );
  const refsOf = async (directory: string) => {
    const refs = await sandbox.git(directory, 'for-each-ref', '--format=%(refname)');
    const found: Record<string, string> = {};
    for (const ref of refs.split('\n').filter((one) => one !== '' && !one.startsWith('refs/orchard/')))
      found[ref] = await historyOf(directory, ref);
    return found;
  };
  const treeState = async (tree: string) => {
    if (!(await here(tree))) return 'absent';
    const photo = await photograph(tree, (name) => name === '.git');
    return {
      head: await sandbox.git(tree, 'symbolic-ref', 'HEAD'),
      files: Object.fromEntries(
        Object.entries(photo).map(([name, what]) => [
          name,
          // What was abandoned is told with the operation's own name, which holds the time.
          what.replace(/\/abandoned-[^/]*$/.test(name) ? / [\d.]+ .*$/ : / [\d.]+ (?=[0-9a-f]{64}$)/, ' '),
        ]),
      ),
      index: await sandbox.git(tree, 'ls-files', '-s', '-v'),
      status: await sandbox.git(tree, '--no-optional-locks', 'status', '--porcelain=v2', '--ignored'),
    };
  };

  return {
    place,
    sandbox,
    location: locationOf(repository),
    repository,
    remote,
    worktree,
    env,
    async save() {
      await rm(saved, { recursive: true, force: true });
      await run('cp', ['-a', place, saved]);
    },
    async restore() {
      await rm(place, { recursive: true, force: true });
      await run('cp', ['-a', saved, place]);
      await refreshed();
    },
    async state() {
      const listed = await sandbox.git(repository, 'worktree', 'list', '--porcelain');
      return {
        refs: await refsOf(repository),
        remote: await refsOf(remote),
        stash: await sandbox.git(repository, 'stash', 'list', '--format=%gd %gs'),
        config: (await git('config', '--local', '--list')).split('\n').sort(),
        list: listed.replace(/^HEAD .*$/gm, ''),
        trees: await Promise.all(trees.map(treeState)),
        beside: (await readdir(place)).sort(),
        others: await Promise.all(
          (await readdir(place))
            .filter((name) => !['home', 'tmp', 'remote.git', 'project', 'sibling'].includes(name))
            .filter((name) => join(place, name) !== worktree)
            .map(async (name) => [name, await treeState(join(place, name))]),
        ),
      };
    },
    async bytes() {
      return photograph(place, (name) => /(^|\/)(objects|index|lock)$/.test(name));
    },
  };
}

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`).join('\n');

/** What no start may leave: locks, scratch, halves of writes. Paths below the scene. */
export async function litterIn(scene: KillScene): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (path: string, name: string): Promise<void> => {
    for (const item of await readdir(path, { withFileTypes: true })) {
      const below = join(path, item.name);
      const called = `${name}/${item.name}`;
      if (item.isDirectory()) {
        if (!/\/objects$|\/orchard\/trash$/.test(called)) await walk(below, called);
      } else if (/\.lock$|\.new$|\/orchard\/.*\/\.[^/]*$/.test(called) || called.endsWith('/orchard/lock'))
        found.push(called);
    }
  };
  await walk(join(scene.repository, '.git'), '.git');
  for (const name of await readdir(join(scene.place, 'tmp'))) found.push(`tmp/${name}`);
  for (const tree of [scene.repository, scene.worktree]) {
    const notes = join(tree, '.planning');
    const emptied = async (path: string): Promise<boolean> => {
      const items = await readdir(path, { withFileTypes: true }).catch(() => null);
      if (items === null) return false;
      if (items.length === 0) found.push(path.slice(scene.place.length + 1));
      for (const item of items) if (item.isDirectory()) await emptied(join(path, item.name));
      return false;
    };
    await emptied(notes);
  }
  return found;
}
