/**
 * `npm start`: the desktop app where it can run, else the same popover in the browser, and one plain
 * sentence on what is missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { platformOf } from './faces/electron/platform-policy';
import { readSandboxFacts } from './faces/electron/sandbox-facts';
import {
  desktopObstacle,
  electronFailed,
  electronPath,
  installerObstacle,
  installFailed,
  type Obstacle,
} from './faces/electron/start-checks';
import { END_SIGNALS } from './system/own-signals';
import { exists } from './system/small-reads';

/** Some 120 MB have to come through; a line that is dead should not hold anybody longer. */
const INSTALL_LIMIT_MS = 5 * 60_000;
/** An Electron that ends sooner than this with an error never was an app. */
const FAILED_START_MS = 10_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const { env } = process;
const argv = process.argv.slice(2);
const platform = platformOf(process.platform);

type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Runs a program in this terminal until it ends, passing on what would end this process. */
function run(program: string, args: readonly string[], limitMs: number | null = null): Promise<Ending> {
  // ELECTRON_RUN_AS_NODE would turn the app into a plain Node.
  const { ELECTRON_RUN_AS_NODE: _asNode, ...rest } = env;
  const child = spawn(program, [...args], {
    stdio: 'inherit',
    env: rest,
    ...(limitMs === null ? {} : { timeout: limitMs }),
  });
  const stopPassing = passSignals(child);
  return new Promise((resolve) => {
    const end = (ending: Ending) => {
      stopPassing();
      resolve(ending);
    };
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      end({ code: 127, signal: null });
    });
    child.on('exit', (code, signal) => end({ code, signal }));
  });
}

/**
 * Passes on what would end this process, which stays until its child has put its things away. A
 * terminal's Ctrl+C reaches the child as well: that it comes twice is known there (system/own-signals.ts).
 */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => {
    // On Windows the console tells every process in it, and `kill` would end the child in the middle.
    if (platform !== 'win32') child.kill(signal);
  };
  for (const signal of END_SIGNALS) process.on(signal, pass);
  return () => {
    for (const signal of END_SIGNALS) process.off(signal, pass);
  };
}

/** The path of Electron's program, fetched by its own installer if it is not there yet. */
async function findElectron(): Promise<string | Obstacle> {
  let packageDirectory: string;
  try {
    packageDirectory = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  } catch {
    return { problem: 'The electron package is not installed.', next: 'Run npm install in this folder.' };
  }
  const program = electronPath(platform, env, packageDirectory);
  if (await exists(program)) return program;
  const obstacle = installerObstacle(env, process.version, program);
  if (obstacle !== null) return obstacle;
  process.stderr.write('Fetching Electron’s program, once…\n');
  const { code } = await run(process.execPath, [join(packageDirectory, 'install.js')], INSTALL_LIMIT_MS);
  return code === 0 && (await exists(program)) ? program : installFailed(code);
}

/** Runs the desktop app; answers why it could not, or ends this process as the app ended. */
async function runDesktop(): Promise<Obstacle> {
  const userId = process.getuid?.() ?? null;
  const obstacle = desktopObstacle({ platform, env, userId, argv });
  if (obstacle !== null) return obstacle;
  const electron = await findElectron();
  if (typeof electron !== 'string') return electron;
  const startedAt = performance.now();
  const { code, signal } = await run(electron, [root, ...argv]);
  const asked = signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP';
  if (code !== 0 && !asked && performance.now() - startedAt < FAILED_START_MS)
    return electronFailed(
      signal === null ? `exit code ${code}` : `signal ${signal}`,
      platform === 'linux' ? await readSandboxFacts(electron) : null,
    );
  process.exit(code ?? 1);
}

const { problem, next } = await runDesktop();
process.stderr.write(`${problem}\n${next}\nHere is the same popover in your browser instead:\n`);
const port = argv.indexOf('--port');
const { code } = await run(process.execPath, [
  join(root, 'out', 'main', 'cli.js'),
  'serve',
  ...(port < 0 ? [] : argv.slice(port, port + 2)),
]);
process.exit(code ?? 1);
