import type { Bridge, Pushes } from '@contract/requests';
import type { Connection, WatchedBridge } from './bridge';
import { readEvents } from './model/event-stream';

const TOKEN_KEY = 'orchard.token';
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * The token comes in the address's fragment, which no server ever sees; it moves into this tab's session
 * storage at once, so that it is neither bookmarked nor left in the history.
 */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null && given !== '') {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
    return given;
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? '';
}

function platformOf(agent: string): Bridge['platform'] {
  if (/Mac|iPhone|iPad/.test(agent)) return 'darwin';
  return /Windows/.test(agent) ? 'win32' : 'linux';
}

/**
 * The popover over loopback: `POST /api/<request>` with `{input}`, and the two pushes from
 * `GET /api/events`, read with fetch because EventSource can't send the Authorization header
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). Reconnects for ever, ever slower.
 */
export function createWebBridge(): WatchedBridge {
  const headers = { Authorization: `Bearer ${takeToken()}` };
  const listeners: { readonly [P in keyof Pushes]: Set<(value: Pushes[P]) => void> } = {
    snapshot: new Set(),
    operation: new Set(),
    view: new Set(),
  };
  const connectionListeners = new Set<(connection: Connection) => void>();
  let connection: Connection | null = null;
  let listening = false;
  let wake: (() => void) | null = null;

  const setConnection = (next: Connection) => {
    if (connection === next) return;
    connection = next;
    for (const listener of connectionListeners) listener(next);
  };

  const hear = (event: string, data: string) => {
    // The server is ours and the connection is authenticated: its events are what the contract says.
    if (event === 'snapshot') for (const tell of listeners.snapshot) tell(JSON.parse(data));
    else if (event === 'operation') for (const tell of listeners.operation) tell(JSON.parse(data));
  };

  const listen = async () => {
    let wait = FIRST_WAIT_MS;
    for (;;) {
      try {
        const answer = await fetch('/api/events', { headers, cache: 'no-store' });
        if (answer.status === 401 || answer.status === 403) return setConnection('refused');
        if (answer.ok && answer.body !== null) {
          wait = FIRST_WAIT_MS;
          setConnection('open');
          await readEvents(answer.body, hear);
        }
      } catch {
        // The server went away in mid-stream or does not answer; the state below says so.
      }
      setConnection('lost');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  };
  // Someone who looks at the page should not wait out a long pause.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wake?.();
  });

  return {
    face: 'web',
    platform: platformOf(navigator.userAgent),
    async request(name, input) {
      const answer = await fetch(`/api/${name}`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify({ input }),
        cache: 'no-store',
      });
      return await answer.json();
    },
    on(push, listener) {
      listeners[push].add(listener);
      if (!listening) {
        listening = true;
        void listen();
      }
      return () => listeners[push].delete(listener);
    },
    onConnection(listener) {
      connectionListeners.add(listener);
      if (connection !== null) listener(connection);
      return () => connectionListeners.delete(listener);
    },
    hide() {},
  };
}
