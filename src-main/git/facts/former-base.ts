/**
 * What a base that is gone came from: a stacked branch whose parent has landed goes to the parent's base.
 * Told from what Orchard recorded of the parent, which cleanup keeps in trash for a week.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { textOrNull } from '../../system/small-reads';

const recordSchema = z.object({ branch: z.string(), base: z.string() });

/** So many parents up, at most: records that name each other must not go round. */
const MOST_PARENTS = 8;

/** The base of the branch that this name was; null when nothing tells, and then the person is asked. */
async function formerBase(commonDir: string, gone: string): Promise<string | null> {
  const orchard = join(commonDir, 'orchard');
  const [tasks, trash] = await Promise.all([
    readdir(join(orchard, 'tasks')).catch(() => []),
    readdir(join(orchard, 'trash')).catch(() => []),
  ]);
  const files = [
    ...tasks.filter((name) => name.endsWith('.json')).map((name) => join(orchard, 'tasks', name)),
    // The newest last, by the time in its name.
    ...trash.sort().map((name) => join(orchard, 'trash', name, 'task.json')),
  ];
  const bases = new Map<string, string>();
  for (const text of await Promise.all(files.map(textOrNull))) {
    const record = text === null ? null : parsed(text);
    if (record !== null) bases.set(record.branch, record.base);
  }
  return bases.get(gone) ?? null;
}

/** Follows parents that are gone as well, until one is there. */
export async function firstBaseThere(
  commonDir: string,
  gone: string,
  isThere: (name: string) => boolean,
): Promise<string | null> {
  let name: string | null = gone;
  for (let up = 0; up < MOST_PARENTS && name !== null; up++) {
    name = await formerBase(commonDir, name);
    if (name !== null && isThere(name)) return name;
  }
  return null;
}

function parsed(text: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    // A damaged record tells nothing; whoever owns it says so.
    return null;
  }
}
