/**
 * What Orchard recorded about worktrees it made: `<common>/orchard/tasks/<entry>.json`. Beside the
 * repository's own data, so that every Orchard on every machine that mounts it sees the same.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ok } from '../../contract/result';
import type { RepositoryLocation, TaskRecord } from '../../domain/facts';
import type { Log, TaskRecords } from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';
import { writeWhole } from '../../system/whole-file';

export const taskRecordSchema = z.object({
  version: z.literal(1),
  entry: z.string().min(1),
  path: z.string(),
  task: z.string().nullable(),
  branch: z.string(),
  base: z.string(),
  createdAt: z.string(),
  createdAtCommit: z.string(),
  quick: z.boolean(),
  sessionId: z.string().nullable(),
  spawnedAt: z.string(),
  copies: z.record(z.string(), z.string()),
  group: z.string().nullable(),
});

/** Git makes entry names from directory names; one that is a path is nobody's entry. */
const isEntryName = (entry: string): boolean =>
  entry !== '' && !/[/\\]/.test(entry) && !/^\.\.?$/.test(entry);

export function createTaskRecords({ log }: { readonly log: Log }): TaskRecords {
  const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'tasks');

  async function readRecord(directory: string, entry: string): Promise<TaskRecord | null> {
    const path = join(directory, `${entry}.json`);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') log.warn('task-record.unreadable', { path, problem: String(error) });
      return null;
    }
    try {
      const record: TaskRecord = taskRecordSchema.parse(JSON.parse(text));
      if (record.entry === entry) return record;
      log.warn('task-record.broken', { path, problem: `it says it is about ${record.entry}` });
    } catch (error) {
      log.warn('task-record.broken', { path, problem: String(error).slice(0, 300) });
    }
    return null;
  }

  const write: TaskRecords['write'] = async (location, record) => {
    const directory = directoryOf(location);
    const path = join(directory, `${record.entry}.json`);
    if (!isEntryName(record.entry))
      return { ok: false, error: { kind: 'file-failed', path, details: 'not the name of an entry' } };
    try {
      await writeWhole(path, `${JSON.stringify(record, null, 2)}\n`, {
        keep: 'lasting',
        mode: 0o644,
        directoryMode: 0o755,
      });
      return ok(undefined);
    } catch (error) {
      return { ok: false, error: fileFailure(error, path) };
    }
  };

  return {
    write,
    async update(location, entry, change) {
      const path = join(directoryOf(location), `${entry}.json`);
      const record = isEntryName(entry) ? await readRecord(directoryOf(location), entry) : null;
      if (record === null)
        return { ok: false, error: { kind: 'file-failed', path, details: 'there is no such record' } };
      return write(location, { ...record, ...change, entry });
    },
    async remove(location, entry) {
      if (!isEntryName(entry)) return;
      const path = join(directoryOf(location), `${entry}.json`);
      await rm(path, { force: true }).catch((error) =>
        log.warn('task-record.not-removed', { path, problem: String(error) }),
      );
    },
    async list(location) {
      const directory = directoryOf(location);
      let names: string[];
      try {
        names = await readdir(directory);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT')
          log.warn('task-record.unreadable', { directory, problem: String(error) });
        return [];
      }
      const entries = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
      const records = await Promise.all(entries.map((name) => readRecord(directory, name.slice(0, -5))));
      return records.filter((record) => record !== null);
    },
  };
}
