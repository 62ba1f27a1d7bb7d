import { expect, test } from 'vitest';
import { decode } from '../../src-main/contract/boundary';

test('an unknown request is refused by name', () => {
  expect(decode('nope', {})).toMatchObject({ ok: false, error: { kind: 'invalid-request', field: 'name' } });
});
test('a bad field is named with its path', () => {
  expect(decode('worktree.open', { worktreeId: '/etc', sessionId: null })).toMatchObject({
    ok: false,
    error: { field: 'worktreeId' },
  });
});
test('settings that are a path or a command can not be patched', () => {
  expect(decode('settings.update', { terminal: { custom: ['sh'] } })).toMatchObject({ ok: false });
});
test('a good request comes out decoded', () => {
  expect(decode('snapshot.get', {})).toEqual({ ok: true, value: { name: 'snapshot.get', input: {} } });
});
