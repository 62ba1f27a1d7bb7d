import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The policy that the product serves its page under; anything inline or foreign would show as an error. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const built = fileURLToPath(new URL('../../../out/renderer', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}
export type Api = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Serves the built page; what is under /api/ goes to `api`, for the tests of the web bridge. */
export async function startPageServer(api: Api | null = null): Promise<PageServer> {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/api/') && api !== null) {
      let body = '';
      for await (const chunk of request) body += chunk;
      api(request, response, body);
      return;
    }
    const file = normalize(join(built, pathname === '/' ? 'index.html' : pathname));
    const content = file.startsWith(built) ? await readFile(file).catch(() => null) : null;
    if (content === null) {
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(200, {
        'Content-Type': types[extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      })
      .end(content);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
