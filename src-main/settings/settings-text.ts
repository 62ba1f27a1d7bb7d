/**
 * The settings file's text, both ways, as pure functions. What this Orchard does not know is kept: a
 * newer one of the same version may have added it.
 */
import { z } from 'zod';
import { defaultSettings, SETTINGS_VERSION, type Settings, settingsSchema } from '../contract/settings';

type Json = Readonly<Record<string, unknown>>;

/** One step from the version it is listed under to the next. */
export type Migrations = Readonly<Record<number, (file: Json) => Json>>;

/** Version 1 is the first; a change of the schema's meaning adds the step here. */
export const migrations: Migrations = {};

export interface SettingsFile {
  readonly settings: Settings;
  /** The whole file, unknown keys included. */
  readonly whole: Json;
}

/** Thrown through the library that reads the file, because its `deserialize` has no other way out. */
export class UnusableSettings extends Error {
  override readonly name = 'UnusableSettings';
  constructor(
    /** Completes "The settings file …". */
    readonly problem: string,
    /** What of it could be used all the same. */
    readonly salvaged: SettingsFile,
  ) {
    super(`the settings file ${problem}`);
  }
}

export const emptyFile: SettingsFile = { settings: defaultSettings, whole: {} };

/** Reads a file's text; throws UnusableSettings, and nothing else. */
export function parseSettings(
  text: string,
  steps: Migrations = migrations,
  current: number = SETTINGS_VERSION,
): SettingsFile {
  let parsed: unknown;
  try {
    // Windows editors put a byte order mark in front.
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new UnusableSettings(text.trim() === '' ? 'is empty' : 'is not valid JSON', emptyFile);
  }
  if (!isObject(parsed)) throw new UnusableSettings('is not a JSON object', emptyFile);
  const version = parsed.version ?? current;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    throw new UnusableSettings('has a version that is no number', emptyFile);
  if (version > current)
    throw new UnusableSettings(`was written by a newer Orchard (version ${version})`, emptyFile);
  let whole: Json = parsed;
  for (let from = version; from < current; from++) {
    const step = steps[from];
    if (step === undefined)
      throw new UnusableSettings(`has version ${version}, which can’t be read any more`, emptyFile);
    whole = step(whole);
  }
  whole = { ...whole, version: current };
  const good = settingsSchema.safeParse(withDefaults(defaultSettings, whole));
  if (good.success) return { settings: good.data, whole };
  const issue = good.error.issues[0];
  const field = issue === undefined ? '' : issue.path.join('.');
  throw new UnusableSettings(
    `has a value that can’t be used (${field}: ${issue?.message ?? 'wrong'})`,
    salvage(whole, good.error),
  );
}

/** The text that a change makes of the newest file. */
export function formatSettings(settings: Settings, whole: Json): { text: string; whole: Json } {
  const next = mergeKnown(settingsSchema, whole, settings);
  // Tabs, as electron-store and conf write it.
  return { text: `${JSON.stringify(next, undefined, '\t')}\n`, whole: next };
}

/** Everything of a file that is fine, with defaults where it is not. */
function salvage(whole: Json, error: z.ZodError): SettingsFile {
  const copy = structuredClone(whole) as Record<string, unknown>;
  // A bad element takes its whole list along: half a list of muted sessions helps nobody.
  for (const issue of error.issues) removeAt(copy, issue.path);
  const again = settingsSchema.safeParse(withDefaults(defaultSettings, copy));
  return again.success ? { settings: again.data, whole: copy } : emptyFile;
}

function removeAt(target: Record<string, unknown>, path: readonly PropertyKey[]): void {
  let here = target;
  for (const [depth, key] of path.entries()) {
    const below = here[String(key)];
    if (depth === path.length - 1 || !isObject(below)) {
      delete here[String(key)];
      return;
    }
    here = below;
  }
}

/** The file's values over the defaults, object by object; lists and records are taken whole. */
function withDefaults(defaults: Json, file: Json): Json {
  const result: Record<string, unknown> = { ...file };
  for (const [key, value] of Object.entries(defaults)) {
    const own = file[key];
    if (own === undefined) result[key] = value;
    else if (isObject(value) && isObject(own)) result[key] = withDefaults(value, own);
  }
  return result;
}

/** Known fields from the settings, everything else as it was; records and lists are replaced whole. */
function mergeKnown(schema: z.ZodObject, file: Json, settings: Json): Json {
  const result: Record<string, unknown> = { ...file };
  for (const [key, field] of Object.entries(schema.shape)) {
    const next = settings[key];
    const old = file[key];
    result[key] =
      field instanceof z.ZodObject && isObject(next)
        ? mergeKnown(field, isObject(old) ? old : {}, next)
        : next;
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
