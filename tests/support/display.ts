/** An X server of the test's own, on a display that nobody uses, ended with the test. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const execute = promisify(execFile);

/** Why this machine can't show an X11 terminal; null when it can. */
export async function displayMissing(...programs: readonly string[]): Promise<string | null> {
  for (const program of ['Xvfb', ...programs])
    try {
      await execute('which', [program]);
    } catch {
      return `${program} is not installed`;
    }
  return null;
}

/** Answers its name, ":7". Ending the server ends every program that draws on it. */
export async function startDisplay(): Promise<string> {
  // -displayfd: the server looks for a free number itself and says it when it is ready.
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  onTestFinished(async () => {
    server.kill('SIGTERM');
    await ended;
  });
  const said = server.stdio[3];
  return new Promise((resolve, reject) => {
    let text = '';
    server.once('error', reject);
    server.once('exit', () => reject(new Error('Xvfb ended before it was ready')));
    said?.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('\n')) resolve(`:${text.trim()}`);
    });
  });
}
