/** What was approved is what runs: commands and hooks are judged on the tree that they will run in. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRepositoryHooks } from '../../../src-main/git/facts/hooks';
import { createGitCommand } from '../../../src-main/git/run/git-command';
import { locationOf } from '../../support/git-command';
import { type MergeScene, mergeScene } from '../../support/landing/merge-scene';

const ran = (s: MergeScene) => readFile(join(s.sandbox.home, 'ran'), 'utf8').catch(() => '');
const hookText = (words: string) => `#!/bin/sh\necho ${words} >> "$HOME/ran"\n`;

async function hook(s: MergeScene, tree: string, path: string, words: string): Promise<void> {
  await s.sandbox.write(join(tree, path), hookText(words));
  await chmod(join(tree, path), 0o755);
}
/** Without running a hook, as a push from elsewhere would bring it. */
async function commitQuietly(s: MergeScene, tree: string, message = 'Brings'): Promise<void> {
  await s.sandbox.git(tree, '-c', 'core.hooksPath=/dev/null', 'add', '-A');
  await s.sandbox.git(tree, '-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', message);
}
const texts = (plan: { readonly refusal: unknown }): readonly string[] => {
  const refusal = plan.refusal as { kind: string; commands?: readonly { text: string }[] } | null;
  return refusal?.kind === 'approval-needed' ? (refusal.commands ?? []).map(({ text }) => text) : [];
};

interface Change {
  readonly title: string;
  readonly files: (words: string) => Readonly<Record<string, string>>;
  readonly validate?: string;
  readonly shown: string;
}
const scripts = (all: Readonly<Record<string, string>>) => JSON.stringify({ scripts: all });
const line = (words: string) => `echo ${words} >> $HOME/ran`;
const changes: readonly Change[] = [
  {
    title: 'a script of package.json',
    files: (words) => ({ 'package.json': scripts({ test: line(words) }) }),
    shown: 'echo evil >> $HOME/ran',
  },
  {
    title: 'a script that another one calls',
    files: (words) => ({ 'package.json': scripts({ test: 'npm run unit', unit: line(words) }) }),
    shown: 'unit: echo evil >> $HOME/ran',
  },
  {
    title: 'a script that .orchard.json calls',
    files: (words) => ({ 'package.json': scripts({ check: line(words) }) }),
    validate: 'npm run -s check',
    shown: 'check: echo evil >> $HOME/ran',
  },
  {
    title: 'a Makefile’s rule',
    files: (words) => ({ Makefile: `test: deep\ndeep:\n\techo ${words} >> $(HOME)/ran\n` }),
    shown: 'deep: echo evil >> $(HOME)/ran',
  },
  {
    title: 'a Makefile that another one includes',
    files: (words) => ({
      Makefile: 'include ci.mk\ntest: deep\n',
      'ci.mk': `deep:\n\techo ${words} >> $(HOME)/ran\n`,
    }),
    shown: 'make test',
  },
  {
    title: 'a file that the command runs',
    files: (words) => ({ 'ci/check.sh': `echo ${words} >> "$HOME/ran"\n` }),
    validate: 'sh ci/check.sh',
    shown: '# ci/check.sh:\necho evil >> "$HOME/ran"',
  },
];

describe.each(changes)('$title, changed on the base', ({ files, validate, shown }) => {
  test.each(['merge', 'rebase'] as const)('asks again before an update by %s', async (update) => {
    const s = await mergeScene({
      ...(validate === undefined ? {} : { config: { validate: [validate] } }),
      prepare: async (repository, sandbox) => {
        await sandbox.commit(repository, files('fine'), 'The project');
      },
    });
    for (const text of texts(await s.plan({ update }))) s.approved.add(text);
    expect((await s.plan({ update })).refusal).toBe(null);
    await s.sandbox.commit(s.repository, files('evil'), 'The base changes it');
    const before = await s.state();
    const plan = await s.plan({ update });
    expect(texts(plan).join('\n')).toContain(shown);
    expect(plan.validation.map(({ command }) => command.text)).toEqual(texts(plan));
    expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({
      ok: false,
      error: { kind: 'approval-needed' },
    });
    expect(await ran(s)).toBe('');
    expect(await s.state()).toEqual(before);
    expect(await s.merger.merge({ token: plan.token, approve: true })).toMatchObject({ ok: true });
    expect(await ran(s)).toBe('evil\n');
  });
});

test('what the first command makes of the second is asked about before the second runs', async () => {
  const s = await mergeScene({
    config: { validate: ['printf "echo evil >> $HOME/ran\\n" > check.sh', 'sh check.sh'] },
  });
  await s.sandbox.write(join(s.repository, '.git/info/exclude'), 'check.sh\n');
  const before = await s.state();
  const plan = await s.plan();
  expect(await s.merger.merge({ token: plan.token, approve: true })).toMatchObject({
    ok: false,
    error: { kind: 'approval-needed', commands: [{ text: expect.stringContaining('echo evil') }] },
  });
  expect(await ran(s)).toBe('');
  expect(await s.state()).toEqual(before);
});

describe('hooks that come with a commit', () => {
  const names = ['post-merge', 'reference-transaction', 'post-index-change'] as const;

  test.each(['merge', 'rebase'] as const)('from the base, by %s', async (update) => {
    const s = await mergeScene();
    await s.git('config', 'core.hooksPath', '.husky');
    for (const name of names) await hook(s, s.repository, `.husky/${name}`, name);
    await hook(s, s.repository, '.husky/pre-commit', 'never');
    await commitQuietly(s, s.repository);
    // Only in the base’s commit: its checkout is elsewhere.
    await s.git('-c', 'core.hooksPath=/dev/null', 'checkout', '-q', '--detach', 'main~1');
    const before = await s.state();
    const plan = await s.plan({ update });
    expect(texts(plan)).toEqual(
      ['reference-transaction', 'post-index-change', 'post-merge'].map(
        (name) => `.husky/${name}:\n${hookText(name)}`,
      ),
    );
    expect(plan.hooks?.map(({ approved }) => approved)).toEqual([false, false, false]);
    expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({
      ok: false,
      error: { kind: 'approval-needed' },
    });
    expect(await ran(s)).toBe('');
    expect(await s.state()).toEqual(before);
    expect(await s.merger.merge({ token: plan.token, approve: true })).toMatchObject({ ok: true });
    expect(await ran(s)).toContain('reference-transaction');
  });

  test('from the branch, into the base’s checkout', async () => {
    const s = await mergeScene();
    await s.git('config', 'core.hooksPath', '.husky');
    await hook(s, s.worktree, '.husky/post-merge', 'landed');
    await commitQuietly(s, s.worktree);
    const plan = await s.plan();
    expect(texts(plan)).toEqual([`.husky/post-merge:\n${hookText('landed')}`]);
    expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({ ok: false });
    expect(await ran(s)).toBe('');
    await s.merger.merge({ token: plan.token, approve: true });
    expect(await ran(s)).toBe('landed\n');
  });

  test('a rebase by itself is asked about too', async () => {
    const s = await mergeScene();
    await s.git('config', 'core.hooksPath', '.husky');
    await hook(s, s.repository, '.husky/reference-transaction', 'moved');
    await commitQuietly(s, s.repository);
    const planned = await s.merger.planRebase({ worktreeId: s.id });
    if (!planned.ok) throw new Error(planned.error.kind);
    expect(texts(planned.value)).toEqual([`.husky/reference-transaction:\n${hookText('moved')}`]);
    expect(await s.merger.merge({ token: planned.value.token, approve: false })).toMatchObject({ ok: false });
    expect(await ran(s)).toBe('');
  });

  test('through a link in the git directory, through a folder that is a link, by an absolute path', async () => {
    for (const place of ['file', 'folder', 'absolute'] as const) {
      const s = await mergeScene();
      await hook(s, s.worktree, 'tools/hooks/post-merge', place);
      if (place === 'folder') await symlink('tools/hooks', join(s.worktree, '.hooks'));
      await commitQuietly(s, s.worktree);
      if (place === 'file') {
        await mkdir(join(s.repository, '.git/hooks'), { recursive: true });
        await symlink('../../tools/hooks/post-merge', join(s.repository, '.git/hooks/post-merge'));
      } else if (place === 'folder') await s.git('config', 'core.hooksPath', '.hooks');
      else await s.git('config', 'core.hooksPath', join(s.repository, 'tools/hooks'));
      const plan = await s.plan();
      expect(texts(plan).join(), place).toContain(hookText(place));
      expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({ ok: false });
      expect(await ran(s)).toBe('');
      await s.merger.merge({ token: plan.token, approve: true });
      expect(await ran(s)).toBe(`${place}\n`);
    }
  });

  test('what a hook loads or calls belongs to its text', async () => {
    const s = await mergeScene();
    await s.git('config', 'core.hooksPath', '.husky/_');
    await s.sandbox.write(join(s.repository, '.git/info/exclude'), '.husky/_\n');
    for (const tree of [s.repository, s.worktree]) {
      await s.sandbox.write(join(tree, '.husky/_/post-merge'), '#!/bin/sh\n. "$(dirname "$0")/h"\n');
      await s.sandbox.write(join(tree, '.husky/_/h'), 'sh -e "$(dirname "$(dirname "$0")")/post-merge"\n');
      await chmod(join(tree, '.husky/_/post-merge'), 0o755);
    }
    await s.sandbox.write(join(s.worktree, '.husky/post-merge'), 'sh tools/after.sh\n');
    await s.sandbox.write(join(s.worktree, 'tools/after.sh'), 'echo fine >> "$HOME/ran"\n');
    await commitQuietly(s, s.worktree);
    const first = texts(await s.plan());
    expect(first.join('\n')).toContain('sh tools/after.sh');
    expect(first.join('\n')).toContain('echo fine');
    for (const text of first) s.approved.add(text);
    expect((await s.plan()).refusal).toBe(null);
    await s.sandbox.write(join(s.worktree, 'tools/after.sh'), 'echo evil >> "$HOME/ran"\n');
    await commitQuietly(s, s.worktree);
    const plan = await s.plan();
    expect(texts(plan).join('\n')).toContain('echo evil');
    expect(await s.merger.merge({ token: plan.token, approve: false })).toMatchObject({ ok: false });
    expect(await ran(s)).toBe('');
  });
});

describe('changed after the plan', () => {
  test.each([
    ['a hook that validation writes where the base is checked out', '.husky/_/post-merge'],
    ['one that it writes for the next step', '.husky/_/reference-transaction'],
  ])('%s stops the landing, and all is as it was', async (_title, path) => {
    const s = await mergeScene({
      runner: {
        run: async () => {
          await hook(s, s.repository, path, 'evil');
          return { exitCode: 0, reason: 'exited', tail: '' };
        },
      },
      config: { validate: ['true'] },
    });
    await s.git('config', 'core.hooksPath', '.husky/_');
    await s.sandbox.write(join(s.repository, '.git/info/exclude'), '.husky/_\n');
    await s.sandbox.commit(s.repository, { 'moved.txt': 'on\n' });
    const tip = await s.git('rev-parse', 'feature/login', 'main');
    expect(await s.attempt()).toMatchObject({
      ok: false,
      error: {
        kind: 'approval-needed',
        commands: [{ purpose: 'hook', text: expect.stringContaining('evil') }],
      },
    });
    expect(await ran(s)).toBe('');
    expect(await s.git('rev-parse', 'feature/login', 'main')).toBe(tip);
    expect(s.events.at(-1)?.change).toMatchObject({ type: 'finished', summary: 'Everything is as it was.' });
  });

  test('a hooks folder that the base’s own configuration file names is found before it is used', async () => {
    const s = await mergeScene();
    await s.sandbox.commit(s.repository, { '.gitconfig': '[core]\n\tabbrev = 10\n' }, 'Shared configuration');
    await s.inside('merge', '-q', '--no-edit', 'main');
    await s.git('config', 'include.path', join(s.repository, '.gitconfig'));
    await s.sandbox.write(
      join(s.worktree, '.gitconfig'),
      `[core]\n\thooksPath = ${join(s.repository, 'tools')}\n`,
    );
    await hook(s, s.worktree, 'tools/reference-transaction', 'evil');
    await hook(s, s.worktree, 'tools/post-merge', 'evil');
    await commitQuietly(s, s.worktree);
    await s.attempt();
    expect(await ran(s)).toBe('');
  });
});

test('one approval covers one text, wherever it is asked', async () => {
  const s = await mergeScene();
  await s.git('config', 'core.hooksPath', '.husky');
  await hook(s, s.repository, '.husky/reference-transaction', 'same');
  await commitQuietly(s, s.repository);
  await s.inside('-c', 'core.hooksPath=/dev/null', 'merge', '-q', '--ff-only', 'main').catch(() => undefined);
  const hooks = createRepositoryHooks(
    createGitCommand({ program: 'git', env: s.sandbox.env, emptyDirectory: s.sandbox.home }),
  );
  const location = locationOf(s.repository);
  const commit = await s.git('rev-parse', 'main');
  const at = (directory: string, worktree: string | null) =>
    hooks.inTree(location, { directory, events: ['reference-transaction'], coming: [{ worktree, commit }] });
  const expected = [{ purpose: 'hook', text: `.husky/reference-transaction:\n${hookText('same')}` }];
  expect(await at(s.repository, null)).toEqual(expected);
  expect(await at(s.repository, s.repository)).toEqual(expected);
  expect(await at(s.worktree, s.worktree)).toEqual(expected);
  expect(texts(await s.plan())).toEqual(expected.map(({ text }) => text));
  const cleanup = await s.cleaner.planCleanup({
    worktreeId: s.id,
    abandon: 'a test',
    keepBranch: false,
    deleteRemote: false,
  });
  expect(cleanup.ok && texts(cleanup.value)).toEqual(expected.map(({ text }) => text));
});

test('the person’s own hooks in the git directory run unasked', async () => {
  const s = await mergeScene();
  await writeFile(join(s.repository, '.git/hooks/post-merge'), hookText('own'));
  await chmod(join(s.repository, '.git/hooks/post-merge'), 0o755);
  expect((await s.plan()).refusal).toBe(null);
  await s.land();
  expect(await ran(s)).toBe('own\n');
});
