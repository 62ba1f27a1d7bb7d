import { z } from 'zod';

/** One registry file, `<config>/sessions/<pid>.json`: undocumented, so only what a row can't do without is required. */
const registryFile = z.looseObject({
  sessionId: z.string().min(1),
  cwd: z.string().min(1),
  startedAt: z.number().optional().catch(undefined),
  procStart: z.union([z.string(), z.number()]).optional().catch(undefined),
  /** Its name on Windows, from newer clients. */
  procStartFt: z.union([z.string(), z.number()]).optional().catch(undefined),
  /** `linux:<machine id>:<process namespace>`: where the pid means something. */
  pidDomain: z.string().optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
  tmux: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  waitingFor: z.string().optional().catch(undefined),
  updatedAt: z.number().optional().catch(undefined),
  statusUpdatedAt: z.number().optional().catch(undefined),
});

export interface RegistryRecord {
  readonly pid: number;
  readonly procStart: string | null;
  readonly sessionId: string;
  readonly cwd: string;
  readonly name: string | null;
  readonly startedAt: number;
  readonly status: string | null;
  readonly waitingFor: string | null;
  readonly statusSince: number;
  readonly updatedAt: number;
  readonly tmux: string | null;
  readonly version: string | null;
  readonly pidDomain: string | null;
}

/** The pid that a registry file is about; null for `*.key`, `pid-<n>.json` and anything else. */
export function registryPid(fileName: string): number | null {
  const digits = /^([1-9]\d{0,9})\.json$/.exec(fileName)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Null for a file that is half written or no registry file at all. `modifiedAt` stands in for missing times. */
export function parseRegistryFile(pid: number, content: string, modifiedAt: number): RegistryRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return null;
  }
  const parsed = registryFile.safeParse(value);
  if (!parsed.success) return null;
  const file = parsed.data;
  const procStart = file.procStart ?? file.procStartFt;
  const updatedAt = file.updatedAt ?? modifiedAt;
  return {
    pid,
    procStart: procStart === undefined ? null : String(procStart),
    sessionId: file.sessionId,
    cwd: file.cwd,
    name: file.name ?? null,
    startedAt: file.startedAt ?? modifiedAt,
    status: file.status ?? null,
    waitingFor: file.waitingFor ?? null,
    statusSince: file.statusUpdatedAt ?? updatedAt,
    updatedAt,
    tmux: file.tmux ?? null,
    version: file.version ?? null,
    pidDomain: file.pidDomain ?? null,
  };
}

/** What `pidDomain` says of a process that this one can look at; null where it can't be told. */
export type OwnDomain = { readonly machine: string; readonly namespace: string } | null;

/** A session of another machine or container that shares this home directory. */
export function isForeign(pidDomain: string | null, own: OwnDomain): boolean {
  const [, machine, namespace] = /^linux:([^:]*):(.*)$/.exec(pidDomain ?? '') ?? [];
  if (own === null || machine === undefined || namespace === undefined) return false;
  const otherMachine = machine !== '' && own.machine !== '' && machine !== own.machine;
  return otherMachine || (own.namespace !== '' && namespace !== own.namespace);
}
