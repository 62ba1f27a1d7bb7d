import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitCall } from '../../../src-main/git/run/git-runner';
import { between, createScene, idOf, type Scene } from '../../support/collision-scene';
import { poll } from '../../support/poll';

const GUESS_MS = 250;

/** A scene in which calls of these verbs wait until they are let go. */
async function createSlowScene(...verbs: readonly string[]) {
  let open = false;
  const waiting: (() => void)[] = [];
  const scene = await createScene({
    slowly: ({ args }: GitCall) => {
      if (open || !args.some((arg) => verbs.includes(arg))) return undefined;
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    },
  });
  return {
    scene,
    places: [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')] as const,
    held: () => waiting.length,
    hold() {
      open = false;
    },
    letGo() {
      open = true;
      for (const go of waiting.splice(0)) go();
    },
  };
}

/** Once a call is held up, lets so much time pass that a guess is wanted. */
async function whenSlow(slow: { held(): number; readonly scene: Scene }): Promise<void> {
  await poll(() => slow.held() > 0);
  slow.scene.clock.advance(GUESS_MS);
}

test('a merge that takes its time is preceded by a guess, and the verdict takes its place', async () => {
  const slow = await createSlowScene('merge-tree');
  const { scene, places } = slow;
  const [a, b] = places;
  // The same file, but not the same lines: the guess is wrong, and says "may".
  await writeFile(join(a, 'src/one.txt'), 'ONE\ntwo\nthree\n');
  await scene.sandbox.commit(b, { 'src/one.txt': 'one\ntwo\nthree\nfour\n', 'only b.txt': 'b\n' });
  scene.observe(await scene.facts());
  await whenSlow(slow);
  await poll(() => between(scene.found(), a, b) !== null);
  expect(between(scene.found(), a, b)).toEqual({
    with: idOf(b),
    files: ['src/one.txt'],
    certainty: 'provisional',
    kinds: [],
    regions: [],
    regionsLeftOut: 0,
  });
  expect(between(scene.found(), b, a)).toMatchObject({ certainty: 'provisional' });
  expect(scene.told().at(-1)?.undecided).toEqual(new Set([idOf(a), idOf(b)]));
  slow.letGo();
  await poll(() => between(scene.found(), a, b) === null);
  expect(scene.told().at(-1)?.undecided.size).toBe(0);
});

test('while a working tree is still being read, its commits alone tell what may collide', async () => {
  const slow = await createSlowScene('add');
  const { scene, places } = slow;
  const [a, b] = places;
  await scene.sandbox.commit(a, { 'src/one.txt': 'A\n' });
  await writeFile(join(a, 'loose.txt'), 'a\n');
  await scene.sandbox.commit(b, { 'src/one.txt': 'B\n', 'loose.txt': 'b\n' });
  scene.observe(await scene.facts());
  await whenSlow(slow);
  await poll(() => between(scene.found(), a, b) !== null);
  expect(between(scene.found(), a, b)).toMatchObject({ files: ['src/one.txt'], certainty: 'provisional' });
  slow.letGo();
  await poll(() => between(scene.found(), a, b)?.certainty === 'decided');
  expect(between(scene.found(), a, b)?.files).toEqual(['loose.txt', 'src/one.txt']);
});

test('a base that changed the same since may collide too; what changed before it was left does not count', async () => {
  const slow = await createSlowScene('merge-tree');
  const { scene, places } = slow;
  const [a, b] = places;
  await scene.sandbox.commit(scene.main, { 'old.txt': '1\n' });
  await scene.sandbox.git(b, 'merge', '-q', '--ff-only', 'main');
  await scene.sandbox.commit(scene.main, { 'src/one.txt': 'main\n' });
  await scene.sandbox.commit(a, { 'src/one.txt': 'a\n' });
  await scene.sandbox.commit(b, { 'old.txt': '2\n' });
  scene.observe(await scene.facts());
  await whenSlow(slow);
  await poll(() => between(scene.found(), a, 'base') !== null);
  expect(between(scene.found(), a, 'base')?.files).toEqual(['src/one.txt']);
  expect(between(scene.found(), b, 'base')).toBeNull();
  expect(between(scene.found(), a, b)).toBeNull();
  slow.letGo();
});

test('a file where the other has a directory may collide', async () => {
  const slow = await createSlowScene('merge-tree');
  const { scene, places } = slow;
  const [a, b] = places;
  await writeFile(join(a, 'place'), 'a file\n');
  await mkdir(join(b, 'place'));
  await writeFile(join(b, 'place/inside.txt'), 'b\n');
  scene.observe(await scene.facts());
  await whenSlow(slow);
  await poll(() => between(scene.found(), a, b) !== null);
  expect(between(scene.found(), a, b)).toMatchObject({ files: ['place'], certainty: 'provisional' });
  slow.letGo();
});

test('what was decided before keeps its word, whatever a guess would say, until it is decided again', async () => {
  const slow = await createSlowScene('merge-tree');
  const { scene, places } = slow;
  const [a, b] = places;
  slow.letGo();
  await writeFile(join(a, 'src/one.txt'), 'A\ntwo\nthree\n');
  await writeFile(join(b, 'src/one.txt'), 'B\ntwo\nthree\n');
  await scene.look();
  expect(between(scene.found(), a, b)).toMatchObject({
    certainty: 'decided',
    regions: [{ file: 'src/one.txt' }],
  });
  const before = scene.told().length;
  slow.hold();
  scene.clock.advance(2_000);
  await writeFile(join(b, 'src/one.txt'), 'one\ntwo\nthree\nfour\n');
  const calls = scene.calls().length;
  scene.observe(await scene.facts());
  scene.clock.advance(10);
  await whenSlow(slow);
  // Nothing is open, so nothing is asked for a guess either.
  expect(
    scene
      .calls()
      .slice(calls)
      .map(([verb]) => verb),
  ).not.toContain('log');
  expect(scene.told().length).toBe(before);
  slow.letGo();
  await poll(() => between(scene.found(), a, b) === null);
  expect(
    scene
      .told()
      .slice(before)
      .flatMap(({ found }) => [...found.values()].flat()),
  ).toEqual([]);
});

test('verdicts that come at once are preceded by no guess and cost no process for one', async () => {
  const scene = await createScene();
  const [a, b] = [join(scene.sandbox.root, 'a'), join(scene.sandbox.root, 'b')];
  await scene.sandbox.commit(a, { 'src/one.txt': 'A\n' });
  await scene.sandbox.commit(b, { 'new.txt': 'B\n' });
  await scene.look();
  scene.clock.advance(10 * GUESS_MS);
  expect(scene.calls().map(([verb]) => verb)).toEqual(['ls-files', 'merge-tree']);
  expect(scene.told().length).toBe(1);
});
