/** Plans and operations as small JSON files below `<common>/orchard/`, each written whole. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { FileFailure } from '../../contract/failures';
import { operationId, planToken } from '../../contract/ids';
import type { Result } from '../../contract/result';
import { fail, ok } from '../../contract/result';
import type { RepositoryLocation } from '../../domain/facts';
import type { Clock, KeptPlan, Log, OperationRecord, OperationRecords, PlanStore } from '../../engine/ports';
import { errorCode, fileFailure } from '../../system/file-failure';
import { removeLeftFiles } from '../../system/left-files';
import { writeWhole } from '../../system/whole-file';
import { absolutePlaces, relativePlaces } from './record-places';

const keptPlan = z.object({
  version: z.literal(1),
  kind: z.enum(['merge', 'rebase', 'cleanup']),
  worktreeId: z.string(),
  repositoryId: z.string(),
  madeAt: z.number(),
  expiresAt: z.number(),
  data: z.unknown(),
});

const record = z.object({
  version: z.literal(1),
  operation: operationId,
  kind: z.enum(['merge', 'cleanup']),
  summary: z.string(),
  at: z.number(),
  until: z.number(),
  work: z.unknown(),
});

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
}

export function createPlanStore({ clock, log }: Deps): PlanStore {
  const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'plans');
  const fileOf = (location: RepositoryLocation, token: string) =>
    join(directoryOf(location), `${token}.json`);

  const read = async (file: string): Promise<KeptPlan | null> => {
    const parsed = keptPlan.safeParse(await readJson(file, log));
    return parsed.success ? parsed.data : null;
  };
  const dropExpired = async (location: RepositoryLocation) => {
    for (const name of await readdir(directoryOf(location)).catch(() => [])) {
      const file = join(directoryOf(location), name);
      if (!name.endsWith('.json')) continue;
      const plan = await read(file);
      if (plan === null || plan.expiresAt <= clock.now()) await rm(file, { force: true });
    }
  };
  return {
    async keep(location, plan) {
      const token = randomBytes(16).toString('hex');
      await dropExpired(location);
      const written = await writeRecord(fileOf(location, token), plan);
      return written.ok ? ok(token) : written;
    },
    async find(locations, token) {
      if (!planToken.safeParse(token).success) return null; // it becomes part of a path
      for (const location of locations) {
        const plan = await read(fileOf(location, token));
        if (plan !== null && plan.expiresAt > clock.now()) return { location, plan };
      }
      return null;
    },
    async forget(location, token) {
      await rm(fileOf(location, token), { force: true });
    },
  };
}

export function createOperationRecords({ clock, log }: Deps): OperationRecords {
  const directoryOf = (location: RepositoryLocation) => join(location.commonDir, 'orchard', 'operations');
  const fileOf = (location: RepositoryLocation, operation: string) =>
    join(directoryOf(location), `${operation}.json`);
  return {
    newId(kind) {
      const at = new Date(clock.now()).toISOString().replace(/\D/g, '').slice(0, 14);
      return `${kind}-${at}-${randomBytes(3).toString('hex')}`;
    },
    write: async (location, content) =>
      writeRecord(fileOf(location, content.operation), {
        ...content,
        work: await relativePlaces(location, content.work),
      }),
    async list(location) {
      const found: OperationRecord[] = [];
      for (const name of await readdir(directoryOf(location)).catch(() => [])) {
        if (!name.endsWith('.json')) continue;
        const parsed = record.safeParse(await readJson(join(directoryOf(location), name), log));
        if (parsed.success) found.push({ ...parsed.data, work: absolutePlaces(location, parsed.data.work) });
        else log.warn('operation.unreadable', { name });
      }
      return found.sort((a, b) => b.at - a.at || b.operation.localeCompare(a.operation));
    },
    async dropLeft(location) {
      const orchard = join(location.commonDir, 'orchard');
      const own = ['', 'operations', 'plans', 'tasks', 'trash'].map((name) => join(orchard, name));
      const left = await Promise.all([
        ...own.map((directory) => removeLeftFiles(directory, '')),
        removeLeftFiles(tmpdir(), 'orchard-'),
      ]);
      if (left.flat().length > 0) log.info('left-files.removed', { files: left.flat().slice(0, 20) });
    },
    async remove(location, operation) {
      try {
        await rm(fileOf(location, operation), { force: true });
        return ok(undefined);
      } catch (error) {
        return fail(fileFailure(error, fileOf(location, operation)));
      }
    },
  };
}

async function readJson(file: string, log: Log): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') log.warn('record.unreadable', { file, error: String(error) });
    return null;
  }
}

async function writeRecord(file: string, content: unknown): Promise<Result<void, FileFailure>> {
  try {
    await writeWhole(file, JSON.stringify(content), { keep: 'lasting' });
    return ok(undefined);
  } catch (error) {
    return fail(fileFailure(error, file));
  }
}
