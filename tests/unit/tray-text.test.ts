import { describe, expect, test } from 'vitest';
import { countSessions, statusText } from '../../src-main/domain/tray-text';
import { sessionView } from '../support/views';

const needsYou = sessionView({ state: 'needs-permission', attention: 'needs-you' });
const working = sessionView({ state: 'working' });
const done = sessionView({ state: 'done', attention: 'look' });

describe('the status line', () => {
  test('with nothing running says so, and keeps the menu bar quiet', () => {
    expect(statusText([])).toEqual({ line: 'no sessions', title: '', icon: 'calm' });
    expect(statusText([sessionView({ state: 'ended' })]).line).toBe('no sessions');
  });
  test('says what needs a person first, and in good English', () => {
    expect(statusText([working, done, needsYou])).toEqual({
      line: '1 needs you · 1 working · 1 done',
      title: '1 needs you · 1 working · 1 done',
      icon: 'needs-you',
    });
    expect(statusText([needsYou, needsYou]).line).toBe('2 need you');
  });
  test('a limited or failed session needs you, whatever its state is called', () => {
    expect(statusText([sessionView({ state: 'limited', attention: 'needs-you' })]).icon).toBe('needs-you');
  });
  test('unknown is shown as unknown, never as idle', () => {
    expect(statusText([sessionView({ state: 'unknown' }), sessionView()]).line).toBe('1 idle · 1 unknown');
  });
  test('a crash that was seen is not counted any more', () => {
    expect(statusText([sessionView({ state: 'crashed', attention: 'look' })]).line).toBe('1 crashed');
    expect(statusText([sessionView({ state: 'crashed', attention: 'none' })]).line).toBe('no sessions');
  });
  test('only work in progress makes the icon busy', () => {
    expect(statusText([done]).icon).toBe('calm');
    expect(statusText([sessionView({ state: 'background' })]).icon).toBe('working');
  });
});

test('the counts of `orch status --json` count a session once', () => {
  expect(countSessions([needsYou, working, sessionView({ state: 'background' }), done], 4, 2)).toEqual({
    needsYou: 1,
    working: 2,
    done: 1,
    worktrees: 4,
    repositories: 2,
  });
});
