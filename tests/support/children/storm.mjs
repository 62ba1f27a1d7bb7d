/**
 * Makes many changes, in a process of its own so that they cost whoever is measured nothing.
 * create <directory> <count> <per directory>: new files; rewrite <file> <times> <every ms>: one file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [, , verb, place, count, third] = process.argv;

if (verb === 'create') {
  for (let n = 0; n < Number(count); n++) {
    const file = join(place, `d${Math.floor(n / Number(third))}`, `f${n}.js`);
    if (n % Number(third) === 0) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${n}\n`);
  }
} else if (verb === 'rewrite') {
  for (let n = 0; n < Number(count); n++) {
    writeFileSync(place, `edition ${n}\n`);
    if (Number(third) > 0) await pause(Number(third));
  }
} else throw new Error(`what is ${verb}?`);
