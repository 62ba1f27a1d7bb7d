import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  main: {
    build: {
      target: 'node20',
      // Bundled, because `orch` loads them at every start and finding their many files costs more than
      // running them. The rest is loaded where it is needed, or brings something native.
      externalizeDeps: { exclude: ['zod', 'conf', 'commander', 'string-width'] },
      rollupOptions: {
        // One bundle, five doors: the desktop app, the process that its engine lives in, the command
        // line, the small process that owns every git process of the hot path where the engine's own is
        // not small, and the starter that picks app or browser.
        input: {
          main: from('src-main/main.ts'),
          'engine-process': from('src-main/engine-process.ts'),
          cli: from('src-main/cli.ts'),
          'git-helper': from('src-main/git-helper.ts'),
          start: from('src-main/start.ts'),
        },
        output: {
          format: 'es',
          entryFileNames: '[name].js', // Beside the entries: modules find their neighbours (the helper, resources) from where they lie.
          chunkFileNames: 'chunk-[name]-[hash].js',
        },
      },
    },
  },
  preload: {
    build: {
      // A sandboxed preload must be one CommonJS file:
      // https://www.electronjs.org/docs/latest/tutorial/sandbox#preload-scripts
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: from('src-main/preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src-renderer',
    plugins: [react()],
    resolve: { alias: { '@contract': from('src-main/contract') } },
    build: { minify: true, rollupOptions: { input: { index: from('src-renderer/index.html') } } },
  },
});
