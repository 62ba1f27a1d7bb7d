/**
 * What `electron [-r FILE] [--flag…] FOLDER` needs of Electron's default app, which the republished build
 * lacks (https://github.com/electron/electron/blob/v33.2.1/default_app/main.ts).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const given = process.argv.slice(1);
let folder = null;
while (folder === null && given.length > 0) {
  const next = given.shift();
  if (next === '-r' || next === '--require') createRequire(import.meta.url)(resolve(given.shift()));
  else if (!next.startsWith('-')) folder = resolve(next);
}
if (folder === null) {
  console.log(process.versions.electron);
  app.exit(0);
} else {
  const { name, productName, version, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  app.setName(productName ?? name);
  app.setVersion?.(version);
  app.setAppPath?.(folder);
  Object.defineProperty(process, 'defaultApp', { value: true });
  await import(pathToFileURL(join(folder, main ?? 'index.js')).href);
}
