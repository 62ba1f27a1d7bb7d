/**
 * Bundles the bench and runs it as plain Node: what is measured must not share a process with a
 * bundler, because starting a process costs more the bigger the starter is.
 *
 *   npm run bench                  everything, some ten minutes, gigabytes in the temporary directory
 *   npm run bench -- --quick       small fixtures, about a minute
 *   npm run bench -- --write       puts the table into README.md, between its markers
 *   npm run bench -- --only M,matrix
 *   npm run bench -- --at <dir>    fixtures are kept there, and used again
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const into = join(root, 'out/bench');
await rm(into, { recursive: true, force: true });
await build({
  root,
  configFile: false,
  logLevel: 'error',
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    outDir: into,
    minify: false,
    target: 'node20',
    rollupOptions: {
      input: {
        bench: join(root, 'tests/bench/bench.ts'),
        scenario: join(root, 'tests/bench/scenario.ts'),
        // The product looks for it beside itself.
        'git-helper': join(root, 'src-main/git-helper.ts'),
      },
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
const child = spawn(process.execPath, [join(into, 'bench.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
child.once('exit', (code) => process.exit(code ?? 1));
