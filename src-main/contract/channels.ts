/** The channels between the desktop's preload and its main process. */
import type { Pushes } from './requests';

export const channels = {
  request: 'orchard:request',
  hide: 'orchard:hide',
  resize: 'orchard:resize',
  copy: 'orchard:copy',
} as const;

export const pushChannel = <P extends keyof Pushes>(push: P): `orchard:push:${P}` => `orchard:push:${push}`;
