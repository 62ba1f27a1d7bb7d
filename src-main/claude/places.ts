import { posix, win32 } from 'node:path';
import type { Platform } from '../system/processes';

/** Where Claude Code keeps what Orchard reads. All of it is Claude Code's own: read, never written. */
export interface ClaudePlaces {
  /** `$CLAUDE_CONFIG_DIR`, else `~/.claude`. */
  readonly config: string;
  /** One file per live session. */
  readonly sessions: string;
  /** One directory of transcripts per working directory. */
  readonly projects: string;
  /** `~/.claude.json`, or `$CLAUDE_CONFIG_DIR/.claude.json`. */
  readonly configuration: string;
}

/** https://code.claude.com/docs/en/settings: the directory moves as a whole with CLAUDE_CONFIG_DIR. */
export function findClaudePlaces(machine: {
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}): ClaudePlaces {
  const { join } = machine.platform === 'win32' ? win32 : posix;
  const own = machine.env.CLAUDE_CONFIG_DIR;
  const moved = own !== undefined && own !== '';
  const config = moved ? own : join(machine.homeDirectory, '.claude');
  return {
    config,
    sessions: join(config, 'sessions'),
    projects: join(config, 'projects'),
    configuration: join(moved ? own : machine.homeDirectory, '.claude.json'),
  };
}

const LONGEST_NAME = 200;

/**
 * The directory of a working directory's transcripts: every character but ASCII letters and digits
 * becomes `-`. Longer than 200, Claude Code cuts it there and appends a hash, so only the beginning is
 * known: `exact` is false then.
 */
export function transcriptDirectoryName(directory: string): {
  readonly name: string;
  readonly exact: boolean;
} {
  const name = directory.replace(/[^a-zA-Z0-9]/g, '-');
  return name.length <= LONGEST_NAME
    ? { name, exact: true }
    : { name: name.slice(0, LONGEST_NAME), exact: false };
}
