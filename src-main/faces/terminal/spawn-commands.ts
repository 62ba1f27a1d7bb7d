/** What `orch spawn --print` prints: the same by hand, for the person's own shell. Nothing is run. */
import type { SpawnPlan } from '../../contract/plans';
import { shellWord } from './shell-words';

type Platform = 'darwin' | 'linux' | 'win32';

export function spawnCommands(plan: SpawnPlan, root: string, platform: Platform): readonly string[] {
  const word = (text: string) => shellWord(text, platform);
  const add = `git -C ${word(root)} worktree add --no-track -b ${word(plan.branch)} ${word(plan.path)} ${word(
    plan.baseCommit,
  )}`;
  const enter =
    platform === 'win32' ? `Set-Location -LiteralPath ${word(plan.path)}` : `cd ${word(plan.path)}`;
  const claude = ['claude', '-n', plan.branch, ...(plan.firstPrompt === null ? [] : [plan.firstPrompt])];
  return [
    add,
    ...copies(plan, root, platform),
    enter,
    // A repository's own words: shown for reading, run only when the person pastes them.
    ...(plan.setup === null ? [] : [plan.setup.command.text]),
    claude.map(word).join(' '),
  ];
}

/** One command per directory; never a link, and never over a file that is there. */
function copies({ copies: paths, path }: SpawnPlan, root: string, platform: Platform): string[] {
  const word = (text: string) => shellWord(text, platform);
  const separator = platform === 'win32' ? '\\' : '/';
  const native = (relative: string) => relative.replaceAll('/', separator);
  const groups = new Map<string, string[]>();
  for (const copy of paths) {
    const bare = copy.replace(/\/$/, '');
    const directory = bare.includes('/') ? bare.slice(0, bare.lastIndexOf('/')) : '';
    groups.set(directory, [...(groups.get(directory) ?? []), bare]);
  }
  return [...groups].flatMap(([directory, files]) => {
    const target = directory === '' ? path : `${path}${separator}${native(directory)}`;
    const sources = files.map((file) => word(`${root}${separator}${native(file)}`));
    if (platform === 'win32')
      return [
        ...(directory === '' ? [] : [`New-Item -ItemType Directory -Force -Path ${word(target)} | Out-Null`]),
        `Copy-Item -Recurse -LiteralPath ${sources.join(', ')} -Destination ${word(target)}`,
      ];
    return [
      ...(directory === '' ? [] : [`mkdir -p ${word(target)}`]),
      `cp -RLnp ${sources.join(' ')} ${word(`${target}/`)}`,
    ];
  });
}
