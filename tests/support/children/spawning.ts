/**
 * Spawns in a process that a test wants dead: it ends itself by SIGKILL at the nth line of the journal
 * (or at the step of that name), 'before' or 'after' it is written; -1: never. Arguments: repository,
 * empty directory, which line, when.
 * Answers 3 when the spawn went through.
 */
import { ok } from '../../../src-main/contract/result';
import { createTestSpawner, input, locationOf } from '../spawner';

const [root = '', emptyDirectory = '', at = '-1', when = 'after'] = process.argv.slice(2);
let lines = 0;
const die = () => process.kill(process.pid, 'SIGKILL');
const counted = async <T>(write: () => Promise<T>, name = ''): Promise<T> => {
  const meant = String(lines++) === at || name === at;
  if (meant && when === 'before') die();
  const written = await write();
  if (meant) die();
  return written;
};
const { spawner } = createTestSpawner({
  location: locationOf(root),
  env: { ...process.env, ORCHARD_TEST_PID: String(process.pid) },
  emptyDirectory,
  journal: (journal) => ({
    ...journal,
    begin: (location, entry) =>
      counted(async () => {
        const begun = await journal.begin(location, entry);
        if (!begun.ok) return begun;
        return ok({
          step: (step: string, data?: unknown) => counted(() => begun.value.step(step, data), step),
          finish: (outcome: 'done' | 'rolled-back') => counted(() => begun.value.finish(outcome)),
        });
      }),
  }),
});
const plan = await spawner.plan(input('Doomed'));
if (!plan.ok) throw new Error(JSON.stringify(plan.error));
const done = await spawner.execute({ token: plan.value.token, force: false, approve: true, open: true });
if (!done.ok) throw new Error(JSON.stringify(done.error));
process.exitCode = 3;
