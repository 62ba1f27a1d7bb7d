import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import type { Failure } from '../../../src-main/contract/failures';
import type { SpawnPlan } from '../../../src-main/contract/plans';
import { fail } from '../../../src-main/contract/result';
import { alteredJournal } from '../../support/altered-journal';
import { poll } from '../../support/poll';
import { createSpawnSandbox, type SpawnSandbox, value, yes } from '../../support/spawn-sandbox';
import { createPlainRecords, input, type SpawnerOptions } from '../../support/spawner';

const run = promisify(execFile);

/** Spawns, expects this refusal, and that nothing is left: not a file, a ref or an entry. */
async function expectNothingLeft(
  sandbox: SpawnSandbox,
  options: Partial<SpawnerOptions>,
  failure: Partial<Failure>,
  act: (plan: SpawnPlan) => Promise<void> | void = () => undefined,
  asked = input('Doomed'),
) {
  const { spawner, recovery, events, records } = sandbox.spawner(options);
  const plan = value(await spawner.plan(asked));
  await act(plan);
  const before = await sandbox.state();
  const result = await spawner.execute({ ...yes(plan), approve: true });
  expect(result, JSON.stringify(result)).toMatchObject({ ok: false, error: failure });
  expect(await sandbox.state()).toEqual(before);
  expect(await records.list(sandbox.location)).toEqual([]);
  await expect(readdir(join(sandbox.root, '.git/orchard/trash'))).rejects.toThrow('ENOENT');
  // And nothing waits for the next start either.
  expect(await recovery.atStart(sandbox.location)).toEqual([]);
  expect(events.filter(({ change }) => change.type === 'finished')).toHaveLength(events.length === 0 ? 0 : 1);
  return { plan, events };
}

/** A file system of its own; only root may mount one. */
async function mounted(
  { skip }: Pick<TestContext, 'skip'>,
  directory: string,
  options: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  } catch {
    skip('a tmpfs can’t be mounted here');
  }
  onTestFinished(async () => {
    await run('umount', ['-l', directory]);
  });
}

const placedIn = (parent: string): Pick<SpawnerOptions, 'settings'> => ({
  settings: (settings) => ({ ...settings, naming: { ...settings.naming, parent } }),
});

describe('a spawn that fails leaves nothing:', () => {
  it('the disk is full while git checks out', async (context) => {
    const sandbox = await createSpawnSandbox();
    const small = join(sandbox.root, '..', '..', 'small');
    await mounted(context, small, 'size=256k');
    await sandbox.commit(sandbox.root, { 'big.bin': 'x'.repeat(600_000) });
    await expectNothingLeft(sandbox, placedIn(small), { kind: 'no-space' });
    expect(await readdir(small)).toEqual([]);
  });

  it('the disk is full while files are copied', async (context) => {
    const sandbox = await createSpawnSandbox();
    const small = join(sandbox.root, '..', '..', 'small');
    await mounted(context, small, 'size=256k');
    await sandbox.write(join(sandbox.root, '.env.local'), 'x'.repeat(600_000));
    await expectNothingLeft(sandbox, placedIn(small), { kind: 'no-space' });
    expect(await readdir(small)).toEqual([]);
  });

  it('the place can’t be written to', async (context) => {
    const sandbox = await createSpawnSandbox();
    const place = join(sandbox.root, '..', '..', 'read-only');
    await mounted(context, place, 'ro');
    await expectNothingLeft(sandbox, placedIn(join(place, 'deep/er')), {
      kind: 'read-only',
      path: join(place, 'deep'),
    });
  });

  it('the place is a file', async () => {
    const sandbox = await createSpawnSandbox();
    const place = join(sandbox.root, '..', '..', 'a-file');
    await sandbox.write(place, '');
    await expectNothingLeft(sandbox, placedIn(place), { kind: 'file-failed' });
  });

  it('a place that had to be made goes away with it', async () => {
    const sandbox = await createSpawnSandbox();
    const place = join(sandbox.root, '..', '..', 'new', 'place');
    await sandbox.write(join(sandbox.root, '.orchard.json'), '{"setup": "exit 7"}');
    await expectNothingLeft(sandbox, placedIn(place), { kind: 'setup-failed', exitCode: 7 });
    await expect(readdir(join(place, '..'))).rejects.toThrow('ENOENT');
  });

  it('the branch is there, in another case or as a folder of branches', async () => {
    const sandbox = await createSpawnSandbox();
    for (const existing of ['Feature/DOOMED', 'feature/doomed/deeper']) {
      await sandbox.git(sandbox.root, 'branch', existing);
      await expectNothingLeft(sandbox, {}, { kind: 'branch-exists', existing });
      await sandbox.git(sandbox.root, 'branch', '-D', existing);
    }
  });

  it('the branch appears between plan and spawn', async () => {
    const sandbox = await createSpawnSandbox();
    await expectNothingLeft(sandbox, {}, { kind: 'branch-exists' }, async (plan) => {
      await sandbox.git(sandbox.root, 'branch', plan.branch);
    });
    expect(await sandbox.git(sandbox.root, 'branch', '--list', 'feature/doomed')).toContain('feature/doomed');
  });

  it('the directory is there, in another case too', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(join(sandbox.parent, 'Project-WT-Doomed/mine.txt'), 'mine');
    await expectNothingLeft(sandbox, {}, { kind: 'directory-exists' });
    expect(await readFile(join(sandbox.parent, 'Project-WT-Doomed/mine.txt'), 'utf8')).toBe('mine');
  });

  it('somebody makes the branch or the directory in the very last moment', async () => {
    for (const what of ['branch', 'directory'] as const) {
      const sandbox = await createSpawnSandbox();
      const act = async (step: string, plan: SpawnPlan) => {
        if (what === 'branch' && step === 'branch') await sandbox.git(sandbox.root, 'branch', plan.branch);
        if (what === 'directory' && step === 'directory') await mkdir(plan.path);
      };
      let planned: SpawnPlan | null = null;
      const { spawner } = sandbox.spawner({
        journal: onStep(async (step) => {
          if (planned !== null) await act(step, planned);
        }),
      });
      planned = value(await spawner.plan(input('Doomed')));
      const result = await spawner.execute(yes(planned));
      expect(result).toMatchObject({ ok: false, error: { kind: `${what}-exists` } });
      const { refs, parent, entries } = await sandbox.state();
      expect(refs.includes('feature/doomed')).toBe(what === 'branch');
      expect(parent.includes('project-wt-doomed')).toBe(what === 'directory');
      expect(entries).toBe('none');
    }
  });

  it.each(['a..b', 'x~1', 'foo.lock', '-x', '--upload-pack=x', 'a\nb', '  ', '@{-1}', '\u001b[31m', '🚀'])(
    'the name is %j',
    async (name) => {
      const sandbox = await createSpawnSandbox();
      const before = await sandbox.state();
      const result = await sandbox.spawner().spawner.plan(input('Task', { name }));
      expect(result).toMatchObject({ ok: false, error: { kind: 'invalid-name', name } });
      expect(await sandbox.state()).toEqual(before);
    },
  );

  it.each(['--upload-pack=x', '-x', 'a\nb', '$(touch pwned)', '', 'no-such', 'main..', ':/first', '@{-1}'])(
    'the base is %j',
    async (base) => {
      const sandbox = await createSpawnSandbox();
      const result = await sandbox.spawner().spawner.plan(input('Task', { base }));
      expect(result).toMatchObject({ ok: false, error: { kind: 'base-not-found', base } });
      expect(await readdir(sandbox.root)).not.toContain('pwned');
    },
  );

  it('there is no task', async () => {
    const sandbox = await createSpawnSandbox();
    expect(await sandbox.spawner().spawner.plan(input('  \n'))).toMatchObject({
      error: { kind: 'empty-task' },
    });
  });

  it('there is no commit', async () => {
    const sandbox = await createSpawnSandbox();
    const empty = join(sandbox.parent, 'empty');
    await sandbox.git(sandbox.parent, 'init', '-q', empty);
    const location = { ...sandbox.location, root: empty, commonDir: join(empty, '.git'), name: 'empty' };
    expect(await sandbox.spawner({ location }).spawner.plan(input('Task'))).toMatchObject({
      error: { kind: 'no-commits', repository: 'empty' },
    });
  });

  it('setup fails after it wrote and committed nothing', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({ setup: 'mkdir -p deep/er && echo x > deep/er/file; echo broken >&2; exit 3' }),
    );
    const { events } = await expectNothingLeft(
      sandbox,
      {},
      { kind: 'setup-failed', exitCode: 3, output: 'broken\n' },
    );
    expect(events.map(({ change }) => change)).toContainEqual({
      type: 'step',
      step: expect.stringContaining('Create feature/doomed'),
      state: 'undone',
    });
  });

  it('setup hangs past its time', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({ setup: 'echo waiting; sleep 300 & wait' }),
    );
    await expectNothingLeft(
      sandbox,
      { setupLimitMs: 700 },
      { kind: 'setup-failed', exitCode: null, output: expect.stringContaining('waiting') },
    );
  });

  it('it is cancelled while setup runs', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({ setup: 'echo ready; sleep 300' }),
    );
    const { spawner, operations, events } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Doomed')));
    const before = await sandbox.state();
    const running = spawner.execute({ ...yes(plan), approve: true });
    const ready = await poll(
      () => events.find(({ change }) => change.type === 'output' && change.text.includes('ready')),
      (found) => found !== undefined,
    );
    expect(operations.cancel(ready?.operation ?? '')).toBe(true);
    expect(await running).toEqual({ ok: false, error: { kind: 'cancelled' } });
    expect(await sandbox.state()).toEqual(before);
  });

  it('a hook of the person’s own refuses', async () => {
    for (const [hook, script] of [
      ['post-checkout', '#!/bin/sh\necho no >&2\nexit 9\n'],
      ['reference-transaction', '#!/bin/sh\n[ "$1" = prepared ] && exit 1\nexit 0\n'],
    ] as const) {
      const sandbox = await createSpawnSandbox();
      await expectNothingLeft(sandbox, {}, { kind: 'hook-refused', hook }, () =>
        sandbox.script(join(sandbox.root, '.git/hooks', hook), script),
      );
    }
  });

  it('the record can’t be written', async () => {
    const sandbox = await createSpawnSandbox();
    await expectNothingLeft(
      sandbox,
      {
        over: () => ({
          records: {
            ...createPlainRecords(),
            write: async () => fail({ kind: 'no-space', path: 'tasks' }),
          },
        }),
      },
      { kind: 'no-space' },
    );
  });

  it('the journal can’t say that it is done', async () => {
    const sandbox = await createSpawnSandbox();
    await expectNothingLeft(
      sandbox,
      {
        journal: alteredJournal((entry) => ({
          finish: async (outcome) =>
            outcome === 'done' ? fail({ kind: 'no-space', path: 'journal' }) : entry.finish(outcome),
        })),
      },
      { kind: 'no-space' },
    );
  });

  it('any step can’t be announced', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(join(sandbox.root, '.env.local'), 'A=1');
    await sandbox.write(join(sandbox.root, '.orchard.json'), JSON.stringify({ setup: 'true' }));
    for (const refused of [
      'branch',
      'directory',
      'directory-made',
      'worktree',
      'made',
      'copy',
      'setup',
      'record',
    ])
      await expectNothingLeft(
        sandbox,
        {
          journal: alteredJournal((entry) => ({
            step: async (step, data) =>
              step === refused ? fail({ kind: 'no-space', path: `journal ${step}` }) : entry.step(step, data),
          })),
        },
        { kind: 'no-space', path: `journal ${refused}` },
      );
  });

  it('the base moved, the setup or the limit changed since the plan', async () => {
    const sandbox = await createSpawnSandbox();
    await expectNothingLeft(sandbox, {}, { kind: 'plan-outdated', changed: 'main has moved' }, async () => {
      await sandbox.commit(sandbox.root, { 'more.txt': 'more' });
    });
    await expectNothingLeft(
      sandbox,
      {},
      { kind: 'plan-outdated', changed: 'The setup command in .orchard.json has changed' },
      () => sandbox.write(join(sandbox.root, '.orchard.json'), '{"setup": "touch pwned"}'),
    );
    await sandbox.git(sandbox.root, 'clean', '-fdq');
    await expectNothingLeft(sandbox, {}, { kind: 'too-many-worktrees', count: 4 }, async () => {
      for (const name of ['a', 'b', 'c', 'd'])
        await sandbox.git(sandbox.root, 'worktree', 'add', '-q', join(sandbox.parent, name), '-b', name);
    });
  });

  it('the plan is unknown, spent or too old', async () => {
    const sandbox = await createSpawnSandbox();
    let now = Date.now();
    const { spawner } = sandbox.spawner({
      over: ({ clock }) => ({ clock: { ...clock, now: () => now } }),
    });
    expect(
      await spawner.execute({ token: '0'.repeat(32), force: false, approve: false, open: true }),
    ).toMatchObject({ error: { kind: 'not-found', what: 'plan' } });
    const plan = value(await spawner.plan(input('Once')));
    value(await spawner.execute(yes(plan)));
    expect(await spawner.execute(yes(plan))).toMatchObject({ error: { kind: 'not-found' } });
    const old = value(await spawner.plan(input('Late')));
    now += 16 * 60_000;
    expect(await spawner.execute(yes(old))).toMatchObject({ error: { kind: 'plan-outdated' } });
  });

  it('somebody else is at work there and does not finish', async () => {
    const sandbox = await createSpawnSandbox();
    const { spawner, deps, operations, events } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Waiting')));
    const held = value(await deps.lock.acquire(sandbox.location, 'merging'));
    const before = await sandbox.state();
    const waiting = spawner.execute(yes(plan));
    const started = await poll(
      () => events[0],
      (event) => event !== undefined,
    );
    operations.cancel(started?.operation ?? '');
    expect(await waiting).toEqual({ ok: false, error: { kind: 'cancelled' } });
    expect(await sandbox.state()).toEqual(before);
    await held.release();
    // The plan was not spent by it.
    value(await spawner.execute(yes(plan)));
  });

  it('keeps commits that a failing setup made, and says so', async () => {
    const sandbox = await createSpawnSandbox();
    await sandbox.write(
      join(sandbox.root, '.orchard.json'),
      JSON.stringify({ setup: 'git commit -q --allow-empty -m work && exit 1' }),
    );
    const { spawner, events } = sandbox.spawner();
    const plan = value(await spawner.plan(input('Committing')));
    expect(await spawner.execute({ ...yes(plan), approve: true })).toMatchObject({
      error: { kind: 'setup-failed' },
    });
    expect(await sandbox.git(sandbox.root, 'log', '-1', '--format=%s', plan.branch)).toBe('work');
    expect((await sandbox.state()).parent).toEqual(['project']);
    const said = events.flatMap(({ change }) => (change.type === 'output' ? [change.text] : [])).join('');
    expect(said).toContain('Kept feature/committing');
  });
});

/** Something happens right after a step was announced, before it is done. */
const onStep = (act: (step: string) => Promise<void>) =>
  alteredJournal((entry) => ({
    async step(step, data) {
      const said = await entry.step(step, data);
      await act(step);
      return said;
    },
  }));
