import { z } from 'zod';

/**
 * The settings file, one for app and command line. Unknown keys are kept as they are, so that an older
 * Orchard does not eat what a newer one wrote; a higher `version` is refused and set aside.
 */
export const SETTINGS_VERSION = 1;

export const settingsSchema = z.object({
  version: z.literal(SETTINGS_VERSION),
  repositories: z.object({
    /** Main worktrees (or bare repositories) a person added, absolute. */
    added: z.array(z.string()),
    /** Hidden ones stay hidden however they are found. */
    hidden: z.array(z.string()),
  }),
  thresholds: z.object({
    /** Hours without commit, file change and turn before a worktree is idle, then stale. */
    idleHours: z.number().positive().max(10_000),
    staleHours: z.number().positive().max(10_000),
    /** Worktrees per repository, the main one not counted, before `--force` is asked for. */
    worktreesPerRepository: z.number().int().min(1).max(100),
    /** Minutes between check-ins while sessions run. */
    checkInMinutes: z.number().int().min(5).max(1_440),
  }),
  notifications: z.object({
    enabled: z.boolean(),
    sound: z.boolean(),
    kinds: z.object({ needsYou: z.boolean(), done: z.boolean(), failed: z.boolean(), crashed: z.boolean() }),
    /** Turns shorter than this do not notify when done, in seconds. */
    shortestTurnSeconds: z.number().min(0).max(3_600),
    /** Local hours, 'HH:MM'; both or neither. */
    quietHours: z.object({ from: z.string(), to: z.string() }).nullable(),
    /** Claude Code session ids that never notify. */
    mutedSessions: z.array(z.string()),
  }),
  terminal: z.object({
    /** 'auto', or the id of a terminal in the capability table, or 'custom'. */
    preferred: z.string(),
    /** The custom command, a program and its arguments; {script} becomes the launcher's path. */
    custom: z.array(z.string()).nullable(),
  }),
  naming: z.object({
    branchPrefix: z.string(),
    /** Where new worktrees go; null is beside the repository. */
    parent: z.string().nullable(),
  }),
  /** Commands of repositories that a person read and approved: sha256 of the exact text, per repository. */
  approvals: z.record(z.string(), z.array(z.string())),
  shortcut: z.string().nullable(),
  openAtLogin: z.boolean(),
});

export type Settings = z.infer<typeof settingsSchema>;

export const defaultSettings: Settings = {
  version: SETTINGS_VERSION,
  repositories: { added: [], hidden: [] },
  thresholds: { idleHours: 2, staleHours: 24, worktreesPerRepository: 4, checkInMinutes: 45 },
  notifications: {
    enabled: true,
    sound: true,
    kinds: { needsYou: true, done: true, failed: true, crashed: true },
    shortestTurnSeconds: 10,
    quietHours: null,
    mutedSessions: [],
  },
  terminal: { preferred: 'auto', custom: null },
  naming: { branchPrefix: 'feature/', parent: null },
  approvals: {},
  shortcut: null,
  openAtLogin: false,
};

/**
 * What a face may change by itself. The rest (a custom terminal command, where worktrees go, adding a
 * repository) is a path or a command: it goes through a native dialog that shows the exact text.
 */
export const settingsPatch = z
  .object({
    thresholds: settingsSchema.shape.thresholds.partial(),
    notifications: settingsSchema.shape.notifications.partial(),
    preferredTerminal: z.string().max(40),
    shortcut: z.string().max(60).nullable(),
    openAtLogin: z.boolean(),
  })
  .partial()
  .strict();
export type SettingsPatch = z.infer<typeof settingsPatch>;
