import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ownSignals } from '../../src-main/system/own-signals';

test('a signal that a library raises again, or that two send at once, counts once; the next is the second', () => {
  const source = new EventEmitter();
  let time = 0;
  const heard: string[] = [];
  // Loaded before us, and it would raise SIGTERM again after its own listener is gone.
  source.once('SIGTERM', () => heard.push('foreign'));
  ownSignals(
    source,
    (times, signal) => void heard.push(`${times} ${signal}`),
    () => time,
  );
  source.emit('SIGTERM');
  time += 20;
  source.emit('SIGTERM');
  source.emit('SIGINT');
  expect(heard).toEqual(['1 SIGTERM']);
  time += 600;
  source.emit('SIGHUP');
  expect(heard).toEqual(['1 SIGTERM', '2 SIGHUP']);
  // Never without a listener: the next one would end the process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) expect(source.listenerCount(signal)).toBe(1);
});
