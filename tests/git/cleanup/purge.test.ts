/** Trash whose time is over: let go by a rename under the lock, removed without it. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UNDO_MS } from '../../../src-main/domain/undo-rules';
import { doom, emptyDoomed } from '../../../src-main/git/kept/doomed';
import { exists } from '../../../src-main/system/small-reads';
import { plantArchives } from '../../support/archives';
import { locationOf } from '../../support/git-command';
import { cleanupScene, expectNothingLeft } from '../../support/landing/cleanup-scene';
import { createManualClock } from '../../support/manual-clock';
import { createSilentLog } from '../../support/silent-log';
import { temporaryDirectory } from '../../support/temporary';

const OPERATION = 'cleanup-20260105090000-0a1b2c';

test('letting go is a rename: the files are still there when the lock is free, and gone after it', async () => {
  const clock = createManualClock();
  const s = await cleanupScene({ clock });
  const location = locationOf(s.repository);
  await plantArchives(s.worktree);
  const operation = await s.clean({ abandon: 'x' });
  const trash = join(s.repository, '.git/orchard/trash', operation);
  const doomed = join(s.repository, '.git/orchard/doomed', operation);
  expect(await exists(trash)).toBe(true);

  clock.advance(UNDO_MS + 1_000);
  expect(await s.undoer.collect(location)).toEqual([operation]);
  expect(await exists(trash)).toBe(false);
  expect(await exists(join(doomed, 'worktree'))).toBe(true);
  // Nobody takes back what is being removed.
  expect(await s.undoer.undo({ operation })).toMatchObject({ ok: false });
  expect(await s.git('for-each-ref', 'refs/orchard')).toBe('');

  // A process that ended right there: the next one's start removes the rest.
  await s.recovery.atStart(location);
  expect(await exists(doomed)).toBe(false);
  await expectNothingLeft(s);
});

test('what lies on another disk goes with it, and nothing that only claims to', async () => {
  const root = await temporaryDirectory();
  const location = locationOf(join(root, 'shop'));
  const trash = join(location.commonDir, 'orchard', 'trash', OPERATION);
  const place = join(root, 'disk', '.orchard-trash', OPERATION, 'shop-wt-cart');
  const others = [
    join(root, 'disk', 'letters'),
    join(root, 'disk', '.orchard-trash', 'cleanup-20260105090000-ffffff', 'shop-wt-cart'),
  ];
  for (const directory of [trash, place, ...others]) {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'a.txt'), 'a');
  }
  expect(await doom(location, OPERATION, trash, [place, ...others])).toBe(true);
  const log = createSilentLog();
  await emptyDoomed(location, log);
  expect(log.lines).toEqual([]);
  expect(await exists(join(root, 'disk', '.orchard-trash', OPERATION))).toBe(false);
  expect(await exists(join(location.commonDir, 'orchard', 'doomed'))).toBe(false);
  for (const directory of others) expect(await readdir(directory)).toEqual(['a.txt']);
});

test('a note that can’t be read keeps the trash, and says so', async () => {
  const root = await temporaryDirectory();
  const location = locationOf(join(root, 'shop'));
  const doomed = join(location.commonDir, 'orchard', 'doomed', OPERATION);
  await mkdir(doomed, { recursive: true });
  await writeFile(join(doomed, 'elsewhere.json'), '["/half');
  const log = createSilentLog();
  await emptyDoomed(location, log);
  expect(log.lines.map(({ event }) => event)).toEqual(['trash.not-emptied']);
  expect(await exists(doomed)).toBe(true);
});
