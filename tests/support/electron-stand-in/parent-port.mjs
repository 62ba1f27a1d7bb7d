/** Gives a forked process the `process.parentPort` of a utility process. */
import { EventEmitter } from 'node:events';
import { closeSync } from 'node:fs';

// Of what main has open, one descriptor reaches a utility process (measured on Electron 33: the V8 snapshot).
const [first, last] = (process.env.ORCHARD_INHERITED ?? '').split('-').map(Number);
delete process.env.ORCHARD_INHERITED;
for (let fd = first + 1; fd <= last; fd++) closeSync(fd);

const port = new EventEmitter();
const early = [];
process.on('message', (data) => {
  if (port.listenerCount('message') === 0) early.push(data);
  else port.emit('message', { data, ports: [] });
});
// Messages wait for the first listener, as electronjs.org/docs/latest/api/parent-port says.
port.on('newListener', (event) => {
  if (event === 'message')
    queueMicrotask(() => {
      for (const data of early.splice(0)) port.emit('message', { data, ports: [] });
    });
});
port.postMessage = (message) => process.send(message);
Object.defineProperty(process, 'parentPort', { value: port });
Object.defineProperty(process, 'type', { value: 'utility' });
