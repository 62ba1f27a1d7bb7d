import type { Orchard, OrchardOptions } from './engine/orchard';

/** Builds every adapter and the engine around them; the only file that sees all rooms. */
export function composeOrchard(_options: OrchardOptions): Promise<Orchard> {
  return Promise.reject(new Error('The engine is not built in yet.'));
}
