import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { UNDO_MS } from '../../../src-main/domain/undo-rules';
import { emptyOut } from '../../../src-main/git/kept/emptying';
import { exists } from '../../../src-main/system/small-reads';
import { locationOf } from '../../support/git-command';
import { cleanupScene, expectNothingLeft, undone } from '../../support/landing/cleanup-scene';
import { createManualClock } from '../../support/manual-clock';
import { mounted } from '../../support/mounted';
import { asOrdinaryUser } from '../../support/ordinary-user';
import { temporaryDirectory } from '../../support/temporary';

const later = () => performance.now() + 60_000;
const run = promisify(execFile);

test('read-only directories are no hindrance, and a link is removed, never followed', async () => {
  const root = await temporaryDirectory();
  const [trash, outside] = [join(root, 'trash'), join(root, 'outside')];
  await mkdir(join(trash, 'mod/cache/deep'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, 'precious'), 'p');
  await writeFile(join(trash, 'mod/cache/deep/file'), 'f');
  await symlink(outside, join(trash, 'mod/link'));
  // As Go's module cache leaves them.
  for (const one of ['mod/cache/deep', 'mod/cache', 'mod']) await chmod(join(trash, one), 0o555);
  await chmod(join(trash, 'mod/cache/deep'), 0o000);
  expect(await asOrdinaryUser(trash, () => emptyOut(trash, later()))).toEqual([]);
  expect((await readdir(root)).sort()).toEqual(['outside']);
  await symlink(outside, trash);
  expect(await emptyOut(trash, later())).toEqual([]);
  expect(await readdir(outside)).toEqual(['precious']);
  expect(await emptyOut(trash, later())).toEqual([]);
});

test('what somebody else owns stays, named, and all around it goes', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can give files away');
  const root = await temporaryDirectory();
  const trash = join(root, 'trash');
  await mkdir(join(trash, 'mine'), { recursive: true });
  await writeFile(join(trash, 'mine/a'), 'a');
  const left = await asOrdinaryUser(trash, async () => {
    process.seteuid?.(0);
    await mkdir(join(trash, 'theirs'));
    await writeFile(join(trash, 'theirs/b'), 'b');
    process.seteuid?.(65_534);
    return emptyOut(trash, later());
  });
  expect(left).toEqual([
    { path: join(trash, 'theirs/b'), reason: 'it belongs to somebody else, or is protected against changes' },
  ]);
  expect(await readdir(trash)).toEqual(['theirs']);
});

test('what is mounted inside is not crossed, be it of the same disk', async ({ skip }) => {
  const root = await temporaryDirectory();
  const [trash, other] = [join(root, 'trash'), join(root, 'other')];
  await mkdir(join(trash, 'a/mount point'), { recursive: true });
  await mkdir(other);
  await writeFile(join(other, 'precious'), 'p');
  await writeFile(join(trash, 'a/b'), 'b');
  if (!(await mounted(other, join(trash, 'a/mount point')))) skip('mounting is not allowed here');
  expect(await emptyOut(trash, later())).toEqual([
    { path: join(trash, 'a/mount point'), reason: 'something is mounted there' },
  ]);
  expect(await readdir(join(trash, 'a'))).toEqual(['mount point']);
  expect(await readdir(other)).toEqual(['precious']);
});

test('what takes too long goes on the next time', async () => {
  const trash = join(await temporaryDirectory(), 'trash');
  await mkdir(trash);
  for (let at = 0; at < 10; at++) await writeFile(join(trash, `${at}`), '');
  expect(await emptyOut(trash, performance.now() - 1)).toEqual([
    { path: trash, reason: 'there was no time for all of it' },
  ]);
  expect(await emptyOut(trash, later())).toEqual([]);
});

test('trash that can’t be emptied is told, tried again, and keeps nothing else from going', async ({
  skip,
}) => {
  const clock = createManualClock();
  const s = await cleanupScene({ clock });
  const other = await s.sandbox.worktree(s.repository, join(s.sandbox.root, 'project-wt-b'), 'feature/b');
  await s.sandbox.write(join(s.worktree, 'kept/fixed.txt'), 'fixed\n');
  const fixed = await s.clean({ abandon: 'x' });
  clock.advance(1_000);
  const { worktreeIdOf } = await import('../../support/landing/fleet');
  const planned = await s.cleaner.planCleanup({
    worktreeId: worktreeIdOf(other),
    abandon: 'y',
    keepBranch: false,
    deleteRemote: false,
  });
  if (!planned.ok) throw new Error(planned.error.kind);
  await s.cleaner.cleanup({ token: planned.value.token, approve: false });
  const file = join(s.repository, '.git/orchard/trash', fixed, 'worktree/kept/fixed.txt');
  try {
    await run('chattr', ['+i', file]);
  } catch {
    skip('no file can be made immutable here');
  }
  const doomed = join(s.repository, '.git/orchard/doomed', fixed, 'worktree/kept/fixed.txt');
  let held = true;
  const letGo = async () => {
    if (held) await run('chattr', ['-i', (await exists(doomed)) ? doomed : file]);
    held = false;
  };
  onTestFinished(letGo);
  clock.advance(UNDO_MS + 2_000);
  await s.recovery.atStart(locationOf(s.repository));
  expect(await readdir(join(s.repository, '.git/orchard/doomed'))).toEqual([fixed]);
  expect(await readdir(join(s.repository, '.git/orchard/trash')).catch(() => [])).toEqual([]);
  const listed = await s.undoer.list();
  expect(listed).toMatchObject({
    ok: true,
    value: {
      operations: [],
      stuck: [
        {
          operation: fixed,
          repository: 'project',
          path: doomed,
          reason: expect.stringContaining('protected'),
        },
      ],
    },
  });
  expect(await s.undoer.stuck()).toHaveLength(1);
  expect(await s.undoer.undo({ operation: fixed })).toMatchObject({ ok: false });
  await letGo();
  await s.recovery.atStart(locationOf(s.repository));
  expect(await s.undoer.list()).toEqual({ ok: true, value: { operations: [], stuck: [] } });
  await expectNothingLeft(s);
});

test('an undo is whole though something in its trash can’t be removed', async ({ skip }) => {
  const s = await cleanupScene();
  const operation = await s.clean({ abandon: 'x' });
  const file = join(s.repository, '.git/orchard/trash', operation, 'left');
  await writeFile(file, '');
  try {
    await run('chattr', ['+i', file]);
  } catch {
    skip('no file can be made immutable here');
  }
  const doomed = join(s.repository, '.git/orchard/doomed', operation, 'left');
  onTestFinished(() => run('chattr', ['-i', doomed]).then(() => undefined));
  await undone(s, operation);
  expect(await s.git('worktree', 'list')).toContain('login');
  expect(await s.undoer.list()).toMatchObject({ value: { operations: [], stuck: [{ operation }] } });
});
