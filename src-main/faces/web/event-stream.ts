/** The two pushes as server-sent events, to pages of any speed. */
import type { ServerResponse } from 'node:http';
import type { OperationEvent } from '../../contract/operations';
import type { Snapshot } from '../../contract/snapshot';

/** Keeps proxies and tunnels from closing a quiet stream. */
const HEARTBEAT_MS = 15_000;
/** A page that takes nothing for this many heartbeats is gone. */
const PATIENCE = 4;
/** Events of operations that wait for a slow page; beyond it the page starts over with a fresh snapshot. */
const MOST_WAITING = 2_000;

export interface EventStream {
  snapshot(snapshot: Snapshot): void;
  operation(event: OperationEvent): void;
  end(): void;
}

/**
 * A slow page gets only the newest snapshot, and every event of an operation in order; it never makes
 * the engine wait, and what waits for it is bounded.
 */
export function openEventStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): EventStream {
  let newest: Snapshot | null = null;
  let waiting: OperationEvent[] = [];
  let full = false;
  let stuckFor = 0;

  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    // Nginx in front would otherwise collect events before it passes them on.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();

  const send = (event: string, data: unknown) => {
    full = !response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const flush = () => {
    while (!full && waiting.length > 0) {
      const event = waiting.shift();
      if (event !== undefined) send('operation', event);
    }
    if (full || newest === null) return;
    const snapshot = newest;
    newest = null;
    send('snapshot', snapshot);
  };
  response.on('drain', () => {
    full = false;
    stuckFor = 0;
    flush();
  });
  const heart = setInterval(() => {
    if (!full) full = !response.write(': still here\n\n');
    else if (++stuckFor >= PATIENCE) response.destroy();
  }, HEARTBEAT_MS);
  heart.unref();
  response.on('close', () => clearInterval(heart));

  return {
    snapshot(snapshot) {
      newest = snapshot;
      flush();
    },
    operation(event) {
      waiting.push(event);
      if (waiting.length > MOST_WAITING) {
        waiting = [];
        response.destroy();
        return;
      }
      flush();
    },
    end() {
      clearInterval(heart);
      response.end();
    },
  };
}
