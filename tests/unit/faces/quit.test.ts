import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { OperationEvent } from '../../../src-main/contract/operations';
import { createQuit, doing, type QuitAnswer } from '../../../src-main/faces/electron/quit';
import { poll } from '../../support/poll';
import { createSilentLog } from '../../support/silent-log';

const event = (operation: string, change: OperationEvent['change']): OperationEvent => ({
  operation,
  kind: 'merge',
  repositoryId: 'r-000000000001',
  worktreeId: null,
  at: '2026-01-01T00:00:00.000Z',
  change,
});
const started = event('merge-1', { type: 'started', title: 'Merge feature/x', steps: [] });
const finished = event('merge-1', { type: 'finished', failure: null, summary: '' });

/** Electron's order: before-quit, then will-quit, each of which can be held back. */
function scene(answer: () => Promise<QuitAnswer>) {
  const happened: string[] = [];
  const app = Object.assign(new EventEmitter(), {
    quit() {
      let held = false;
      const hold = { preventDefault: () => (held = true) };
      app.emit('before-quit', hold);
      if (!held) app.emit('will-quit', hold);
      return held;
    },
    exit: () => void happened.push('exit'),
  });
  let dispose = async () => {};
  const quit = createQuit({
    app: app as unknown as Parameters<typeof createQuit>[0]['app'],
    async dispose() {
      happened.push('dispose');
      await dispose();
    },
    ask(what) {
      happened.push(what);
      return answer();
    },
    log: createSilentLog(),
  });
  return {
    app,
    quit,
    happened,
    disposing: (how: () => Promise<void>) => {
      dispose = how;
    },
    gone: () =>
      poll(
        () => happened,
        (all) => all.includes('exit'),
        { what: 'the end' },
      ),
  };
}

describe('a person quits', () => {
  test('with nothing under way, nobody is asked', async () => {
    const { app, quit, happened, gone } = scene(async () => 'stay');
    quit.note(started);
    quit.note(finished);
    app.quit();
    await gone();
    expect(happened).toEqual(['dispose', 'exit']);
  });

  test('asked once, however often they quit; staying changes nothing', async () => {
    let decide: (answer: QuitAnswer) => void = () => {};
    const { app, quit, happened } = scene(
      () =>
        new Promise((resolve) => {
          decide = resolve;
        }),
    );
    quit.note(started);
    app.quit();
    app.quit();
    expect(happened).toEqual(['merging feature/x']);
    decide('stay');
    await Promise.resolve();
    quit.note(finished);
    expect(happened).toEqual(['merging feature/x']);
    expect(quit.isLeaving()).toBe(false);
  });

  test('when it is done: not before', async () => {
    const { app, quit, happened, gone } = scene(async () => 'when-done');
    quit.note(started);
    app.quit();
    await Promise.resolve();
    expect(quit.isLeaving()).toBe(false);
    quit.note(event('merge-1', { type: 'step', step: 'land', state: 'done' }));
    expect(quit.isLeaving()).toBe(false);
    quit.note(finished);
    await gone();
    expect(happened).toEqual(['merging feature/x', 'dispose', 'exit']);
  });

  test('it was done while they read: they leave at once', async () => {
    const { app, quit, happened, gone } = scene(async () => {
      quit.note(finished);
      return 'when-done';
    });
    quit.note(started);
    app.quit();
    await gone();
    expect(happened).toEqual(['merging feature/x', 'dispose', 'exit']);
  });

  test('cancelled: everything is put away before the end', async () => {
    const { app, quit, happened, gone, disposing } = scene(async () => 'cancel');
    disposing(async () => {
      await Promise.resolve();
      happened.push('taken back');
    });
    quit.note(started);
    app.quit();
    await gone();
    expect(happened).toEqual(['merging feature/x', 'dispose', 'taken back', 'exit']);
  });
});

test('a signal asks nobody, also while somebody is being asked; the second does not wait', async () => {
  const { app, quit, happened, disposing } = scene(() => new Promise(() => {}));
  disposing(() => new Promise(() => {}));
  quit.note(started);
  app.quit();
  quit.leaveNow('SIGTERM');
  expect(happened).toEqual(['merging feature/x', 'dispose']);
  expect(quit.isLeaving()).toBe(true);
  quit.leaveNow('SIGTERM');
  expect(happened).toEqual(['merging feature/x', 'dispose', 'exit']);
});

test('what runs is said as a phrase', () => {
  expect(doing('rebase', 'Rebase feature/x')).toBe('rebasing feature/x');
  expect(doing('cleanup', 'Clean up shop-wt-cart')).toBe('cleaning up shop-wt-cart');
  expect(doing('undo', 'Undo: Merged a into main')).toBe('taking back “Merged a into main”');
  expect(doing('spawn', 'Fix the footer')).toBe('making a worktree for “Fix the footer”');
});
