/** Spawn, merge, cleanup and undo as a person does them: keys only, from the list and back. */

import { fail, ok } from '@contract/result';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../support/poll';
import {
  answers,
  behindSearch,
  cleanupPlan,
  event,
  mergePlan,
  search,
  settings,
  snapshot,
  spawnDone,
  spawnPlan,
  storefront,
  TOKEN,
  totals,
  waitingTotals,
  withWorktrees,
  worktreeId,
} from './support/fixtures';
import { Lab, type Popover } from './support/lab';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab.stop());

const settled = (popover: Popover) => popover.page.locator('button.row-main').first().waitFor();
const shows = (popover: Popover, text: string | RegExp) => popover.page.getByText(text).first().waitFor();
/** Tabs until the focus is on what is called so; fails after 40. */
const tabTo = async (popover: Popover, name: string) => {
  const seen: string[] = [];
  for (let turn = 0; turn < 40; turn++) {
    const { focused, onHeading } = await popover.page.evaluate(() => {
      const element = document.activeElement;
      if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)
        return { focused: element.labels?.[0]?.textContent ?? '', onHeading: false };
      const focused = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
      return { focused, onHeading: element instanceof HTMLHeadingElement };
    });
    if (focused === name && !onHeading) return;
    seen.push(focused);
    await popover.page.keyboard.press('Tab');
  }
  throw new Error(`No way to “${name}” by Tab; went through ${seen.join(' | ')}`);
};
const openRow = async (popover: Popover, downs: number) => {
  await settled(popover);
  await poll(async () => (await popover.focused()).startsWith('Let guests'));
  for (let turn = 0; turn < downs; turn++) await popover.page.keyboard.press('ArrowDown');
  await popover.page.keyboard.press('Enter');
};

/** The plan shows the command, and merges only after it was said to be trusted. */
async function mergesOnceTrusted(popover: Popover, command: string): Promise<void> {
  const { page } = popover;
  await openRow(popover, 1);
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(popover, command);
  const confirm = page.getByRole('button', { name: 'Merge into main' });
  expect(await confirm.isEnabled()).toBe(false);
  await page.getByLabel('I have read this and trust it').check();
  await confirm.click();
  await poll(async () => (await popover.calls('worktree.merge')).length === 1);
  expect(await popover.calls('worktree.merge')).toEqual([{ token: TOKEN, approve: true }]);
}

test('spawn: task, approval, progress, cancel offered, done and back at the new row', async (context) => {
  const asked = {
    ...spawnPlan,
    setup: { command: { purpose: 'setup' as const, text: 'npm ci' }, approved: false },
    refusal: { kind: 'approval-needed' as const, commands: [{ purpose: 'setup' as const, text: 'npm ci' }] },
  };
  const popover = await lab.open(context, { answers: { ...answers, 'repository.planSpawn': ok(asked) } });
  const { page } = popover;
  const { keyboard } = page;
  await settled(popover);
  await keyboard.press('n');
  await keyboard.type('Accept gift cards at checkout');
  await shows(popover, 'feature/gift-cards-at-checkout');
  await shows(popover, 'npm ci');
  await keyboard.press('Control+Enter');
  expect(await popover.calls('repository.spawn')).toEqual([]);
  expect((await popover.calls('repository.planSpawn')).at(-1)).toEqual({
    repositoryId: storefront.id,
    task: 'Accept gift cards at checkout',
    name: null,
    base: null,
    preload: 'none',
    quick: false,
  });

  await tabTo(popover, 'I have read this and trust it');
  await keyboard.press('Space');
  await popover.answer({ 'repository.spawn': 'never' });
  await tabTo(popover, 'Spawn');
  await keyboard.press('Enter');
  await poll(async () => (await popover.calls('repository.spawn')).length === 1);
  expect(await popover.calls('repository.spawn')).toEqual([
    { token: TOKEN, force: false, approve: true, open: true },
  ]);

  await popover.push(
    'operation',
    event('spawn', { type: 'started', title: 'Spawning', steps: spawnPlan.steps }),
  );
  await popover.push('operation', event('spawn', { type: 'step', step: 'Make the worktree', state: 'done' }));
  await popover.push(
    'operation',
    event('spawn', {
      type: 'output',
      step: 'Set up',
      text: '\u001b[32madded 214 packages\u001b[0m\n10%\r100%\n',
    }),
  );
  await shows(popover, 'added 214 packages');
  expect(await page.getByRole('log').textContent()).toBe('added 214 packages\n100%\n');
  expect(await popover.focused()).toBe('Cancel');
  await keyboard.press('Enter');
  expect(await popover.calls('operation.cancel')).toEqual([{ operation: 'spawn-20261120104230-abcdef' }]);
});

test('spawn: what was made is shown, and Done leads to its row', async (context) => {
  const popover = await lab.open(context, { answers });
  const { keyboard } = popover.page;
  await settled(popover);
  await keyboard.press('n');
  await keyboard.type('Accept gift cards at checkout');
  await shows(popover, 'feature/gift-cards-at-checkout');
  await keyboard.press('Control+Enter');
  await shows(popover, 'Claude starts in a new window of tmux.');
  await popover.push('snapshot', {
    ...snapshot,
    revision: 60,
    repositories: [
      {
        ...storefront,
        worktrees: [
          ...storefront.worktrees,
          { ...totals, id: spawnDone.worktreeId, task: 'Accept gift cards at checkout', sessions: [] },
        ],
      },
    ],
  });
  await poll(async () => (await popover.focused()) === 'Done');
  await keyboard.press('Enter');
  await poll(async () => (await popover.focused()).startsWith('Accept gift cards at checkout'));
});

test('spawn: an approval is for one text; another text asks again', async (context) => {
  const withSetup = (text: string) => ({
    ...spawnPlan,
    setup: { command: { purpose: 'setup' as const, text }, approved: false },
    refusal: { kind: 'approval-needed' as const, commands: [{ purpose: 'setup' as const, text }] },
  });
  const popover = await lab.open(context, {
    answers: { ...answers, 'repository.planSpawn': ok(withSetup('npm ci')) },
  });
  const { page } = popover;
  await settled(popover);
  await page.keyboard.press('n');
  await page.keyboard.type('One');
  const yes = page.getByLabel('I have read this and trust it');
  await yes.check();
  const button = page.getByRole('button', { name: 'Spawn', exact: true });
  await poll(() => button.isEnabled());
  await popover.answer({ 'repository.planSpawn': ok(withSetup('curl https://example.org | sh')) });
  await page.getByLabel('Task').fill('Two');
  await shows(popover, 'curl https://example.org | sh');
  expect(await yes.isChecked()).toBe(false);
  expect(await button.isEnabled()).toBe(false);
});

test('spawn: a late answer for an older task is not shown', async (context) => {
  const popover = await lab.open(context, { answers: { ...answers, 'repository.planSpawn': 'never' } });
  const { page } = popover;
  await settled(popover);
  await page.keyboard.press('n');
  await page.keyboard.type('First');
  await poll(async () => (await popover.calls('repository.planSpawn')).length === 1);
  await popover.answer({ 'repository.planSpawn': ok({ ...spawnPlan, branch: 'feature/second' }) });
  await page.getByLabel('Task').fill('Second');
  await shows(popover, 'feature/second');
  expect(await page.getByRole('button', { name: 'Spawn', exact: true }).isEnabled()).toBe(true);
});

test('spawn: the fifth takes a yes, and the yes is sent', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'repository.planSpawn': ok({
        ...spawnPlan,
        refusal: { kind: 'too-many-worktrees', count: 4, limit: 4 },
      }),
    },
  });
  const { page } = popover;
  await settled(popover);
  await page.keyboard.press('n');
  await page.keyboard.type('Accept gift cards');
  await page.getByLabel('Yes, a fifth worktree').check();
  await page.getByRole('button', { name: 'Spawn', exact: true }).click();
  await poll(async () => (await popover.calls('repository.spawn')).length === 1);
  expect(await popover.calls('repository.spawn')).toMatchObject([{ force: true, approve: false }]);
});

test('spawn: options go into the plan, quick needs no task', async (context) => {
  const popover = await lab.open(context, { answers });
  const { page } = popover;
  await settled(popover);
  await page.keyboard.press('n');
  await page.getByLabel('Quick', { exact: true }).check();
  await page.getByText('More options').click();
  await page.getByLabel('Base').fill('release/2.4');
  await page.getByLabel('Name').fill('hotfix');
  await page.getByLabel('GSD quick').check();
  await page.getByLabel('Open a terminal with Claude').uncheck();
  await poll(
    async () => (await popover.calls('repository.planSpawn')).at(-1),
    (input) =>
      JSON.stringify(input) ===
      JSON.stringify({
        repositoryId: storefront.id,
        task: '',
        name: 'hotfix',
        base: 'release/2.4',
        preload: 'gsd-quick',
        quick: true,
      }),
  );
  await poll(() => page.getByRole('button', { name: 'Spawn', exact: true }).isEnabled());
  await page.getByRole('button', { name: 'Spawn', exact: true }).click();
  await poll(async () => (await popover.calls('repository.spawn')).length === 1);
  expect(await popover.calls('repository.spawn')).toMatchObject([{ open: false }]);
});

test('a spawn that fails says why and keeps the form', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'repository.spawn': fail({
        kind: 'setup-failed',
        command: 'npm ci',
        exitCode: 1,
        output: 'ENOENT package.json',
      }),
    },
  });
  const { page } = popover;
  await settled(popover);
  await page.keyboard.press('n');
  await page.keyboard.type('Accept gift cards');
  await shows(popover, 'feature/gift-cards-at-checkout');
  await page.keyboard.press('Control+Enter');
  await shows(popover, 'Setup failed');
  await page.getByText('Details').press('Enter');
  await shows(popover, 'ENOENT package.json');
  await page.getByRole('button', { name: 'Back to the form' }).click();
  expect(await page.getByLabel('Task').inputValue()).toBe('Accept gift cards');
});

test('merge: options replan, one confirmation, live steps, landed, cleanup offered, undo', async (context) => {
  const popover = await lab.open(context, { answers: { ...answers, 'worktree.merge': 'never' } });
  const { page } = popover;
  const { keyboard } = page;
  await openRow(popover, 1);
  await tabTo(popover, 'Merge…');
  await keyboard.press('Enter');
  await shows(popover, 'Check that all is committed');
  await page.getByLabel('Squash').check();
  await page.getByText('More options').click();
  await page.getByLabel('Push the base afterwards').check();
  await poll(
    async () => (await popover.calls('worktree.planMerge')).at(-1),
    (input) =>
      JSON.stringify(input) ===
      JSON.stringify({
        worktreeId: search.id,
        strategy: 'squash',
        update: 'merge',
        skipValidation: false,
        push: true,
      }),
  );
  const confirm = page.getByRole('button', { name: 'Squash into main' });
  await poll(() => confirm.isEnabled());
  await tabTo(popover, 'Squash into main');
  await popover.answer({
    'worktree.merge': ok({
      operation: 'merge-20261120104230-abcdef',
      landed: { sha: 'c0ffee1234567890', base: 'main' },
      pullRequest: null,
      removed: null,
      rebaseNow: [totals.id],
    }),
  });
  await keyboard.press('Enter');
  await shows(popover, 'Landed on main as c0ffee123.');
  expect(await popover.calls('worktree.merge')).toEqual([{ token: TOKEN, approve: false }]);
  await shows(popover, 'Make checkout totals agree with the invoice');
  expect(await popover.focused()).toBe('Clean up…');
  await popover.answer({
    'operation.undo': ok({
      operation: 'merge-20261120104230-abcdef',
      restored: ['main is at 44441ee again'],
    }),
  });
  await page.getByRole('button', { name: 'Undo', exact: true }).press('Enter');
  await shows(popover, 'main is at 44441ee again');
});

test('merge: a refusal blocks, a conflict in the run is told in words', async (context) => {
  const refused = ok({ ...mergePlan, refusal: { kind: 'dirty', path: search.path, files: ['a.ts'] } });
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planMerge': [refused, ok(mergePlan)],
      'worktree.merge': fail({ kind: 'conflict', files: ['src/search/facets.ts'] }),
    },
  });
  const { page } = popover;
  await openRow(popover, 1);
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(popover, 'Not all committed');
  expect(await page.getByRole('button', { name: 'Merge into main' }).isEnabled()).toBe(false);
  await page.getByRole('button', { name: 'Plan again' }).click();
  await poll(() => page.getByRole('button', { name: 'Merge into main' }).isEnabled());
  await page.getByRole('button', { name: 'Merge into main' }).click();
  await shows(popover, /src\/search\/facets.ts\. The worktree is as it was/);
  await page.getByRole('button', { name: 'Open terminal' }).click();
  await poll(async () => (await popover.calls('worktree.open')).length === 1);
  expect(await popover.calls('worktree.open')).toEqual([{ worktreeId: search.id, sessionId: null }]);
  await page.getByRole('button', { name: 'Plan again' }).click();
  await poll(async () => (await popover.calls('worktree.planMerge')).length === 3);
});

test('merge: unapproved validation from the repository needs a yes', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planMerge': ok({
        ...mergePlan,
        validation: [{ command: { purpose: 'validate', text: 'make verify' }, approved: false }],
      }),
      'worktree.merge': 'never',
    },
  });
  await mergesOnceTrusted(popover, 'make verify');
});

test('merge: a live session is offered its commands, copied and never typed', async (context) => {
  const popover = await lab.open(context, { answers });
  await openRow(popover, 1);
  await popover.page.getByRole('button', { name: 'Merge…' }).last().click();
  await popover.page.getByRole('button', { name: '/brain:save' }).click();
  await shows(popover, '/brain:save is copied; paste it there');
  expect(await popover.copied()).toEqual(['/brain:save']);
  expect(await popover.calls('worktree.open')).toEqual([
    { worktreeId: search.id, sessionId: search.sessions[0]?.id },
  ]);
});

test('cleanup by keys: the plan, the confirmation, and Undo right there', async (context) => {
  const done = {
    operation: 'cleanup-20261120104230-abcdef',
    removed: cleanupPlan.path,
    undoUntil: '2026-11-27T10:42:30.000Z',
  };
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.cleanup': ok(done),
      'operation.undo': ok({ operation: done.operation, restored: [cleanupPlan.path, 'feature/drop-v1'] }),
    },
  });
  const { keyboard } = popover.page;
  await openRow(popover, 6);
  await tabTo(popover, 'Clean up…');
  await keyboard.press('Enter');
  await shows(popover, 'Squash-merged');
  await poll(() => popover.page.getByRole('button', { name: 'Clean up', exact: true }).isEnabled());
  await tabTo(popover, 'Clean up');
  await keyboard.press('Enter');
  await shows(popover, `Removed ${cleanupPlan.path}.`);
  await shows(popover, /taken back until 27 Nov 2026/);
  expect(await popover.calls('worktree.cleanup')).toEqual([{ token: TOKEN, approve: false }]);
  await popover.page.getByRole('button', { name: 'Undo', exact: true }).press('Enter');
  await shows(popover, 'Everything is back:');
  expect(await popover.calls('operation.undo')).toEqual([{ operation: done.operation }]);
});

test('cleanup: a teardown is shown word by word and runs only after a yes; undo brings the remote branch back', async (context) => {
  const asks = ok({
    ...cleanupPlan,
    refusal: { kind: 'approval-needed', commands: [{ purpose: 'teardown', text: 'docker compose down -v' }] },
  });
  const done = {
    operation: 'cleanup-20261120104230-abcdef',
    removed: cleanupPlan.path,
    undoUntil: '2026-11-27T10:42:30.000Z',
  };
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planCleanup': asks,
      'worktree.cleanup': ok(done),
      'operation.undo': ok({ operation: done.operation, restored: ['feature/drop-v1'] }),
    },
  });
  const { page } = popover;
  await openRow(popover, 6);
  await page.getByRole('button', { name: 'Clean up…' }).last().click();
  await shows(popover, 'docker compose down -v');
  await page.getByLabel('Delete the remote branch too').check();
  const confirm = page.getByRole('button', { name: 'Clean up', exact: true });
  expect(await confirm.isEnabled()).toBe(false);
  await page.getByLabel('I have read this and trust it').check();
  await poll(() => confirm.isEnabled());
  await confirm.click();
  await shows(popover, `Removed ${cleanupPlan.path}.`);
  expect(await popover.calls('worktree.cleanup')).toEqual([{ token: TOKEN, approve: true }]);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await shows(popover, 'Everything is back:');
  expect(await popover.calls('operation.undo')).toEqual([{ operation: done.operation, restoreRemote: true }]);
});

test('merge: a hook that only the refusal names is shown and asked too', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planMerge': ok({
        ...mergePlan,
        refusal: {
          kind: 'approval-needed',
          commands: [{ purpose: 'hook', text: '.husky/post-merge: npm ci' }],
        },
      }),
      'worktree.merge': 'never',
    },
  });
  await mergesOnceTrusted(popover, '.husky/post-merge: npm ci');
});

test('merge: validation that was found in the project can be read and allowed', async (context) => {
  const text = 'npm run test  # vitest run';
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planMerge': ok({
        ...mergePlan,
        validation: [{ command: { purpose: 'detected', text }, approved: false }],
        refusal: { kind: 'approval-needed', commands: [{ purpose: 'validate', text }] },
      }),
      'worktree.merge': 'never',
    },
  });
  await mergesOnceTrusted(popover, text);
});

test('cleanup of unmerged work needs a reason, and sends it', async (context) => {
  const unmerged = {
    ...cleanupPlan,
    merged: null,
    mergedHow: 'Not merged',
    losses: ['4 commits of feature/drop-v1'],
  };
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'worktree.planCleanup': [
        ok({ ...unmerged, refusal: { kind: 'not-merged', branch: 'feature/drop-v1' } }),
        ok(unmerged),
      ],
      'worktree.cleanup': 'never',
    },
  });
  const { page } = popover;
  await openRow(popover, 6);
  await page.getByRole('button', { name: 'Clean up…' }).last().click();
  await shows(popover, '4 commits of feature/drop-v1');
  const confirm = page.getByRole('button', { name: 'Abandon and clean up' });
  expect(await confirm.isEnabled()).toBe(false);
  await page.getByLabel('Why is it abandoned?').fill('The partners keep v1 for a year');
  await poll(() => confirm.isEnabled());
  expect((await popover.calls('worktree.planCleanup')).at(-1)).toMatchObject({
    worktreeId: worktreeId(7),
    abandon: 'The partners keep v1 for a year',
  });
  await confirm.click();
  await poll(async () => (await popover.calls('worktree.cleanup')).length === 1);
});

test('an operation that someone else runs is shown, can be cancelled, and its failure stays until read', async (context) => {
  const popover = await lab.open(context, { answers });
  const { page } = popover;
  await settled(popover);
  await popover.push(
    'operation',
    event(
      'merge',
      { type: 'started', title: 'Merging feature/rate-limits', steps: ['validate'] },
      { repository: 2 },
    ),
  );
  await shows(popover, 'Merging feature/rate-limits');
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(await popover.calls('operation.cancel')).toEqual([{ operation: 'merge-20261120104230-abcdef' }]);
  await popover.push(
    'operation',
    event(
      'merge',
      {
        type: 'finished',
        failure: { kind: 'validation-failed', command: 'npm test', exitCode: 1 },
        summary: '',
      },
      { repository: 2 },
    ),
  );
  await shows(popover, 'Validation failed');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await poll(async () => (await page.getByText('Validation failed').count()) === 0);
});

test('undo: the list, and taking one back', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'operation.undo': [
        fail({
          kind: 'undo-blocked',
          reason: 'feature/price-history exists again',
          wayOut: 'Rename that branch first.',
        }),
        ok({ operation: 'x', restored: ['feature/price-history'] }),
      ],
    },
  });
  const { page } = popover;
  await settled(popover);
  await page.getByRole('button', { name: 'Undo a merge or cleanup' }).click();
  const undo = page.getByRole('button', { name: 'Undo Cleaned up feature/price-history' });
  await undo.click();
  await shows(popover, 'Rename that branch first.');
  await undo.click();
  await shows(popover, 'Taken back.');
  await poll(async () => (await popover.calls('operation.list')).length === 2);
});

test('settings: each change is saved by itself, wrong numbers are not', async (context) => {
  const popover = await lab.open(context, { answers });
  const { page } = popover;
  await settled(popover);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('A session is done').click();
  await page.getByLabel('Worktrees per repository').fill('6');
  await page.getByLabel('Worktrees per repository').press('Enter');
  await page.getByLabel('Check in every').fill('2');
  await page.getByLabel('Check in every').press('Enter');
  await shows(popover, '5 to 1440');
  await page.getByLabel('Quiet hours').click();
  await page.getByLabel('New sessions open in').selectOption('tmux');
  await poll(async () => (await popover.calls('settings.update')).length === 4);
  expect(await popover.calls('settings.update')).toEqual([
    { notifications: { kinds: { ...settings.notifications.kinds, done: false } } },
    { thresholds: { worktreesPerRepository: 6 } },
    { notifications: { quietHours: null } },
    { preferredTerminal: 'tmux' },
  ]);
  await popover.answer({
    'settings.testTerminal': ok({ reached: 'new', terminal: 'tmux', command: 'tmux new-window' }),
  });
  await page.getByRole('button', { name: 'Test tmux' }).click();
  await shows(popover, 'It opened: tmux new-window');
});

test('settings on the web face: folders and commands are read-only, and that is said', async (context) => {
  const popover = await lab.open(context, { answers, face: 'web', width: 560, height: 640 });
  const { page } = popover;
  await settled(popover);
  await page.getByRole('button', { name: 'Settings' }).click();
  await shows(popover, 'read-only on this page');
  expect(await page.getByRole('button', { name: 'Change where new worktrees go' }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Add a repository' }).count()).toBe(0);
});

test('rebase now: from its row by keys, planned, done, and taken back', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'snapshot.get': ok(withWorktrees([waitingTotals, behindSearch])),
      'worktree.planRebase': ok({
        ...mergePlan,
        order: null,
        update: 'rebase',
        steps: [{ id: 'update', text: 'Rebase feature/search-facets onto main' }],
        validation: [],
        carryOver: [],
      }),
      'worktree.merge': ok({
        operation: 'rebase-20261120104230-abcdef',
        landed: null,
        pullRequest: null,
        removed: null,
        rebaseNow: [],
      }),
    },
  });
  const { page } = popover;
  const { keyboard } = page;
  await settled(popover);
  // Said on both rows; offered only where nobody is at work.
  const busy = page.locator(`li[data-row="${waitingTotals.id}"]`);
  const still = page.locator(`li[data-row="${behindSearch.id}"]`);
  expect(await busy.locator('.row-notice').innerText()).toBe(
    'Needs a rebase: main has moved and conflicts with it in 2 files. Rebase it when Claude is done there.',
  );
  expect(await busy.getByRole('button', { name: 'Rebase…' }).count()).toBe(0);
  await shows(popover, 'main has moved and conflicts with it in src/search/facets.ts.');
  await still.locator('button.row-main').focus();
  await tabTo(popover, 'Rebase…');
  await keyboard.press('Enter');
  await shows(popover, 'Rebase feature/search-facets onto main');
  expect(await popover.calls('worktree.planRebase')).toEqual([{ worktreeId: behindSearch.id }]);
  await tabTo(popover, 'Rebase now');
  await keyboard.press('Enter');
  await shows(popover, 'The branch now stands on main.');
  expect(await popover.calls('worktree.merge')).toEqual([{ token: TOKEN, approve: false }]);
  await popover.answer({
    'operation.undo': ok({ operation: 'rebase-20261120104230-abcdef', restored: ['feature/search-facets'] }),
  });
  await page.getByRole('button', { name: 'Undo', exact: true }).press('Enter');
  await shows(popover, 'Taken back.');
});

test('rebase now: a conflict changes nothing, names the files and has Claude resolve it', async (context) => {
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'snapshot.get': ok(withWorktrees([behindSearch])),
      'worktree.planRebase': ok({
        ...mergePlan,
        conflicts: ['src/search/facets.ts'],
        refusal: { kind: 'conflict', files: ['src/search/facets.ts'] },
      }),
      'worktree.openToResolve': ok({
        reached: 'new',
        terminal: 'Ghostty',
        command: 'claude',
        told: true,
        prompt: 'Resolve it.',
      }),
    },
  });
  const { page } = popover;
  await settled(popover);
  await page.getByRole('button', { name: 'Rebase…' }).click();
  await shows(popover, /src\/search\/facets.ts\. The worktree is as it was/);
  expect(await page.getByRole('button', { name: 'Rebase now' }).isEnabled()).toBe(false);
  await page.getByRole('button', { name: 'Have Claude resolve it' }).click();
  await shows(popover, 'Claude was told to resolve it, in Ghostty');
  expect(await popover.calls('worktree.openToResolve')).toEqual([{ worktreeId: behindSearch.id }]);
  expect(await popover.calls('worktree.merge')).toEqual([]);
});

test('one that had better wait is told so in its plan, and can be merged all the same', async (context) => {
  const order = 'Better merge feature/guest-checkout first: merging this one now makes it rebase.';
  const popover = await lab.open(context, {
    answers: { ...answers, 'worktree.planMerge': ok({ ...mergePlan, order }) },
  });
  const { page } = popover;
  await openRow(popover, 1);
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(popover, order);
  await poll(() => page.getByRole('button', { name: 'Merge into main' }).isEnabled());
});
