import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll } from 'vitest';
import type { ChildTask } from './child';

export interface ChildEnd {
  readonly signal: NodeJS.Signals | null;
  readonly answer: { readonly ok: boolean; readonly error: unknown; readonly lines: number } | null;
  readonly stderr: string;
}

/** Bundles `child.ts` once for a test file and runs it with plain Node. */
export function childRunner(): (task: ChildTask) => Promise<ChildEnd> {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orchard-child-'));
    await build({
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: fileURLToPath(new URL('./child.ts', import.meta.url)),
        outDir: directory,
        emptyOutDir: false,
        minify: false,
        rollupOptions: { output: { entryFileNames: 'child.mjs', format: 'es' } },
      },
    });
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  let count = 0;
  return async (task) => {
    const file = join(directory, `task-${++count}.json`);
    await writeFile(file, JSON.stringify(task));
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(directory, 'child.mjs'), file], {
        env: task.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on('error', reject);
      child.on('close', (_code, signal) =>
        resolve({
          signal,
          stderr,
          answer: stdout === '' ? null : (JSON.parse(stdout) as ChildEnd['answer']),
        }),
      );
    });
  };
}
