import { expect, test } from 'vitest';
import type { MergePlan } from '../../../src-main/contract/plans';
import type { Collision } from '../../../src-main/contract/snapshot';
import { mergePlanText } from '../../../src-main/faces/terminal/plan-words';
import { plain } from '../../../src-main/faces/terminal/style';

const quiet: MergePlan = {
  token: 'token',
  worktreeId: 'w-000000000001',
  branch: 'feature/words',
  base: 'main',
  strategy: 'merge',
  update: null,
  steps: [],
  conflicts: [],
  collisions: [],
  order: null,
  validation: [],
  carryOver: [],
  warnings: [],
  losses: [],
  refusal: null,
};

test('a plan names the lines that another worktree changes too, and whose work they are', () => {
  const other = 'w-000000000002';
  const collision: Collision = {
    with: other,
    files: ['src/a.ts'],
    certainty: 'decided',
    kinds: ['content'],
    regions: [
      {
        file: 'src/a.ts',
        kind: 'content',
        ours: { file: 'src/a.ts', lines: { from: 4, to: 4 }, uncommitted: false, subject: 'Say it twice' },
        theirs: { file: 'src/a.ts', lines: { from: 6, to: 9 }, uncommitted: true, subject: null },
      },
    ],
    regionsLeftOut: 0,
  };
  const text = mergePlanText({ ...quiet, collisions: [collision] }, new Map([[other, 'wt-login']]), plain);
  expect(text).toContain(
    [
      'Will conflict afterwards with:',
      '  - wt-login: src/a.ts',
      '      src/a.ts: here line 4, “Say it twice”; in wt-login lines 6–9, uncommitted changes',
    ].join('\n'),
  );
});
