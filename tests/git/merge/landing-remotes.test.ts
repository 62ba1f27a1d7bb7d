import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPullRequests } from '../../../src-main/git/merge/pull-requests';
import type { HouseOptions } from '../../support/landing/house';
import { mergeScene } from '../../support/landing/merge-scene';

/** The usual scene with a bare remote that `main` follows, and somebody else's clone of it. */
async function remoteScene(options: Partial<HouseOptions> = {}) {
  const s = await mergeScene({
    ...options,
    async prepare(repository, sandbox) {
      const bare = join(sandbox.root, 'remote.git');
      await sandbox.git(sandbox.root, 'clone', '-q', '--bare', repository, bare);
      await sandbox.git(repository, 'remote', 'add', 'origin', bare);
      await sandbox.git(repository, 'fetch', '-q');
      await sandbox.git(repository, 'branch', '-q', '--set-upstream-to=origin/main');
    },
  });
  const remote = join(s.sandbox.root, 'remote.git');
  const somebody = join(s.sandbox.root, 'somebody');
  await s.sandbox.git(s.sandbox.root, 'clone', '-q', remote, somebody);
  const push = async (files: Readonly<Record<string, string>>, branch = 'main') => {
    await s.sandbox.git(somebody, 'checkout', '-q', branch);
    const commit = await s.sandbox.commit(somebody, files, 'From somebody');
    await s.sandbox.git(somebody, 'push', '-q', 'origin', branch);
    return commit;
  };
  const atRemote = (ref: string) => s.sandbox.git(remote, 'rev-parse', ref);
  return { ...s, remote, somebody, push, atRemote };
}

test('a base that is behind its upstream lands on the upstream, and is pushed', async () => {
  const s = await remoteScene();
  const theirs = await s.push({ 'theirs.txt': 'x\n' });
  const plan = await s.plan({ push: true });
  expect(plan).toMatchObject({ refusal: null, update: 'merge' });
  const done = await s.land({ push: true });
  expect(await s.atRemote('main')).toBe(done.landed?.sha);
  expect(await s.git('merge-base', '--is-ancestor', theirs, 'main')).toBe('');
  expect(await readFile(join(s.repository, 'theirs.txt'), 'utf8')).toBe('x\n');
  const undone = await s.undoer.undo({ operation: null });
  expect(undone).toMatchObject({
    ok: false,
    error: {
      kind: 'undo-blocked',
      reason: 'main was pushed with it',
      wayOut: expect.stringContaining('git revert -m 1'),
    },
  });
  expect(await s.git('rev-parse', 'main')).toBe(done.landed?.sha);
});

test('a diverged base refuses with both commits', async () => {
  const s = await remoteScene();
  const upstream = await s.push({ 'theirs.txt': 'x\n' });
  const local = await s.sandbox.commit(s.repository, { 'ours.txt': 'x\n' });
  expect((await s.plan()).refusal).toEqual({ kind: 'base-diverged', base: 'main', local, upstream });
});

test('a base that moves on the remote between plan and push refuses, and the landing is taken back', async () => {
  const s = await remoteScene();
  const before = await s.state();
  const { token } = await s.plan({ push: true });
  const theirs = await s.push({ 'theirs.txt': 'x\n' });
  expect(await s.merger.merge({ token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'push-refused', remote: 'origin' },
  });
  expect(await s.atRemote('main')).toBe(theirs);
  expect(await s.state()).toEqual(before);
});

test('a push that a hook of the remote, or of this repository, refuses takes everything back', async () => {
  const s = await remoteScene();
  await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
  const before = await s.state();
  const theirs = join(s.remote, 'hooks/pre-receive');
  await mkdir(join(s.remote, 'hooks'), { recursive: true });
  await writeFile(theirs, '#!/bin/sh\necho "protected branch" >&2\nexit 1\n');
  await chmod(theirs, 0o755);
  expect(await s.attempt({ push: true })).toMatchObject({
    ok: false,
    error: { kind: 'push-refused', details: expect.stringContaining('protected branch') },
  });
  expect(await s.state()).toEqual(before);
  await rename(theirs, `${theirs}.off`);
  const ours = join(s.repository, '.git/hooks/pre-push');
  await writeFile(ours, '#!/bin/sh\necho "tests first" >&2\nexit 1\n');
  await chmod(ours, 0o755);
  expect(await s.attempt({ push: true })).toMatchObject({
    ok: false,
    error: { kind: 'hook-refused', hook: 'pre-push', details: expect.stringContaining('tests first') },
  });
  expect(await s.state()).toEqual(before);
});

test('a remote that is gone is told, and merging goes on with what was fetched last', async () => {
  const s = await remoteScene();
  await rename(s.remote, `${s.remote}-gone`);
  const plan = await s.plan();
  expect(plan.refusal).toBe(null);
  expect(plan.warnings.join()).toContain('main is as of its last fetch: origin could not be reached');
  expect((await s.land()).landed).not.toBe(null);
});

test('a pull request pushes the branch with a lease, and moves nothing else', async () => {
  const s = await remoteScene({
    pullRequests: {
      open: async ({ title, base, branch }) => ({
        url: `https://x/${base}...${branch}#${title}`,
        made: true,
      }),
    },
  });
  const main = await s.git('rev-parse', 'main');
  const done = await s.land({ strategy: 'pr' });
  expect(done).toMatchObject({
    landed: null,
    pullRequest: "https://x/main...feature/login#Squash 'feature/login'",
  });
  expect(await s.atRemote('feature/login')).toBe(await s.git('rev-parse', 'feature/login'));
  expect(await s.git('rev-parse', 'main')).toBe(main);
  expect(await s.git('for-each-ref', 'refs/orchard')).toBe('');
  // Somebody pushed to the branch in the meantime: their work stays.
  await s.sandbox.git(s.somebody, 'fetch', '-q');
  await s.sandbox.commit(s.worktree, { 'more.txt': 'x\n' });
  const { token } = await s.plan({ strategy: 'pr' });
  const theirs = await s.push({ 'review.txt': 'x\n' }, 'feature/login');
  expect((await s.merger.merge({ token, approve: true })).ok).toBe(false);
  expect(await s.atRemote('feature/login')).toBe(theirs);
});

const cleanup = async (s: Awaited<ReturnType<typeof remoteScene>>) => {
  const planned = await s.cleaner.planCleanup({
    worktreeId: s.id,
    abandon: null,
    keepBranch: false,
    deleteRemote: true,
  });
  if (!planned.ok) throw new Error(JSON.stringify(planned.error));
  return planned.value;
};

test('the remote branch goes with its worktree, and comes back if asked', async () => {
  const s = await remoteScene();
  await s.inside('push', '-q', '-u', 'origin', 'feature/login');
  const tip = await s.atRemote('feature/login');
  await s.land();
  const plan = await cleanup(s);
  expect(plan.steps.at(-1)?.text).toBe(`Delete feature/login on origin (at ${tip.slice(0, 9)})`);
  expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({ ok: true });
  await expect(s.atRemote('feature/login')).rejects.toThrow();
  expect(await s.undoer.undo({ operation: null, restoreRemote: true })).toMatchObject({ ok: true });
  expect(await s.atRemote('feature/login')).toBe(tip);
  expect(await s.git('config', 'branch.feature/login.merge')).toBe('refs/heads/feature/login');
});

test('the remote branch stays while its pull request is open or unknown, or it has commits that are not here', async () => {
  for (const [state, words] of [
    ['open', 'its pull request is open'],
    ['unknown', 'is not known'],
  ] as const) {
    const s = await remoteScene({ pullRequests: { state: async () => state } });
    await s.inside('push', '-q', 'origin', 'feature/login');
    await s.land();
    const plan = await cleanup(s);
    expect(plan.warnings.join()).toContain(words);
    expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({ ok: true });
    expect(await s.atRemote('feature/login')).not.toBe('');
  }
  const s = await remoteScene();
  await s.inside('push', '-q', 'origin', 'feature/login');
  await s.sandbox.git(s.somebody, 'fetch', '-q');
  const theirs = await s.push({ 'review.txt': 'x\n' }, 'feature/login');
  await s.land();
  const plan = await cleanup(s);
  expect(plan.warnings.join()).toContain('has commits that are not here');
  expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({ ok: true });
  expect(await s.atRemote('feature/login')).toBe(theirs);
});

test('a remote branch that moved after the plan outdates it', async () => {
  const s = await remoteScene();
  await s.inside('push', '-q', 'origin', 'feature/login');
  await s.sandbox.git(s.somebody, 'fetch', '-q');
  await s.land();
  const plan = await cleanup(s);
  const theirs = await s.push({ 'review.txt': 'x\n' }, 'feature/login');
  expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'plan-outdated' },
  });
  expect(await s.atRemote('feature/login')).toBe(theirs);
  expect(await s.git('worktree', 'list')).toContain('login');
});

test('a remote that refuses the deletion is told, and the cleanup stands', async () => {
  const s = await remoteScene();
  await s.inside('push', '-q', 'origin', 'feature/login');
  await s.land();
  await s.sandbox.git(s.remote, 'config', 'receive.denyDeletes', 'true');
  const plan = await cleanup(s);
  expect(await s.cleaner.cleanup({ token: plan.token, approve: true })).toMatchObject({
    ok: true,
    value: { warnings: [expect.stringContaining('stays')] },
  });
  expect(await s.atRemote('feature/login')).not.toBe('');
  expect(await s.undoer.undo({ operation: null, restoreRemote: true })).toMatchObject({ ok: true });
});

test('gh is asked by whole words, and without it the compare page is the answer', async () => {
  const s = await mergeScene();
  const bin = join(s.sandbox.root, 'bin');
  await s.sandbox.write(
    join(bin, 'gh'),
    `#!/bin/sh\nfor a in "$@"; do printf '%s\\n' "$a"; done >> "$HOME/gh-calls"\ncase "$1 $2" in "pr list") echo '[]';; "pr create") echo https://github.com/o/r/pull/7;; esac\n`,
  );
  await chmod(join(bin, 'gh'), 0o755);
  const log = { info: () => undefined, warn: () => undefined, bug: () => '' };
  const request = {
    directory: s.repository,
    remoteUrl: 'git@github.com:o/r.git',
    base: 'main',
    branch: 'feature/$(touch pwned)',
    title: '--body-file=/etc/passwd',
    body: 'text',
    signal: new AbortController().signal,
  };
  const withGh = createPullRequests({ env: { ...s.sandbox.env, PATH: `${bin}:${s.sandbox.env.PATH}` }, log });
  expect(await withGh.open(request)).toEqual({ url: 'https://github.com/o/r/pull/7', made: true });
  const calls = (await readFile(join(s.sandbox.home, 'gh-calls'), 'utf8')).split('\n');
  expect(calls).toContain('--head=feature/$(touch pwned)');
  expect(calls).toContain('--title=--body-file=/etc/passwd');
  const without = createPullRequests({
    env: { ...s.sandbox.env, PATH: join(s.sandbox.root, 'nothing') },
    log,
  });
  expect(await without.open(request)).toEqual({
    url: 'https://github.com/o/r/compare/main...feature/%24(touch%20pwned)?expand=1',
    made: false,
  });
  const look = { id: 'r-0123456789ab', name: 'x', root: s.repository, commonDir: '', isBare: false };
  expect(await without.state(look, request.remoteUrl, 'x', request.signal)).toBe('unknown');
  expect(await withGh.state(look, request.remoteUrl, 'x', request.signal)).toBe('none');
  expect(await without.state(look, s.repository, 'x', request.signal)).toBe('none');
});
