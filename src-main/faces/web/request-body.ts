import type { IncomingMessage } from 'node:http';

/** Far more than the longest request of the contract. */
const MOST_BYTES = 64 * 1024;

export type Body =
  | { readonly input: unknown }
  | { readonly status: 400 | 413 | 415; readonly problem: string };

/** Reads `{"input": …}`, and no more of it than a request may be long. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  // A form or a plain-text body could be sent by a foreign page without asking first (a "simple request").
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    return { status: 415, problem: 'the content type must be application/json' };
  const text = await collect(request);
  if (text === null) return { status: 413, problem: `a request has at most ${MOST_BYTES} bytes` };
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'input' in parsed) return { input: parsed.input };
    return { status: 400, problem: 'must be an object with an input' };
  } catch {
    return { status: 400, problem: 'is not valid JSON' };
  }
}

/** Null when it is too long: reading stops there, without closing the connection that the answer needs. */
function collect(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) {
        request.pause();
        resolve(null);
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', reject);
  });
}
