import { execFile } from 'node:child_process';

execFile('/bin/ls', ['/proc/self/fd'], (_error, listed) => {
  const said = JSON.stringify({ of: 'utility', open: listed.trim().split('\n').map(Number) });
  process.stdout.write(`${said}\n`, () => process.exit(0));
});
