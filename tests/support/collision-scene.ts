/** A repository with worktrees and an observer of collisions that is told about them. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Collision } from '../../src-main/contract/snapshot';
import type { RepositoryFacts, WorktreeFacts } from '../../src-main/domain/facts';
import { createCollisionObserver } from '../../src-main/git/collisions/collision-observer';
import { createGitHost } from '../../src-main/git/run/git-host';
import type { GitCall, GitRunner } from '../../src-main/git/run/git-runner';
import { strictLog } from './fake-ports';
import { createManualClock } from './manual-clock';
import { createSandbox, type Sandbox } from './repositories';
import { repositoryFacts, worktreeFacts } from './views';

export interface Scene {
  readonly sandbox: Sandbox;
  readonly main: string;
  /** Facts as a full look at the disk gives them. */
  facts(): Promise<RepositoryFacts>;
  look(facts?: RepositoryFacts): Promise<ReadonlyMap<string, readonly Collision[]>>;
  /** Tells facts without waiting for verdicts; the clock decides when they are looked at. */
  observe(facts: RepositoryFacts): void;
  readonly found: () => ReadonlyMap<string, readonly Collision[]>;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly started: () => number;
  /** The arguments of every git call so far, from the verb on. */
  readonly calls: () => readonly (readonly string[])[];
  /** All that listeners were told, in order. */
  readonly told: () => readonly Told[];
}

export interface Told {
  readonly found: ReadonlyMap<string, readonly Collision[]>;
  readonly undecided: ReadonlySet<string>;
}

const nameOf = (path: string) => path.split('/').at(-1) ?? path;
export const idOf = (path: string) => `w-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;

/**
 * A repository with two worktrees, `a` and `b`, and an observer that looks at it.
 * `slowly` holds up the git calls that it wants to; `repository` is its directory's name.
 */
export async function createScene({
  slowly = () => undefined,
  repository,
}: {
  readonly slowly?: (call: GitCall) => Promise<void> | undefined;
  readonly repository?: string;
} = {}): Promise<Scene> {
  const sandbox = await createSandbox();
  const main = await sandbox.repository(repository);
  await sandbox.worktree(main, join(sandbox.root, 'a'), 'feature/a');
  await sandbox.worktree(main, join(sandbox.root, 'b'), 'feature/b');
  const empty = join(sandbox.root, 'empty');
  const directory = join(sandbox.root, 'cache');
  await mkdir(empty);
  await mkdir(directory);
  const host = createGitHost({ git: 'git', env: sandbox.env, emptyDirectory: empty, concurrency: 2 });
  const calls: (readonly string[])[] = [];
  const note = ({ args }: GitCall) => {
    // Options before the verb are not what a call is about.
    let verb = 0;
    while (args[verb] === '-c') verb += 2;
    calls.push(args.slice(verb));
  };
  const git: GitRunner = {
    ...host,
    async run(call) {
      note(call);
      await slowly(call);
      return host.run(call);
    },
    runBinary(call) {
      note(call);
      return host.runBinary(call);
    },
  };
  const clock = createManualClock();
  const observer = createCollisionObserver({
    git,
    gitVersion: '2.39.5',
    directory,
    clock,
    log: strictLog(),
    platform: 'linux',
    guess: true,
  });
  onTestFinished(async () => {
    await observer.dispose();
    await host.dispose();
  });
  let found: ReadonlyMap<string, readonly Collision[]> = new Map();
  const told: Told[] = [];
  observer.onCollisions((_id, next, undecided) => {
    found = next;
    told.push({ found: next, undecided });
  });
  let edition = 0;

  async function factsOf(path: string): Promise<WorktreeFacts> {
    const [head, branch, status, counts, gitDir] = await Promise.all([
      sandbox.git(path, 'rev-parse', 'HEAD'),
      sandbox.git(path, 'branch', '--show-current'),
      sandbox.git(path, '--no-optional-locks', 'status', '--porcelain'),
      sandbox.git(path, 'rev-list', '--left-right', '--count', 'HEAD...main'),
      sandbox.git(path, 'rev-parse', '--absolute-git-dir'),
    ]);
    const lines = status === '' ? [] : status.split('\n');
    const [ahead = 0, behind = 0] = counts.split('\t').map(Number);
    return worktreeFacts({
      id: idOf(path),
      name: nameOf(path),
      path,
      gitDir,
      head,
      branch: branch === '' ? null : branch,
      isMain: path === main,
      ahead,
      behind,
      changes: {
        staged: 0,
        changed: lines.filter((line) => !line.startsWith('??')).length,
        untracked: lines.filter((line) => line.startsWith('??')).length,
        conflicted: 0,
      },
      // Stands for the edit that a watcher saw.
      lastActivityAt: edition,
    });
  }
  const facts = async () => {
    edition++;
    const listed = await sandbox.git(main, 'worktree', 'list', '--porcelain');
    const paths = [...listed.matchAll(/^worktree (.*)$/gm)].map((match) => match[1] ?? '');
    return repositoryFacts(await Promise.all(paths.map(factsOf)), {
      location: {
        id: 'r-000000000001',
        name: 'project',
        root: main,
        commonDir: join(main, '.git'),
        isBare: false,
      },
    });
  };
  return {
    sandbox,
    main,
    facts,
    async look(given) {
      observer.observe(given ?? (await facts()));
      await observer.settled();
      await observer.explained();
      return found;
    },
    observe: observer.observe,
    found: () => found,
    clock,
    started: () => host.counts().started,
    calls: () => calls,
    told: () => told,
  };
}

export const between = (found: ReadonlyMap<string, readonly Collision[]>, one: string, other: string) =>
  found.get(idOf(one))?.find((collision) => collision.with === (other === 'base' ? 'base' : idOf(other))) ??
  null;
