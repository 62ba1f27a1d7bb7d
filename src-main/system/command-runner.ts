import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { CommandRunner } from '../engine/ports';
import { withoutInherited } from './inherited-descriptors';
import { ownName } from './left-files';
import { followChild, ownGroup } from './process-tree';
import { removeWhole } from './remove-whole';

const TAIL = 8_000;
/** A chatty command may not flood whoever shows its output: this much, this often. */
const PORTION = 32_000;
const EVERY_MS = 50;

/** Set by git for its hooks; they would send a command's own git calls to another repository. */
const MISLEADING =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|PREFIX|QUARANTINE_PATH)$/;

export interface CommandRunnerOptions {
  /** The login shell's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/**
 * Runs what a repository asks to run and a person approved. This is the one place where a text is a
 * shell's line by its nature: it reaches the shell as a script that only the owner can read, never
 * inside somebody else's command line. Nothing can be asked: its input is empty, it has no terminal.
 */
export function createCommandRunner({ env, platform }: CommandRunnerOptions): CommandRunner {
  return {
    async run(command, directory, options) {
      const scratch = join(tmpdir(), `orchard-command-${await ownName()}`);
      await mkdir(scratch, { mode: 0o700 });
      let tail = '';
      let waiting = '';
      const flush = () => {
        if (waiting !== '') options.onOutput(waiting);
        waiting = '';
      };
      const take = (text: string) => {
        tail = (tail + text).slice(-TAIL);
        waiting = (waiting + text).slice(-PORTION);
      };
      const pace = setInterval(flush, EVERY_MS);
      try {
        const script = scriptOf(command, platform);
        const file = join(scratch, script.name);
        await writeFile(file, script.content, { mode: 0o600, flag: 'wx' });
        // What a command leaves running (a server, a container's) may outlive us.
        const [program, args] = await withoutInherited(shellOf(platform, env), script.arguments(file));
        const child = spawn(program, [...args], {
          cwd: directory,
          env: { ...withoutMisleading(env), ...options.env },
          detached: ownGroup(platform),
          stdio: ['ignore', 'pipe', 'pipe'],
          windowsHide: true,
          windowsVerbatimArguments: platform === 'win32',
        });
        if (child.pid !== undefined) options.onStart?.(child.pid);
        for (const pipe of [child.stdout, child.stderr]) {
          const decoder = new StringDecoder('utf8');
          pipe.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
        }
        const { code, reason, problem } = await followChild(child, options);
        if (problem !== null) take(problem);
        return { exitCode: code, reason, tail };
      } finally {
        clearInterval(pace);
        flush();
        await removeWhole(scratch);
      }
    },
  };
}

interface Script {
  readonly name: string;
  readonly content: string;
  arguments(file: string): string[];
}

/** How a text becomes a script of the platform's shell. */
export function scriptOf(command: string, platform: NodeJS.Platform): Script {
  if (platform !== 'win32')
    return { name: 'command.sh', content: `${command}\n`, arguments: (file) => [file] };
  // `npm` and its kin are batch files: without `call`, control never comes back to the next line. A line
  // of its own shell keeps `a && b` as a person means it.
  // https://learn.microsoft.com/windows-server/administration/windows-commands/call
  const lines = command
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => `cmd /d /s /c "${line.replaceAll('%', '%%')}" || exit /b`);
  return {
    name: 'command.cmd',
    content: ['@echo off', 'chcp 65001 >nul', ...lines, ''].join('\r\n'),
    arguments: (file) => ['/d', '/s', '/c', `""${file}""`],
  };
}

export function shellOf(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return platform === 'win32' ? (env.ComSpec ?? env.COMSPEC ?? 'cmd.exe') : '/bin/sh';
}

function withoutMisleading(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !MISLEADING.test(name)) kept[name] = value;
  return kept;
}
