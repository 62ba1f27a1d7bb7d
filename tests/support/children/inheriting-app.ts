/** An app whose children say which descriptors they were born with: one of main, one of a utility process. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, utilityProcess } from 'electron';

app.on('window-all-closed', () => {});
void app.whenReady().then(async () => {
  // With a page it has more open; one that never loads is no failure here.
  void new BrowserWindow({ show: false }).loadURL('data:text/html,<title>something</title>');
  await new Promise((resolve) => setTimeout(resolve, 500));
  execFile('/bin/ls', ['/proc/self/fd'], (_error, listed) => {
    process.stdout.write(`${JSON.stringify({ of: 'main', open: listed.trim().split('\n').map(Number) })}\n`);
    utilityProcess
      .fork(fileURLToPath(new URL('inheriting-utility.mjs', import.meta.url)), [], { stdio: 'inherit' })
      .on('exit', () => app.exit(0));
  });
});
