/** Makes `electron` resolve to the stand-in in the process that this is `--import`ed into. */
import { register } from 'node:module';
import './asar-fs.mjs';

const url = process.env.ORCHARD_ELECTRON_STAND_IN;
if (!url) throw new Error('ORCHARD_ELECTRON_STAND_IN names no module');
delete process.env.ORCHARD_ELECTRON_STAND_IN;
register('./resolve.mjs', import.meta.url, { data: { url } });
// What code looks at to learn that it runs in Electron's main process.
Object.defineProperty(process, 'type', { value: 'browser' });
