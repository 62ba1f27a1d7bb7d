/**
 * The whole product without a face in a process of its own, told what to do on its input, one JSON line
 * each; it answers on its output the same way. Its clock runs so many times faster than the machine's,
 * or only when it is told to.
 */
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { getHeapStatistics } from 'node:v8';
import { composeOrchard } from '../../../src-main/compose';
import type { Clock } from '../../../src-main/engine/ports';
import { createManualClock } from '../manual-clock';

type Command =
  | { readonly do: 'limit'; readonly what: 'watches' | 'instances'; readonly most: number }
  | {
      readonly do: 'start';
      readonly repositories: readonly string[];
      readonly clock: { readonly faster: number } | 'manual';
    }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'snapshot' | 'doctor' | 'performance' | 'heap' | 'end' };

const began = Date.now();
const fasterClock = (times: number): Clock => ({
  now: () => began + (Date.now() - began) * times,
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs / times);
    return () => clearTimeout(timer);
  },
});

const manual = createManualClock(began);

/** Until no git runs and none is about to: what the clock set off has come to its end. */
async function quiet(): Promise<void> {
  let started = -1;
  for (let still = 0; still < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = orchard?.performance()?.processes;
    still = now?.running === 0 && now.queued === 0 && now.started === started ? still + 1 : 0;
    started = now?.started ?? 0;
  }
}

let notified = 0;
let snapshots = 0;
let orchard: Awaited<ReturnType<typeof composeOrchard>> | null = null;

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'limit':
      await writeFile(`/proc/sys/user/max_inotify_${command.what}`, `${command.most}`);
      return true;
    case 'start':
      orchard = await composeOrchard({
        repositories: command.repositories,
        watch: true,
        env: process.env,
        platform: 'linux',
        notifier: { notify: () => notified++, problem: null },
        person: null,
        startedFrom: 'terminal',
        gitProcesses: 'helper',
        clock: command.clock === 'manual' ? manual : fasterClock(command.clock.faster),
      });
      orchard.onSnapshot(() => snapshots++);
      return orchard.start();
    case 'advance':
      manual.advance(command.ms);
      await quiet();
      return orchard?.performance();
    case 'snapshot':
      return orchard?.snapshot();
    case 'performance':
      return orchard?.performance();
    case 'heap':
      // Twice: what the first frees may let go of more.
      globalThis.gc?.();
      globalThis.gc?.();
      return {
        heapBytes: getHeapStatistics().used_heap_size,
        outsideBytes: process.memoryUsage().external,
        notified,
        snapshots,
      };
    case 'doctor':
      return orchard?.handlers['doctor.run']({});
    case 'end':
      await orchard?.dispose();
      return true;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command: Command = JSON.parse(line);
  const answer = await obey(command).then(
    (value) => ({ value }),
    (error: unknown) => ({ error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  if (command.do === 'end') break;
}
process.exit(0);
