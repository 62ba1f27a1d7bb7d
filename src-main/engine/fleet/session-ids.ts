import { createHash } from 'node:crypto';
import type { SessionKey } from '../../contract/ids';

/** The id under which a session crosses a boundary: says nothing about its process or conversation. */
export const sessionIdOf = (key: string): SessionKey =>
  `s-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
