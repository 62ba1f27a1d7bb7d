import { expect, test } from 'vitest';
import type { TerminalCapability } from '../../src-main/contract/requests';
import { fail, ok } from '../../src-main/contract/result';
import { defaultSettings } from '../../src-main/contract/settings';
import { createDoctor, type DoctorDeps } from '../../src-main/engine/doctor';
import { createSilentLog } from '../support/silent-log';
import { repositoryFacts } from '../support/views';

const tmux: TerminalCapability = {
  id: 'tmux',
  title: 'tmux',
  platforms: ['linux'],
  installed: true,
  reach: 'pane',
  canOpenNew: true,
  note: '',
};
const { location } = repositoryFacts([]);
let released = 0;
const healthy = (): DoctorDeps => ({
  git: async () => ({ state: 'ok', version: '2.39.5', path: '/usr/bin/git' }),
  claude: async () => ({ state: 'ok', version: '2.1.330', path: '/usr/bin/claude' }),
  terminals: { capabilities: async () => [tmux] },
  notifier: { problem: null },
  settings: { file: '/config/settings.json', setAside: null, get: () => defaultSettings, problem: null },
  lock: {
    acquire: async () => {
      released--;
      return ok({
        release: async () => {
          released++;
        },
      });
    },
  },
  repositories: () => [location],
  troubles: () => [],
  watching: async () => ({ limit: { system: 65_536, orchard: 20_000 }, unwatched: [] }),
  stuckTrash: async () => [],
  environment: { from: 'own', problem: null },
  log: { ...createSilentLog(), file: '/log/orchard.log', problem: null },
});
const find = async (change: Partial<DoctorDeps>, id: string) =>
  (await createDoctor({ ...healthy(), ...change }).checks()).find((check) => check.id === id);

test('a healthy machine has every check in order, and no lock stays taken', async () => {
  const checks = await createDoctor(healthy()).checks();
  expect(checks.map(({ id, state }) => [id, state])).toEqual([
    ['git', 'ok'],
    ['claude', 'ok'],
    ['terminal', 'ok'],
    ['notifications', 'ok'],
    ['settings', 'ok'],
    ['watching', 'ok'],
    ['repositories', 'ok'],
    ['locks', 'ok'],
    ['trash', 'ok'],
    ['environment', 'ok'],
    ['log', 'ok'],
  ]);
  expect(checks.every(({ next }) => next === null)).toBe(true);
  expect(released).toBe(0);
});

test('without a usable git everything is broken; without Claude something is missing', async () => {
  expect(await find({ git: async () => ({ state: 'missing' }) }, 'git')).toMatchObject({ state: 'broken' });
  expect(
    await find({ git: async () => ({ state: 'too-old', version: '2.30.1', needed: '2.39' }) }, 'git'),
  ).toMatchObject({ state: 'broken', message: expect.stringContaining('2.30.1') });
  expect(await find({ claude: async () => ({ state: 'missing' }) }, 'claude')).toMatchObject({
    state: 'absent',
    next: expect.stringContaining('PATH'),
  });
});

test('a terminal that is chosen and gone is said, and so is having none', async () => {
  const chosen = { ...defaultSettings, terminal: { preferred: 'kitty', custom: null } };
  const settings = { ...healthy().settings, get: () => chosen };
  const kitty = { ...tmux, id: 'kitty', title: 'kitty', installed: false };
  const terminals = { capabilities: async () => [tmux, kitty] };
  expect(await find({ settings, terminals }, 'terminal')).toMatchObject({
    state: 'warning',
    message: 'kitty is chosen in the settings and is not here.',
  });
  expect(await find({ terminals: { capabilities: async () => [] } }, 'terminal')).toMatchObject({
    state: 'warning',
    next: expect.stringContaining('orch open --print'),
  });
});

test('notifications, settings, environment and log each say what is wrong and the way out', async () => {
  expect(await find({ notifier: null }, 'notifications')).toMatchObject({ state: 'absent' });
  expect((await find({ notifier: null, platform: 'darwin' }, 'notifications'))?.next).toContain(
    'signed build',
  );
  expect(
    await find({ notifier: { problem: 'Nobody answered.', remedy: 'Start one.' } }, 'notifications'),
  ).toMatchObject({ state: 'warning', message: 'Nobody answered.', next: 'Start one.' });
  expect(await find({ notifier: { problem: 'not signed' } }, 'notifications')).toMatchObject({
    state: 'warning',
    message: expect.stringContaining('not signed'),
  });
  const { settings } = healthy();
  expect(
    await find({ settings: { ...settings, problem: '/c is not valid JSON' } }, 'settings'),
  ).toMatchObject({
    state: 'broken',
  });
  const setAside = { kind: 'settings-set-aside', path: '/kept', problem: 'is empty' } as const;
  expect(await find({ settings: { ...settings, setAside } }, 'settings')).toMatchObject({
    state: 'warning',
    message: expect.stringContaining('/kept'),
  });
  expect(
    await find(
      { environment: { from: 'own', problem: '/bin/zsh did not answer within 5 seconds' } },
      'environment',
    ),
  ).toMatchObject({ state: 'warning', message: expect.stringContaining('/bin/zsh') });
  expect(await find({ log: { ...createSilentLog(), problem: 'ENOSPC' } }, 'log')).toMatchObject({
    state: 'warning',
  });
});

test('a lock that somebody holds is no fault; one that can not be taken is', async () => {
  const busy = { kind: 'busy', repository: 'project', owner: 'Orchard (spawning, process 7)' } as const;
  expect(await find({ lock: { acquire: async () => fail(busy) } }, 'locks')).toMatchObject({
    state: 'ok',
    message: 'Orchard (spawning, process 7) is working on project.',
  });
  const readOnly = { kind: 'read-only', path: '/code/project/.git/orchard' } as const;
  expect(await find({ lock: { acquire: async () => fail(readOnly) } }, 'locks')).toMatchObject({
    state: 'warning',
    message: expect.stringContaining('/code/project/.git/orchard'),
  });
});

test('a check that throws is broken with a reference, and the others still answer', async () => {
  const checks = await createDoctor({
    ...healthy(),
    terminals: {
      capabilities: async () => {
        throw new Error('no');
      },
    },
  }).checks();
  expect(checks.filter(({ state }) => state === 'broken').map(({ id }) => id)).toEqual(['terminal']);
  expect(checks.find(({ id }) => id === 'terminal')?.message).toContain('test-1');
});

test('watches that ran out are a warning that says what helps; a network file system is none', async () => {
  const limit = { system: 8_192, orchard: 4_096 };
  const left = {
    kind: 'limit',
    why: 'the system has no file watches left (fs.inotify.max_user_watches)',
  } as const;
  const remote = { kind: 'remote', why: 'it is on NFS, whose changes are not announced' } as const;
  const watching = (unwatched: readonly (typeof left | typeof remote)[]) => async () => ({
    limit,
    unwatched,
  });
  expect(await find({ watching: watching([left, remote, left]) }, 'watching')).toMatchObject({
    state: 'warning',
    message:
      '2 worktrees are looked at now and then instead of being watched, because the system has no file watches left (fs.inotify.max_user_watches).',
    next: expect.stringContaining('sysctl fs.inotify.max_user_watches'),
  });
  expect(await find({ watching: watching([remote]) }, 'watching')).toMatchObject({
    state: 'ok',
    message: 'Up to 4096 directories of the 8192 that the system lets all programs watch.',
  });
});
