/**
 * Real repositories for tests, made by raw git and never by the code under test, in a temporary
 * directory with a HOME and a git configuration of their own.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary';

const run = promisify(execFile);

export interface Sandbox {
  /** Everything of this sandbox is below here. */
  readonly root: string;
  readonly home: string;
  /** A complete environment for processes: PATH of the machine, HOME and git config of the sandbox. */
  readonly env: NodeJS.ProcessEnv;
  git(directory: string, ...args: string[]): Promise<string>;
  write(file: string, content: string | Buffer): Promise<void>;
  /** A repository with one commit on `main`. */
  repository(name?: string): Promise<string>;
  commit(directory: string, files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  worktree(repository: string, directory: string, branch: string, from?: string): Promise<string>;
}

/** A newer git makes repositories of other kinds too; the run names the kind, for every test of it. */
const repositoryKind = (): string =>
  (process.env.ORCHARD_TEST_REPOSITORIES ?? '')
    .split(' ')
    .map((kind) =>
      kind === 'reftable'
        ? '\tdefaultRefFormat = reftable\n'
        : kind === 'sha256'
          ? '\tdefaultObjectFormat = sha256\n'
          : '',
    )
    .join('');

/** In a directory that is removed with the test, or in `at`, which the caller removes. */
export async function createSandbox(at?: string): Promise<Sandbox> {
  const root = at ?? (await temporaryDirectory());
  const home = join(root, 'home');
  await mkdir(home, { recursive: true });
  await writeFile(
    join(home, '.gitconfig'),
    `[user]\n\tname = Test Person\n\temail = person@example.com\n[init]\n\tdefaultBranch = main\n${repositoryKind()}[protocol "file"]\n\tallow = always\n`,
  );
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_DATA_HOME: join(home, '.local/share'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'xterm-256color',
    SHELL: '/bin/sh',
  };
  const git: Sandbox['git'] = async (directory, ...args) => {
    const { stdout } = await run('git', args, { cwd: directory, env, maxBuffer: 1 << 28 });
    return stdout.replace(/\n$/, '');
  };
  const write: Sandbox['write'] = async (file, content) => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  const commit: Sandbox['commit'] = async (directory, files, message = 'a change') => {
    for (const [name, content] of Object.entries(files)) await write(join(directory, name), content);
    await git(directory, 'add', '-A', '--', ...Object.keys(files));
    await git(directory, 'commit', '-q', '-m', message);
    return git(directory, 'rev-parse', 'HEAD');
  };
  const made = new Map<string, number>();
  return {
    root,
    home,
    env,
    git,
    write,
    commit,
    async repository(name = 'project') {
      // A test that is tried again in the same sandbox begins with a place of its own.
      const again = made.get(name) ?? 0;
      made.set(name, again + 1);
      const directory = join(root, again === 0 ? name : `${name}-${again + 1}`);
      await mkdir(directory, { recursive: true });
      await git(directory, 'init', '-q', '-b', 'main');
      await commit(directory, { 'README.md': '# project\n', 'src/one.txt': 'one\ntwo\nthree\n' }, 'first');
      return directory;
    },
    async worktree(repository, directory, branch, from = 'HEAD') {
      await git(repository, 'worktree', 'add', '-q', '-b', branch, directory, from);
      return directory;
    },
  };
}
