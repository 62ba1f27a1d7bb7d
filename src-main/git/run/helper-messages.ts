/** What the app and its git helper process say to each other. Both check what they hear. */
import { z } from 'zod';

const options = z.object({
  git: z.string(),
  env: z.record(z.string(), z.string().optional()),
  emptyDirectory: z.string(),
  concurrency: z.number().int().min(1),
});
const call = z.object({
  args: z.array(z.string()),
  cwd: z.string(),
  input: z.string().optional(),
  limitMs: z.number().optional(),
  first: z.boolean().optional(),
  inCrowd: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const id = z.number().int();

export const toHelper = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('configure'), options }),
  z.object({ kind: z.literal('run'), id, call, binary: z.boolean() }),
  z.object({ kind: z.literal('objects'), id, commonDir: z.string(), names: z.array(z.string()) }),
  z.object({
    kind: z.literal('directories'),
    id,
    query: z.object({
      root: z.string(),
      nested: z.array(z.string()),
      from: z.array(z.string()).nullable(),
      limit: z.number(),
    }),
  }),
  z.object({ kind: z.literal('cancel'), id }),
]);
export type ToHelper = z.infer<typeof toHelper>;

const answer = {
  reason: z.enum(['exited', 'timed-out', 'cancelled', 'failed-to-start', 'too-large']),
  exitCode: z.number().nullable(),
  stderr: z.string(),
  tookMs: z.number(),
};
const counts = z.object({ started: z.number(), running: z.number(), queued: z.number() });

export const fromHelper = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), id, counts, answer: z.object({ ...answer, stdout: z.string() }) }),
  z.object({
    kind: z.literal('binary'),
    id,
    counts,
    answer: z.object({ ...answer, stdout: z.instanceof(Uint8Array) }),
  }),
  z.object({
    kind: z.literal('objects'),
    id,
    counts,
    objects: z.array(z.object({ type: z.string(), content: z.string() }).nullable()),
  }),
  z.object({
    kind: z.literal('directories'),
    id,
    counts,
    found: z.union([
      z.object({ directories: z.array(z.string()), tracked: z.array(z.string()) }),
      z.object({ problem: z.enum(['too-many', 'unreadable']) }),
    ]),
  }),
]);
export type FromHelper = z.infer<typeof fromHelper>;
