import { z } from 'zod';

/**
 * Ids are what crosses a boundary instead of paths: opaque, stable while the thing exists, and only
 * the engine can turn one back into a place on disk.
 */
const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{12}$`), `must look like ${prefix}-0123456789ab`);

export const repositoryId = id('r');
export const worktreeId = id('w');
export const sessionId = id('s');
export const operationId = z
  .string()
  .regex(/^[a-z]+-[0-9]{14}-[0-9a-f]{6}$/, 'must be the id of an operation');
/** Handed out with a plan; the plan it names is kept by the engine, with the commits it saw. */
export const planToken = z.string().regex(/^[0-9a-f]{32}$/, 'must be a plan token');

export type RepositoryId = string;
export type WorktreeId = string;
export type SessionKey = string;
export type OperationId = string;
export type PlanToken = string;
