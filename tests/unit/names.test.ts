import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operationId } from '../../src-main/contract/ids';
import {
  branchInTheWay,
  directoryName,
  nameOfTask,
  nameProblem,
  operationIdOf,
  quickName,
  slugOf,
  slugOfName,
  timestamp,
} from '../../src-main/domain/names';

describe('slugs', () => {
  it.each([
    ['Fix the footer', 'fix-the-footer'],
    ['  Don’t   panic! ', 'dont-panic'],
    ['Ünïcode Straße Żółw İstanbul', 'unicode-strasse-zolw-istanbul'],
    ['ﬁne ½ ①', 'fine-1-2-1'],
    ['a/b\\c:d', 'a-b-c-d'],
    ['--leading and trailing--', 'leading-and-trailing'],
    ['日本語', ''],
    ['🚀', ''],
    ['', ''],
    ['CON', 'con-task'],
    ['lpt9', 'lpt9-task'],
    ['console', 'console'],
    ['Refactor the authentication middleware so that it works', 'refactor-the-authentication-middleware'],
    ['x'.repeat(200), 'x'.repeat(40)],
    [`${'x'.repeat(39)} y`, 'x'.repeat(39)],
  ])('%j is %j', (text, slug) => expect(slugOf(text)).toBe(slug));

  it('are always safe as a file, a ref and an argument', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const slug = slugOf(text);
        expect(slug).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*)?$/);
        expect(slug.length).toBeLessThanOrEqual(45);
        expect(slug).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/);
        expect(slugOf(slug)).toBe(slug);
      }),
    );
  });
});

describe('chosen names', () => {
  it('are refused where they would have to be guessed at', () => {
    for (const name of ['', '  ', '-x', ' -x', 'a\nb', 'a\u0007b', '🚀', '...'])
      expect(nameProblem(name), JSON.stringify(name)).not.toBeNull();
    for (const name of ['Login page', 'v2', 'Ärger', 'a/b']) expect(nameProblem(name)).toBeNull();
  });

  it('may repeat the branch prefix', () => {
    expect(slugOfName('feature/Login page', 'feature/')).toBe('login-page');
    expect(slugOfName('login', 'feature/')).toBe('login');
    expect(slugOfName('feature/', 'feature/')).toBe('feature');
  });
});

describe('times', () => {
  const at = new Date(2026, 10, 22, 19, 5, 9).getTime();

  it('name what has no better name, in the person’s own time', () => {
    expect(timestamp(at)).toBe('20261122-190509');
    expect(quickName(at)).toBe('quick-20261122-190509');
    expect(nameOfTask('🚀', at)).toBe('task-20261122-190509');
  });

  it('make ids of operations that the contract takes', () => {
    const id = operationIdOf('spawn', Date.UTC(2026, 10, 22, 19, 0, 0), 'abcdef');
    expect(id).toBe('spawn-20261122190000-abcdef');
    expect(operationId.safeParse(id).success).toBe(true);
  });
});

it('a directory says which repository it belongs to', () => {
  expect(directoryName('my-project', 'fix')).toBe('my-project-wt-fix');
});

it.each([
  ['feature/a', ['main', 'feature/ab'], null],
  ['feature/a', ['main', 'Feature/A'], 'Feature/A'],
  ['feature/a', ['feature'], 'feature'],
  ['feature/a', ['feature/a/b'], 'feature/a/b'],
  ['feature/a', ['feature-x'], null],
])('%s beside %j is stopped by %s', (branch, existing, found) =>
  expect(branchInTheWay(branch, existing)).toBe(found),
);
