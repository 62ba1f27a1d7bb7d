/** The test's end of the wire to the spy in the real Electron's main process. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { FromApp } from '../electron-stand-in/messages';
import { createConversation, type Navigation } from './conversation';

/** A place where the spy connects to; on Windows a named pipe, elsewhere a socket in `directory`. */
const spyAddress = (directory: string) =>
  process.platform === 'win32'
    ? `\\\\.\\pipe\\orchard-spy-${process.pid}-${performance.now()}`
    : join(directory, 'spy');

/** Waits for the spy in an app's main process (spy.cjs) at `address`, and talks with it. */
export async function listenForSpy(directory: string) {
  const navigations: Navigation[] = [];
  const address = spyAddress(directory);
  let socket: Socket | null = null;
  const early: string[] = [];
  const send = (line: string) => {
    if (socket === null) early.push(line);
    else if (!socket.destroyed) socket.write(line);
  };
  const conversation = createConversation((message) => send(`${JSON.stringify(message)}\n`));
  const server = createServer((made) => {
    socket = made;
    for (const line of early.splice(0)) made.write(line);
    let rest = '';
    made.on('error', () => {});
    made.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message: FromApp = JSON.parse(line);
        if (message.type === 'navigation') navigations.push(message);
        else conversation.receive(message);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(address, resolve));
  return {
    address,
    conversation,
    navigations,
    close() {
      socket?.destroy();
      server.close();
    },
  };
}
