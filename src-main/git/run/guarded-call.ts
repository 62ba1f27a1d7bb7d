/**
 * What makes a read a read: no hooks, no file system monitor, no lock on the index, no fetching of
 * missing objects, no questions, and nothing inherited that would aim git at another repository.
 */
export const guardingFlags = (emptyDirectory: string): readonly string[] => [
  '-c',
  `core.hooksPath=${emptyDirectory}`,
  '-c',
  'core.fsmonitor=false',
  '--no-optional-locks',
];

export function guardedEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    // Windows' names have no case; a GIT_DIR that leaked in from a hook or an alias would redirect us.
    if (value !== undefined && !/^GIT_/i.test(name)) env[name] = value;
  }
  delete env.LANGUAGE;
  env.LC_ALL = 'C';
  env.GIT_TERMINAL_PROMPT = '0';
  env.GIT_OPTIONAL_LOCKS = '0';
  // A partial clone must not go to the network because somebody looks at it.
  env.GIT_NO_LAZY_FETCH = '1';
  return env;
}
