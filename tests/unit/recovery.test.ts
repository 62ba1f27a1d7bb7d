import { expect, test } from 'vitest';
import { createRecovery } from '../../src-main/engine/operations/recovery';
import { locationOf } from '../support/git-command';
import { createSilentLog } from '../support/silent-log';

function recoveryOf(
  options: { readonly unfinished?: boolean; readonly held?: boolean; readonly alive?: boolean } = {},
) {
  const did: string[] = [];
  const note = (what: string) => async () => {
    did.push(what);
  };
  const recovery = createRecovery({
    journal: {
      anyTrace: async () => true,
      begin: async () => {
        throw new Error('nothing begins here');
      },
      unfinished: async () =>
        options.unfinished === true
          ? [
              {
                operation: 'merge-20260105090000-0a1b2c',
                kind: 'merge',
                data: null,
                begunAt: 0,
                damaged: false,
                steps: [],
                entry: {
                  step: async () => ({ ok: true, value: undefined }),
                  finish: async () => ({ ok: true, value: undefined }),
                },
              },
            ]
          : [],
      unreadable: async () => [],
      finished: async () => [],
    },
    lock: {
      acquire: async (_location, _what, { scope = 'names' } = {}) => {
        const suffix = scope === 'names' ? '' : ` ${scope}`;
        did.push(`lock${suffix}`);
        return options.held === true || (options.alive === true && scope === 'landing')
          ? { ok: false, error: { kind: 'busy', repository: 'shop', owner: 'another' } }
          : { ok: true, value: { release: note(`release${suffix}`) } };
      },
    },
    log: createSilentLog(),
    recoverers: [async () => 'Finished it.'],
    collect: async () => {
      did.push('collect');
      return [];
    },
    pinnedWork: async () => null,
    dropLeft: note('drop left'),
    tidy: note('tidy'),
    empty: note('empty'),
  });
  return { recovery, did };
}
const location = locationOf('/code/shop');

test('thousands of files are removed only once the repository’s lock is released', async () => {
  const { recovery, did } = recoveryOf({ unfinished: true });
  expect(await recovery.atStart(location)).toEqual(['Finished it.']);
  expect(did).toEqual([
    'lock',
    'lock landing',
    'drop left',
    'release landing',
    'collect',
    'release',
    'empty',
    'tidy',
  ]);
});

test('a command that only looks empties what its own recovery let go, and collects nothing', async () => {
  const { recovery, did } = recoveryOf({ unfinished: true });
  await recovery.ifNeeded(location);
  expect(did).toEqual(['lock', 'lock landing', 'drop left', 'release landing', 'release', 'empty']);
});

test('where another process is at work, nothing is touched', async () => {
  const { recovery, did } = recoveryOf({ held: true });
  expect(await recovery.atStart(location)).toEqual([]);
  expect(did).toEqual(['lock']);
});

test('what belongs to somebody who is alive, and validates without the names, is left to them', async () => {
  const { recovery, did } = recoveryOf({ unfinished: true, alive: true });
  expect(await recovery.ifNeeded(location)).toEqual([]);
  expect(did).toEqual(['lock', 'lock landing', 'drop left', 'release', 'empty']);
});
