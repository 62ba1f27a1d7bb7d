import Conf from 'conf';
import { type OpenSettingsStore, openSettings, type SettingsStoreOptions } from './settings-store';

/** Settings under plain Node: `orch`, and the popover on a loopback page. Never loads Electron. */
export const createConfSettings = (options: SettingsStoreOptions): Promise<OpenSettingsStore> =>
  openSettings(
    ({ directory, name, deserialize }) =>
      new Conf({ cwd: directory, configName: name, configFileMode: 0o600, deserialize }).store,
    options,
  );
