/** Gives a forked process the `process.parentPort` of a utility process. */
import { EventEmitter } from 'node:events';

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
