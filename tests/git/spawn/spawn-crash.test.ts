import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcesses } from '../../../src-main/system/processes';
import { bundle } from '../../support/bundle';
import { poll } from '../../support/poll';
import { createSpawnSandbox, type SpawnSandbox, value, yes } from '../../support/spawn-sandbox';
import { input } from '../../support/spawner';

let built = '';
let program = '';
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'orchard-child-'));
  program = await bundle('tests/support/children/spawning.ts', built);
});
afterAll(() => rm(built, { recursive: true, force: true }));

/** Runs a spawn in a process of its own and answers how it ended: a signal, or 3 for a whole spawn. */
const spawnInChild = ({ root, emptyDirectory, env }: SpawnSandbox, at: number | string, when = 'after') =>
  new Promise<string | number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [program, root, emptyDirectory, String(at), when], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString();
    });
    child.once('exit', (code, signal) =>
      code !== null && code !== 3 ? reject(new Error(words)) : resolve(signal ?? code),
    );
  });

async function furnished(): Promise<SpawnSandbox> {
  const sandbox = await createSpawnSandbox();
  await sandbox.write(join(sandbox.root, '.gitignore'), '.env*\n.orchard.json\nbuilt/\n');
  await sandbox.git(sandbox.root, 'add', '-A');
  await sandbox.git(sandbox.root, 'commit', '-qm', 'ignore');
  await sandbox.write(join(sandbox.root, '.env.local'), 'A=1');
  await sandbox.write(
    join(sandbox.root, '.orchard.json'),
    JSON.stringify({ setup: 'mkdir built && echo x > built/x' }),
  );
  return sandbox;
}

describe('after SIGKILL', () => {
  it.each(['before', 'after'] as const)(
    '%s any line of the journal, the next start takes all of it back',
    async (when) => {
      const sandbox = await furnished();
      const before = await sandbox.state();
      const { recovery, records } = sandbox.spawner();
      for (let at = 0; ; at++) {
        const ended = await spawnInChild(sandbox, at, when);
        if (ended === 3) {
          // branch, directory, directory-made, worktree, made, copy, setup, record, and the processes.
          expect(at).toBeGreaterThanOrEqual(10);
          break;
        }
        expect(ended).toBe('SIGKILL');
        const said = await recovery.atStart(sandbox.location);
        const state = await sandbox.state();
        // Only the very last line makes it whole.
        if (said.length === 0 && state.parent.length === 2) {
          expect(when).toBe('after');
          await sandbox.git(
            sandbox.root,
            'worktree',
            'remove',
            '--force',
            join(sandbox.parent, 'project-wt-doomed'),
          );
          await sandbox.git(sandbox.root, 'branch', '-D', 'feature/doomed');
          await records.remove(sandbox.location, 'project-wt-doomed');
          continue;
        }
        expect(state, `killed ${when} line ${at}`).toEqual(before);
        expect(await records.list(sandbox.location), `records, killed ${when} line ${at}`).toEqual([]);
        expect(await recovery.atStart(sandbox.location)).toEqual([]);
        await expect(readdir(join(sandbox.root, '.git/orchard/trash'))).rejects.toThrow('ENOENT');
      }
    },
  );

  it('while setup runs, what it left running is ended first', async () => {
    const sandbox = await furnished();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({
        setup: 'echo $$ > ../pid.new && mv ../pid.new ../pid; kill -9 $ORCHARD_TEST_PID; sleep 300',
      }),
    );
    const before = await sandbox.state();
    // The command is named in the journal by then: it waits for the line.
    expect(await killedOnceNamed(sandbox)).toBe('SIGKILL');
    const pid = Number(
      await poll(() => readFile(join(sandbox.parent, 'pid'), 'utf8').catch(() => ''), Boolean),
    );
    const processes = createProcesses('linux');
    const { recovery } = sandbox.spawner();
    const started = await processes.startTime(pid);
    expect(await recovery.atStart(sandbox.location)).toEqual([
      'took back the interrupted spawn of feature/doomed',
    ]);
    await poll(
      () => processes.startTime(pid),
      (now) => now === null || now !== started,
    );
    expect(await sandbox.state()).toEqual({ ...before, parent: ['pid', ...before.parent] });
  });

  it('while git checks out, the checkout is ended first', async () => {
    const sandbox = await furnished();
    await sandbox.script(
      join(sandbox.root, '.git/hooks/post-checkout'),
      '#!/bin/sh\nwhile ! grep -q process "$(git rev-parse --git-common-dir)"/orchard/journal/*; do :; done\nkill -9 $ORCHARD_TEST_PID\nexec sleep 300\n',
    );
    const before = await sandbox.state();
    expect(await spawnInChild(sandbox, -1)).toBe('SIGKILL');
    const { recovery } = sandbox.spawner();
    expect(await recovery.atStart(sandbox.location)).toEqual([
      'took back the interrupted spawn of feature/doomed',
    ]);
    expect(await sandbox.state()).toEqual(before);
  });

  it('the next spawn takes it back before its own', async () => {
    const sandbox = await furnished();
    await spawnInChild(sandbox, 'copy');
    const { spawner } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Next one')));
    value(await spawner.execute({ ...yes(plan), approve: true }));
    const { parent, refs } = await sandbox.state();
    expect(parent).toEqual(['project', 'project-wt-next-one']);
    expect(refs).not.toContain('doomed');
  });

  it('work that was done there since is kept whole', async () => {
    const sandbox = await furnished();
    const path = join(sandbox.parent, 'project-wt-doomed');
    expect(await spawnInChild(sandbox, 'record')).toBe('SIGKILL');
    await sandbox.commit(path, { 'work.txt': 'work' });
    const { recovery } = sandbox.spawner();
    expect(await recovery.atStart(sandbox.location)).toEqual([expect.stringContaining(`kept ${path}`)]);
    expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('work');
    expect(await sandbox.git(path, 'branch', '--show-current')).toBe('feature/doomed');
    expect(await recovery.atStart(sandbox.location)).toEqual([]);
  });

  it('edits that nobody can explain go to trash, not away', async () => {
    const sandbox = await furnished();
    const path = join(sandbox.parent, 'project-wt-doomed');
    expect(await spawnInChild(sandbox, 'record')).toBe('SIGKILL');
    await sandbox.write(join(path, 'src/one.txt'), 'edited');
    const before = (await sandbox.state()).parent.filter((name) => name !== 'project-wt-doomed');
    const { recovery } = sandbox.spawner();
    expect(await recovery.atStart(sandbox.location)).toHaveLength(1);
    expect((await sandbox.state()).parent).toEqual(before);
    const trash = join(sandbox.root, '.git/orchard/trash');
    const [operation = ''] = await readdir(trash);
    expect(await readFile(join(trash, operation, 'worktree/src/one.txt'), 'utf8')).toBe('edited');
  });

  it('a spawn that is under way elsewhere is left alone', async () => {
    const sandbox = await furnished();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({ setup: 'echo ready; sleep 300' }),
    );
    const { spawner, events, operations } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Doomed')));
    const running = spawner.execute({ ...yes(plan), approve: true });
    const ready = await poll(
      () => events.find(({ change }) => change.type === 'output' && change.text.includes('ready')),
      (found) => found !== undefined,
    );
    expect(await sandbox.spawner().recovery.atStart(sandbox.location)).toEqual([]);
    expect(await readdir(plan.path)).toContain('.env.local');
    operations.cancel(ready?.operation ?? '');
    await running;
  });
});

/** Kills itself from within setup, after the journal names the process. */
async function killedOnceNamed(sandbox: SpawnSandbox) {
  const setup = JSON.parse(await readFile(join(sandbox.root, '.orchard.json'), 'utf8')).setup;
  const wait =
    'while [ "$(tail -n 2 "$ORCHARD_REPOSITORY"/.git/orchard/journal/*.jsonl | grep -c process)" = 0 ]; do :; done; ';
  await sandbox.write(join(sandbox.root, '.orchard.json'), JSON.stringify({ setup: wait + setup }));
  return spawnInChild(sandbox, -1);
}
