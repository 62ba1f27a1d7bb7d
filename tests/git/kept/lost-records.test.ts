/** What a power cut makes of Orchard's own records stops nothing, and costs nobody's work. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createKillMemory, whyNoKills } from '../../support/kill/kill-at';
import { createKillScene, type KillScene } from '../../support/kill/scene';
import { worktreeIdOf } from '../../support/landing/fleet';
import { createHouse } from '../../support/landing/house';
import { childRunner } from '../../support/landing/run-child';

const unable = whyNoKills();
const runChild = childRunner();

const damages = [
  { name: 'zeros', of: (bytes: Buffer) => Buffer.alloc(bytes.length) },
  { name: 'garbage', of: (bytes: Buffer) => Buffer.alloc(bytes.length, '\xf7{}\n', 'latin1') },
] as const;

async function damageAll(scene: KillScene, damage: (bytes: Buffer) => Buffer) {
  const orchard = join(scene.repository, '.git/orchard');
  const files = [join(orchard, 'lock')];
  for (const name of await readdir(join(orchard, 'journal')).catch(() => []))
    files.push(join(orchard, 'journal', name));
  for (const file of files) {
    const bytes = await readFile(file).catch(() => null);
    if (bytes !== null) await writeFile(file, damage(bytes));
  }
}

for (const { name, of } of damages)
  for (const action of [
    { kind: 'merge', strategy: 'squash', update: 'merge', push: false },
    { kind: 'cleanup', deleteRemote: false },
  ] as const)
    test(`${action.kind}: a journal and a lock of ${name} are found again from the pin`, {
      retry: 0,
    }, async (ctx) => {
      if (unable !== null) return ctx.skip(unable);
      const scene = await createKillScene();
      vi.stubEnv('TMPDIR', scene.env.TMPDIR);
      onTestFinished(() => void vi.unstubAllEnvs());
      await scene.save();
      const memory = createKillMemory(join(scene.place, '..', 'memory'), scene.place);
      const run = () =>
        runChild({
          location: scene.location,
          env: { ...scene.env, ...memory.env },
          home: scene.sandbox.home,
          worktreeId: worktreeIdOf(scene.worktree),
          action,
          kill: null,
        });
      const before = await scene.state();
      await memory.arm(0);
      expect(await run()).toMatchObject({ answer: { ok: true } });
      const after = await scene.state();
      const { count } = await memory.read();
      const many = process.env.ORCHARD_LONG === '1' ? count : 6;
      for (let one = 0; one < many; one++) {
        // The second half is where things move.
        const point = many === count ? one + 1 : Math.floor(count * (0.4 + (0.58 * one) / many));
        await scene.restore();
        await memory.arm(point);
        const end = await run();
        if (end.signal !== 'SIGKILL') continue;
        const { where } = await memory.read();
        await damageAll(scene, of);
        const house = createHouse({ locations: [scene.location], env: scene.env, home: scene.sandbox.home });
        const said = await house.recovery.atStart(scene.location);
        const now = await scene.state();
        const at = `point ${point} of ${count} (${where}), said ${said.join()}`;
        const is = JSON.stringify(now);
        if (is !== JSON.stringify(after)) expect(now, at).toEqual(before);
        const listed = await house.undoer.list();
        if (is === JSON.stringify(after)) expect(listed, at).toMatchObject({ value: { operations: [{}] } });
        expect(await house.recovery.atStart(scene.location), at).toEqual([]);
        const journal = await readdir(join(scene.repository, '.git/orchard/journal')).catch(() => []);
        expect(
          journal.filter((file) => !file.endsWith('.set-aside')),
          at,
        ).toEqual([]);
      }
    });
