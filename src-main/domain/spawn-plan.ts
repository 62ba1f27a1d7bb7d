import type { Failure, RepositoryCommand } from '../contract/failures';
import type { PlanStep } from '../contract/plans';
import { branchInTheWay } from './names';

/** The four that spawn freely; beyond them a live session more only warns. */
const FREE_SESSIONS = 4;

export const SPAWN_STEPS = {
  worktree: 'worktree',
  copy: 'copy',
  setup: 'setup',
  open: 'open',
} as const;

export interface SpawnFacts {
  readonly branch: string;
  readonly path: string;
  readonly base: string;
  readonly commit: string;
  readonly subject: string;
  readonly freshness: string;
  readonly copies: readonly string[];
  readonly setup: RepositoryCommand | null;
  readonly hooks: readonly RepositoryCommand[];
  /** Hooks of the person's own that will run, by file. */
  readonly otherHooks: readonly string[];
}

/** What will happen, in order. */
export function spawnSteps(facts: SpawnFacts): readonly PlanStep[] {
  const hooks = [...facts.otherHooks, ...facts.hooks.map(({ text }) => text.slice(0, text.indexOf(':\n')))];
  const running = hooks.length === 0 ? '' : `, running ${list(hooks, 3)}`;
  return [
    {
      id: SPAWN_STEPS.worktree,
      text: `Create ${facts.branch} at ${facts.base} (${facts.commit.slice(0, 9)}, ${facts.freshness}) in ${facts.path}${running}`,
    },
    ...(facts.copies.length === 0 ? [] : [{ id: SPAWN_STEPS.copy, text: `Copy ${list(facts.copies, 4)}` }]),
    ...(facts.setup === null
      ? []
      : [{ id: SPAWN_STEPS.setup, text: `Run setup: ${facts.setup.text.split('\n')[0] ?? ''}` }]),
    { id: SPAWN_STEPS.open, text: 'Open a terminal with Claude Code' },
  ];
}

export interface Surroundings {
  readonly branches: readonly string[];
  /** What is at the path already; null when it is free. */
  readonly taken: string | null;
  /** Worktrees besides the main one whose directory is there. */
  readonly worktrees: number;
  readonly limit: number;
}

/** Why a spawn can't be done as things stand; what nobody can say yes to comes first. */
export function spawnRefusal(
  facts: Pick<SpawnFacts, 'branch'>,
  around: Surroundings,
  unapproved: readonly RepositoryCommand[],
): Failure | null {
  const existing = branchInTheWay(facts.branch, around.branches);
  if (existing !== null) return { kind: 'branch-exists', branch: facts.branch, existing };
  if (around.taken !== null) return { kind: 'directory-exists', path: around.taken };
  if (around.worktrees >= around.limit)
    return { kind: 'too-many-worktrees', count: around.worktrees, limit: around.limit };
  if (unapproved.length > 0) return { kind: 'approval-needed', commands: unapproved };
  return null;
}

export function spawnWarnings(facts: {
  readonly liveSessions: number;
  readonly hasSubmodules: boolean;
  readonly freshness: string;
  readonly claudeMissing: boolean;
  readonly hasSource: boolean;
}): readonly string[] {
  const warnings: string[] = [];
  if (facts.liveSessions >= FREE_SESSIONS)
    warnings.push(
      `${facts.liveSessions} sessions are live in this repository already; most people plateau at 3 or 4.`,
    );
  if (/did not answer|could not be fetched/.test(facts.freshness))
    warnings.push(`The base may be old: ${facts.freshness}.`);
  if (facts.hasSubmodules)
    warnings.push('Submodules stay empty; leave them to `setup` in .orchard.json, or to the session.');
  if (facts.claudeMissing) warnings.push('Claude Code was not found; the terminal will open without it.');
  if (!facts.hasSource)
    warnings.push('There is no worktree to copy configuration from; the new one has only what is committed.');
  return warnings;
}

export type Platform = 'darwin' | 'linux' | 'win32';

/** The lines that make the same by hand; what git and the shell would take for something else is quoted. */
export function worktreeCommands(
  spec: {
    readonly root: string;
    readonly from: string | null;
    readonly path: string;
    readonly branch: string;
    readonly commit: string;
    readonly copies: readonly string[];
    readonly setup: string | null;
  },
  platform: Platform,
): readonly string[] {
  const windows = platform === 'win32';
  const quote = windows ? quotePowerShell : quotePosix;
  const join = (...parts: readonly string[]) =>
    parts
      .filter((part) => part !== '')
      .join('/')
      .replaceAll('/', windows ? '\\' : '/');
  const line = (words: readonly string[]) => words.map(quote).join(' ');
  const commands = [
    line([
      'git',
      '-C',
      spec.root,
      'worktree',
      'add',
      '--no-track',
      '-b',
      spec.branch,
      spec.path,
      spec.commit,
    ]),
  ];
  const { from } = spec;
  if (from !== null)
    for (const [directory, paths] of byDirectory(spec.copies)) {
      const target = join(spec.path, directory);
      const sources = paths.map((path) => quote(join(from, path)));
      if (windows) {
        if (directory !== '')
          commands.push(`New-Item -ItemType Directory -Force -Path ${quote(target)} | Out-Null`);
        commands.push(`Copy-Item -Recurse -LiteralPath ${sources.join(', ')} -Destination ${quote(target)}`);
      } else {
        const copy = `cp -RLnp ${sources.join(' ')} ${quote(`${target}/`)}`;
        commands.push(directory === '' ? copy : `mkdir -p ${quote(target)} && ${copy}`);
      }
    }
  if (spec.setup !== null)
    commands.push(
      windows
        ? `Push-Location -LiteralPath ${quote(spec.path)}; ${spec.setup}; Pop-Location`
        : `(cd ${quote(spec.path)} && ${spec.setup})`,
    );
  return commands;
}

function byDirectory(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const bare = path.replace(/\/$/, '');
    const directory = bare.slice(0, Math.max(0, bare.lastIndexOf('/')));
    groups.set(directory, [...(groups.get(directory) ?? []), bare]);
  }
  return groups;
}

const quotePosix = (word: string): string =>
  /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
/** PowerShell takes typographic single quotes for the plain one: about_Quoting_Rules. */
const quotePowerShell = (word: string): string =>
  /^[\w+:./\\-]+$/.test(word) ? word : `'${word.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;

const list = (items: readonly string[], most: number): string =>
  items.length <= most
    ? items.join(', ')
    : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
