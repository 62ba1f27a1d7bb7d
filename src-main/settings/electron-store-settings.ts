import ElectronStore from 'electron-store';
import { type OpenSettingsStore, openSettings, type SettingsStoreOptions } from './settings-store';

/** Settings in the desktop app: the same file, opened by electron-store. Import it under Electron only. */
export const createElectronStoreSettings = (options: SettingsStoreOptions): Promise<OpenSettingsStore> =>
  openSettings(
    ({ directory, name, deserialize }) =>
      new ElectronStore({ cwd: directory, name, configFileMode: 0o600, deserialize }).store,
    options,
  );
