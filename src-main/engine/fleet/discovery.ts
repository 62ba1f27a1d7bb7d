/** Which repositories are watched: the ones a person added, those of live sessions, Claude Code's own. */
import type { RepositoryLocation } from '../../domain/facts';
import type { Clock, GitObserver } from '../ports';

export interface DiscoveryDeps {
  readonly git: Pick<GitObserver, 'locate'>;
  readonly clock: Clock;
}

/** How long "there is no repository" is believed. */
const ABSENT_MS = 60_000;

export function createDiscovery({ git, clock }: DiscoveryDeps) {
  const found = new Map<string, { readonly location: RepositoryLocation | null; readonly at: number }>();

  async function locate(directory: string): Promise<RepositoryLocation | null> {
    const known = found.get(directory);
    if (known !== undefined && (known.location !== null || clock.now() - known.at < ABSENT_MS))
      return known.location;
    const location = await git.locate(directory);
    found.set(directory, { location, at: clock.now() });
    return location;
  }

  return {
    locate,
    /** The repositories around these directories, each once, in the order first met, less the hidden. */
    async repositories(
      directories: readonly string[],
      hidden: readonly string[],
    ): Promise<readonly RepositoryLocation[]> {
      const located = await Promise.all([...new Set(directories)].map(locate));
      const unique = new Map<string, RepositoryLocation>();
      for (const location of located)
        if (location !== null && !hidden.includes(location.root) && !unique.has(location.id))
          unique.set(location.id, location);
      return [...unique.values()];
    },
    /** Forgets what was believed about a directory: it may have become a repository, or gone. */
    forget(directory: string): void {
      found.delete(directory);
    },
  };
}
export type Discovery = ReturnType<typeof createDiscovery>;
