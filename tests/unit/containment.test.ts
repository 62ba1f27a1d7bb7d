import { expect, test } from 'vitest';
import { contains, deepest, pathStyleOf } from '../../src-main/domain/containment';

const linux = pathStyleOf('linux');
const windows = pathStyleOf('win32');
const mac = pathStyleOf('darwin');

test('a directory contains itself and what is below it, and no neighbour with a longer name', () => {
  expect(contains('/code/app', '/code/app', linux)).toBe(true);
  expect(contains('/code/app', '/code/app/src/deep', linux)).toBe(true);
  expect(contains('/code/app', '/code/app-wt-login', linux)).toBe(false);
  expect(contains('/', '/anything', linux)).toBe(true);
});

test('case counts on Linux and not on macOS and Windows', () => {
  expect(contains('/Code', '/code/x', linux)).toBe(false);
  expect(contains('/Code', '/code/x', mac)).toBe(true);
  expect(contains('C:\\Code', 'c:/code/x', windows)).toBe(true);
});

test('a session belongs to the deepest worktree around it', () => {
  const places = [{ path: '/code/app' }, { path: '/code/app/.claude/worktrees/x' }, { path: '/code/other' }];
  expect(deepest('/code/app/.claude/worktrees/x/src', places, linux)).toBe(places[1]);
  expect(deepest('/code/app/src', places, linux)).toBe(places[0]);
  expect(deepest('/elsewhere', places, linux)).toBeNull();
});
