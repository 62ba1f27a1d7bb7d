/**
 * The environment and the leading options of every git process, whichever way it is run: the helper's
 * batched reads, one careful command, or simple-git. What a person set to configure git stays
 * (`GIT_CONFIG_*`, `GIT_SSH*`, a proxy); what would aim a call at another repository goes.
 */
import { dirname } from 'node:path';

export type GitMode = 'read' | 'quiet' | 'write';

/**
 * Set by git for its hooks, and by people for scripts. The first are git's own list of what belongs to
 * one repository (`git rev-parse --local-env-vars`), less GIT_CONFIG_COUNT, with which people configure
 * git on machines where they can't write a file.
 */
const misleading = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_ATTR_SOURCE',
  'GIT_REFLOG_ACTION',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_EXTERNAL_DIFF',
  'GIT_DIFF_OPTS',
  'GIT_SHALLOW_FILE',
  'GIT_GRAFT_FILE',
  'GIT_CEILING_DIRECTORIES',
  'GIT_DISCOVERY_ACROSS_FILESYSTEM',
  'GIT_AUTHOR_DATE',
  'GIT_COMMITTER_DATE',
  // Its messages would have another language, for which git looks here before it looks at LC_ALL.
  'LANGUAGE',
]);

/** A person's environment without what would send a call to another repository or drown its answer. */
export function quietEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // Windows' names have no case.
    const upper = name.toUpperCase();
    if (value !== undefined && !misleading.has(upper) && !upper.startsWith('GIT_TRACE')) kept[name] = value;
  }
  return kept;
}

/**
 * The whole environment of a call in this directory: git finds a repository there or nowhere, never one
 * further up (https://git-scm.com/docs/git#Documentation/git.txt-codeGITCEILINGDIRECTORIEScode).
 *
 * @param inherited what `quietEnvironment` left
 * @param more of this call alone; configuration in it (`GIT_CONFIG_COUNT`) comes behind the person's own
 */
export function callEnvironment(
  inherited: Readonly<Record<string, string>>,
  directory: string,
  mode: GitMode,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    ...inherited,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    GIT_SEQUENCE_EDITOR: 'true',
    GIT_MERGE_AUTOEDIT: 'no',
    GIT_PAGER: 'cat',
    // A partial clone must not go to the network because somebody looks at it.
    ...(mode === 'read' ? { GIT_NO_LAZY_FETCH: '1', GIT_OPTIONAL_LOCKS: '0' } : {}),
    GIT_CEILING_DIRECTORIES: dirname(directory),
    ...more,
    ...joinedConfiguration(inherited, more),
  };
}

function joinedConfiguration(
  inherited: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const first = Number(inherited.GIT_CONFIG_COUNT ?? 0);
  const added = Number(more.GIT_CONFIG_COUNT ?? 0);
  if (!Number.isInteger(first) || first <= 0 || added === 0) return {};
  const joined: Record<string, string> = { GIT_CONFIG_COUNT: String(first + added) };
  for (let at = 0; at < first + added; at++) {
    const from = at < first ? inherited : more;
    const number = at < first ? at : at - first;
    joined[`GIT_CONFIG_KEY_${at}`] = from[`GIT_CONFIG_KEY_${number}`] ?? '';
    joined[`GIT_CONFIG_VALUE_${at}`] = from[`GIT_CONFIG_VALUE_${number}`] ?? '';
  }
  return joined;
}

/** The options that come before the verb, by kind of call. `emptyDirectory` is where no hook is found. */
export function leadingArguments(mode: GitMode, emptyDirectory: string): readonly string[] {
  if (mode === 'write') return [];
  const quiet = ['-c', `core.hooksPath=${emptyDirectory}`, '-c', 'core.fsmonitor=false'];
  return mode === 'read' ? ['--no-optional-locks', ...quiet] : quiet;
}
