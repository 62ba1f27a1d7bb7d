/**
 * Merge, clean up and undo from the popover, on the whole app and real git: the plan is read, said yes
 * to once, followed while it runs, and taken back.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { poll } from '../support/poll';
import { createSandbox, type Sandbox } from '../support/repositories';
import { createDesktopStarter, type DesktopStarter } from './start-desktop';
import { settle, shows } from './whole-app';

let desktop: DesktopStarter | null = null;
beforeAll(async () => {
  desktop = await createDesktopStarter();
});
afterAll(async () => {
  await desktop?.dispose();
});

/** A repository whose second worktree has one commit that is not in main. */
async function cartScene(sandbox: Sandbox, orchardJson: object | null) {
  const repository = await sandbox.repository('shop');
  if (orchardJson !== null)
    await sandbox.commit(repository, { '.orchard.json': JSON.stringify(orchardJson) }, 'how to validate');
  const cart = join(sandbox.root, 'shop-wt-cart');
  await sandbox.worktree(repository, cart, 'feature/cart');
  await sandbox.commit(cart, { 'cart.txt': 'one tree\n' }, 'Keep the cart');
  await settle(sandbox, [repository]);
  return { repository, cart };
}

async function openCart(ctx: TestContext, sandbox: Sandbox) {
  if (desktop === null) throw new Error('no driver');
  const app = await desktop.start(ctx, { env: sandbox.env, args: [] });
  const page = await app.popover();
  await shows(app, page, 'feature/cart');
  const row = page.locator('li[data-row]', { hasText: 'feature/cart' });
  await row.getByRole('button').first().click();
  await page.keyboard.press('Enter');
  if ((await page.getByRole('button', { name: 'Merge…' }).count()) === 0) await page.keyboard.press('Enter');
  return { app, page };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test('plan, yes, validation as it runs, landed, cleaned up, and both taken back', async (ctx) => {
  const sandbox = await createSandbox();
  const go = join(sandbox.root, 'go');
  const { repository, cart } = await cartScene(sandbox, {
    // It goes on when the test has seen what it said: output is live, not shown at the end.
    validate: [`echo counting the trees; until [ -e '${go}' ]; do sleep 0.05; done; test -f cart.txt`],
  });
  const before = await sandbox.git(repository, 'rev-parse', 'main');
  const tip = await sandbox.git(cart, 'rev-parse', 'HEAD');
  const { app, page } = await openCart(ctx, sandbox);

  await page.getByRole('button', { name: 'Merge…' }).last().click();
  const confirm = page.getByRole('button', { name: 'Merge into main' });
  await shows(app, page, 'test -f cart.txt');
  // A command of the repository waits for a yes of its own; nothing moved for the plan.
  expect(await confirm.isEnabled()).toBe(false);
  await page.getByLabel('I have read this and trust it').check();
  await confirm.click();
  await shows(app, page, 'counting the trees');
  expect(await sandbox.git(repository, 'rev-parse', 'main')).toBe(before);
  await sandbox.write(go, '');
  await shows(app, page, 'Landed on main as');
  const landed = await sandbox.git(repository, 'rev-parse', 'main');
  expect(landed).not.toBe(before);
  expect(await readFile(join(repository, 'cart.txt'), 'utf8')).toBe('one tree\n');
  expect(await sandbox.git(repository, 'status', '--porcelain')).toBe('');

  await page.getByRole('button', { name: 'Clean up…' }).last().click();
  const clean = page.getByRole('button', { name: 'Clean up', exact: true });
  await poll(() => clean.isEnabled(), Boolean, { what: 'a plan without a refusal', limitMs: 20_000 });
  await clean.click();
  await shows(app, page, `Removed ${cart}.`);
  expect(await exists(cart)).toBe(false);
  expect(await sandbox.git(repository, 'branch', '--list', 'feature/cart')).toBe('');

  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await shows(app, page, 'is back');
  expect(await readFile(join(cart, 'cart.txt'), 'utf8')).toBe('one tree\n');
  expect(await sandbox.git(cart, 'rev-parse', 'HEAD')).toBe(tip);
  expect(await sandbox.git(cart, 'status', '--porcelain')).toBe('');

  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Undo a merge or cleanup' }).click();
  await page
    .getByRole('button', { name: /^Undo / })
    .last()
    .click();
  await poll(
    () => sandbox.git(repository, 'rev-parse', 'main'),
    (now) => now === before,
    { what: 'main where it was', limitMs: 20_000 },
  );
  expect(await sandbox.git(cart, 'rev-parse', 'HEAD')).toBe(tip);
});

test('a refusal reads well, and nothing moves', async (ctx) => {
  const sandbox = await createSandbox();
  const { repository, cart } = await cartScene(sandbox, null);
  await sandbox.write(join(cart, 'half.txt'), 'not committed\n');
  const before = await sandbox.git(repository, 'rev-parse', 'main', 'feature/cart');
  const { app, page } = await openCart(ctx, sandbox);
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(app, page, 'Not all committed');
  await shows(app, page, 'half.txt');
  expect(await page.getByRole('button', { name: 'Merge into main' }).isEnabled()).toBe(false);
  expect(await sandbox.git(repository, 'rev-parse', 'main', 'feature/cart')).toBe(before);
});

test('a conflict is told before anything is touched, with the way to resolve it', async (ctx) => {
  const sandbox = await createSandbox();
  const { repository, cart } = await cartScene(sandbox, null);
  await sandbox.commit(cart, { 'src/one.txt': 'cart\n' }, 'cart');
  await sandbox.commit(repository, { 'src/one.txt': 'main\n' }, 'main');
  const { app, page } = await openCart(ctx, sandbox);
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(app, page, 'src/one.txt');
  await page.getByRole('button', { name: 'Have Claude resolve it' }).waitFor();
  expect(await sandbox.git(cart, 'status', '--porcelain')).toBe('');
});

test('what collides with what landed says rebase now on its row, as long as that is so', async (ctx) => {
  const sandbox = await createSandbox();
  const { repository, cart } = await cartScene(sandbox, null);
  const list = join(sandbox.root, 'shop-wt-list');
  await sandbox.worktree(repository, list, 'feature/list');
  await sandbox.commit(cart, { 'src/one.txt': 'cart\n' }, 'cart');
  await sandbox.commit(list, { 'src/one.txt': 'list\n' }, 'list');
  const { app, page } = await openCart(ctx, sandbox);
  await shows(
    app,
    page,
    'Merge cart first: cart and list both change src/one.txt, and cart has more commits. Then only list needs a rebase.',
  );
  await page.getByRole('button', { name: 'Merge…' }).last().click();
  await shows(app, page, 'A good one to merge now: after it list needs a rebase');
  const confirm = page.getByRole('button', { name: 'Merge into main' });
  await poll(() => confirm.isEnabled(), Boolean, { what: 'a plan without a refusal', limitMs: 20_000 });
  await confirm.click();
  await shows(app, page, 'Landed on main as');
  await page.keyboard.press('Escape');

  const said = 'Rebase now: main has moved and conflicts with it in src/one.txt.';
  await shows(app, page, said);
  const state = async () => [
    await sandbox.git(repository, 'for-each-ref', 'refs/heads'),
    await sandbox.git(list, '--no-optional-locks', 'status', '--porcelain=v2', '--branch'),
    await readFile(join(list, 'src/one.txt'), 'utf8'),
  ];
  const before = await state();
  await page
    .locator('li[data-row]', { hasText: 'feature/list' })
    .getByRole('button', { name: 'Rebase…' })
    .click();
  await shows(app, page, 'These files conflict with the base: src/one.txt.');
  await page.getByRole('button', { name: 'Have Claude resolve it' }).waitFor();
  expect(await page.getByRole('button', { name: 'Rebase now' }).isEnabled()).toBe(false);
  expect(await state()).toEqual(before);

  // Resolved where such things are resolved; the row notices by itself.
  await sandbox.git(list, 'rebase', '-q', '-X', 'theirs', 'main');
  await page.keyboard.press('Escape');
  await poll(
    () => page.locator('body').innerText(),
    (body) => body.includes('feature/list') && !body.includes('Rebase now'),
    { what: 'the row without it', limitMs: 30_000 },
  );
});
