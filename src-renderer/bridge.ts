import type { Failure } from '@contract/failures';
import type { Bridge, Input, Output, RequestName } from '@contract/requests';
import type { Result } from '@contract/result';
import { fail } from '@contract/result';
import { createWebBridge } from './web-bridge';

declare global {
  interface Window {
    /** Set by the desktop's preload through contextBridge; absent on the web face. */
    readonly orchard?: Bridge;
  }
}

export type Connection = 'open' | 'lost' | 'refused';

/** A bridge that can lose the other side says so; the desktop's can't. */
export interface WatchedBridge extends Bridge {
  onConnection?(listener: (connection: Connection) => void): () => void;
}

/** The desktop's bridge when the page runs in its popover, else one to the loopback server. */
export function connectBridge(): WatchedBridge {
  return window.orchard ?? createWebBridge();
}

/** What the page itself can run into, beside what Orchard answers. */
export type Trouble = Failure | { readonly kind: 'unreachable' };

export type Ask = <N extends RequestName>(name: N, input: Input<N>) => Promise<Result<Output<N>, Trouble>>;

/** Asks, and turns a bridge that breaks (a lost server, a gone window) into data like any other failure. */
export function createAsk(bridge: Bridge): Ask {
  return async (name, input) => {
    try {
      return await bridge.request(name, input);
    } catch {
      return fail({ kind: 'unreachable' });
    }
  };
}
