/**
 * Which files a new worktree gets from the main one. Paths are relative and '/'-separated; one that
 * ends in '/' is a whole directory. Tracked files never appear here: they come with the checkout.
 */

/** Personal configuration that a fresh checkout lacks, at any depth: `.env`, `.env.local`, `.envrc`… */
const ENVIRONMENT = /^(\.env(\..+)?|\.envrc(\..+)?|\.dev\.vars(\..+)?)$/;
/** What Claude Code reads at the root of a worktree. */
const FOR_CLAUDE = new Set(['CLAUDE.md', 'CLAUDE.local.md']);

export interface CopySources {
  /** Untracked files, ignored or not, with wholly ignored directories collapsed to one entry. */
  readonly untracked: readonly string[];
  /** Every untracked file below `.claude/`, ignored or not. */
  readonly claude: readonly string[];
  /** What `.worktreeinclude` and `.orchard.json` match among ignored files. */
  readonly included: readonly string[];
  /** Worktrees inside this one, relative. */
  readonly nested: readonly string[];
}

export function copyPlan({ untracked, claude, included, nested }: CopySources): readonly string[] {
  const wanted = [
    ...untracked.filter((path) => FOR_CLAUDE.has(path) || ENVIRONMENT.test(nameOf(path))),
    ...claude,
    ...included,
  ];
  const left = new Set(wanted.filter((path) => !isLeftOut(path, nested)));
  return [...left].filter((path) => !isBelowAnother(path, left)).sort();
}

/** Claude Code's own worktrees, and any other one: they are somebody else's work. */
export function isLeftOut(path: string, nested: readonly string[]): boolean {
  const bare = path.replace(/\/$/, '');
  return ['.claude/worktrees', ...nested].some((one) => bare === one || bare.startsWith(`${one}/`));
}

/**
 * What matches and is ignored, from two lists in which git collapsed whole directories on its own
 * terms: a path counts when the other list has it or a directory above it.
 */
export function inBoth(one: readonly string[], other: readonly string[]): readonly string[] {
  const ones = new Set(one);
  const others = new Set(other);
  const covered = (path: string, by: ReadonlySet<string>) => by.has(path) || isBelowAnother(path, by);
  return [
    ...new Set([
      ...one.filter((path) => covered(path, others)),
      ...other.filter((path) => covered(path, ones)),
    ]),
  ];
}

function isBelowAnother(path: string, all: ReadonlySet<string>): boolean {
  for (let at = path.indexOf('/'); at >= 0 && at < path.length - 1; at = path.indexOf('/', at + 1))
    if (all.has(path.slice(0, at + 1))) return true;
  return false;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
