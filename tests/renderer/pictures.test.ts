import { fail, ok } from '@contract/result';
import type { Snapshot } from '@contract/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answers } from './support/fake-bridge';
import {
  answers,
  behindSearch,
  checkout,
  cleanupPlan,
  event,
  hours,
  mergePlan,
  minutes,
  repositoryId,
  session,
  snapshot,
  spawnPlan,
  storefront,
  totals,
  waitingTotals,
  withWorktrees,
  worktree,
} from './support/fixtures';
import { Lab, type Popover } from './support/lab';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab.stop());

interface State {
  readonly name: string;
  readonly answers?: Answers;
  /** A thing that is on the page when the state is reached. */
  readonly shows: string;
  readonly face?: 'electron' | 'web';
  reach?(popover: Popover): Promise<void>;
}
const get = (change: Partial<Snapshot>): Answers => ({
  ...answers,
  'snapshot.get': ok({ ...snapshot, ...change }),
});
const press = async (popover: Popover, ...keys: readonly string[]) => {
  await popover.page.locator('button.row-main').first().waitFor();
  for (const key of keys) await popover.page.keyboard.press(key);
};
const row = (popover: Popover, name: string) =>
  popover.page.getByRole('button', { name: new RegExp(`^${name}`) });
const openRow = async (popover: Popover, name: string) => {
  await row(popover, name).focus();
  await press(popover, 'Enter');
};
const fillTask = async (popover: Popover) => {
  await press(popover, 'n');
  await popover.page.getByLabel('Task').fill('Accept gift cards at checkout');
  await popover.page.getByLabel('What will be made').waitFor();
};

const everyState = withWorktrees(
  (
    [
      ['starting', 'none', null],
      ['needs-answer', 'needs-you', 'Which currency should the fallback use, EUR or the shop’s own?'],
      ['limited', 'needs-you', 'Usage limit until 14:00'],
      ['failed', 'needs-you', 'API error 529: overloaded'],
      ['crashed', 'look', null],
      ['unknown', 'none', null],
      ['idle', 'none', null],
      ['ended', 'none', null],
    ] as const
  ).map(([state, attention, reason], place) =>
    worktree(20 + place, {
      task: `A session that is ${state}`,
      attention,
      activity: state === 'ended' ? 'idle' : 'active',
      lastCommit: {
        sha: 'a'.repeat(40),
        subject: 'Keep the old price beside the new one',
        at: hours(place + 3),
      },
      sessions: [session(20 + place, { state, attention, reason, since: minutes(place * 7) })],
    }),
  ),
  { line: '3 need you · 1 working · 1 crashed · 1 idle', counts: { ...snapshot.counts, needsYou: 3 } },
);

const oddRows = withWorktrees(
  [
    worktree(30, { task: 'Its disk is not mounted', missing: true, lastCommit: null }),
    worktree(31, {
      task: 'Locked by Claude',
      locked: true,
      lockReason: 'claude session 4711',
      stale: true,
      changes: { staged: 1, changed: 2, untracked: 3, conflicted: 4 },
      ongoing: 'rebase',
    }),
    worktree(32, {
      task: null,
      branch: null,
      name: 'storefront-review',
      problem: 'Its index could not be read.',
    }),
    worktree(33, {
      task: 'Three sessions in one worktree',
      attention: 'needs-you',
      sessions: [
        session(33, {
          state: 'needs-permission',
          attention: 'needs-you',
          reason: 'Edit: src/orders/export.ts',
          since: minutes(1),
        }),
        session(34, { state: 'working', name: 'write the tests', since: minutes(5) }),
        session(35, { state: 'idle', name: 'review', since: hours(1) }),
      ],
    }),
  ],
  {
    complete: false,
    line: '1 needs you · 1 working · 1 idle',
    problems: [{ where: 'notifications', message: 'The system refuses them; see Doctor.' }],
    elsewhere: [
      {
        ...session(40, { name: null, state: 'working', since: minutes(8), terminal: 'Ghostty' }),
        directory: '/Users/mira/notes',
      },
    ],
  },
);

const refused: Answers = {
  ...answers,
  'worktree.planMerge': ok({
    ...mergePlan,
    refusal: {
      kind: 'dirty',
      path: '/Users/mira/code/storefront-wt-guest-checkout',
      files: ['src/cart/totals.ts', 'notes.txt'],
    },
    collisions: checkout.collisions,
  }),
};
const startMerge = async (popover: Popover) => {
  await popover.answer({ 'worktree.merge': 'never' });
  await popover.page.getByRole('button', { name: 'Merge into main' }).click();
  const at = { worktree: mergePlan.worktreeId };
  await popover.push(
    'operation',
    event(
      'merge',
      { type: 'started', title: 'Merging feature/search-facets', steps: mergePlan.steps.map(({ id }) => id) },
      at,
    ),
  );
  await popover.push('operation', event('merge', { type: 'step', step: 'check', state: 'done' }, at));
  await popover.push('operation', event('merge', { type: 'step', step: 'validate', state: 'running' }, at));
  await popover.push(
    'operation',
    event(
      'merge',
      {
        type: 'output',
        step: 'validate',
        text: '$ npm test\n\n✓ tests/cart/totals.test.ts (18)\n✓ tests/search/facets.test.ts (31)\n',
      },
      at,
    ),
  );
};
const openMerge = async (popover: Popover) => {
  await openRow(popover, 'Facets on the search page');
  await popover.page.getByRole('button', { name: 'Merge…' }).last().click();
  await popover.page.getByLabel('The plan').waitFor();
};

const states: readonly State[] = [
  { name: 'list', answers, shows: 'Let guests check out without an account' },
  { name: 'details', answers, shows: 'Copy command', reach: (popover) => openRow(popover, 'Let guests') },
  {
    name: 'every-state',
    answers: { ...answers, 'snapshot.get': ok(everyState) },
    shows: 'A session that is crashed',
  },
  {
    name: 'odd-rows',
    answers: { ...answers, 'snapshot.get': ok(oddRows) },
    shows: 'Its disk is not mounted',
  },
  { name: 'loading', answers: { 'snapshot.get': 'never' }, shows: 'Orchard' },
  {
    name: 'empty',
    answers: get({
      repositories: [],
      suggestions: [],
      line: 'no sessions',
      counts: { needsYou: 0, working: 0, done: 0, worktrees: 0, repositories: 0 },
    }),
    shows: 'Nothing to watch yet',
  },
  {
    name: 'quiet',
    answers: get({
      repositories: [
        {
          ...snapshot.repositories[0],
          id: repositoryId(1),
          name: 'storefront',
          root: '/r',
          base: 'main',
          landingOrders: [],
          worktrees: [worktree(1, { isMain: true, branch: 'main', name: 'storefront' })],
        },
      ],
      suggestions: [],
      line: 'no sessions',
      counts: { needsYou: 0, working: 0, done: 0, worktrees: 1, repositories: 1 },
    }),
    shows: 'No sessions',
  },
  {
    name: 'no-git',
    answers: get({
      repositories: [],
      suggestions: [],
      line: 'no sessions',
      counts: { needsYou: 0, working: 0, done: 0, worktrees: 0, repositories: 0 },
      tools: { ...snapshot.tools, git: { state: 'missing' } },
    }),
    shows: 'Git is missing',
  },
  {
    name: 'old-git',
    answers: get({
      repositories: [],
      suggestions: [],
      line: 'no sessions',
      counts: { needsYou: 0, working: 0, done: 0, worktrees: 0, repositories: 0 },
      tools: { ...snapshot.tools, git: { state: 'too-old', version: '2.30.2', needed: '2.39' } },
    }),
    shows: 'Git is too old',
  },
  {
    name: 'no-claude',
    answers: get({ suggestions: [], tools: { ...snapshot.tools, claude: { state: 'missing' } } }),
    shows: 'Claude Code is missing',
  },
  {
    name: 'broken',
    answers: { 'snapshot.get': fail({ kind: 'internal', reference: 'e-7f3a' }) },
    shows: 'Something broke in Orchard',
  },
  { name: 'unreachable', answers: { 'snapshot.get': 'throws' }, shows: 'Connection lost' },
  { name: 'web', answers, shows: 'Let guests check out without an account', face: 'web' },
  {
    name: 'filter',
    answers,
    shows: 'Rate limits per API key',
    reach: async (popover) => {
      await press(popover, '/');
      await popover.page.getByRole('textbox', { name: 'Filter rows' }).fill('rate');
    },
  },
  { name: 'spawn', answers, shows: 'feature/gift-cards-at-checkout', reach: fillTask },
  {
    name: 'spawn-approval',
    answers: {
      ...answers,
      'repository.planSpawn': ok({
        ...spawnPlan,
        setup: { command: { purpose: 'setup', text: 'npm ci && npm run db:seed' }, approved: false },
        refusal: {
          kind: 'approval-needed',
          commands: [{ purpose: 'setup', text: 'npm ci && npm run db:seed' }],
        },
        warnings: ['Submodules are left to the set-up command.'],
      }),
    },
    shows: 'I have read this and trust it',
    reach: fillTask,
  },
  {
    name: 'spawn-fifth',
    answers: {
      ...answers,
      'repository.planSpawn': ok({
        ...spawnPlan,
        refusal: { kind: 'too-many-worktrees', count: 4, limit: 4 },
      }),
    },
    shows: 'Yes, a fifth worktree',
    reach: fillTask,
  },
  {
    name: 'spawn-refused',
    answers: {
      ...answers,
      'repository.planSpawn': ok({
        ...spawnPlan,
        refusal: { kind: 'branch-exists', branch: spawnPlan.branch, existing: spawnPlan.branch },
      }),
    },
    shows: 'Branch exists',
    reach: fillTask,
  },
  {
    name: 'spawning',
    answers: { ...answers, 'repository.spawn': 'never' },
    shows: 'Copy local files',
    reach: async (popover) => {
      await fillTask(popover);
      await popover.page.getByRole('button', { name: 'Spawn', exact: true }).click();
      await popover.push(
        'operation',
        event('spawn', { type: 'started', title: 'Spawning gift-cards-at-checkout', steps: spawnPlan.steps }),
      );
      await popover.push(
        'operation',
        event('spawn', { type: 'step', step: 'Make the worktree', state: 'done' }),
      );
      await popover.push(
        'operation',
        event('spawn', { type: 'step', step: 'Copy local files', state: 'running' }),
      );
    },
  },
  {
    name: 'spawned',
    answers: {
      ...answers,
      'repository.spawn': ok({
        worktreeId: 'w-000000000008',
        path: spawnPlan.path,
        branch: spawnPlan.branch,
        commands: [`cd ${spawnPlan.path}`, "claude 'Accept gift cards at checkout'"],
        opened: null,
        warnings: [],
      }),
    },
    shows: 'Run this in a terminal',
    reach: async (popover) => {
      await fillTask(popover);
      await popover.page.getByRole('button', { name: 'Spawn', exact: true }).click();
    },
  },
  { name: 'merge', answers, shows: 'Differs from the base', reach: openMerge },
  { name: 'merge-refused', answers: refused, shows: 'Not all committed', reach: openMerge },
  {
    name: 'merging',
    answers,
    shows: 'tests/search/facets.test.ts',
    reach: async (popover) => {
      await openMerge(popover);
      await startMerge(popover);
    },
  },
  {
    name: 'merged',
    answers: {
      ...answers,
      'worktree.merge': ok({
        operation: 'merge-20261120104230-abcdef',
        landed: { sha: 'c0ffee1234567890c0ffee1234567890c0ffee12', base: 'main' },
        pullRequest: null,
        removed: null,
        rebaseNow: [totals.id],
      }),
    },
    shows: 'Landed on main',
    reach: async (popover) => {
      await openMerge(popover);
      await popover.page.getByRole('button', { name: 'Merge into main' }).click();
    },
  },
  {
    name: 'rebase-now',
    answers: get({
      repositories: [
        { ...storefront, landingOrders: [], worktrees: [waitingTotals, behindSearch] },
        ...snapshot.repositories.slice(1),
      ],
      suggestions: [],
    }),
    shows: 'Needs a rebase',
  },
  {
    name: 'rebase-conflict',
    answers: {
      ...answers,
      'worktree.planRebase': ok({
        ...mergePlan,
        update: 'rebase',
        steps: [
          { id: 'pin', text: 'Pin where it is now' },
          { id: 'update', text: 'Rebase feature/search-facets onto main' },
        ],
        validation: [],
        carryOver: [],
        conflicts: ['src/search/facets.ts'],
        refusal: { kind: 'conflict', files: ['src/search/facets.ts'] },
      }),
      'snapshot.get': ok({
        ...snapshot,
        repositories: [{ ...storefront, landingOrders: [], worktrees: [waitingTotals, behindSearch] }],
        suggestions: [],
      }),
    },
    shows: 'The worktree is as it was',
    reach: (popover) => popover.page.getByRole('button', { name: 'Rebase…' }).click(),
  },
  {
    name: 'order-details',
    answers,
    shows: '3rd of 3 to land on main',
    reach: (popover) => openRow(popover, 'Make checkout totals'),
  },
  {
    name: 'collision-details',
    answers,
    shows: 'and 1 more',
    reach: async (popover) => {
      await openRow(popover, 'Make checkout totals');
      await popover.page.getByText('and 1 more').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'may-collide',
    answers: {
      ...answers,
      'snapshot.get': ok(
        withWorktrees([
          {
            ...checkout,
            collisions: checkout.collisions.map((collision) => ({
              ...collision,
              certainty: 'provisional',
              kinds: [],
              regions: [],
              regionsLeftOut: 0,
            })),
          },
          totals,
        ]),
      ),
    },
    shows: 'May collide',
    reach: (popover) => openRow(popover, 'Let guests'),
  },
  {
    name: 'merge-out-of-order',
    answers: {
      ...answers,
      'worktree.planMerge': ok({
        ...mergePlan,
        order: storefront.landingOrders[0]?.places[2]?.text ?? '',
        collisions: totals.collisions,
      }),
    },
    shows: 'Better merge guest-checkout first',
    reach: openMerge,
  },
  {
    name: 'merge-not-available',
    answers: { ...answers, 'worktree.planMerge': fail({ kind: 'not-available', what: 'Merging' }) },
    shows: 'Not available yet',
    reach: async (popover) => {
      await openRow(popover, 'Facets on the search page');
      await popover.page.getByRole('button', { name: 'Merge…' }).last().click();
    },
  },
  {
    name: 'cleanup',
    answers,
    shows: 'Not kept, can be made again',
    reach: async (popover) => {
      await openRow(popover, 'Remove the v1 endpoints');
      await popover.page.getByRole('button', { name: 'Clean up…' }).last().click();
    },
  },
  {
    name: 'cleanup-abandon',
    answers: {
      ...answers,
      'worktree.planCleanup': ok({
        ...cleanupPlan,
        merged: null,
        mergedHow: 'Not merged: 4 commits are in no base',
        losses: ['4 commits of feature/drop-v1', '2 uncommitted files: src/router.ts, src/v1.ts'],
        refusal: { kind: 'not-merged', branch: 'feature/drop-v1' },
      }),
    },
    shows: 'Why is it abandoned?',
    reach: async (popover) => {
      await openRow(popover, 'Remove the v1 endpoints');
      await popover.page.getByRole('button', { name: 'Clean up…' }).last().click();
    },
  },
  {
    name: 'undo',
    answers,
    shows: 'Cleaned up feature/price-history',
    reach: (popover) => popover.page.getByRole('button', { name: 'Undo a merge or cleanup' }).click(),
  },
  {
    name: 'notes',
    answers,
    shows: 'We store no name for guests',
    reach: async (popover) => {
      await openRow(popover, 'Let guests');
      await popover.page.getByRole('button', { name: 'Notes' }).click();
    },
  },
  {
    name: 'doctor',
    answers,
    shows: 'The system refuses notifications',
    reach: (popover) => popover.page.getByRole('button', { name: /^Doctor/ }).click(),
  },
  {
    name: 'settings',
    answers,
    shows: 'Worktrees per repository',
    reach: (popover) => popover.page.getByRole('button', { name: 'Settings' }).click(),
  },
];

/** The ones that the README and a reviewer look at; the others are looked at when they change. */
const kept: ReadonlySet<string> = new Set([
  'list',
  'details',
  'collision-details',
  'every-state',
  'empty',
  'no-git',
  'spawn',
  'spawn-approval',
  'merge',
  'merging',
  'merged',
  'rebase-now',
  'cleanup-abandon',
  'undo',
  'settings',
  'doctor',
]);

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  test.for(states)('$name looks right and breaks no accessibility rule', async (state, context) => {
    const popover = await lab.open(context, {
      scheme,
      scale: 2,
      answers: state.answers ?? answers,
      face: state.face ?? 'electron',
      ...(state.face === 'web' ? { width: 560, height: 640 } : {}),
    });
    await state.reach?.(popover);
    await popover.page.getByText(state.shows).filter({ visible: true }).first().waitFor();
    await popover.picture(`${state.name}-${scheme}`, { keep: kept.has(state.name) });
    expect(await popover.violations()).toEqual([]);
    expect(await popover.overflowing()).toEqual([]);
  });
});
