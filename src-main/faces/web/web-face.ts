/**
 * The popover as a loopback page, for a machine without a desktop (over an SSH tunnel) or without the
 * Electron binary. Everyone on this machine can reach the port, and every page in the browser can send
 * requests to it, so nothing but the page's own files is given without the token.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decode, dispatch } from '../../contract/boundary';
import type { Failure, FailureOf } from '../../contract/failures';
import { fail, ok, type Result } from '../../contract/result';
import type { Orchard } from '../../engine/orchard';
import { type Asked, crossSite, foreignness, hasToken } from './admission';
import { type EventStream, openEventStream } from './event-stream';
import { findPageFiles, PAGE_HEADERS } from './page-files';
import { readBody } from './request-body';

export interface WebFaceOptions {
  readonly orchard: Pick<Orchard, 'handlers' | 'snapshot' | 'onSnapshot' | 'onOperation' | 'log'>;
  /** The built page (`out/renderer`). */
  readonly rendererDirectory: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface WebFace {
  /** With the token in its fragment, which browsers never send to any server. */
  readonly url: string;
  readonly port: number;
  /** Ends every connection. Never throws. */
  close(): Promise<void>;
}

/** Pages open at once; each holds a connection. */
const MOST_STREAMS = 32;

export async function startWebFace(
  options: WebFaceOptions,
): Promise<Result<WebFace, FailureOf<'port-taken' | 'file-failed'>>> {
  const { orchard, rendererDirectory } = options;
  const files = await findPageFiles(rendererDirectory);
  if (files === null)
    return fail({
      kind: 'file-failed',
      path: rendererDirectory,
      details: 'the page was not built; run `npm run build`',
    });

  const token = randomBytes(32).toString('base64url');
  const streams = new Set<EventStream>();
  let port = options.port;

  const answerJson = (response: ServerResponse, status: number, body: Result<unknown, Failure>) => {
    const text = JSON.stringify(body);
    response.writeHead(status, {
      ...PAGE_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      // What is left of a refused body is not worth reading.
      ...(status === 413 ? { connection: 'close' } : {}),
    });
    response.end(text);
  };
  const refuse = (response: ServerResponse, status: number, failure: Failure) =>
    answerJson(response, status, fail(failure));

  const events = (response: ServerResponse) => {
    if (streams.size >= MOST_STREAMS)
      return refuse(response, 503, { kind: 'forbidden', problem: 'too many pages are open' });
    const stream = openEventStream(response, PAGE_HEADERS);
    streams.add(stream);
    response.on('close', () => streams.delete(stream));
    stream.snapshot(orchard.snapshot());
  };

  const data = async (request: IncomingMessage, response: ServerResponse, name: string) => {
    if (name === 'events') {
      if (request.method === 'GET') return events(response);
      response.setHeader('allow', 'GET');
      return refuse(response, 405, { kind: 'invalid-request', field: 'method', problem: 'must be GET' });
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuse(response, 405, { kind: 'invalid-request', field: 'method', problem: 'must be POST' });
    }
    const body = await readBody(request);
    if ('status' in body)
      return refuse(response, body.status, { kind: 'invalid-request', field: 'body', problem: body.problem });
    const decoded = decode(name, body.input);
    if (!decoded.ok) return answerJson(response, 400, decoded);
    return answerJson(response, 200, await dispatch(orchard.handlers, decoded.value));
  };

  const page = async (request: IncomingMessage, response: ServerResponse, pathname: string) => {
    const send = (status: number, contentType: string, body: Buffer) => {
      response.writeHead(status, {
        ...PAGE_HEADERS,
        'content-type': contentType,
        'content-length': body.length,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const words = (status: number, text: string) =>
      send(status, 'text/plain; charset=utf-8', Buffer.from(`${text}\n`));
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return words(405, 'Only GET and HEAD.');
    }
    const file = await files.read(pathname);
    return file === null ? words(404, 'Nothing here.') : send(200, file.contentType, file.body);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { host, origin, authorization, 'sec-fetch-site': site } = request.headers;
    const asked: Asked = { host, origin, authorization, site: typeof site === 'string' ? site : undefined };
    const foreign = foreignness(asked, port);
    if (foreign !== null) {
      orchard.log.warn('web.forbidden', { problem: foreign, host, origin });
      return refuse(response, 403, { kind: 'forbidden', problem: foreign });
    }
    const pathname = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
    if (!pathname.startsWith('/api/')) return page(request, response, pathname);
    if (crossSite(asked))
      return refuse(response, 403, { kind: 'forbidden', problem: 'another site asked for this' });
    if (!hasToken(asked, token)) {
      response.setHeader('www-authenticate', 'Bearer');
      return refuse(response, 401, { kind: 'forbidden', problem: 'the token is missing or wrong' });
    }
    return data(request, response, pathname.slice('/api/'.length));
  };

  const server = createServer(
    // A request is one small body: who takes longer than this to send it is holding a connection.
    { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        const reference = orchard.log.bug('web.answer', error);
        if (response.headersSent) response.destroy();
        else refuse(response, 500, { kind: 'internal', reference });
      });
    },
  );
  const listening = await new Promise<Error | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host: '127.0.0.1', port: options.port, exclusive: true }, () => resolve(null));
  });
  // EACCES: a port below 1024 without the right to it.
  if (listening !== null) return fail({ kind: 'port-taken', port, details: listening.message });
  server.on('error', (error) => orchard.log.bug('web.server', error));
  port = (server.address() as AddressInfo).port;

  const stopSnapshots = orchard.onSnapshot((snapshot) => {
    for (const stream of streams) stream.snapshot(snapshot);
  });
  const stopOperations = orchard.onOperation((event) => {
    for (const stream of streams) stream.operation(event);
  });

  return ok({
    url: `http://127.0.0.1:${port}/#token=${token}`,
    port,
    close() {
      stopSnapshots();
      stopOperations();
      for (const stream of streams) stream.end();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  });
}
