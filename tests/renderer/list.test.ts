import { fail, ok } from '@contract/result';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../support/poll';
import {
  answers,
  atlas,
  checkout,
  minutes,
  NOW,
  search,
  session,
  snapshot,
  storefront,
  totals,
  withWorktrees,
  worktree,
} from './support/fixtures';
import { Lab, type Popover } from './support/lab';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab.stop());

const titles = async (popover: Popover) => await popover.page.locator('.row-title').allTextContents();
const rowNamed = (popover: Popover, name: string) =>
  popover.page.getByRole('button', { name: new RegExp(`^${name}`) });
const settled = async (popover: Popover) => {
  await popover.page.locator('button.row-main').first().waitFor();
};
const focusStarts = async (popover: Popover, text: string) => {
  await poll(
    () => popover.focused(),
    (name) => name.startsWith(text),
    { what: `focus on “${text}”` },
  );
};

test('subscribes once per push, gets the snapshot once and tells that it was opened', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  expect(await popover.page.evaluate(() => window.fake.subscribed)).toEqual({
    snapshot: 1,
    operation: 1,
    view: 1,
  });
  expect(await popover.calls('snapshot.get')).toEqual([{}]);
  await poll(async () => (await popover.calls('popover.opened')).length === 1);
});

test('rows stand in attention order and focus lands on the first that needs you', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  expect(await titles(popover)).toEqual([
    'Let guests check out without an account',
    'Facets on the search page',
    'Make checkout totals agree with the invoice',
    'main main worktree',
    'Rate limits per API key, with a Retry-After header',
    'main main worktree',
    'Remove the v1 endpoints',
  ]);
  await focusStarts(popover, 'Let guests check out');
});

test('a row says everything about itself to who can not see it', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  const said = await rowNamed(popover, 'Let guests').locator('.visually-hidden').textContent();
  for (const part of [
    'Needs permission: Bash: npm run db:migrate -- --env staging',
    '4 minutes ago',
    'branch feature/guest-checkout',
    '4 ahead',
    '1 behind',
    '2 staged, 3 changed, 1 untracked',
    'collides with 1',
    'last commit Carry the guest cart over to the order, 9 minutes ago',
    'note Guest orders keep the e-mail only',
  ])
    expect(said).toContain(part);
});

test('a snapshot that is older than the one shown is dropped', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await popover.push('snapshot', withWorktrees([totals], { revision: 43, line: 'forty-three' }));
  await popover.page.getByText('forty-three').waitFor();
  await popover.push('snapshot', { ...snapshot, revision: 42, line: 'forty-two' });
  await popover.push('snapshot', { ...snapshot, revision: 43, line: 'forty-three again' });
  await popover.push('snapshot', { ...snapshot, revision: 44, line: 'forty-four' });
  await popover.page.getByText('forty-four').waitFor();
  const lines = await popover.page.evaluate(() => document.querySelector('h1')?.textContent);
  expect(lines).toBe('forty-four');
  await popover.push('snapshot', { ...snapshot, revision: 7, line: 'seven' });
  expect(await popover.page.getByText('seven', { exact: true }).count()).toBe(0);
});

test('the list is walked, opened and left with the keyboard alone', async (context) => {
  const popover = await lab.open(context, { answers });
  const { keyboard } = popover.page;
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  await keyboard.press('ArrowDown');
  await focusStarts(popover, 'Facets on the search page');
  await keyboard.press('End');
  await focusStarts(popover, 'Remove the v1 endpoints');
  await keyboard.press('Home');
  await keyboard.press('ArrowUp');
  await focusStarts(popover, 'Let guests');
  expect(await popover.page.locator('button.row-main[tabindex="0"]').count()).toBe(1);

  await keyboard.press('ArrowRight');
  await popover.page.getByRole('button', { name: 'Open terminal' }).waitFor();
  await keyboard.press('Tab');
  expect(await popover.focused()).toBe('Open terminal');
  await keyboard.press('Escape');
  await focusStarts(popover, 'Let guests');
  expect(await popover.page.getByRole('button', { name: 'Open terminal' }).count()).toBe(0);

  await keyboard.press('o');
  await poll(async () => (await popover.calls('worktree.open')).length === 1);
  await keyboard.press('Control+Enter');
  await poll(async () => (await popover.calls('worktree.open')).length === 2);
  expect(await popover.calls('worktree.open')).toEqual([
    { worktreeId: checkout.id, sessionId: checkout.sessions[0]?.id },
    { worktreeId: checkout.id, sessionId: checkout.sessions[0]?.id },
  ]);
  expect(await popover.page.evaluate(() => window.fake.hidden)).toBe(0);
  await keyboard.press('Escape');
  expect(await popover.page.evaluate(() => window.fake.hidden)).toBe(1);
});

test('the filter narrows, leads into the list, and Esc gives everything back', async (context) => {
  const popover = await lab.open(context, { answers });
  const { keyboard } = popover.page;
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  await keyboard.press('/');
  await keyboard.type('rate limits');
  await poll(async () => (await titles(popover)).length === 1);
  await keyboard.press('ArrowDown');
  await focusStarts(popover, 'Rate limits');
  await keyboard.press('Escape');
  await poll(async () => (await titles(popover)).length === 7);
  await focusStarts(popover, 'Rate limits');
  expect(await popover.page.evaluate(() => window.fake.hidden)).toBe(0);
});

test('a view leaves by Esc and gives the focus back to its row', async (context) => {
  const popover = await lab.open(context, { answers });
  const { keyboard } = popover.page;
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await popover.page.getByRole('button', { name: 'Merge…' }).last().press('Enter');
  await popover.page.getByRole('heading', { name: 'Merge', exact: true }).waitFor();
  await keyboard.press('Escape');
  await focusStarts(popover, 'Facets on the search page');
  expect(await popover.page.evaluate(() => window.fake.hidden)).toBe(0);
});

test('what the tray’s menu asks for comes up', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await popover.push('view', 'settings');
  await popover.page.getByRole('heading', { name: 'Settings' }).waitFor();
  await popover.push('view', 'spawn');
  await popover.page.getByLabel('Task').waitFor();
  await popover.push('view', 'worktrees');
  await settled(popover);
});

test('rows do not move under the pointer, and fall into order when it leaves', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  const before = await titles(popover);
  await rowNamed(popover, 'Make checkout totals').hover();
  const asking = {
    ...totals,
    attention: 'needs-you' as const,
    sessions: [
      session(2, {
        state: 'needs-answer',
        attention: 'needs-you',
        since: minutes(0),
        reason: 'Round half up?',
      }),
    ],
  };
  await popover.push('snapshot', {
    ...snapshot,
    revision: 42,
    repositories: [{ ...storefront, worktrees: [checkout, asking, search] }, atlas],
  });
  await popover.page.getByText('Round half up?').first().waitFor();
  expect((await titles(popover)).slice(0, 3)).toEqual(before.slice(0, 3));
  let nudge = 0;
  await poll(
    async () => {
      // A hand is never still; one move alone can fall between two frames of a busy browser.
      await popover.page.mouse.move(10, 8 + (nudge++ % 4));
      return (await titles(popover))[0];
    },
    (title) => title === 'Make checkout totals agree with the invoice',
  );
});

test('a change that asks for something is said politely, once; nothing else is', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  const region = popover.page.locator('[role="status"][aria-live="polite"]');
  await popover.push('snapshot', { ...snapshot, revision: 42, line: 'same as before' });
  await popover.page.getByText('same as before').waitFor();
  expect(await region.textContent()).toBe('');
  const asking = {
    ...totals,
    attention: 'needs-you' as const,
    sessions: [session(2, { state: 'needs-answer', attention: 'needs-you', reason: 'Round half up?' })],
  };
  await popover.push('snapshot', {
    ...snapshot,
    revision: 43,
    repositories: [{ ...storefront, worktrees: [checkout, asking, search] }, atlas],
  });
  await poll(
    () => region.textContent(),
    (text) =>
      text === 'storefront, Make checkout totals agree with the invoice: Needs an answer: Round half up?',
  );
});

test('ages go on by themselves, a minute at a time', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  const age = rowNamed(popover, 'Let guests').locator('time').first();
  expect(await age.textContent()).toBe('4m');
  await popover.page.clock.setFixedTime(NOW + 120_000);
  await popover.page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await poll(
    () => age.textContent(),
    (text) => text === '6m',
  );
});

test('text from tasks, branches and files is text, stays inside 380 px and keeps its direction', async (context) => {
  const long = `${'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(5)}`;
  const nasty = '<img src=x onerror="document.title=1">\u202e<script>document.title=2</script> \u200f';
  const popover = await lab.open(context, {
    answers: {
      ...answers,
      'snapshot.get': ok(
        withWorktrees(
          [
            worktree(50, {
              task: long,
              branch: `feature/${long}`,
              name: long,
              path: `/x/${long}`,
              changes: { staged: 12_345, changed: 23_456, untracked: 34_567, conflicted: 45_678 },
              ahead: 98_765,
              behind: 87_654,
              ongoing: 'cherry-pick',
              merged: 'patches',
              locked: true,
              lockReason: long,
              stale: true,
              problem: long,
              attention: 'needs-you',
              lastCommit: { sha: 'b'.repeat(40), subject: long, at: minutes(3) },
              note: { title: long, path: long, at: minutes(3) },
              collisions: [
                {
                  with: 'base',
                  files: [long],
                  certainty: 'decided',
                  kinds: ['content'],
                  regions: [],
                  regionsLeftOut: 0,
                },
              ],
              sessions: [
                session(50, {
                  state: 'needs-answer',
                  attention: 'needs-you',
                  reason: long,
                  lastMessage: long,
                  name: long,
                  evidence: long,
                }),
                session(51, { state: 'working', name: long }),
              ],
            }),
            worktree(51, {
              task: nasty,
              branch: nasty,
              lastCommit: { sha: 'c'.repeat(40), subject: nasty, at: minutes(3) },
            }),
            worktree(52, { task: 'أضف بطاقات الهدايا عند الدفع' }),
          ],
          {
            line: `1 needs you · ${long}`,
            problems: [{ where: long, message: long }],
            suggestions: [{ worktree: 'w-000000000032', text: long, action: 'cleanup' }],
            elsewhere: [{ ...session(60, { name: null, reason: long }), directory: `/y/${long}` }],
          },
        ),
      ),
    },
  });
  await settled(popover);
  await rowNamed(popover, 'Donau').first().click();
  await popover.page.getByRole('button', { name: 'Open terminal' }).waitFor();
  expect(await popover.overflowing()).toEqual([]);
  expect(await popover.violations()).toEqual([]);
  expect(await popover.page.title()).toBe('Orchard');
  expect(await popover.page.locator('#root img, #root script').count()).toBe(0);
  expect(await popover.page.locator('.row-title', { hasText: 'onerror' }).textContent()).toBe(nasty);
  const title = popover.page.locator('.row-title').first();
  expect(await title.getAttribute('title')).toBe(long);
  expect(await title.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true);
  const arabic = popover.page.locator('.row-title', { hasText: 'أضف' });
  expect(await arabic.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
});

test('a hundred rows come up and change quickly', async (context) => {
  const many = Array.from({ length: 100 }, (_, place) =>
    worktree(100 + place, {
      task: `Task number ${place}`,
      sessions: [session(100 + place, { since: minutes(place) })],
    }),
  );
  const popover = await lab.open(context, {
    answers: { ...answers, 'snapshot.get': ok(withWorktrees(many)) },
  });
  await settled(popover);
  expect(await popover.page.locator('button.row-main').count()).toBe(100);
  const { took, bare } = await popover.page.evaluate(
    async ([changed]) => {
      const frames = async (turns: number) => {
        const from = performance.now();
        for (let turn = 0; turn < turns; turn++) await new Promise((done) => requestAnimationFrame(done));
        return performance.now() - from;
      };
      const bare = await frames(10);
      const start = performance.now();
      for (let turn = 0; turn < 10; turn++) {
        window.fake.push('snapshot', { ...changed, revision: 100 + turn, line: `turn ${turn}` });
        await new Promise((done) => requestAnimationFrame(done));
      }
      return { took: performance.now() - start, bare };
    },
    [withWorktrees(many)] as const,
  );
  await popover.page.getByText('turn 9').waitFor();
  // Ten whole snapshots; far from what a quadratic list would take. Ten frames of nothing take 160 ms.
  expect(took).toBeLessThan(Math.max(5_000, 30 * bare));
});

test('tells the host its height, which follows what is shown', async (context) => {
  const popover = await lab.open(context, {
    answers: { ...answers, 'snapshot.get': ok(withWorktrees([totals])) },
  });
  await settled(popover);
  const heights = () => popover.page.evaluate(() => window.fake.heights);
  const small = await poll(async () => (await heights()).at(-1) ?? 0);
  expect(small).toBeLessThan(300);
  await popover.push('snapshot', { ...snapshot, revision: 50 });
  await poll(async () => ((await heights()).at(-1) ?? 0) > small + 200);
  await popover.push('snapshot', withWorktrees([totals], { revision: 51 }));
  await poll(async () => (await heights()).at(-1) === small);
});

test('copies the command through the desktop, and shows it', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await rowNamed(popover, 'Let guests').click();
  await popover.page.getByRole('button', { name: 'Copy command' }).click();
  await popover.page.getByText('Copied', { exact: true }).waitFor();
  expect(await popover.copied()).toEqual([
    "cd '/Users/mira/code/storefront-wt-guest-checkout' && claude --resume 5f1c2a44",
  ]);
});

test('what a row’s own actions ask for, by id', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await rowNamed(popover, 'Facets').click();
  await popover.page.getByRole('button', { name: 'Mark seen' }).click();
  await popover.page.getByRole('button', { name: 'Mute' }).click();
  await popover.page.getByRole('button', { name: 'Hide repository' }).click();
  await poll(async () => (await popover.calls('repository.hide')).length === 1);
  expect(await popover.calls('worktree.markSeen')).toEqual([{ worktreeId: search.id }]);
  expect(await popover.calls('session.mute')).toEqual([{ sessionId: search.sessions[0]?.id, muted: true }]);
  expect(await popover.calls('repository.hide')).toEqual([{ repositoryId: storefront.id }]);
});

test('an action that is refused says why, with the next step', async (context) => {
  const popover = await lab.open(context, {
    answers: { ...answers, 'worktree.open': fail({ kind: 'no-terminal', tried: ['tmux', 'xterm'] }) },
  });
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  await popover.page.keyboard.press('o');
  await popover.page.getByText('No terminal found').waitFor();
  await popover.page.getByText('Choose a terminal in Settings').waitFor();
});

test('a bridge that breaks is said, and Try again works', async (context) => {
  const popover = await lab.open(context, { answers: { ...answers, 'snapshot.get': 'throws' } });
  await popover.page.getByText('Connection lost').waitFor();
  await popover.answer({ 'snapshot.get': ok(snapshot) });
  await popover.page.getByRole('button', { name: 'Try again' }).click();
  await settled(popover);
});

test('coming to the front again puts the focus where it is needed', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  await popover.page.keyboard.press('End');
  await focusStarts(popover, 'Remove the v1');
  await popover.page.evaluate(async () => {
    const show = (state: string) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    };
    show('hidden');
    show('visible');
  });
  await focusStarts(popover, 'Let guests');
  await poll(async () => (await popover.calls('popover.opened')).length === 2);
});

test('in forced colours every state keeps its shape and focus is seen', async (context) => {
  const popover = await lab.open(context, { answers, forcedColors: 'active', scheme: 'dark' });
  await settled(popover);
  await focusStarts(popover, 'Let guests');
  const main = rowNamed(popover, 'Let guests');
  expect(await main.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  const drawn = await popover.page
    .locator('.glyph.state')
    .evaluateAll((glyphs) =>
      glyphs.map((glyph) => [...glyph.children].map((part) => part.outerHTML).join('')),
    );
  expect(new Set(drawn).size).toBeGreaterThanOrEqual(5);
  expect(await popover.violations()).toEqual([]);
});

test('nothing moves when less motion is asked for', async (context) => {
  const moving = async (reducedMotion: 'reduce' | 'no-preference') => {
    const popover = await lab.open(context, { answers, reducedMotion });
    await settled(popover);
    return await popover.page.evaluate(() => document.getAnimations().length);
  };
  expect(await moving('no-preference')).toBeGreaterThan(0);
  expect(await moving('reduce')).toBe(0);
});

test('more contrast makes what is soft darker', async (context) => {
  const colour = async (contrast: 'more' | 'no-preference') => {
    const popover = await lab.open(context, { answers, contrast });
    await settled(popover);
    return await popover.page
      .locator('.group-title')
      .first()
      .evaluate((element) => getComputedStyle(element).color);
  };
  expect(await colour('more')).not.toBe(await colour('no-preference'));
});

test('a collision tells where, on both sides, and whose work it is', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  await rowNamed(popover, 'Make checkout totals').click();
  const places = popover.page.locator('.row-details .regions');
  await places.waitFor();
  expect(
    (await places.innerText())
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ).toEqual([
    'src/cart/totals.ts',
    'here',
    'lines 41–44 “Round once, at the end”',
    'there',
    'lines 41–47 uncommitted changes',
    'here',
    'nothing after line 85 “Round once, at the end”',
    'there',
    'line 88 “Keep the guest’s currency”',
    'src/cart/totals.test.ts deleted on one side',
    'here',
    '“Move the totals’ tests to one table”',
    'there',
    'uncommitted changes',
    'and 1 more',
  ]);
});

test('a guess says that it is one, and gives way to the verdict', async (context) => {
  const popover = await lab.open(context, { answers });
  await settled(popover);
  const [collision] = totals.collisions;
  if (collision === undefined) throw new Error('no collision');
  const guess = {
    ...collision,
    certainty: 'provisional' as const,
    kinds: [],
    regions: [],
    regionsLeftOut: 0,
  };
  await popover.push(
    'snapshot',
    withWorktrees([checkout, { ...totals, collisions: [guess] }], { revision: 50 }),
  );
  const badge = popover.page.locator('.badge.guess');
  await badge.waitFor();
  expect(await badge.innerText()).toBe('may collide');
  expect(await badge.getAttribute('title')).toBe(
    'May collide with Let guests check out without an account in 2 files',
  );
  expect(await rowNamed(popover, 'Make checkout totals').locator('.visually-hidden').textContent()).toContain(
    'may collide with 1',
  );
  await popover.push('snapshot', withWorktrees([checkout, totals], { revision: 51 }));
  await badge.waitFor({ state: 'detached' });
  expect(await rowNamed(popover, 'Make checkout totals').locator('.badge.needs').innerText()).toBe('1');
});
