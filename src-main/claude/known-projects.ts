import { readFile, stat } from 'node:fs/promises';
import type { Log } from '../engine/ports';
import { isRecord } from './tool-summary';

export interface KnownProjects {
  /** Directories that Claude Code was used in. Reads the file again only when it changed. */
  list(): Promise<readonly string[]>;
  /** Whether the trust dialog is behind for this directory; null when Claude Code has no entry for it. */
  isTrusted(directory: string): Promise<boolean | null>;
}

/**
 * The keys of `projects` in Claude Code's own configuration, which every session rewrites often and
 * which is never written here. A file that is torn at the moment keeps the last good answer.
 */
export function createKnownProjects({
  file,
  log,
}: {
  readonly file: string;
  readonly log: Log;
}): KnownProjects {
  let stamp = '';
  let known: ReadonlyMap<string, boolean> = new Map();

  const read = async (): Promise<ReadonlyMap<string, boolean>> => {
    const found = await stat(file).catch(() => null);
    if (found === null) {
      stamp = '';
      known = new Map();
      return known;
    }
    const seen = `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (seen === stamp) return known;
    try {
      const content: unknown = JSON.parse(await readFile(file, 'utf8'));
      const projects = isRecord(content) && isRecord(content.projects) ? content.projects : {};
      known = new Map(
        Object.entries(projects).map(([directory, project]) => [
          directory,
          isRecord(project) && project.hasTrustDialogAccepted === true,
        ]),
      );
      stamp = seen;
    } catch (error) {
      log.info('claude.configuration-unreadable', { file, error: String(error) });
    }
    return known;
  };

  return {
    list: async () => [...(await read()).keys()],
    isTrusted: async (directory) => (await read()).get(directory) ?? null,
  };
}
