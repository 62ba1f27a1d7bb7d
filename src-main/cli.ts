#!/usr/bin/env node
/**
 * The `orch` command's door: plain Node, no Electron. Everything heavy is loaded by the command that
 * needs it, so that `orch --help` and mistakes answer at once.
 */
import { readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliHost } from './faces/terminal/commands/context';
import { runCli } from './faces/terminal/program';
import { openTerminalIo } from './faces/terminal/terminal-io';
import { ownSignals } from './system/own-signals';
import { exists } from './system/small-reads';

const { env, argv } = process;
const arguments_ = argv.slice(2);
const platform: CliHost['platform'] =
  process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux';
const io = openTerminalIo(process, env);
const interruption = new AbortController();

// The first asks to stop cleanly; the third stops at once, and the next start tidies up.
ownSignals(process, (times) => {
  interruption.abort();
  if (times === 2) io.err.write('\nStill stopping; once more stops at once.\n');
  if (times >= 3) process.exit(1);
});

const host: CliHost = {
  io,
  ...currentDirectory(),
  env,
  platform,
  version: arguments_.some((argument) => argument === '--version' || argument === '-V')
    ? await ownVersion()
    : '',
  now: () => Date.now(),
  realPath: (path) => realpath(path).catch(() => null),
  exists,
  interrupted: interruption.signal,
  async openOrchard(options) {
    const { composeOrchard } = await import('./compose');
    return composeOrchard({
      ...options,
      env,
      platform,
      notifier: null,
      startedFrom: 'terminal',
      gitProcesses: 'helper',
    });
  },
  async serve(orchard, port) {
    const { startWebFace } = await import('./faces/web/web-face');
    const rendererDirectory = fileURLToPath(new URL('../renderer', import.meta.url));
    return startWebFace({ orchard, rendererDirectory, port });
  },
};

try {
  const code = await runCli(arguments_, host);
  await io.flush();
  process.exit(code);
} catch (error) {
  await reportBug(error);
  await io.flush();
  process.exit(1);
}

/** A directory that was removed has no path any more; the shell remembers the one that it had. */
function currentDirectory(): Pick<CliHost, 'cwd' | 'cwdGone'> {
  try {
    return { cwd: process.cwd(), cwdGone: false };
  } catch {
    // Whatever asks for it later would fail as well.
    process.chdir(homedir());
    return { cwd: env.PWD ?? '', cwdGone: true };
  }
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '?';
}

/** A throw that nothing expected: the whole of it into the log, its reference to the person. */
async function reportBug(error: unknown): Promise<void> {
  const [{ findDirectories }, { createFileLog }, { failureWords }, { errorJson }] = await Promise.all([
    import('./system/directories'),
    import('./system/log'),
    import('./faces/terminal/failure-words'),
    import('./faces/terminal/json'),
  ]);
  const directory = findDirectories({ platform, env, homeDirectory: homedir() }).log;
  const log = createFileLog({ file: join(directory, 'orchard.log'), now: () => Date.now() });
  const failure = { kind: 'internal', reference: log.bug('cli', error) } as const;
  if (arguments_.includes('--json')) io.out.write(`${JSON.stringify(errorJson(failure), null, 2)}\n`);
  io.err.write(`${failureWords(failure, io.err.style)}\n`);
  await log.flush();
}
