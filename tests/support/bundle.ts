import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles a TypeScript file of the project into one module that plain Node can run, for tests that
 * need the code under test in a process of its own. `entry` is relative to the project.
 */
export async function bundle(entry: string, into: string): Promise<string> {
  const name = `${entry.replace(/.*\//, '').replace(/\.ts$/, '')}.mjs`;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    // `electron` is resolved where it runs: by Electron, or by its stand-in.
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ssr: join(root, entry),
      outDir: into,
      emptyOutDir: false,
      minify: false,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: name } },
    },
  });
  return join(into, name);
}
