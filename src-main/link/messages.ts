/**
 * What a face and an engine in another process say to each other: the contract over one framing, whatever
 * carries it. Both check what they hear. Requests are decoded by the contract itself (`decode`), and what
 * an engine answers is taken as the contract's types say once its frame is right: both are one build.
 */
import { z } from 'zod';
import type { Failure } from '../contract/failures';
import { worktreeId } from '../contract/ids';
import type { OperationEvent } from '../contract/operations';
import type { Result } from '../contract/result';
import type { Snapshot } from '../contract/snapshot';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const id = z.number().int();
const problem = z.object({ where: z.string(), message: z.string() });

/** What the engine knows of its face: what that could not do, and whether its notifications arrive. */
const face = z.object({
  problems: z.array(problem),
  notifications: z.object({ problem: z.string(), remedy: z.string().nullable() }).nullable(),
});
export type FaceState = z.infer<typeof face>;

export const toEngine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('compose'),
    env: z.record(z.string(), z.string().optional()),
    platform: z.enum(['darwin', 'linux', 'win32']),
    /** Snapshots count on from here, so that faces which saw more never drop them as stale. */
    revision: z.number().int().min(0),
    face,
  }),
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('request'), id, name: z.string(), input: z.unknown() }),
  z.object({ kind: z.literal('face'), face }),
  z.object({ kind: z.literal('clicked'), notification: z.string(), session: z.string().nullable() }),
  z.object({
    kind: z.literal('answered'),
    id,
    answer: z.discriminatedUnion('of', [
      z.object({ of: z.literal('directory'), path: z.string().nullable() }),
      z.object({ of: z.literal('confirm'), yes: z.boolean() }),
    ]),
  }),
  z.object({ kind: z.literal('leave') }),
  z.object({ kind: z.literal('come-back') }),
  z.object({ kind: z.literal('dispose') }),
]);
export type ToEngine = z.infer<typeof toEngine>;
export type Compose = Extract<ToEngine, { kind: 'compose' }>;

const snapshot = z.custom<Snapshot>(
  (value) => isObject(value) && Number.isInteger(value.revision) && Array.isArray(value.problems),
);
const result = z.custom<Result<unknown, Failure>>(
  (value) =>
    isObject(value) &&
    (value.ok === true ||
      (value.ok === false && isObject(value.error) && typeof value.error.kind === 'string')),
);

const failure = z.custom<Failure>((value) => isObject(value) && typeof value.kind === 'string');

export const fromEngine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('composed') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
  z.object({ kind: z.literal('started'), snapshot }),
  z.object({ kind: z.literal('answer'), id, result }),
  z.object({ kind: z.literal('snapshot'), snapshot }),
  z.object({
    kind: z.literal('operation'),
    event: z.custom<OperationEvent>(
      (value) => isObject(value) && typeof value.operation === 'string' && isObject(value.change),
    ),
  }),
  z.object({
    kind: z.literal('notify'),
    request: z.object({
      id: z.string(),
      title: z.string(),
      body: z.string(),
      sound: z.boolean(),
      sessionKey: z.string().nullable(),
      worktreeId: worktreeId.nullable(),
    }),
  }),
  z.object({
    kind: z.literal('ask'),
    id,
    question: z.discriminatedUnion('of', [
      z.object({ of: z.literal('directory'), title: z.string() }),
      z.object({ of: z.literal('confirm'), title: z.string(), text: z.string() }),
    ]),
  }),
  z.object({ kind: z.literal('refused'), failure }),
  z.object({ kind: z.literal('show-list') }),
  z.object({ kind: z.literal('disposed') }),
]);
export type FromEngine = z.infer<typeof fromEngine>;
