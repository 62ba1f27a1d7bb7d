import { expect, test } from 'vitest';
import { linesOf } from '../../../src-main/faces/terminal/commands/performance';
import { clean } from '../../../src-main/faces/terminal/text';

test('what watching holds, in lines', () => {
  expect(
    linesOf({
      processes: { started: 40, startedInLastMinute: 12, running: 1, queued: 2, restarts: 0 },
      watches: { git: 14, files: 700, left: 19_300 },
      refreshes: 9,
      lastRefreshes: [
        { at: Date.UTC(2026, 0, 5, 9, 0, 1), path: '/p', what: 'refs', paths: 0, tookMs: 12.4 },
        { at: Date.UTC(2026, 0, 5, 9, 0, 2), path: '/p/a\u001b[2J', what: 'paths', paths: 3, tookMs: 20 },
      ],
      repositories: 1,
      unwatched: [{ path: '/p/far', why: 'on NFS, whose changes are not announced' }],
    }),
  ).toEqual([
    'Watches: 700 for files (19300 more allowed), 14 for git.',
    '  files not watched: /p/far: on NFS, whose changes are not announced',
    'Git processes: 40 started, 12 in the last minute, 1 running, 2 waiting.',
    'Refreshes: 9; the last ones:',
    '  09:00:01.000     12 ms  refs  /p',
    // A path can hold what would clear the screen.
    `  09:00:02.000     20 ms  status of paths (3)  ${clean('/p/a\u001b[2J')}`,
  ]);
});
