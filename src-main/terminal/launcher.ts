/**
 * Launchers: small scripts that a new terminal runs. Most terminals differ in how they take a directory,
 * a title and a command, and several take only a string; all of them can run one file with a harmless
 * name. What a person typed (the task, a directory's name) is inside, quoted for exactly one shell.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import type { FailureOf } from '../contract/failures';
import { fail, ok, type Result } from '../contract/result';
import type { Clock, Log } from '../engine/ports';
import { claudeTraces, type Environment, type Platform } from './machine';
import { plainTitle, quoteBatchArgument, quotePosix, quotePowerShell, quoteWindowsArgument } from './quoting';

export interface Launch {
  readonly directory: string;
  readonly title: string;
  /** The program and its arguments; null is a plain shell. */
  readonly command: readonly string[] | null;
}

export interface Launcher {
  readonly script: string;
  /** The program that runs it. */
  readonly argv: readonly string[];
  /** Whether it ran: it removes itself first. */
  consumed(): Promise<boolean>;
  /** Takes back one that will not be run. */
  remove(): Promise<void>;
}

export interface Launchers {
  write(launch: Launch): Promise<Result<Launcher, FailureOf<'file-failed'>>>;
}

/** One that no terminal ran within this time never will be; it holds a task's text, so it goes. */
const OLD_MS = 60 * 60 * 1000;

export function createLaunchers(options: {
  /** Owner only; made when it is missing. */
  readonly directory: string;
  readonly platform: Platform;
  readonly env: Environment;
  readonly homeDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
}): Launchers {
  const { directory, platform, env, homeDirectory, clock, log } = options;
  const { join } = platform === 'win32' ? win32 : posix;

  /** Somebody else's directory, or one that others can write to, would run their script as us. */
  async function prepare(): Promise<string | null> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const facts = await lstat(directory);
    if (!facts.isDirectory()) return 'it is not a directory';
    if (platform === 'win32') return null;
    if (process.getuid !== undefined && facts.uid !== process.getuid()) return 'it belongs to somebody else';
    if ((facts.mode & 0o077) !== 0) await chmod(directory, 0o700);
    return null;
  }

  async function sweep(): Promise<void> {
    for (const name of await readdir(directory)) {
      if (!/^open-[0-9a-f]{16}\./.test(name)) continue;
      const path = join(directory, name);
      try {
        if (clock.now() - (await stat(path)).mtimeMs > OLD_MS) await rm(path, { force: true });
      } catch (error) {
        log.warn('launcher.sweep', { path, error: String(error) });
      }
    }
  }

  return {
    async write(launch) {
      const base = join(directory, `open-${randomBytes(8).toString('hex')}`);
      const files = filesOf(base, platform, launch, env, homeDirectory);
      try {
        const problem = await prepare();
        if (problem !== null) return fail({ kind: 'file-failed', path: directory, details: problem });
        await sweep();
        for (const file of files) await writeFile(file.path, file.text, { flag: 'wx', mode: 0o700 });
      } catch (error) {
        return fail({ kind: 'file-failed', path: directory, details: String(error) });
      }
      const first = files[0];
      return ok({
        script: first.path,
        argv: first.argv,
        async consumed() {
          try {
            await stat(first.path);
            return false;
          } catch {
            return true;
          }
        },
        async remove() {
          for (const file of files) await rm(file.path, { force: true });
        },
      });
    },
  };
}

interface ScriptFile {
  readonly path: string;
  readonly text: string;
  readonly argv: readonly string[];
}

function filesOf(
  base: string,
  platform: Platform,
  launch: Launch,
  env: Environment,
  homeDirectory: string,
): readonly [ScriptFile, ...ScriptFile[]] {
  if (platform === 'win32') {
    const script = `${base}.ps1`;
    const wrapper = `${base}.cmd`;
    return [
      // What `{script}` of a custom command gets: a .ps1 opens in an editor, a .cmd runs.
      {
        path: wrapper,
        text: batchWrapper(),
        argv: [...powerShellRunning(script)],
      },
      // Windows PowerShell reads a file without a mark in the machine's own code page.
      { path: script, text: `\ufeff${powerShellScript([script, wrapper], launch, env)}`, argv: [] },
    ];
  }
  // Finder, `open` and Warp know a script for a terminal by this ending.
  const script = platform === 'darwin' ? `${base}.command` : `${base}.sh`;
  return [
    {
      path: script,
      text: posixScript(script, launch, env, homeDirectory, platform === 'darwin'),
      argv: ['/bin/sh', script],
    },
  ];
}

/** `-File` takes the path as it is; `-NoExit` leaves the shell when the program ends. */
const powerShellRunning = (script: string) => [
  'powershell.exe',
  '-NoLogo',
  '-NoExit',
  '-ExecutionPolicy',
  'Bypass',
  '-File',
  script,
];

/** The login environment's PATH less what is relative: a repository must not say what `claude` is. */
const absoluteEntries = (path: string | undefined, delimiter: string, isAbsolute: (p: string) => boolean) =>
  (path ?? '').split(delimiter).filter(isAbsolute);

/**
 * The script for `/bin/sh`, in words that dash, bash and busybox read alike. It goes to the directory, sets
 * the title, runs the program and leaves the person's shell behind, so that closing Claude does not
 * close the terminal with its scrollback.
 */
export function posixScript(
  path: string,
  launch: Launch,
  env: Environment,
  homeDirectory: string,
  loginShell: boolean,
): string {
  const { directory, command } = launch;
  const carried = env.CLAUDE_CONFIG_DIR;
  // Behind the terminal's own: what a person would get by typing wins. The last two are where Claude's
  // installers put it without touching the PATH of a desktop: https://docs.claude.com/en/docs/claude-code/setup
  const more = [
    ...absoluteEntries(env.PATH, ':', posix.isAbsolute),
    posix.join(homeDirectory, '.local/bin'),
    posix.join(homeDirectory, '.claude/local'),
  ].join(':');
  const program = command?.[0] ?? '';
  const run =
    command === null
      ? []
      : [
          `  if command -v ${quotePosix(program)} >/dev/null 2>&1; then`,
          // A caught signal is reset in the program; an ignored one would stay ignored there.
          '    trap : INT',
          `    ${command.map(alwaysQuoted).join(' ')}`,
          '    status=$?',
          '    trap - INT',
          `    [ "$status" -eq 0 ] || printf '\\n%s ended with exit code %s.\\n' ${quotePosix(program)} "$status"`,
          '  else',
          `    printf '%s is not on the PATH of this terminal.\\n' ${quotePosix(program)}`,
          '  fi',
        ];
  return `${[
    '#!/bin/sh',
    '# Written by Orchard for one new terminal; it removes itself first.',
    `rm -f ${quotePosix(path)}`,
    `unset ${claudeTraces.join(' ')}`,
    `PATH="\${PATH:+$PATH:}"${quotePosix(more)}`,
    'export PATH',
    ...(carried === undefined
      ? []
      : [`CLAUDE_CONFIG_DIR=${quotePosix(carried)}`, 'export CLAUDE_CONFIG_DIR']),
    `printf '\\033]0;%s\\007' ${quotePosix(plainTitle(launch.title))}`,
    `if cd ${quotePosix(directory)}; then`,
    ...(run.length === 0 ? ['  :'] : run),
    'else',
    `  printf '%s is not there.\\n' ${quotePosix(directory)}`,
    'fi',
    `exec "\${SHELL:-/bin/sh}"${loginShell ? ' -l' : ''}`,
  ].join('\n')}\n`;
}

/** Every word quoted: a bare first word could be a reserved one (`if`, `time`) or an alias. */
const alwaysQuoted = (word: string) => {
  const quoted = quotePosix(word);
  return quoted.startsWith("'") ? quoted : `'${quoted}'`;
};

/**
 * The same for Windows PowerShell 5.1 and later. It starts the program through the class library, because
 * before PowerShell 7.3 an argument with a double quote does not reach a native program whole. A `.cmd`
 * (npm's shim of Claude) needs cmd.exe and its quoting.
 */
export function powerShellScript(paths: readonly string[], launch: Launch, env: Environment): string {
  const { directory, command } = launch;
  const extra = absoluteEntries(env.PATH ?? env.Path, ';', win32.isAbsolute).join(';');
  const carried = env.CLAUDE_CONFIG_DIR;
  const [program = '', ...words] = command ?? [];
  const q = quotePowerShell;
  return `${[
    '# Written by Orchard for one new terminal; it removes itself first.',
    `Remove-Item -Force -ErrorAction SilentlyContinue -LiteralPath ${paths.map(q).join(', ')}`,
    `Remove-Item -ErrorAction SilentlyContinue -Path ${claudeTraces.map((name) => `Env:${name}`).join(', ')}`,
    ...(extra === '' ? [] : [`$env:PATH = $env:PATH + ';' + ${q(extra)}`]),
    ...(carried === undefined ? [] : [`$env:CLAUDE_CONFIG_DIR = ${q(carried)}`]),
    `$Host.UI.RawUI.WindowTitle = ${q(plainTitle(launch.title))}`,
    `if (Test-Path -PathType Container -LiteralPath ${q(directory)}) {`,
    `  Set-Location -LiteralPath ${q(directory)}`,
    ...(command === null
      ? []
      : [
          `  $found = Get-Command -CommandType Application -ErrorAction SilentlyContinue ${q(program)} | Select-Object -First 1`,
          '  if ($found) {',
          '    $start = New-Object System.Diagnostics.ProcessStartInfo',
          '    $start.UseShellExecute = $false',
          `    $start.WorkingDirectory = ${q(directory)}`,
          "    if ($found.Source -match '\\.(cmd|bat)$') {",
          '      $start.FileName = $env:ComSpec',
          `      $start.Arguments = '/d /e:on /v:off /c ""' + $found.Source + '"' + ${q(
            words.map((word) => ` ${quoteBatchArgument(word)}`).join(''),
          )} + '"'`,
          '    } else {',
          '      $start.FileName = $found.Source',
          `      $start.Arguments = ${q(words.map(quoteWindowsArgument).join(' '))}`,
          '    }',
          '    $running = [System.Diagnostics.Process]::Start($start)',
          '    $running.WaitForExit()',
          `    if ($running.ExitCode -ne 0) { Write-Host (${q(program)} + ' ended with exit code ' + $running.ExitCode + '.') }`,
          '  } else {',
          `    Write-Host (${q(program)} + ' is not on the PATH of this terminal.')`,
          '  }',
        ]),
    '} else {',
    `  Write-Host (${q(directory)} + ' is not there.')`,
    '}',
  ].join('\r\n')}\r\n`;
}

/**
 * Runs the script of the same name beside it. One line, and `exit` in it: cmd.exe reads a batch file line by
 * line, and this one is gone by then.
 */
export function batchWrapper(): string {
  return '@powershell.exe -NoLogo -NoExit -ExecutionPolicy Bypass -File "%~dpn0.ps1" & exit\r\n';
}
