/** The whole product in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Handlers } from '../../src-main/contract/requests';
import type { Snapshot } from '../../src-main/contract/snapshot';
import type { WatchPerformance } from '../../src-main/engine/ports';
import { bundle } from './bundle';
import type { Sandbox } from './repositories';

interface Answers {
  readonly limit: true;
  readonly start: Snapshot;
  readonly snapshot: Snapshot;
  readonly performance: WatchPerformance;
  readonly advance: WatchPerformance;
  readonly doctor: Awaited<ReturnType<Handlers['doctor.run']>>;
  readonly heap: {
    readonly heapBytes: number;
    readonly outsideBytes: number;
    /** Notifications and snapshots so far. */
    readonly notified: number;
    readonly snapshots: number;
  };
  readonly end: true;
}

/** A process that takes as many watches as there are directories, and says how far it got. */
const HOG = `
const { watch } = require('node:fs');
let taken = 0, code = null;
for (const directory of process.argv.slice(1)) {
  try { watch(directory, () => {}); taken++; } catch (error) { code = error.code; break; }
}
process.stdout.write(JSON.stringify({ taken, code }) + '\\n');
setInterval(() => {}, 1e6);
`;

/**
 * @param limited in a user namespace of its own, whose limits a test may lower: what is started beside it
 * with `hog` shares them, and nothing else on the machine does
 */
export async function startProduct(sandbox: Sandbox, { limited = false } = {}) {
  const place = join(sandbox.root, 'product');
  await mkdir(place);
  const file = await bundle('tests/support/children/whole-product.ts', place);
  await copyFile(await bundle('src-main/git-helper.ts', place), join(place, 'git-helper.js'));
  await writeFile(join(place, 'package.json'), '{"type":"module"}');
  const env = { ...sandbox.env, CLAUDE_CONFIG_DIR: join(sandbox.home, '.claude') };
  const [program = '', ...words] = [
    ...(limited ? ['unshare', '--user', '--map-root-user'] : []),
    process.execPath,
    '--expose-gc',
    file,
  ];
  const product = spawn(program, words, {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(product, 'close').catch(() => undefined);
  onTestFinished(async () => {
    product.kill('SIGKILL');
    await ended;
  });
  // Where it could not even be started, 'close' says so.
  product.stdin.on('error', () => undefined);
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: product.stdout }).on('line', (line) => waiting.shift()?.(line));
  async function ask<K extends keyof Answers>(what: K, more: object = {}): Promise<Answers[K]> {
    const answer = new Promise<string>((resolve, reject) => {
      waiting.push(resolve);
      void ended.then(() => reject(new Error('the product ended')));
    });
    product.stdin.write(`${JSON.stringify({ do: what, ...more })}\n`);
    const { value, error } = JSON.parse(await answer) as { value: Answers[K]; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }
  return {
    ask,
    running: () => product.exitCode === null && product.signalCode === null,
    ended,
    /** Another program under the same limits. */
    async hog(directories: readonly string[]): Promise<{
      readonly taken: number;
      readonly code: string | null;
      end(): Promise<void>;
    }> {
      const child: ChildProcess = spawn(
        'nsenter',
        [
          '--preserve-credentials',
          '--user',
          '--target',
          `${product.pid}`,
          process.execPath,
          '-e',
          HOG,
          ...directories,
        ],
        { env, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const end = async () => {
        const gone = once(child, 'close');
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
        else return;
        await gone;
      };
      onTestFinished(end);
      if (child.stdout === null) throw new Error('no output');
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      return { ...JSON.parse(String(line)), end };
    },
  };
}
