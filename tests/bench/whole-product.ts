/** The whole product as the app composes it, without a face. */
import { join } from 'node:path';
import { composeOrchard } from '../../src-main/compose';
import type { Notifier } from '../../src-main/engine/ports';
import type { Bench } from './scenario';

export function composeWhole(
  bench: Pick<Bench, 'scratch' | 'platform'>,
  options: {
    readonly repositories: readonly string[] | 'all';
    readonly notifier: Notifier | null;
    readonly env?: Readonly<Record<string, string>>;
  },
) {
  const home = join(bench.scratch, 'home');
  return composeOrchard({
    repositories: options.repositories,
    watch: true,
    env: {
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_CACHE_HOME: join(home, 'cache'),
      XDG_STATE_HOME: join(home, 'state'),
      XDG_DATA_HOME: join(home, 'data'),
      ...options.env,
    },
    platform: bench.platform,
    notifier: options.notifier,
    person: null,
    startedFrom: 'terminal',
    gitProcesses: 'helper',
  });
}
