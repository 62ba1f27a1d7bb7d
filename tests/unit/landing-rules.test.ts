import { expect, test } from 'vitest';
import { claudePidOfLock, isReproducible, noteFolder } from '../../src-main/domain/cleanup-plan';
import { mergeMessage, revertCommand, squashMessage } from '../../src-main/domain/merge-plan';
import { comparePage, parseRemote } from '../../src-main/domain/remote-hosts';
import { isExpired, UNDO_MS, undoUntil } from '../../src-main/domain/undo-rules';
import { readMergedTree } from '../../src-main/git/facts/prediction';
import { scratchObjects } from '../../src-main/git/run/git-command';

test('a lock is Claude’s only by the words Claude writes', () => {
  expect(claudePidOfLock('claude session probe0 (pid 29884)')).toBe(29884);
  expect(claudePidOfLock('claude session a b (pid 12 start Sun Nov 22)\n')).toBe(12);
  expect(claudePidOfLock('claude agent a12 (pid 5)')).toBe(5);
  for (const other of [
    '',
    'on a USB stick',
    '(pid 5)',
    'my claude session (pid 5)',
    'claude session (pid x)',
    'claude (pid 5) but mine',
  ])
    expect(claudePidOfLock(other)).toBe(null);
});

test('only what a build makes again counts as reproducible, and only as a whole directory', () => {
  for (const name of ['node_modules/', 'packages/a/node_modules/', 'target/', '.next/'])
    expect(isReproducible(name)).toBe(true);
  for (const name of ['node_modules', 'data/', '.env', '.venv/', 'my-target/', 'targets/'])
    expect(isReproducible(name)).toBe(false);
});

test('a branch becomes a directory of notes on every system', () => {
  expect(noteFolder('feature/login')).toBe('feature/login');
  expect(noteFolder('aux/a"b|c')).toBe('aux-branch/a-b-c');
  expect(noteFolder('x/ends.')).toBe('x/ends-');
});

test('messages say what git’s own would', () => {
  expect(mergeMessage('f', 'main')).toBe("Merge branch 'f'\n");
  expect(mergeMessage('f', 'release')).toBe("Merge branch 'f' into release\n");
  expect(squashMessage('f', null, ['Only\n\nbody\n'])).toBe('Only\n\nbody\n');
  expect(squashMessage('f', 'Log in\nmore', ['One\n', 'Two\n\nbody\n'])).toBe('Log in\n\n* One\n* Two\n');
});

test('the revert that is offered fits how it landed', () => {
  const landed = { from: 'a'.repeat(40), to: 'b'.repeat(40) };
  expect(revertCommand({ ...landed, strategy: 'merge' })).toBe('git revert -m 1 bbbbbbbbb');
  expect(revertCommand({ ...landed, strategy: 'ff' })).toBe('git revert --no-edit aaaaaaaaa..bbbbbbbbb');
  expect(revertCommand({ ...landed, strategy: 'squash' })).toBe('git revert bbbbbbbbb');
});

test('an operation expires after seven days, whatever the clock was set to in between', () => {
  const at = Date.UTC(2026, 0, 1);
  const operation = { at, until: undoUntil(at) };
  expect(isExpired(operation, at + UNDO_MS - 1)).toBe(false);
  expect(isExpired(operation, at + UNDO_MS)).toBe(true);
  expect(isExpired(operation, at - 1)).toBe(false);
});

test('remotes are told apart however they are written, and credentials are dropped', () => {
  for (const url of [
    'git@github.com:o/r.git',
    'https://user:token@github.com/o/r',
    'ssh://git@github.com:22/o/r.git/',
  ])
    expect(parseRemote(url)).toEqual({ kind: 'github', host: 'github.com', path: 'o/r' });
  expect(parseRemote('https://gitlab.example.org/a/b/c.git')).toEqual({
    kind: 'gitlab',
    host: 'gitlab.example.org',
    path: 'a/b/c',
  });
  for (const url of ['/srv/r.git', '../r', 'file:///srv/r.git', 'C:\\r', 'C:/r'])
    expect(parseRemote(url).kind).toBe('local');
  expect(parseRemote('git@code.example.org:o/r').kind).toBe('other');
  expect(parseRemote('ext::sh -c evil').kind).not.toBe('local');
});

test('each host’s compare page is addressed with escaped names', () => {
  const page = (url: string) => comparePage(parseRemote(url), 'main', 'feature/ä&x');
  expect(page('git@github.com:o/r.git')).toBe(
    'https://github.com/o/r/compare/main...feature/%C3%A4%26x?expand=1',
  );
  expect(page('git@gitlab.com:g/s/r.git')).toBe(
    'https://gitlab.com/g/s/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=feature%2F%C3%A4%26x&merge_request%5Btarget_branch%5D=main',
  );
  expect(page('git@bitbucket.org:o/r.git')).toBe(
    'https://bitbucket.org/o/r/pull-requests/new?source=feature%2F%C3%A4%26x&dest=main',
  );
  expect(page('https://codeberg.org/o/r')).toBe('https://codeberg.org/o/r/compare/main...feature/%C3%A4%26x');
  expect(page('git@code.example.org:o/r')).toBe(null);
});

test('an object store whose path holds the list separator is quoted', () => {
  if (process.platform === 'win32') return;
  expect(scratchObjects('/a/.git', '/s').GIT_ALTERNATE_OBJECT_DIRECTORIES).toBe('/a/.git/objects');
  expect(scratchObjects('/a:b"/.git', '/s').GIT_ALTERNATE_OBJECT_DIRECTORIES).toBe('"/a:b\\"/.git/objects"');
});

test('merge-tree’s answer is read with odd names and several messages', () => {
  const output = [
    'tree',
    '100644 aaa 2\ta\tb',
    '100644 bbb 3\ta\tb',
    '',
    '1',
    'a\tb',
    'Auto-merging',
    'Auto-merging',
    '2',
    'x',
    'y',
    'CONFLICT (rename/delete)',
    'CONFLICT …',
    '',
  ].join('\0');
  expect(readMergedTree(output, false)).toEqual({
    tree: 'tree',
    files: ['a\tb', 'x', 'y'],
    kinds: ['rename'],
  });
  expect(readMergedTree('tree\0', true)).toEqual({ tree: 'tree', files: [], kinds: [] });
});
