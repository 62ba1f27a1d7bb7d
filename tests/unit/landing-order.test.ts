import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  collide,
  type LandingCandidate,
  orderLandings,
  rebasesIfNext,
  rebasesIn,
} from '../../src-main/domain/landing-order';
import { landingOrderOf } from '../../src-main/domain/landing-words';

const candidate = (label: string, change: Partial<LandingCandidate> = {}): LandingCandidate => ({
  id: `w-${label}`,
  label,
  ahead: 1,
  ready: true,
  since: null,
  collides: new Map(),
  conflictsWithBase: false,
  ...change,
});

/** Candidates `a`, `b`… with these pairs colliding; each pair is known from one row only, as it may be. */
function graph(
  labels: string,
  pairs: readonly string[],
  changes: Readonly<Record<string, Partial<LandingCandidate>>> = {},
): readonly LandingCandidate[] {
  return [...labels].map((label) =>
    candidate(label, {
      ...changes[label],
      collides: new Map(
        pairs
          .filter((pair) => pair[0] === label)
          .map((pair) => [`w-${pair[1]}`, [`src/${[...pair].join('')}.ts`]] as const),
      ),
    }),
  );
}

const inOrder = (candidates: readonly LandingCandidate[]) =>
  orderLandings(candidates)
    .order.map(({ label }) => label)
    .join('');
const rebased = (candidates: readonly LandingCandidate[]) => [...orderLandings(candidates).rebases].sort();

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length < 2) yield items;
  else
    for (const [at, item] of items.entries())
      for (const rest of permutations([...items.slice(0, at), ...items.slice(at + 1)])) yield [item, ...rest];
}

/** Landing for real, one after the other: everything left that collides with it conflicts from then on. */
function landAll(order: readonly LandingCandidate[]): number {
  let waiting = order.map((one) => ({ one, conflicts: one.conflictsWithBase }));
  let rebases = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const landed = next;
    if (landed.conflicts) rebases++;
    waiting = waiting.map(({ one, conflicts }) => ({
      one,
      conflicts: conflicts || collide(landed.one, one),
    }));
  }
  return rebases;
}

const graphs = (most: number): fc.Arbitrary<readonly LandingCandidate[]> =>
  fc.integer({ min: 0, max: most }).chain((count) => {
    const labels = 'abcdefghijklmnopqrstuvwxyz'.slice(0, count);
    const pairs = [...labels].flatMap((a, at) => [...labels.slice(at + 1)].map((b) => a + b));
    return fc
      .record({
        pairs: fc.subarray(pairs),
        facts: fc.array(
          fc.record({
            ahead: fc.integer({ min: 0, max: 3 }),
            ready: fc.boolean(),
            since: fc.option(fc.integer({ min: 1, max: 3 })),
            conflictsWithBase: fc.oneof(
              { weight: 4, arbitrary: fc.constant(false) },
              { weight: 1, arbitrary: fc.constant(true) },
            ),
          }),
          { minLength: count, maxLength: count },
        ),
      })
      .map((made) =>
        graph(
          labels,
          made.pairs,
          Object.fromEntries(made.facts.map((facts, at) => [labels[at] ?? '', facts])),
        ),
      );
  });

describe('the order', () => {
  test('needs no more rebases than the best of all orders, and says exactly who needs one', () => {
    fc.assert(
      fc.property(graphs(6), (candidates) => {
        const { order, rebases, exact } = orderLandings(candidates);
        expect(exact).toBe(true);
        expect(landAll(order)).toBe(rebases.size);
        expect(rebases).toEqual(rebasesIn(order));
        let best = candidates.length;
        for (const tried of permutations(candidates)) best = Math.min(best, landAll(tried));
        expect(rebases.size).toBe(best);
      }),
      { numRuns: 300 },
    );
  });

  test('is a permutation of what waits, whatever order that came in', () => {
    fc.assert(
      fc.property(
        graphs(9).chain((one) =>
          fc.tuple(fc.constant(one), fc.shuffledSubarray([...one], { minLength: one.length })),
        ),
        ([candidates, shuffled]) => {
          expect(inOrder(shuffled)).toBe(inOrder(candidates));
          expect([...inOrder(candidates)].sort()).toEqual(candidates.map(({ label }) => label));
        },
      ),
    );
  });

  test('holds when its first one has landed: nobody is asked for more than was said before', () => {
    fc.assert(
      fc.property(graphs(8), (candidates) => {
        const { order, rebases } = orderLandings(candidates);
        const [first] = order;
        fc.pre(first !== undefined && !first.conflictsWithBase);
        if (first !== undefined) expect(rebasesIfNext(candidates, first)).toBe(rebases.size);
      }),
    );
  });

  test('of several as good, lands what is ready before what is not', () => {
    fc.assert(
      fc.property(graphs(6), (candidates) => {
        const { order, rebases } = orderLandings(candidates);
        const best = order.filter(({ id, ready }) => ready && !rebases.has(id)).length;
        // Nobody else could be the first of an order that is as good, and be ready, when the first is not.
        const [first] = order;
        if (first === undefined || first.ready) return;
        expect(best).toBe(0);
        for (const other of candidates)
          if (other.ready && !other.conflictsWithBase)
            expect(rebasesIfNext(candidates, other)).toBeGreaterThan(rebases.size);
      }),
      { numRuns: 300 },
    );
  });

  test('is still an order, with every rebase told, where so many collide that the best can’t be tried out', () => {
    const labels = 'abcdefghijklmnopqrstuvwxyz';
    const ring = [...labels].map((label, at) => `${label}${labels[(at + 1) % labels.length]}`);
    const { order, rebases, exact } = orderLandings(graph(labels, ring));
    expect(exact).toBe(false);
    expect(order).toHaveLength(26);
    expect(landAll(order)).toBe(rebases.size);
    // A ring of 26 needs 13; taking the least crowded first finds that here.
    expect(rebases.size).toBe(13);
  });

  test('is proven the best for sixteen in one cluster, at once', () => {
    const labels = 'abcdefghijklmnop';
    const pairs = [...labels].flatMap((a, at) =>
      [...labels.slice(at + 1)].filter((_, to) => (at * 7 + to * 3) % 4 !== 0).map((b) => a + b),
    );
    const { exact, order, rebases } = orderLandings(graph(labels, pairs));
    expect(exact).toBe(true);
    expect(landAll(order)).toBe(rebases.size);
  });

  test('spares two by making one wait, however ready that one is', () => {
    const candidates = graph('abc', ['ab', 'bc'], { b: { ahead: 9 }, a: { ready: false } });
    expect(inOrder(candidates)).toBe('cab');
    expect(rebased(candidates)).toEqual(['w-b']);
  });

  test('prefers more commits, then the older, then the name; and nothing that time alone changes', () => {
    expect(inOrder(graph('ab', ['ab'], { b: { ahead: 2 } }))).toBe('ba');
    expect(inOrder(graph('ab', ['ab'], { a: { since: 5 }, b: { since: 4 } }))).toBe('ba');
    expect(inOrder(graph('ab', ['ab'], { b: { since: 4 } }))).toBe('ba');
    expect(inOrder(graph('ab', ['ab']))).toBe('ab');
  });

  test('what conflicts with the base already is rebased in any order, and costs nobody else one', () => {
    // Landing a first would cost b its place for nothing: a has to be rebased anyway.
    const candidates = graph('abc', ['ab', 'bc'], {
      a: { ahead: 9, conflictsWithBase: true },
      b: { ahead: 2 },
    });
    expect(inOrder(candidates)).toBe('bca');
    expect(rebased(candidates)).toEqual(['w-a', 'w-c']);
  });
});

describe('the sentence', () => {
  const said = (candidates: readonly LandingCandidate[]) => landingOrderOf(candidates, 'main')?.text ?? null;
  const place = (candidates: readonly LandingCandidate[], label: string) =>
    landingOrderOf(candidates, 'main')?.places.find(({ worktree }) => worktree === `w-${label}`)?.text ??
    null;

  test('names the first, why, and who needs a rebase then', () => {
    expect(said(graph('abc', ['bc'], { c: { ready: false }, a: { ahead: 3 } }))).toBe(
      'Merge a first: it collides with nothing waiting; b and c both change src/bc.ts, and b is ready. Then only c needs a rebase.',
    );
    expect(said(graph('ab', ['ab'], { b: { ahead: 4 } }))).toBe(
      'Merge b first: b and a both change src/ab.ts, and b has more commits. Then only a needs a rebase.',
    );
    expect(said(graph('abc', ['ab', 'bc']))).toBe(
      'Merge a first: b collides with a and c, which do not collide with each other. Then only b needs a rebase.',
    );
    expect(said(graph('abc', ['ab', 'bc', 'ac']))).toBe(
      'Merge a first: a, b and c all collide with one another. Then only b and c need a rebase.',
    );
    expect(said(graph('abcd', ['ab', 'bc', 'cd']))).toBe(
      'Merge a first: a, c and 2 more collide with one another in 3 pairs. Then only b and d need a rebase.',
    );
  });

  test('waits for the first one when nothing as good is ready, and never for one that nobody waits for', () => {
    const busy = { ready: false };
    expect(said(graph('abc', ['bc'], { a: busy, b: busy, c: busy }))).toBe(
      'Merge b first, once it is ready: b and c both change src/bc.ts. Then only c needs a rebase.',
    );
  });

  test('tells what has to be rebased anyway apart', () => {
    expect(said(graph('abc', ['ab', 'bc'], { c: { conflictsWithBase: true } }))).toBe(
      'Merge a first: b collides with a and c, which do not collide with each other. Then only b needs a rebase, besides c, which conflicts with main already.',
    );
    expect(said(graph('ab', ['ab'], { a: { conflictsWithBase: true } }))).toBe(
      'Merge b first: b and a both change src/ab.ts. Then nothing needs a rebase but a, which conflicts with main already.',
    );
  });

  test('is not there when every order costs the same', () => {
    expect(said(graph('abc', []))).toBe(null);
    expect(said([])).toBe(null);
    const anyway = { conflictsWithBase: true };
    expect(said(graph('ab', ['ab'], { a: anyway, b: anyway }))).toBe(null);
  });

  test('for one that had better wait, says for whom, and what not waiting costs', () => {
    const star = graph('abc', ['ab', 'bc']);
    expect(place(star, 'b')).toBe(
      'Better merge a and c first: merging this one now makes a and c rebase, 2 rebases in all instead of 1.',
    );
    expect(place(star, 'a')).toBe(
      'A good one to merge now: after it b needs a rebase, and no order asks for fewer.',
    );
    const pair = graph('ab', ['ab'], { b: { ready: false } });
    expect(place(pair, 'b')).toBe(
      'Better merge a first, which is ready: merging this one now makes a rebase.',
    );
    expect(place(graph('abc', ['bc']), 'a')).toBe(null);
  });
});
